//! The formats of exports and reports: JSON, CSV and spreadsheets; PDF is [`crate::paper`]. Cells are typed; a text never becomes a formula.

use crate::ctx::Caller;
use crate::custom::{CustomKind, Definition, Definitions};
use crate::kind::Kind;
use crate::report::Table;
use crate::rights::Place;
use paas_auth::FieldRight;
use paas_document::{FieldType, TypeMeta};
use paas_types::{Lang, Refusal, Result, Text};
use rust_xlsxwriter::{ExcelDateTime, Format as CellFormat, Workbook, Worksheet};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::fs::File;
use std::io::{BufWriter, Seek as _};
use std::sync::Arc;

/// A format people can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
    Xlsx,
    Pdf,
}

impl Format {
    /// What was asked for, out of what there is; `None` when nothing was said.
    pub(crate) fn of(query: &[(String, String)], offered: &[Format]) -> Result<Option<Format>> {
        let Some((_, said)) = query.iter().find(|(name, _)| name == "format") else { return Ok(None) };
        let found = offered.iter().find(|f| f.name() == said);
        let names = || offered.iter().map(|f| f.name()).collect::<Vec<_>>().join(", ");
        found.copied().map(Some).ok_or_else(|| {
            let message =
                Text::new(format!("格式须为其中之一：{}。", names()), format!("The format is one of: {}.", names()));
            Refusal::field("format", "INVALID_CHOICE", message)
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
            Format::Pdf => "pdf",
        }
    }

    pub(crate) fn mime(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Format::Pdf => "application/pdf",
        }
    }

    /// What comes before the first row.
    pub(crate) fn opening(self, sheets: &[Sheet]) -> Result<Vec<u8>> {
        match (self, sheets.first()) {
            (Format::Json, _) => Ok(b"[".to_vec()),
            (_, Some(sheet)) => {
                csv_of(std::iter::once(sheet.columns.iter().map(|c| harmless(c.label.clone())).collect()))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Rows as text; `first` says that none came before.
    pub(crate) fn rows(self, sheets: &[Sheet], rows: &[Map<String, Json>], first: bool) -> Result<Vec<u8>> {
        match (self, sheets.first()) {
            (Format::Json, _) => {
                let mut out = Vec::new();
                for (index, row) in rows.iter().enumerate() {
                    out.extend_from_slice(if first && index == 0 { b"\n" } else { b",\n" });
                    serde_json::to_writer(&mut out, row).map_err(Refusal::internal)?;
                }
                Ok(out)
            }
            (_, Some(sheet)) => csv_of(rows.iter().map(|row| sheet.columns.iter().map(|c| c.text(row)).collect())),
            _ => Ok(Vec::new()),
        }
    }

    /// What comes after the last row.
    pub(crate) fn closing(self) -> &'static [u8] {
        if self == Format::Json { b"\n]\n" } else { b"" }
    }
}

fn csv_of(rows: impl Iterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(Refusal::internal)?;
    }
    writer.into_inner().map_err(Refusal::internal)
}

/// A text that a spreadsheet would take for a formula gets an apostrophe, which import removes.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// How a cell is kept in a spreadsheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CellKind {
    Text,
    Number,
    Date,
    Bool,
}

/// A column of a sheet.
#[derive(Clone, Debug)]
struct Column {
    name: Cow<'static, str>,
    group: Option<&'static str>,
    label: String,
    kind: CellKind,
    /// It is the record's, in a sheet of its rows.
    of_record: bool,
}

/// A sheet: the records, or the rows of one of their tables.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    label: String,
    /// The table whose rows it holds; `None` for the records themselves.
    table: Option<&'static str>,
    columns: Vec<Column>,
}

impl Sheet {
    /// The sheets of a type: its records, then the rows of each table with the number or code of their record.
    pub(crate) fn of_type(kind: &Arc<dyn Kind>, cell: &str, caller: &Caller, customs: &Definitions) -> Vec<Sheet> {
        let meta = kind.meta();
        let place = Place::of(cell, meta);
        let key = if meta.has_number() {
            let label = Text::of("单号", "Number").get(caller.lang).to_owned();
            Some(Column { name: "number".into(), group: None, label, kind: CellKind::Text, of_record: true })
        } else {
            let code = meta.code_field().and_then(|i| meta.field(i));
            code.map(|f| Column {
                name: f.name.into(),
                group: None,
                label: f.label.get(caller.lang).to_owned(),
                kind: CellKind::Text,
                of_record: true,
            })
        };
        let number = key.clone().filter(|_| meta.has_number());
        let own = number.into_iter().chain(columns(meta, place, caller));
        let own = own.chain(custom_columns(place, caller, customs)).collect();
        let mut sheets = vec![Sheet { label: meta.label.get(caller.lang).to_owned(), table: None, columns: own }];
        for table in meta.tables {
            let place = place.table(table.name);
            if place.right(&caller.rights, "") > FieldRight::Hidden {
                let columns = key.clone().into_iter().chain(columns((table.meta)(), place, caller)).collect();
                sheets.push(Sheet { label: table.label.get(caller.lang).to_owned(), table: Some(table.name), columns });
            }
        }
        sheets
    }

    /// The one sheet of a report, and its rows with the totals at the end.
    pub(crate) fn of_table(label: &str, table: &Table, lang: Lang) -> (Sheet, Vec<Map<String, Json>>) {
        let columns = table.columns.iter().map(|c| Column {
            name: c.name.into(),
            group: None,
            label: c.label.get(lang).to_owned(),
            kind: match c.ty {
                number if is_number_type(number) => CellKind::Number,
                "date" => CellKind::Date,
                _ => CellKind::Text,
            },
            of_record: false,
        });
        let mut rows: Vec<Map<String, Json>> = table.rows.iter().map(|row| table.row(row)).collect();
        if !table.totals.is_empty() {
            let mut last: Map<String, Json> =
                table.totals.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            if let Some(first) = table.columns.first() {
                let total = Text::of("合计", "Total").get(lang).to_owned();
                last.entry(first.name.to_owned()).or_insert(Json::from(total));
            }
            rows.push(last);
        }
        (Sheet { label: label.to_owned(), table: None, columns: columns.collect() }, rows)
    }
}

fn columns(meta: &'static TypeMeta, place: Place<'_>, caller: &Caller) -> Vec<Column> {
    let seen = meta.fields.iter().filter(|f| !f.write_only && place.right(&caller.rights, f.name) > FieldRight::Hidden);
    seen.map(|f| Column {
        name: f.name.into(),
        group: f.group,
        label: f.label.get(caller.lang).to_owned(),
        kind: match f.ty {
            FieldType::Decimal { .. } | FieldType::Integer => CellKind::Number,
            FieldType::Date => CellKind::Date,
            FieldType::Bool => CellKind::Bool,
            _ => CellKind::Text,
        },
        of_record: false,
    })
    .collect()
}

/// The custom fields of a type that the caller may see.
fn custom_columns(place: Place<'_>, caller: &Caller, customs: &Definitions) -> Vec<Column> {
    let right = |name: &str| place.right(&caller.rights, name);
    let seen = |d: &&Definition| right("custom").min(right(&d.name)) > FieldRight::Hidden;
    let column = |d: &Definition| Column {
        name: d.key.as_str().to_owned().into(),
        group: Some("custom"),
        label: d.label.get(caller.lang).to_owned(),
        kind: match d.kind {
            CustomKind::Integer | CustomKind::Decimal => CellKind::Number,
            CustomKind::Date => CellKind::Date,
            CustomKind::Bool => CellKind::Bool,
            CustomKind::Text | CustomKind::DateTime | CustomKind::Choice => CellKind::Text,
        },
        of_record: false,
    };
    customs.active(place.resource()).filter(seen).map(column).collect()
}

impl Column {
    fn value<'r>(&self, row: &'r Map<String, Json>) -> &'r Json {
        let value = match self.group {
            Some(group) => row.get(group).and_then(|g| g.get(&*self.name)),
            None => row.get(&*self.name),
        };
        value.unwrap_or(&Json::Null)
    }

    /// The cell as plain text.
    fn plain(&self, row: &Map<String, Json>) -> String {
        plain(self.value(row))
    }

    /// The cell in a text file: numbers as they are, texts made harmless.
    fn text(&self, row: &Map<String, Json>) -> String {
        let text = self.plain(row);
        if self.kind == CellKind::Number && is_number(&text) { text } else { harmless(text) }
    }
}

/// A value as plain text; a reference is its code or number.
pub(crate) fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Object(map) => {
            let shown = ["code", "number", "name", "id"].iter().find_map(|k| map.get(*k).and_then(Json::as_str));
            shown.unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    }
}

/// Whether cells of a report's column are figures.
pub(crate) fn is_number_type(ty: &str) -> bool {
    matches!(ty, "amount" | "quantity" | "price" | "rate" | "integer")
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// A spreadsheet being written. Rows wait in files that have no name, not in memory.
pub(crate) struct Book {
    workbook: Workbook,
    sheets: Vec<(Sheet, u32)>,
    date: CellFormat,
}

impl Book {
    /// A book with the headings of its sheets.
    pub(crate) fn new(sheets: Vec<Sheet>) -> Result<Book> {
        let mut workbook = Workbook::new();
        for (index, sheet) in sheets.iter().enumerate() {
            let page = workbook.add_worksheet_with_constant_memory().map_err(Refusal::internal)?;
            page.set_name(sheet_name(&sheet.label, index)).map_err(Refusal::internal)?;
            for (at, column) in (0_u16..).zip(&sheet.columns) {
                page.write_string(0, at, &column.label).map_err(Refusal::internal)?;
            }
        }
        let sheets = sheets.into_iter().map(|sheet| (sheet, 0)).collect();
        Ok(Book { workbook, sheets, date: CellFormat::new().set_num_format("yyyy-mm-dd") })
    }

    /// Appends records, and their rows to the sheets of tables.
    pub(crate) fn append(&mut self, records: &[Map<String, Json>]) -> Result<()> {
        for (index, (sheet, line)) in self.sheets.iter_mut().enumerate() {
            let page = self.workbook.worksheet_from_index(index).map_err(Refusal::internal)?;
            for record in records {
                let Some(table) = sheet.table else {
                    *line += 1;
                    write_row(page, *line, &sheet.columns, (record, record), &self.date)?;
                    continue;
                };
                for row in record.get(table).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object)
                {
                    *line += 1;
                    write_row(page, *line, &sheet.columns, (record, row), &self.date)?;
                }
            }
        }
        Ok(())
    }

    /// Puts the whole into a file without a name, ready to be read.
    pub(crate) fn finish(mut self) -> Result<File> {
        let mut file = tempfile::tempfile().map_err(Refusal::internal)?;
        let writer = BufWriter::new(file.try_clone().map_err(Refusal::internal)?);
        self.workbook.save_to_writer(writer).map_err(Refusal::internal)?;
        file.rewind().map_err(Refusal::internal)?;
        Ok(file)
    }
}

/// Writes one line: of a record, or of one of its rows.
fn write_row(
    page: &mut Worksheet,
    line: u32,
    columns: &[Column],
    (record, row): (&Map<String, Json>, &Map<String, Json>),
    date: &CellFormat,
) -> Result<()> {
    for (at, column) in (0_u16..).zip(columns) {
        let from = if column.of_record { record } else { row };
        let text = column.plain(from);
        if text.is_empty() {
            continue;
        }
        // A spreadsheet number holds 15 digits; what has more stays exact as text.
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let number =
            text.parse::<f64>().ok().filter(|_| column.kind == CellKind::Number && is_number(&text) && digits <= 15);
        let day = Some(())
            .filter(|()| column.kind == CellKind::Date)
            .and_then(|()| ExcelDateTime::parse_from_str(&text).ok());
        let written = match (number, day, column.value(from)) {
            (Some(number), _, _) => page.write_number(line, at, number),
            (_, Some(day), _) => page.write_datetime_with_format(line, at, &day, date),
            (_, _, Json::Bool(yes)) if column.kind == CellKind::Bool => page.write_boolean(line, at, *yes),
            _ => page.write_string(line, at, &text),
        };
        written.map_err(|error| match error {
            rust_xlsxwriter::XlsxError::RowColumnLimitError => {
                Refusal::new(paas_types::Code::PayloadTooLarge).saying(Text::of(
                    "表格最多约一百万行，请缩小范围或改用 csv。",
                    "A sheet holds about a million rows; narrow it or take csv.",
                ))
            }
            other => Refusal::internal(other),
        })?;
    }
    Ok(())
}

/// A name that spreadsheets accept: at most 31 characters, none of `[]:*?/\`, each once.
fn sheet_name(label: &str, index: usize) -> String {
    let clean: String = label.chars().map(|c| if "[]:*?/\\'".contains(c) { ' ' } else { c }).take(26).collect();
    if index == 0 { clean } else { format!("{clean} {index}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_made_harmless() {
        for (text, expected) in [("=1+1", "'=1+1"), ("@x", "'@x"), ("\tx", "'\tx"), ("-x", "'-x"), ("plain", "plain")] {
            assert_eq!(harmless(text.to_owned()), expected);
        }
    }

    #[test]
    fn numbers_are_told_from_texts() {
        for (text, number) in [("-12.50", true), ("0", true), ("-", false), ("1e5", false), ("inf", false), ("", false)]
        {
            assert_eq!(is_number(text), number, "{text}");
        }
    }
}
