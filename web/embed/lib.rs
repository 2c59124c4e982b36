//! The page, embedded: every file of the built bundle, already compressed, as constants.
//!
//! `build.rs` builds the bundle (or, in debug builds and without Node.js, a one-page notice) and
//! writes the table that this crate includes. Nothing is read from disk at run time.

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Path below the root, without a leading slash: `index.html`, `assets/index-1a2b.js`.
    pub path: &'static str,
    /// The `Content-Type` to answer with.
    pub mime: &'static str,
    /// The file as built.
    pub body: &'static [u8],
    /// The file compressed with gzip, where that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// The file compressed with brotli, where that is smaller.
    pub brotli: Option<&'static [u8]>,
    /// Whether the name carries a hash of the content, so that it may be cached for ever.
    pub immutable: bool,
}

/// What stands in `index.html` where the server writes the nonce of its content security policy.
///
/// A page that carries it has no compressed form: it is written anew for each answer.
pub const NONCE_PLACEHOLDER: &str = "__CSP_NONCE__";

/// All files of the page, sorted by path.
#[must_use]
pub fn assets() -> &'static [Asset] {
    ASSETS
}

/// The file with this path (no leading slash), if the page has it.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    let found = ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok()?;
    ASSETS.get(found)
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

#[cfg(test)]
mod tests {
    use super::{NONCE_PLACEHOLDER, asset, assets};

    #[test]
    fn the_page_is_there_and_carries_the_nonce() {
        let page = asset("index.html");
        assert!(page.is_some_and(|page| {
            page.mime.starts_with("text/html")
                && !page.immutable
                && page.gzip.is_none()
                && String::from_utf8_lossy(page.body).contains(NONCE_PLACEHOLDER)
        }));
    }

    #[test]
    fn paths_are_sorted_and_unknown_ones_are_not_found() {
        assert!(assets().is_sorted_by_key(|asset| asset.path));
        assert!(asset("no/such/file").is_none());
    }
}
