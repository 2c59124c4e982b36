//! Draws a table onto pages.

use super::fonts::{self, Face, is_chinese, runs, width};
use super::layout::{self, EDGE, FOOT, LEADING, MARGIN, PAD, Page, Place, Plan};
use super::{Line, Paper, Weight};
use miniz_oxide::deflate::compress_to_vec_zlib;
use paas_types::{Lang, Text};
use pdf_writer::types::TextRenderingMode;
use pdf_writer::{Content, Filter, Finish as _, Pdf, Rect, Ref, Settings, Str, TextStr};

/// Sizes of what stands above the table.
const TITLE: f32 = 15.0;
const SMALL: f32 = 8.5;
/// Between what stands above the table and its headings.
const GAP: f32 = 8.0;
/// Greys: 0 is black.
const MUTED: f32 = 0.35;
const RULE: f32 = 0.78;
const HEADING: f32 = 0.91;
const GROUP: f32 = 0.96;

/// The file.
pub(super) fn file(paper: &Paper) -> Vec<u8> {
    let plan = layout::plan(paper);
    let head = Head::of(paper, &plan);
    let pages = layout::pages(paper, &plan, (head.height(), SMALL * LEADING + GAP));
    let compact = Settings { pretty: false };
    let mut pdf = Pdf::with_settings(compact);
    let mut next = Ref::new(1);
    let (catalog, tree, info) = (next.bump(), next.bump(), next.bump());
    let faces = [next.bump(), next.bump(), next.bump(), next.bump()];
    let mut about = pdf.catalog(catalog);
    about.pages(tree).lang(TextStr(if paper.lang == Lang::Zh { "zh-CN" } else { "en" }));
    about.viewer_preferences().display_doc_title(true);
    about.finish();
    pdf.document_info(info)
        .title(TextStr(&paper.title))
        .author(TextStr(&paper.company))
        .producer(TextStr("Super PaaS"));
    fonts::write(&mut pdf, &faces, &mut next);
    let mut kids = Vec::with_capacity(pages.len());
    for (number, page) in (1..).zip(&pages) {
        let (this, drawn) = (next.bump(), next.bump());
        kids.push(this);
        let mut entry = pdf.page(this);
        entry.parent(tree).media_box(Rect::new(0.0, 0.0, plan.page.0, plan.page.1)).contents(drawn);
        entry.finish();
        let mut pen = Pen { content: Content::with_settings(compact), plan: &plan, down: EDGE };
        pen.page(paper, page, &head);
        pen.foot(paper.lang, number, pages.len());
        let bytes = compress_to_vec_zlib(&pen.content.finish(), 6);
        pdf.stream(drawn, &bytes).filter(Filter::FlateDecode);
    }
    let mut all = pdf.pages(tree);
    all.count(i32::try_from(kids.len()).unwrap_or(i32::MAX)).kids(kids);
    let mut resources = all.resources();
    let mut known = resources.fonts();
    for (face, reference) in Face::ALL.into_iter().zip(faces) {
        known.pair(face.name(), reference);
    }
    known.finish();
    resources.finish();
    all.finish();
    pdf.finish()
}

/// What stands above the table on the first page, broken into lines.
struct Head<'p> {
    company: Vec<&'p str>,
    title: Vec<&'p str>,
    asked: Vec<&'p str>,
}

impl<'p> Head<'p> {
    fn of(paper: &'p Paper, plan: &Plan) -> Head<'p> {
        let inner = plan.inner();
        Head {
            company: layout::wrap(&paper.company, false, inner / SMALL),
            title: layout::wrap(&paper.title, true, inner / TITLE),
            asked: layout::wrap(&paper.asked, false, inner / SMALL),
        }
    }

    fn height(&self) -> f32 {
        let small = (self.company.len() + self.asked.len()) as f32 * SMALL;
        (small + self.title.len() as f32 * TITLE) * LEADING + GAP
    }
}

/// Draws one page from the top down.
struct Pen<'p> {
    content: Content,
    plan: &'p Plan,
    /// Points from the upper edge to where the next thing is drawn.
    down: f32,
}

impl Pen<'_> {
    fn page(&mut self, paper: &Paper, page: &Page, head: &Head<'_>) {
        let Some(band) = self.plan.bands.get(page.band) else { return };
        if page.first {
            self.paragraph(&head.company, SMALL, (false, MUTED));
            self.paragraph(&head.title, TITLE, (true, 0.0));
            self.paragraph(&head.asked, SMALL, (false, MUTED));
        } else {
            let short = layout::wrap(&paper.title, false, self.plan.inner() / SMALL);
            self.paragraph(short.get(..1).unwrap_or_default(), SMALL, (false, MUTED));
        }
        self.down += GAP;
        self.headings(paper, band);
        for row in paper.rows.get(page.rows.clone()).unwrap_or_default() {
            self.row(row, paper, band);
        }
        if paper.rows.is_empty() {
            let nothing = Text::of("没有数据", "There is nothing to show");
            self.down += PAD;
            self.paragraph(&[nothing.get(paper.lang)], SMALL, (false, MUTED));
        }
    }

    /// Lines at the left margin.
    fn paragraph(&mut self, lines: &[&str], size: f32, (bold, grey): (bool, f32)) {
        for line in lines {
            self.text((MARGIN, self.down), line, size, (bold, grey));
            self.down += size * LEADING;
        }
    }

    fn headings(&mut self, paper: &Paper, band: &[Place]) {
        let high = layout::heading_height(paper, self.plan, band);
        self.fill(self.down, high, HEADING);
        for place in band {
            let lines = layout::heading(paper, self.plan, place);
            // Headings stand on the line below them.
            let text = layout::height(self.plan, lines.len());
            let number = paper.columns.get(place.column).is_some_and(|c| c.number);
            self.cell(&lines, (place, self.down + high - text - PAD / 2.0), (number, true));
        }
        self.down += high;
        self.rule(self.down, 0.0, 0.6);
    }

    fn row(&mut self, row: &Line, paper: &Paper, band: &[Place]) {
        let high = layout::row_height(row, paper, self.plan, band);
        if row.weight != Weight::Plain {
            self.fill(self.down, high, GROUP);
        }
        if row.weight == Weight::Total {
            self.rule(self.down, 0.0, 0.6);
        }
        for place in band {
            let lines = layout::lines(row, (paper, self.plan), place);
            let number = paper.columns.get(place.column).is_some_and(|c| c.number);
            self.cell(&lines, (place, self.down), (number, row.weight != Weight::Plain));
        }
        self.down += high;
        let last = if row.weight == Weight::Total { (0.0, 0.6) } else { (RULE, 0.3) };
        self.rule(self.down, last.0, last.1);
    }

    /// The lines of a cell whose upper border is `top` down.
    fn cell(&mut self, lines: &[&str], (place, top): (&Place, f32), (number, bold): (bool, bool)) {
        let size = self.plan.size;
        let mut down = top + PAD / 2.0;
        for line in lines {
            let left =
                if number { place.left + place.width - PAD - width(line, bold) * size } else { place.left + PAD };
            self.text((left, down), line, size, (bold, 0.0));
            down += size * LEADING;
        }
    }

    fn foot(&mut self, lang: Lang, number: usize, count: usize) {
        let text = match lang {
            Lang::Zh => format!("第 {number} 页 / 共 {count} 页"),
            Lang::En => format!("Page {number} / {count}"),
        };
        let left = (self.plan.page.0 - width(&text, false) * SMALL) / 2.0;
        self.text((left, self.plan.page.1 - EDGE - FOOT / 2.0), &text, SMALL, (false, MUTED));
    }

    /// A line of text whose upper left corner is there.
    fn text(&mut self, (left, down): (f32, f32), text: &str, size: f32, (bold, grey): (bool, f32)) {
        if text.is_empty() {
            return;
        }
        // Letters reach about 0.88 of the size above the line they stand on; half of the leading is above them.
        let base = self.plan.page.1 - down - size * (0.88 + (LEADING - 1.0) / 2.0);
        let content = &mut self.content;
        content.set_fill_gray(grey).begin_text().next_line(rounded(left), rounded(base));
        for run in runs(text, bold, is_chinese(text)) {
            content.set_font(run.face.name(), size);
            if bold && run.face == Face::Song {
                content.set_text_rendering_mode(TextRenderingMode::FillStroke);
                content.set_stroke_gray(grey).set_line_width(rounded(size * 0.035));
            } else {
                content.set_text_rendering_mode(TextRenderingMode::Fill);
            }
            content.show(Str(&run.codes));
        }
        content.end_text();
    }

    fn fill(&mut self, down: f32, high: f32, grey: f32) {
        let (bottom, inner) = (self.plan.page.1 - down - high, self.plan.inner());
        self.content.set_fill_gray(grey).rect(MARGIN, rounded(bottom), rounded(inner), rounded(high)).fill_nonzero();
    }

    fn rule(&mut self, down: f32, grey: f32, wide: f32) {
        let (y, right) = (rounded(self.plan.page.1 - down), rounded(MARGIN + self.plan.inner()));
        self.content.set_stroke_gray(grey).set_line_width(wide).move_to(MARGIN, y).line_to(right, y).stroke();
    }
}

/// Hundredths of a point: finer than any printer.
fn rounded(points: f32) -> f32 {
    (points * 100.0).round() / 100.0
}
