//! Where things stand on paper: how wide columns are, where lines break, which rows a page holds. Lengths are points.

use super::fonts::{advance, is_chinese, width};
use super::{Line, Paper, Weight};
use std::ops::Range;

/// A4, the short side and the long one.
const SHEET: (f32, f32) = (595.276, 841.89);
/// Left and right of everything.
pub(super) const MARGIN: f32 = 36.0;
/// Above the first line and below the foot.
pub(super) const EDGE: f32 = 34.0;
/// Between a cell's text and its border, on each side.
pub(super) const PAD: f32 = 3.0;
/// Between the lines of a cell, in sizes of its font.
pub(super) const LEADING: f32 = 1.3;
/// What the foot takes of a page.
pub(super) const FOOT: f32 = 20.0;
/// Sizes that are tried, largest first: below the last nobody reads.
const SIZES: [f32; 5] = [LARGEST, 8.5, 8.0, 7.5, SMALLEST];
const LARGEST: f32 = 9.0;
const SMALLEST: f32 = 7.0;
/// How wide a column of words may be without a break, in sizes of its font, and how narrow it may get.
const WORDS: Range<f32> = 9.0..26.0;
/// Lines that a heading is broken into at most, when the figures below are narrower.
const HEADING_LINES: f32 = 3.0;

/// A column of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) column: usize,
    pub(super) left: f32,
    pub(super) width: f32,
}

/// How a table is set.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) page: (f32, f32),
    pub(super) size: f32,
    /// Columns that stand beside each other; one band unless no paper is wide enough for all.
    pub(super) bands: Vec<Vec<Place>>,
}

impl Plan {
    /// Width between the margins.
    pub(super) fn inner(&self) -> f32 {
        self.page.0 - 2.0 * MARGIN
    }
}

/// A page: a band of columns and rows of the table, each with its height.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) band: usize,
    pub(super) rows: Range<usize>,
    pub(super) first: bool,
}

/// What a column asks for, in sizes of its font.
#[derive(Clone, Copy, Debug)]
struct Ask {
    least: f32,
    best: f32,
}

/// Portrait if it fits, landscape if that fits, then smaller letters, then several bands.
pub(super) fn plan(paper: &Paper) -> Plan {
    let asks: Vec<Ask> = (0..paper.columns.len()).map(|column| ask(paper, column)).collect();
    let (portrait, landscape) = (SHEET, (SHEET.1, SHEET.0));
    let needs = |size: f32, of: fn(&Ask) -> f32| asks.iter().map(|a| of(a) * size + 2.0 * PAD).sum::<f32>();
    let best: fn(&Ask) -> f32 = |a| a.best;
    let least: fn(&Ask) -> f32 = |a| a.least;

    for page in [portrait, landscape] {
        if needs(LARGEST, best) <= page.0 - 2.0 * MARGIN {
            return one_band(page, LARGEST, &asks);
        }
    }
    for size in SIZES {
        if needs(size, least) <= landscape.0 - 2.0 * MARGIN {
            return one_band(landscape, size, &asks);
        }
    }
    several_bands(landscape, SMALLEST, &asks)
}

fn ask(paper: &Paper, column: usize) -> Ask {
    let Some(heading) = paper.columns.get(column) else { return Ask { least: 0.0, best: 0.0 } };
    let cell = |row: &Line| row.cells.get(column).map_or(0.0, |text| width(text, row.weight != Weight::Plain));
    let widest = paper.rows.iter().map(cell).fold(0.0, f32::max);
    let whole = width(&heading.label, true);
    // A heading breaks where it may, but not within a word.
    let broken = (whole / HEADING_LINES).max(pieces(&heading.label).map(|p| width(p, true)).fold(0.0, f32::max));
    if heading.number {
        return Ask { least: widest.max(broken), best: widest.max(broken.max(whole / 2.0)) };
    }
    let best = widest.max(whole.min(WORDS.start)).min(WORDS.end).max(broken);
    Ask { least: best.min(WORDS.start.max(broken)), best }
}

/// The parts of a text between which a line may end.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    let mut ends: Vec<Range<usize>> = Vec::new();
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        if c == ' ' || c >= '\u{2e80}' || text.get(next..).is_some_and(|rest| rest.starts_with(|c| c >= '\u{2e80}')) {
            ends.push(start..next);
            start = next;
        }
    }
    ends.push(start..text.len());
    ends.into_iter().filter_map(|range| text.get(range)).map(str::trim_end)
}

/// All columns beside each other. What is left over goes to words first, then to all.
fn one_band(page: (f32, f32), size: f32, asks: &[Ask]) -> Plan {
    let inner = page.0 - 2.0 * MARGIN;
    let all: Vec<usize> = (0..asks.len()).collect();
    Plan { page, size, bands: vec![spread(&all, asks, (size, inner))] }
}

/// Gives columns their places: at least what they need, towards what is best, then evenly over the whole width.
fn spread(columns: &[usize], asks: &[Ask], (size, inner): (f32, f32)) -> Vec<Place> {
    let asked: Vec<(usize, Ask)> = columns.iter().filter_map(|c| asks.get(*c).map(|ask| (*c, *ask))).collect();
    let least: f32 = asked.iter().map(|(_, a)| a.least * size + 2.0 * PAD).sum();
    let wish: f32 = asked.iter().map(|(_, a)| (a.best - a.least) * size).sum();
    let towards = if wish > 0.0 { ((inner - least) / wish).clamp(0.0, 1.0) } else { 0.0 };
    let width = |a: &Ask| (a.least + (a.best - a.least) * towards) * size + 2.0 * PAD;
    let taken: f32 = asked.iter().map(|(_, a)| width(a)).sum();
    let stretch = if taken > 0.0 { (inner / taken).max(1.0) } else { 1.0 };
    let mut left = MARGIN;
    let place = |(column, ask): &(usize, Ask)| {
        let place = Place { column: *column, left, width: width(ask) * stretch };
        left += place.width;
        place
    };
    asked.iter().map(place).collect()
}

/// As many columns per band as fit; the first column leads each of them.
fn several_bands(page: (f32, f32), size: f32, asks: &[Ask]) -> Plan {
    let inner = page.0 - 2.0 * MARGIN;
    let need = |column: usize| asks.get(column).map_or(0.0, |a| (a.least * size + 2.0 * PAD).min(inner / 2.0));
    let mut bands: Vec<Vec<usize>> = Vec::new();
    let mut taken = f32::INFINITY;
    for column in 1..asks.len() {
        if taken + need(column) > inner {
            bands.push(vec![0]);
            taken = need(0);
        }
        if let Some(band) = bands.last_mut() {
            band.push(column);
        }
        taken += need(column);
    }
    let capped: Vec<Ask> = asks
        .iter()
        .map(|a| {
            let most = (inner / 2.0 - 2.0 * PAD) / size;
            Ask { least: a.least.min(most), best: a.best.min(most) }
        })
        .collect();
    Plan { page, size, bands: bands.iter().map(|band| spread(band, &capped, (size, inner))).collect() }
}

/// Breaks a text into lines of at most `most` (for a font size of one): between words, and between Chinese characters.
pub(super) fn wrap(text: &str, bold: bool, most: f32) -> Vec<&str> {
    let among_chinese = is_chinese(text);
    let (mut lines, mut start, mut taken) = (Vec::new(), 0, 0.0_f32);
    let mut fits: Option<(usize, f32)> = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let step = advance(c, bold, among_chinese);
        if at > start && may_break(before, c) {
            fits = Some((at, taken));
        }
        if at > start && taken + step > most && c != ' ' {
            let (end, used) = fits.take().unwrap_or((at, taken));
            lines.push(text.get(start..end).unwrap_or_default().trim_end());
            start = end;
            taken -= used;
        }
        taken += step;
        before = c;
    }
    lines.push(text.get(start..).unwrap_or_default().trim_end());
    lines
}

fn may_break(before: char, next: char) -> bool {
    let wide = |c: char| c >= '\u{2e80}';
    let closes = "，。、；：！？）」』】》〉…—,.;:!?)]}%％".contains(next);
    let opens = "（「『【《〈([{".contains(before);
    before == ' ' || (wide(before) || wide(next)) && !closes && !opens
}

/// Lines of the table's cells in a row, at most as many as a page holds.
pub(super) fn lines<'t>(row: &'t Line, (paper, plan): (&Paper, &Plan), place: &Place) -> Vec<&'t str> {
    let text = row.cells.get(place.column).map_or("", String::as_str);
    if paper.columns.get(place.column).is_some_and(|c| c.number) {
        return vec![text];
    }
    let mut lines = wrap(text, row.weight != Weight::Plain, (place.width - 2.0 * PAD) / plan.size);
    lines.truncate(most_lines(plan));
    lines
}

fn most_lines(plan: &Plan) -> usize {
    // A third of a page: what is above it on the first page fits beside.
    ((plan.page.1 / 3.0) / (plan.size * LEADING)).max(1.0) as usize
}

/// Lines of the headings of a band.
pub(super) fn heading<'t>(paper: &'t Paper, plan: &Plan, place: &Place) -> Vec<&'t str> {
    let label = paper.columns.get(place.column).map_or("", |c| c.label.as_str());
    wrap(label, true, (place.width - 2.0 * PAD) / plan.size)
}

/// Height of a number of lines with what is above and below them.
pub(super) fn height(plan: &Plan, lines: usize) -> f32 {
    lines as f32 * plan.size * LEADING + PAD
}

/// Height of the headings of a band.
pub(super) fn heading_height(paper: &Paper, plan: &Plan, band: &[Place]) -> f32 {
    let lines = band.iter().map(|place| heading(paper, plan, place).len()).max().unwrap_or(1);
    height(plan, lines) + PAD
}

/// Height of a row of a band.
pub(super) fn row_height(row: &Line, paper: &Paper, plan: &Plan, band: &[Place]) -> f32 {
    let count = band.iter().map(|place| lines(row, (paper, plan), place).len()).max().unwrap_or(1);
    height(plan, count)
}

/// Which rows stand on which page. `above` is what stands above the headings, on the first page and on the others.
pub(super) fn pages(paper: &Paper, plan: &Plan, above: (f32, f32)) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for (number, band) in plan.bands.iter().enumerate() {
        let room = |first: bool| {
            let head = if first { above.0 } else { above.1 };
            plan.page.1 - 2.0 * EDGE - FOOT - head - heading_height(paper, plan, band)
        };
        let (mut start, mut left) = (0, room(pages.is_empty()));
        for (at, row) in paper.rows.iter().enumerate() {
            let high = row_height(row, paper, plan, band);
            if high > left && at > start {
                pages.push(Page { band: number, rows: start..at, first: pages.is_empty() });
                (start, left) = (at, room(false));
            }
            left -= high;
        }
        pages.push(Page { band: number, rows: start..paper.rows.len(), first: pages.is_empty() });
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::super::{Heading, Line, Paper, Weight};
    use super::*;
    use paas_types::Lang;

    fn paper(columns: &[(&str, bool, &str)], rows: usize) -> Paper {
        let line = || Line { cells: columns.iter().map(|c| c.2.to_owned()).collect(), weight: Weight::Plain };
        Paper {
            lang: Lang::Zh,
            title: "t".to_owned(),
            company: "c".to_owned(),
            asked: String::new(),
            columns: columns
                .iter()
                .map(|(label, number, _)| Heading { label: (*label).to_owned(), number: *number })
                .collect(),
            rows: (0..rows).map(|_| line()).collect(),
        }
    }

    #[test]
    fn lines_break_between_words_and_between_chinese_characters() {
        assert_eq!(wrap("one two three", false, 4.0), ["one two", "three"]);
        assert_eq!(wrap("应收账款，净额", false, 4.5), ["应收账", "款，净额"]);
        assert_eq!(wrap("abcdefgh", false, 2.0), ["abc", "defg", "h"]);
        assert_eq!(wrap("", false, 2.0), [""]);
        let long = "应收 figures “of shelves” 净额（人民币）".repeat(9);
        assert_eq!(wrap(&long, true, 7.0).concat().replace(' ', ""), long.replace(' ', ""), "nothing is lost");
        assert!(wrap(&long, true, 7.0).iter().all(|line| width(line, true) <= 7.0));
    }

    #[test]
    fn the_paper_is_turned_and_the_letters_shrink_only_when_they_must() {
        let (name, figure) = (("名称", false, "应收账款"), ("金额", true, "-12,345,678,901.23"));
        for (figures, page, size, bands) in
            [(4, SHEET.0, 9.0, 1), (8, SHEET.1, 9.0, 1), (10, SHEET.1, 7.5, 1), (30, SHEET.1, 7.0, 3)]
        {
            let mut columns = vec![name];
            columns.extend(std::iter::repeat_n(figure, figures));
            let plan = plan(&paper(&columns, 3));
            assert_eq!((plan.page.0, plan.size, plan.bands.len()), (page, size, bands), "{figures} figures");
            for band in &plan.bands {
                let right = band.last().map_or(0.0, |p| p.left + p.width);
                assert!((right - (page - MARGIN)).abs() < 0.1, "the table ends at the margin: {right}");
                let narrowest = band.iter().skip(1).map(|p| p.width).fold(f32::INFINITY, f32::min);
                assert!(narrowest >= width(figure.2, false) * size + 2.0 * PAD, "figures fit: {narrowest}");
            }
        }
    }

    #[test]
    fn every_row_stands_on_one_page() {
        let paper = paper(&[("名称", false, "很长的名称".repeat(20).as_str()), ("金额", true, "1.00")], 200);
        let plan = plan(&paper);
        let pages = pages(&paper, &plan, (60.0, 20.0));
        let rows: Vec<usize> = pages.iter().flat_map(|page| page.rows.clone()).collect();
        assert_eq!(rows, (0..200).collect::<Vec<_>>());
        assert!(pages.iter().skip(1).all(|page| !page.first) && pages.first().is_some_and(|page| page.first));
    }

    #[test]
    fn an_empty_table_has_a_page() {
        let paper = paper(&[("名称", false, "")], 0);
        assert_eq!(pages(&paper, &plan(&paper), (60.0, 20.0)).len(), 1);
    }
}
