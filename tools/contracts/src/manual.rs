//! The interface manual: what people wrote, with the tables and diagrams that only the declarations know.

use crate::files::{Generated, root};
use paas_cell::Cell;
use paas_types::Code;
use serde_json::Value as Json;
use std::fmt::Write as _;

const BOOK: &str = "docs/接口设计说明书.md";
const BEGIN: &str = "<!-- 以下由 cargo xtask docs 生成 -->";
const END: &str = "<!-- 生成结束 -->";

/// The manual's files: the book with its generated part made anew, and a chapter per cell.
pub fn files(cells: &[Cell]) -> Result<Vec<Generated>, String> {
    let written = std::fs::read_to_string(root().join(BOOK)).map_err(|e| format!("{BOOK} cannot be read: {e}."))?;
    let mut files = vec![Generated { path: BOOK.to_owned(), text: with_part(&written, &overview(cells))? }];
    files.extend(cells.iter().map(|cell| Generated { path: chapter_path(cell.name()), text: chapter(cell) }));
    Ok(files)
}

fn chapter_path(cell: &str) -> String {
    format!("docs/接口/{cell}.md")
}

/// Puts the part between the two marks.
fn with_part(written: &str, part: &str) -> Result<String, String> {
    let (before, rest) = written.split_once(BEGIN).ok_or_else(|| format!("{BOOK} lacks the line {BEGIN}"))?;
    let (_, after) = rest.split_once(END).ok_or_else(|| format!("{BOOK} lacks the line {END}"))?;
    Ok(format!("{before}{BEGIN}\n\n{part}\n{END}{after}"))
}

fn overview(cells: &[Cell]) -> String {
    let mut out = String::from("### 错误码\n\n| 状态 | 错误码 | 提示 |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let _ = writeln!(out, "| {} | `{}` | {} |", code.status(), code.as_str(), code.zh());
    }
    out.push_str("\n### 细胞与资源\n\n| 细胞 | 资源 | 名称 | 类别 | 操作 |\n| --- | --- | --- | --- | --- |\n");
    for cell in cells {
        let meta = cell.contract().meta;
        for ty in list(&meta, "types") {
            let actions: Vec<&str> = list(ty, "actions").iter().map(|a| text(a, "name")).collect();
            let _ = writeln!(
                out,
                "| [{cell}](接口/{cell}.md) | `{}` | {} | {} | {} |",
                text(ty, "resource"),
                zh(ty),
                kind(text(ty, "kind")),
                dash(&actions.join("、")),
                cell = cell.name(),
            );
        }
    }
    out
}

fn chapter(cell: &Cell) -> String {
    let contract = cell.contract();
    let mut out =
        format!("# {} `{}`\n\n由 `cargo xtask docs` 从声明生成，请勿手工修改。\n", zh(&contract.meta), cell.name());
    for ty in list(&contract.meta, "types") {
        section(&mut out, cell.name(), ty);
    }
    let reports = list(&contract.meta, "reports");
    if !reports.is_empty() {
        out.push_str("\n## 报表\n\n| 路径 | 名称 | 参数 |\n| --- | --- | --- |\n");
        for report in reports {
            let parameters = list(report, "parameters").iter().map(|p| {
                format!(
                    "`{}`（{}，{}）{}",
                    text(p, "name"),
                    zh(p),
                    text(p, "type"),
                    if truth(p, "required") { "必填" } else { "" }
                )
            });
            let parameters = parameters.collect::<Vec<_>>().join("；");
            let _ = writeln!(out, "| `reports/{}` | {} | {} |", text(report, "name"), zh(report), dash(&parameters));
        }
    }
    dashboards(&mut out, &contract.meta);
    screens(&mut out, &contract.meta);
    let events = cell.events();
    if !events.is_empty() {
        out.push_str("\n## 事件\n\n| 事件 | 版本 | 数据 |\n| --- | --- | --- |\n");
        for event in events {
            let fields = event.schema.get("properties").and_then(Json::as_object);
            let fields = fields.map(|f| f.keys().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" "));
            let _ = writeln!(out, "| `{}` | {} | {} |", event.event_type, event.version, fields.unwrap_or_default());
        }
    }
    out
}

/// What pages show at a glance; each person the panels whose reports he may read.
fn dashboards(out: &mut String, meta: &Json) {
    let boards = list(meta, "dashboards");
    if boards.is_empty() {
        return;
    }
    out.push_str("\n## 看板\n\n| 看板 | 名称 | 面板（报表） |\n| --- | --- | --- |\n");
    for board in boards {
        let panels = list(board, "panels").iter().map(|p| format!("{}（`{}`）", zh(p), text(p, "report")));
        let panels = panels.collect::<Vec<_>>().join("；");
        let _ = writeln!(out, "| `{}` | {} | {panels} |", text(board, "name"), zh(board));
    }
}

/// What pages draw by hand; a page without it shows the list of the type.
fn screens(out: &mut String, meta: &Json) {
    let screens = list(meta, "screens");
    if screens.is_empty() {
        return;
    }
    out.push_str("\n## 专用页面\n\n| 页面 | 名称 | 类型 |\n| --- | --- | --- |\n");
    for screen in screens {
        let _ = writeln!(out, "| `{}` | {} | `{}` |", text(screen, "name"), zh(screen), text(screen, "type"));
    }
}

fn section(out: &mut String, cell: &str, ty: &Json) {
    let _ = write!(out, "\n## {} `{}`\n\n", zh(ty), text(ty, "resource"));
    let _ = writeln!(out, "{} · 权限 `{cell}.{}.*`\n", kind(text(ty, "kind")), text(ty, "name"));
    fields(out, list(ty, "fields"));
    for table in list(ty, "tables") {
        let least = table.get("minRows").and_then(Json::as_u64).unwrap_or_default();
        let least = if least > 0 { format!("，至少 {least} 行") } else { String::new() };
        let _ = write!(out, "\n**{}** `{}`{least}\n\n", zh(table), text(table, "name"));
        fields(out, list(table, "fields"));
    }
    flow(out, ty);
}

fn fields(out: &mut String, fields: &[Json]) {
    out.push_str("| 字段 | 名称 | 类型 | 说明 |\n| --- | --- | --- | --- |\n");
    for field in fields {
        let group = field.get("group").and_then(Json::as_str).map(|g| format!("{g}.")).unwrap_or_default();
        let _ = writeln!(
            out,
            "| `{group}{}` | {} | {} | {} |",
            text(field, "name"),
            zh(field),
            type_of(field),
            dash(&notes(field))
        );
    }
}

fn type_of(field: &Json) -> String {
    match text(field, "type") {
        "text" | "longtext" => format!("文本 ≤ {}", field.get("maxLength").unwrap_or(&Json::Null)),
        "decimal" => format!("小数 {} 位", field.get("decimals").unwrap_or(&Json::Null)),
        "integer" => "整数".to_owned(),
        "boolean" => "是否".to_owned(),
        "date" => "日期".to_owned(),
        "instant" => "时刻".to_owned(),
        "choice" | "state" => {
            let values = list(field, "choices").iter().map(|c| format!("`{}`", text(c, "value")));
            values.collect::<Vec<_>>().join(" ")
        }
        "secret" => "敏感文本".to_owned(),
        "password" => "口令".to_owned(),
        "anyref" => "任意单据引用".to_owned(),
        "text-list" => "文本列表".to_owned(),
        "permissions" => "权限码列表".to_owned(),
        "json" => "JSON".to_owned(),
        other => {
            let target = field.pointer("/ref/resource").and_then(Json::as_str).unwrap_or(other);
            let many = if other == "ref-list" { "列表" } else { "" };
            format!("引用{many} `{target}`")
        }
    }
}

fn notes(field: &Json) -> String {
    let mut notes = Vec::new();
    for (key, note) in [("required", "必填"), ("computed", "系统计算"), ("filter", "可筛选排序"), ("search", "关键字")]
    {
        let shown = truth(field, key) && !(key == "required" && truth(field, "computed"));
        notes.extend(shown.then(|| note.to_owned()));
    }
    let default = field.get("default").filter(|d| !d.is_null());
    notes.extend(default.map(|d| format!("默认 `{d}`")));
    notes.extend(field.pointer("/help/zh").and_then(Json::as_str).map(str::to_owned));
    notes.join("；")
}

/// The flow as a diagram, and its actions.
fn flow(out: &mut String, ty: &Json) {
    let states = list(ty, "states");
    let actions = list(ty, "actions");
    if states.len() < 2 || actions.is_empty() {
        return;
    }
    let id = |name: &str| name.replace('-', "_");
    out.push_str("\n```mermaid\nstateDiagram-v2\n");
    for state in states {
        let _ = writeln!(out, "  {}: {}", id(text(state, "value")), zh(state));
    }
    if let Some(first) = states.first() {
        let _ = writeln!(out, "  [*] --> {}", id(text(first, "value")));
    }
    for action in actions {
        for from in list(action, "from").iter().filter_map(Json::as_str) {
            let _ = writeln!(out, "  {} --> {}: {}", id(from), id(text(action, "to")), zh(action));
        }
    }
    out.push_str("```\n\n| 操作 | 名称 | 从 | 到 | 数据 |\n| --- | --- | --- | --- | --- |\n");
    for action in actions {
        let from: Vec<String> =
            list(action, "from").iter().filter_map(Json::as_str).map(|s| format!("`{s}`")).collect();
        let data: Vec<String> = list(action, "data").iter().map(|f| format!("`{}`", text(f, "name"))).collect();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | `{}` | {} |",
            text(action, "name"),
            zh(action),
            from.join(" "),
            text(action, "to"),
            dash(&data.join(" "))
        );
    }
}

fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json.get(key).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn zh(json: &Json) -> &str {
    json.pointer("/label/zh").and_then(Json::as_str).unwrap_or_default()
}

fn truth(json: &Json, key: &str) -> bool {
    json.get(key).and_then(Json::as_bool).unwrap_or_default()
}

fn dash(text: &str) -> &str {
    if text.is_empty() { "–" } else { text }
}

fn kind(name: &str) -> &str {
    match name {
        "master" => "档案",
        "document" => "单据",
        "ledger" => "流水",
        "balance" => "余额",
        "setting" => "设置",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_part_changes() {
        let book = format!("# 书\n{BEGIN}\nold\n{END}\n尾\n");
        let made = with_part(&book, "new").unwrap();
        assert_eq!(made, format!("# 书\n{BEGIN}\n\nnew\n{END}\n尾\n"));
        assert_eq!(with_part(&made, "new").unwrap(), made);
        assert!(with_part("# 书", "new").is_err());
    }

    #[test]
    fn a_chapter_shows_fields_states_and_events() {
        for cell in superpaas::cells::all() {
            let chapter = chapter(&cell);
            let meta = cell.contract().meta;
            for ty in list(&meta, "types") {
                assert!(chapter.contains(&format!("`{}`", text(ty, "resource"))), "{ty}");
                for field in list(ty, "fields") {
                    assert!(chapter.contains(&format!("{}` |", text(field, "name"))), "{field}");
                }
            }
            assert!(cell.events().iter().all(|event| chapter.contains(event.event_type)));
            assert!(chapter.contains("stateDiagram-v2"));
        }
    }
}
