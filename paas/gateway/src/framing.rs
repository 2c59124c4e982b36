//! The framing of requests, looked at before the HTTP parser forgets how it was written: a head with both lengths,
//! with a length twice, with another coding than `chunked`, or with bare line feeds is marked, and the connection then
//! answers 400 and closes. What follows a chunked body is never read as a request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Heads beyond this are left to the parser, which refuses them.
const HEAD_BYTES: usize = 64 * 1024;

/// What the connection's service should know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    ambiguous: Arc<AtomicBool>,
    chunked: Arc<AtomicBool>,
}

impl Marks {
    /// A head on this connection could be read in two ways.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.ambiguous.load(Ordering::Acquire)
    }

    /// A chunked request came in: nothing after it may be read.
    pub(crate) fn is_last(&self) -> bool {
        self.chunked.load(Ordering::Acquire)
    }
}

/// A connection whose request heads are watched on the way in.
pub(crate) struct Screen<S> {
    inner: S,
    marks: Marks,
    state: State,
}

enum State {
    Head(Vec<u8>),
    Body(u64),
    Unwatched,
}

impl<S> Screen<S> {
    pub(crate) fn new(inner: S) -> (Screen<S>, Marks) {
        let marks = Marks::default();
        (Screen { inner, marks: marks.clone(), state: State::Head(Vec::new()) }, marks)
    }

    fn watch(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Unwatched => return,
                State::Body(left) => {
                    let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(*left);
                    *left -= here;
                    bytes = bytes.get(usize::try_from(here).unwrap_or(usize::MAX)..).unwrap_or_default();
                    if *left == 0 {
                        self.state = State::Head(Vec::new());
                    }
                }
                State::Head(head) => {
                    let searched = head.len().saturating_sub(3);
                    head.extend_from_slice(bytes);
                    let Some(end) = end_of_head(head, searched) else {
                        if head.len() > HEAD_BYTES {
                            self.state = State::Unwatched;
                        }
                        return;
                    };
                    let rest = head.split_off(end);
                    let used = bytes.len() - rest.len().min(bytes.len());
                    bytes = bytes.get(used..).unwrap_or_default();
                    let next = match judge(head) {
                        Framing::Length(0) => State::Head(Vec::new()),
                        Framing::Length(length) => State::Body(length),
                        Framing::Chunked => {
                            self.marks.chunked.store(true, Ordering::Release);
                            State::Unwatched
                        }
                        Framing::Ambiguous => {
                            self.marks.ambiguous.store(true, Ordering::Release);
                            State::Unwatched
                        }
                    };
                    self.state = next;
                }
            }
        }
    }
}

/// Where the head ends: after the first empty line, however its lines are broken.
fn end_of_head(head: &[u8], from: usize) -> Option<usize> {
    (from..head.len()).find_map(|i| {
        let tail = head.get(..=i)?;
        (tail.ends_with(b"\n\r\n") || tail.ends_with(b"\n\n")).then_some(i + 1)
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    Ambiguous,
}

fn judge(head: &[u8]) -> Framing {
    let mut length: Option<u64> = None;
    let mut chunked = false;
    for line in head.split_inclusive(|b| *b == b'\n').skip(1) {
        let Some(line) = line.strip_suffix(b"\r\n") else { return Framing::Ambiguous };
        if line.contains(&b'\r') || line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
            return Framing::Ambiguous;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        // A name with blanks around it is not this header to us, and may be to others.
        let plain = name.trim_ascii();
        if plain.eq_ignore_ascii_case(b"content-length") {
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            match number.filter(|_| digits && length.is_none() && plain.len() == name.len()) {
                Some(number) => length = Some(number),
                None => return Framing::Ambiguous,
            }
        } else if plain.eq_ignore_ascii_case(b"transfer-encoding") {
            if chunked || plain.len() != name.len() || !value.eq_ignore_ascii_case(b"chunked") {
                return Framing::Ambiguous;
            }
            chunked = true;
        }
    }
    match (length, chunked) {
        (Some(_), true) => Framing::Ambiguous,
        (None, true) => Framing::Chunked,
        (length, false) => Framing::Length(length.unwrap_or(0)),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Screen<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let news = buffer.filled().get(before..).unwrap_or_default();
        self.watch(news);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Screen<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(headers: &str) -> Framing {
        judge(format!("POST / HTTP/1.1\r\n{headers}\r\n").as_bytes())
    }

    #[test]
    fn only_one_length_in_one_spelling() {
        assert_eq!(framing("Host: a\r\n"), Framing::Length(0));
        assert_eq!(framing("content-length: 12\r\n"), Framing::Length(12));
        assert_eq!(framing("Transfer-Encoding: chunked\r\n"), Framing::Chunked);
        for bad in [
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
            "Content-Length: 1\r\nContent-Length: 1\r\n",
            "Content-Length: 1, 1\r\n",
            "Content-Length: +1\r\n",
            "Content-Length: \r\n",
            "Content-Length : 1\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "A: b\r\n Content-Length: 1\r\n",
            "A: b\nContent-Length: 1\r\n",
            "A: b\rContent-Length: 1\r\n",
        ] {
            assert_eq!(framing(bad), Framing::Ambiguous, "{bad:?}");
        }
    }

    #[test]
    fn heads_are_found_in_pieces_and_behind_bodies() {
        let stream = "POST / HTTP/1.1\r\nContent-Length: 8\r\n\r\nGET / HT\
                      GET / HTTP/1.1\r\nHost: a\r\n\r\n\
                      POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        let before = stream.rfind("\r\n\r\n0").unwrap();
        for piece in [1, 2, 3, 7, 1000] {
            let (mut screen, marks) = Screen::new(());
            for chunk in stream.as_bytes()[..before].chunks(piece) {
                screen.watch(chunk);
            }
            assert!(!marks.is_ambiguous(), "{piece}");
            for chunk in stream.as_bytes()[before..].chunks(piece) {
                screen.watch(chunk);
            }
            assert!(marks.is_ambiguous(), "{piece}");
        }
    }
}
