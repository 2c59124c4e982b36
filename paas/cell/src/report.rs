//! Reports: parameters in, one table out.

use crate::Ctx;
use paas_document::Choice;
use paas_types::{Date, Refusal, Result, Text};
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// A report of a cell.
#[derive(Clone, Copy)]
pub struct Report {
    /// kebab-case name in the path and in the permission code.
    pub name: &'static str,
    /// Label.
    pub label: Labels,
    /// What it asks for.
    pub parameters: &'static [Parameter],
    /// What its figures are made of.
    pub drill: &'static [Drill],
    /// Computes it.
    pub run: fn(&mut Ctx<'_>, &Params) -> Result<Table>,
}

/// Where cells of a report lead: to what stands behind them, narrowed by the row they stand in and by what was asked.
#[derive(Clone, Copy, Debug)]
pub struct Drill {
    /// The columns whose cells lead there.
    pub columns: &'static [&'static str],
    /// What they lead to.
    pub to: DrillTarget,
    /// Conditions of the target, as the list or the report takes them, and where each comes from. A row without the
    /// value of a column leads nowhere; a parameter that was not given is no condition.
    pub with: &'static [(&'static str, DrillFrom)],
}

/// What a figure leads to.
#[derive(Clone, Copy, Debug)]
pub enum DrillTarget {
    /// Records of a resource of the cell.
    Resource(&'static str),
    /// Another report of the cell.
    Report(&'static str),
}

/// Where a condition of a drill comes from.
#[derive(Clone, Copy, Debug)]
pub enum DrillFrom {
    /// The cell of this column in the same row.
    Column(&'static str),
    /// A parameter of the report.
    Parameter(&'static str),
}

/// A constant label in both languages.
#[derive(Clone, Copy, Debug)]
pub struct Labels {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl Labels {
    /// A label.
    pub const fn of(zh: &'static str, en: &'static str) -> Labels {
        Labels { zh, en }
    }

    /// As a text.
    pub const fn text(self) -> Text {
        Text::of(self.zh, self.en)
    }
}

/// A parameter of a report.
#[derive(Clone, Copy)]
pub struct Parameter {
    /// camelCase name in the query.
    pub name: &'static str,
    /// Label.
    pub label: Labels,
    /// What it takes.
    pub ty: ParameterType,
    /// Whether it must be given.
    pub required: bool,
}

/// What a parameter takes.
#[derive(Clone, Copy)]
pub enum ParameterType {
    /// A date.
    Date,
    /// Code or id of a record of this resource.
    Ref(&'static str),
    /// One of a closed list.
    Choice(&'static [Choice]),
}

/// The values of a report's parameters, already checked.
#[derive(Debug, Default)]
pub struct Params(HashMap<&'static str, String>);

impl Params {
    /// Reads the query of a call: unknown names, missing and malformed values are refused.
    pub(crate) fn read(parameters: &'static [Parameter], query: &[(String, String)]) -> Result<Params> {
        let mut values = HashMap::new();
        for (name, value) in query {
            let Some(parameter) = parameters.iter().find(|p| p.name == name) else {
                return Err(Refusal::new(paas_types::Code::UnknownFilter).with(json!({"filter": name})));
            };
            let value = value.trim();
            if value.is_empty() {
                continue;
            }
            let good = match parameter.ty {
                ParameterType::Date => value.parse::<Date>().is_ok(),
                ParameterType::Ref(_) => true,
                ParameterType::Choice(list) => Choice::find(list, value).is_some(),
            };
            if !good {
                return Err(invalid(parameter));
            }
            values.insert(parameter.name, value.to_owned());
        }
        for parameter in parameters.iter().filter(|p| p.required) {
            if !values.contains_key(parameter.name) {
                return Err(Refusal::field(
                    parameter.name,
                    "REQUIRED",
                    Text::new(
                        format!("请填写{}。", parameter.label.zh),
                        format!("Please give {}.", parameter.label.en),
                    ),
                ));
            }
        }
        Ok(Params(values))
    }

    /// A text value.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A date value.
    pub fn date(&self, name: &str) -> Option<Date> {
        self.text(name).and_then(|v| v.parse().ok())
    }
}

fn invalid(parameter: &Parameter) -> Refusal {
    Refusal::field(
        parameter.name,
        "INVALID",
        Text::new(
            format!("{}的值无效。", parameter.label.zh),
            format!("The value of {} is not valid.", parameter.label.en),
        ),
    )
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Name in rows and totals.
    pub name: &'static str,
    /// Label.
    pub label: Text,
    /// `text`, `amount`, `quantity`, `price`, `rate`, `date`, `integer` or `ref`.
    pub ty: &'static str,
}

/// A row: cells in the order of the columns.
#[derive(Clone, Debug)]
pub struct TableRow {
    /// Cells.
    pub cells: Vec<Json>,
    /// Whether it is a subtotal that the totals leave out.
    pub is_group: bool,
}

/// A report's answer.
#[derive(Clone, Debug)]
pub struct Table {
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows.
    pub rows: Vec<TableRow>,
    /// Totals by column name.
    pub totals: Vec<(&'static str, Json)>,
    /// The date the figures stand for.
    pub as_of: Date,
}

impl Table {
    /// An empty table.
    pub fn new(as_of: Date) -> Table {
        Table { columns: Vec::new(), rows: Vec::new(), totals: Vec::new(), as_of }
    }

    /// Adds a column.
    #[must_use]
    pub fn column(mut self, name: &'static str, zh: &'static str, en: &'static str, ty: &'static str) -> Table {
        self.columns.push(Column { name, label: Text::of(zh, en), ty });
        self
    }

    /// Adds a row.
    pub fn push(&mut self, cells: Vec<Json>) {
        self.rows.push(TableRow { cells, is_group: false });
    }

    /// Adds a subtotal row.
    pub fn push_group(&mut self, cells: Vec<Json>) {
        self.rows.push(TableRow { cells, is_group: true });
    }

    /// A row by column name.
    pub(crate) fn row(&self, row: &TableRow) -> serde_json::Map<String, Json> {
        self.columns.iter().map(|c| c.name.to_owned()).zip(row.cells.iter().cloned()).collect()
    }

    /// Sets a total.
    pub fn total(&mut self, column: &'static str, value: Json) {
        self.totals.push((column, value));
    }
}
