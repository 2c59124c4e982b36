//! Dashboards: reports at a glance. They are declared, not drawn: a page that knows reports knows them.

use crate::report::Labels;

/// Figures and charts of reports, side by side. Each person sees the panels whose reports he may read.
#[derive(Clone, Copy, Debug)]
pub struct Dashboard {
    /// kebab-case name in the page's address.
    pub name: &'static str,
    /// Label.
    pub label: Labels,
    /// What is on it, most important first.
    pub panels: &'static [Panel],
}

/// One report on a dashboard.
#[derive(Clone, Copy, Debug)]
pub struct Panel {
    /// Label.
    pub label: Labels,
    /// The report, by its name.
    pub report: &'static str,
    /// What it is asked, beside what it takes where nothing is said.
    pub with: &'static [(&'static str, Given)],
    /// Columns whose totals stand above the chart; where the report has no total of one, its last row's value.
    pub figures: &'static [&'static str],
    /// How its rows are drawn.
    pub chart: Chart,
}

/// The value of a parameter on a dashboard.
#[derive(Clone, Copy, Debug)]
pub enum Given {
    /// Always this.
    Value(&'static str),
    /// The first day of the month so many months before the present one.
    MonthsAgo(u8),
}

/// How rows of a report are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Chart {
    /// The form.
    pub kind: ChartKind,
    /// The column that names the points; `None` where the columns themselves are the points.
    pub by: Option<&'static str>,
    /// The columns whose figures are drawn.
    pub values: &'static [&'static str],
    /// Points that are drawn at most: of bars the largest.
    pub most: u8,
}

/// The form of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartKind {
    /// Upright columns, in the order of the rows.
    Columns,
    /// Lying bars, the largest first.
    Bars,
    /// Lines, in the order of the rows.
    Lines,
    /// The totals of the columns beside each other.
    Totals,
}

impl ChartKind {
    /// Name in the descriptor.
    pub const fn name(self) -> &'static str {
        match self {
            ChartKind::Columns => "columns",
            ChartKind::Bars => "bars",
            ChartKind::Lines => "lines",
            ChartKind::Totals => "totals",
        }
    }
}

impl Chart {
    /// Upright columns per row.
    pub const fn columns(by: &'static str, values: &'static [&'static str]) -> Chart {
        Chart { kind: ChartKind::Columns, by: Some(by), values, most: 24 }
    }

    /// The rows with the largest figures.
    pub const fn bars(by: &'static str, values: &'static [&'static str], most: u8) -> Chart {
        Chart { kind: ChartKind::Bars, by: Some(by), values, most }
    }

    /// A line per column.
    pub const fn lines(by: &'static str, values: &'static [&'static str]) -> Chart {
        Chart { kind: ChartKind::Lines, by: Some(by), values, most: 120 }
    }

    /// The totals of columns.
    pub const fn totals(values: &'static [&'static str]) -> Chart {
        Chart { kind: ChartKind::Totals, by: None, values, most: 24 }
    }
}
