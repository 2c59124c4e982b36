//! The fonts of paper. None is in the file: every reader has the Latin ones, and stands in a Chinese one of its own for
//! the standard's predefined collection (ISO 32000-1, 9.7.5.2). So a page of Chinese costs no megabytes and no font of
//! ours has to hold what people write.

use pdf_writer::types::{CidFontType, FontFlags, SystemInfo};
use pdf_writer::{Name, Pdf, Rect, Ref, Str};

/// A font of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Helvetica.
    Latin,
    /// Helvetica Bold.
    LatinBold,
    /// Song. It has no bold companion: bold is drawn with an outline.
    Song,
    /// The signs that neither of them has.
    Signs,
}

impl Face {
    /// All of them, in the order of their objects.
    pub(super) const ALL: [Face; 4] = [Face::Latin, Face::LatinBold, Face::Song, Face::Signs];

    /// Name in the resources of a page.
    pub(super) fn name(self) -> Name<'static> {
        match self {
            Face::Latin => Name(b"F1"),
            Face::LatinBold => Name(b"F2"),
            Face::Song => Name(b"F3"),
            Face::Signs => Name(b"F4"),
        }
    }
}

/// Part of a line in one font.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) face: Face,
    /// Codes of the font's encoding.
    pub(super) codes: Vec<u8>,
}

/// Widths of Helvetica for the codes 32…255 of its encoding, in thousandths of the size (Adobe font metrics).
#[rustfmt::skip]
const LATIN: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];

/// Widths of Helvetica Bold, likewise.
#[rustfmt::skip]
const LATIN_BOLD: [u16; 224] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

/// What Windows-1252 has between 128 and 159.
#[rustfmt::skip]
const CP1252: [(char, u8); 27] = [
    ('€', 128), ('‚', 130), ('ƒ', 131), ('„', 132), ('…', 133), ('†', 134), ('‡', 135), ('ˆ', 136), ('‰', 137),
    ('Š', 138), ('‹', 139), ('Œ', 140), ('Ž', 142), ('‘', 145), ('’', 146), ('“', 147), ('”', 148), ('•', 149),
    ('–', 150), ('—', 151), ('˜', 152), ('™', 153), ('š', 154), ('›', 155), ('œ', 156), ('ž', 158), ('Ÿ', 159),
];

/// Widths of the proportional Latin letters of Adobe-GB1, CIDs 1…95.
#[rustfmt::skip]
const SONG_LATIN: [u16; 95] = [
    207, 270, 342, 467, 462, 797, 710, 239, 374, 374, 423, 605, 238, 375, 238, 334, 462, 462, 462, 462, 462, 462, 462, 462,
    462, 462, 238, 238, 605, 605, 605, 344, 748, 684, 560, 695, 739, 563, 511, 729, 793, 318, 312, 666, 526, 896, 758, 772,
    544, 772, 628, 465, 607, 753, 711, 972, 647, 620, 607, 374, 333, 374, 606, 500, 239, 417, 503, 427, 529, 415, 264, 444,
    518, 241, 230, 495, 228, 793, 527, 524, 524, 504, 338, 336, 277, 517, 450, 652, 466, 452, 407, 370, 258, 370, 605,
];

/// The characters of the Chinese collection (Adobe-GB1-5 as UniGB-UTF16-H maps it), in ranges with gaps of three at most.
#[rustfmt::skip]
const SONG: [(u32, u32); 95] = [
    (0x00a4, 0x00a9), (0x00b0, 0x00b1), (0x00b7, 0x00b7), (0x00d7, 0x00d7), (0x00e0, 0x00e1), (0x00e8, 0x00ed),
    (0x00f2, 0x00fc), (0x0101, 0x0101), (0x0113, 0x0113), (0x011b, 0x011b), (0x012b, 0x012b), (0x0144, 0x0148),
    (0x014d, 0x014d), (0x016b, 0x016b), (0x01ce, 0x01dc), (0x01f9, 0x01f9), (0x0251, 0x0251), (0x0261, 0x0261),
    (0x02c7, 0x02cb), (0x02d9, 0x02d9), (0x0391, 0x03a9), (0x03b1, 0x03c9), (0x0401, 0x0401), (0x0410, 0x0451),
    (0x1e3f, 0x1e3f), (0x2010, 0x201d), (0x2025, 0x2026), (0x2030, 0x2035), (0x203b, 0x203b), (0x205d, 0x205d),
    (0x20ac, 0x20ac), (0x2103, 0x2109), (0x2116, 0x2116), (0x2121, 0x2122), (0x2160, 0x216b), (0x2170, 0x2179),
    (0x2190, 0x2199), (0x2208, 0x2208), (0x220f, 0x2215), (0x221a, 0x222e), (0x2234, 0x2237), (0x223d, 0x223d),
    (0x2248, 0x224c), (0x2252, 0x2252), (0x2260, 0x2267), (0x226e, 0x226f), (0x2295, 0x2299), (0x22a5, 0x22a5),
    (0x22bf, 0x22bf), (0x22ef, 0x22ef), (0x2312, 0x2312), (0x2460, 0x2469), (0x2474, 0x249b), (0x2500, 0x254b),
    (0x2550, 0x2573), (0x2581, 0x2595), (0x25a0, 0x25a1), (0x25b2, 0x25b3), (0x25bc, 0x25bd), (0x25c6, 0x25cf),
    (0x25e2, 0x25e5), (0x2605, 0x2609), (0x2640, 0x2642), (0x2e80, 0x2ef3), (0x2f00, 0x2fd5), (0x2ff0, 0x2ffb),
    (0x3000, 0x3017), (0x301d, 0x3029), (0x3033, 0x3094), (0x309b, 0x30fe), (0x3105, 0x312c), (0x31a0, 0x31b7),
    (0x3220, 0x3229), (0x3231, 0x3231), (0x32a3, 0x32a3), (0x338e, 0x338f), (0x339c, 0x33a1), (0x33c4, 0x33c4),
    (0x33ce, 0x33d5), (0x3400, 0x4db5), (0x4e00, 0x9fa5), (0x9fb4, 0x9fbb), (0xa000, 0xa4c6), (0xf92c, 0xf92c),
    (0xf979, 0xf979), (0xf995, 0xf995), (0xf9e7, 0xf9e7), (0xf9f1, 0xf9f1), (0xfa0c, 0xfa18), (0xfa1f, 0xfa29),
    (0xfe10, 0xfe19), (0xfe30, 0xfe44), (0xfe49, 0xfe6b), (0xff01, 0xff5e), (0xffe0, 0xffe5),
];

/// Stands for a character that no font has, as in print.
const MISSING: char = '〓';
/// The minus sign, which neither Latin nor Chinese encoding has: its code and its width in Symbol.
const MINUS: (char, u8, u16) = ('−', 0x2d, 549);

fn latin(c: char, among_chinese: bool) -> Option<u8> {
    match c {
        ' '..='~' => u8::try_from(u32::from(c)).ok(),
        // Quotes, dashes and dots among Chinese are as wide as its characters.
        '\u{2010}'..='\u{2027}' | '·' if among_chinese => None,
        '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).ok(),
        _ => CP1252.iter().find(|(known, _)| *known == c).map(|(_, code)| *code),
    }
}

/// Whether a text is Chinese as a whole: its punctuation is then, too.
pub(super) fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| c >= '\u{2e80}')
}

/// A character's font, its code and its width in thousandths of the size.
fn set(c: char, (bold, among_chinese): (bool, bool)) -> (Face, Code, u16) {
    if let Some(code) = latin(c, among_chinese) {
        let (face, widths) = if bold { (Face::LatinBold, &LATIN_BOLD) } else { (Face::Latin, &LATIN) };
        let width = widths.get(usize::from(code).saturating_sub(32)).copied().unwrap_or(0);
        return (face, Code::One(code), width);
    }
    if c == MINUS.0 {
        return (Face::Signs, Code::One(MINUS.1), MINUS.2);
    }
    let known = SONG.iter().any(|(first, last)| (*first..=*last).contains(&u32::from(c)));
    let c = if known { c } else { MISSING };
    let width = match c {
        '\u{a000}'..='\u{a4c6}' => 550,
        '\u{303f}' => 500,
        _ => 1000,
    };
    (Face::Song, Code::Two(u16::try_from(u32::from(c)).unwrap_or(0x3013)), width)
}

enum Code {
    One(u8),
    Two(u16),
}

/// Width of a character for a font size of one.
pub(super) fn advance(c: char, bold: bool, among_chinese: bool) -> f32 {
    f32::from(set(c, (bold, among_chinese)).2) / 1000.0
}

/// Width of a text for a font size of one.
pub(super) fn width(text: &str, bold: bool) -> f32 {
    let among_chinese = is_chinese(text);
    let sum: u32 = text.chars().map(|c| u32::from(set(c, (bold, among_chinese)).2)).sum();
    // Exact below 16 million thousandths: longer than any line.
    sum as f32 / 1000.0
}

/// A text in the codes of its fonts. `among_chinese` says what the text is part of.
pub(super) fn runs(text: &str, bold: bool, among_chinese: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for c in text.chars() {
        let (face, code, _) = set(c, (bold, among_chinese));
        if runs.last().is_none_or(|run| run.face != face) {
            runs.push(Run { face, codes: Vec::new() });
        }
        if let Some(run) = runs.last_mut() {
            match code {
                Code::One(byte) => run.codes.push(byte),
                Code::Two(unit) => run.codes.extend(unit.to_be_bytes()),
            }
        }
    }
    runs
}

/// Writes the fonts into a file, each under the reference of its place in [`Face::ALL`].
pub(super) fn write(pdf: &mut Pdf, references: &[Ref; 4], next: &mut Ref) {
    let [regular, bold, song, signs] = *references;
    for (reference, name, widths) in
        [(regular, Name(b"Helvetica"), &LATIN), (bold, Name(b"Helvetica-Bold"), &LATIN_BOLD)]
    {
        let mut font = pdf.type1_font(reference);
        font.base_font(name).encoding_predefined(Name(b"WinAnsiEncoding"));
        font.first_char(32).last_char(255).widths(widths.iter().map(|w| f32::from(*w)));
    }
    pdf.type1_font(signs).base_font(Name(b"Symbol"));
    let (descendant, descriptor) = (next.bump(), next.bump());
    let name = Name(b"STSong-Light");
    pdf.type0_font(song).base_font(name).encoding_predefined(Name(b"UniGB-UTF16-H")).descendant_font(descendant);
    let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"GB1"), supplement: 5 };
    let mut font = pdf.cid_font(descendant);
    font.subtype(CidFontType::Type0).base_font(name).system_info(system).font_descriptor(descriptor);
    font.default_width(1000.0)
        .widths()
        .consecutive(1, SONG_LATIN.iter().map(|w| f32::from(*w)))
        .same(814, 939, 500.0)
        .same(22355, 22357, 500.0)
        .same(29064, 30283, 550.0);
    drop(font);
    let mut about = pdf.font_descriptor(descriptor);
    about.name(name).flags(FontFlags::SERIF | FontFlags::SYMBOLIC).bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0));
    about.italic_angle(0.0).ascent(880.0).descent(-120.0).cap_height(737.0).stem_v(58.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_latin_and_the_rest_is_song() {
        let run = |face, codes: &[u8]| Run { face, codes: codes.to_vec() };
        assert_eq!(
            runs("1122 应收", false, true),
            [run(Face::Latin, b"1122 "), run(Face::Song, &[0x5e, 0x94, 0x65, 0x36])]
        );
        assert_eq!(runs("a−b", true, false)[1], run(Face::Signs, b"-"));
        assert_eq!(runs("Café €", false, false), [run(Face::Latin, b"Caf\xe9 \x80")]);
        assert_eq!(runs("“x”", false, false), [run(Face::Latin, b"\x93x\x94")]);
        assert_eq!(runs("“", false, true), [run(Face::Song, &[0x20, 0x1c])]);
    }

    #[test]
    fn a_character_that_no_font_has_is_seen_to_be_missing() {
        for text in ["한", "𠮷", "😀", "ع"] {
            assert_eq!(runs(text, false, true), [Run { face: Face::Song, codes: vec![0x30, 0x13] }], "{text}");
        }
    }

    #[test]
    fn widths_are_those_of_the_fonts() {
        for (text, bold, thousandths) in [("0.00", false, 1946.0), ("应收A", true, 2722.0)] {
            assert!((width(text, bold) * 1000.0 - thousandths).abs() < 0.01, "{text}");
        }
        assert_eq!(width("", true), 0.0);
    }
}
