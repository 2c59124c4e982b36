//! Exports: the same values as the list, as JSON, CSV or a spreadsheet.

use crate::ctx::Caller;
use crate::kind::Kind;
use paas_types::{Refusal, Result, Text};
use serde_json::{Map, Value as Json};

/// Writes rows in a format; the second value is the media type.
pub(crate) fn write(
    kind: &dyn Kind,
    format: &str,
    rows: Vec<Map<String, Json>>,
    caller: &Caller,
) -> Result<(Vec<u8>, &'static str)> {
    match format {
        "json" => {
            let rows: Vec<Json> = rows.into_iter().map(Json::Object).collect();
            Ok((Json::from(rows).to_string().into_bytes(), "application/json"))
        }
        "csv" => csv(kind, &rows, caller).map(|body| (body, "text/csv; charset=utf-8")),
        "xlsx" => xlsx(kind, &rows, caller)
            .map(|body| (body, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")),
        _ => Err(Refusal::field(
            "format",
            "INVALID_CHOICE",
            Text::of("导出格式须为 xlsx、csv 或 json。", "The format must be xlsx, csv or json."),
        )),
    }
}

struct Column {
    name: &'static str,
    group: Option<&'static str>,
    label: String,
    numeric: bool,
}

fn columns(kind: &dyn Kind, caller: &Caller) -> Vec<Column> {
    let meta = kind.meta();
    let fields = meta.fields.iter().filter(|f| !f.write_only).map(|f| Column {
        name: f.name,
        group: f.group,
        label: f.label.get(caller.lang).to_owned(),
        numeric: matches!(f.ty, paas_document::FieldType::Decimal { .. } | paas_document::FieldType::Integer),
    });
    let number = meta.has_number().then(|| Column {
        name: "number",
        group: None,
        label: Text::of("单号", "Number").get(caller.lang).to_owned(),
        numeric: false,
    });
    number.into_iter().chain(fields).collect()
}

fn cell(row: &Map<String, Json>, column: &Column) -> String {
    let value = match column.group {
        Some(group) => row.get(group).and_then(|g| g.get(column.name)),
        None => row.get(column.name),
    };
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(Json::Object(map)) => {
            let shown = ["code", "number", "name", "id"].iter().find_map(|k| map.get(*k).and_then(Json::as_str));
            shown.unwrap_or_default().to_owned()
        }
        Some(other) => other.to_string(),
    }
}

fn csv(kind: &dyn Kind, rows: &[Map<String, Json>], caller: &Caller) -> Result<Vec<u8>> {
    let columns = columns(kind, caller);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns.iter().map(|c| c.label.as_str())).map_err(Refusal::internal)?;
    for row in rows {
        let cells = columns.iter().map(|c| {
            let text = cell(row, c);
            if c.numeric { text } else { harmless(text) }
        });
        writer.write_record(cells).map_err(Refusal::internal)?;
    }
    writer.into_inner().map_err(Refusal::internal)
}

/// A text that a spreadsheet would take for a formula gets an apostrophe, which import removes.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn xlsx(kind: &dyn Kind, rows: &[Map<String, Json>], caller: &Caller) -> Result<Vec<u8>> {
    let columns = columns(kind, caller);
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (at, column) in columns.iter().enumerate() {
        let at = u16::try_from(at).map_err(Refusal::internal)?;
        sheet.write_string(0, at, &column.label).map_err(Refusal::internal)?;
        for (line, row) in rows.iter().enumerate() {
            let line = u32::try_from(line + 1).map_err(Refusal::internal)?;
            let text = cell(row, column);
            // A spreadsheet number holds 15 digits; what has more stays exact as text.
            let digits = text.bytes().filter(u8::is_ascii_digit).count();
            let number = text.parse::<f64>().ok().filter(|_| column.numeric && digits <= 15);
            match number {
                Some(number) => sheet.write_number(line, at, number),
                None => sheet.write_string(line, at, &text),
            }
            .map_err(Refusal::internal)?;
        }
    }
    book.save_to_buffer().map_err(Refusal::internal)
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn formulas_are_made_harmless() {
        assert_eq!(harmless("=1+1".to_owned()), "'=1+1");
        assert_eq!(harmless("@x".to_owned()), "'@x");
        assert_eq!(harmless("plain".to_owned()), "plain");
    }
}
