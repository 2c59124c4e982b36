//! Reports on paper, read back by another program.

use crate::world::{ADMIN, Answer, World, grant};
use http::{Method, StatusCode};
use paas_auth::GrantScope;
use serde_json::{Value as J, json};
use std::io::Write as _;
use std::process::{Command, Stdio};

async fn print(w: &World, who: &str, query: &str, lang: &str) -> Answer {
    let path = format!("reports/shelf-book?format=pdf{query}");
    w.raw(who, (Method::GET, &path), &[("accept-language", lang)], Vec::new()).await
}

/// What a tool of poppler says about a file.
fn poppler(tool: &str, options: &[&str], pdf: &[u8]) -> String {
    let mut child = Command::new(tool)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{tool}: {error}; it comes with poppler-utils, which run.sh installs"));
    let mut pipe = child.stdin.take().unwrap();
    let bytes = pdf.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&bytes));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{tool}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// A line without its blanks: a reader may see none between Chinese characters, and several between columns.
fn bare(line: &str) -> String {
    line.split_whitespace().collect()
}

/// The lines of each page, without blanks.
fn pages(pdf: &[u8]) -> Vec<Vec<String>> {
    let text = poppler("pdftotext", &["-layout", "-", "-"], pdf);
    let page = |page: &str| page.lines().map(bare).filter(|l| !l.is_empty()).collect();
    text.trim_end_matches('\u{c}').split('\u{c}').map(page).collect()
}

/// Gadgets on the shelf: plain ones, and some whose names do not fit into a line.
async fn shelf(w: &World, count: usize) {
    let names = ["齿轮，大号", "弹簧“轻”", "𠮷字牌 ①", "Nut", "Ünder−seal €"];
    for start in (0..count).step_by(200) {
        let items = (start..count.min(start + 200)).map(
            |i| json!({"code": format!("X{i:03}"), "name": names[i % 5], "nameEn": "Gear", "phone": "13800138000"}),
        );
        w.post(ADMIN, "gadgets/batch", json!({"items": items.collect::<Vec<J>>()})).await;
    }
    let quantity = |i: usize| format!("{}.5", i * 1234 + 1);
    let lines = (0..count).map(|i| json!({"gadget": format!("X{i:03}"), "quantity": quantity(i)}));
    let note = w.post(ADMIN, "notes", json!({"day": "2026-11-24", "lines": lines.collect::<Vec<J>>()})).await;
    let (status, said) = w.act(ADMIN, "notes", &note, json!({"action": "send", "version": 1})).await;
    assert_eq!(status, StatusCode::OK, "{said}");
}

/// A row of the report as it is printed, without blanks.
fn printed(row: &J, columns: &[J]) -> String {
    let cell = |column: &J| {
        let text = row[column["name"].as_str().unwrap()].as_str().unwrap_or_default().replace('𠮷', "〓");
        if column["type"] != "quantity" {
            return text;
        }
        let (whole, part) = text.split_once('.').unwrap();
        let mut grouped = String::new();
        for (at, digit) in whole.chars().enumerate() {
            let comma = at > 0 && (whole.len() - at) % 3 == 0;
            grouped.extend(comma.then_some(',').into_iter().chain([digit]));
        }
        format!("{grouped}.{part}")
    };
    bare(&columns.iter().map(cell).collect::<String>())
}

#[tokio::test]
async fn every_row_of_a_long_report_is_printed_under_its_headings() {
    let w = World::new().await;
    shelf(&w, 230).await;
    let answer = print(&w, ADMIN, "&gadget=X001", "zh-CN").await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/pdf"));
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"shelf-book.pdf\"");
    let report = w.get(ADMIN, "reports/shelf-book").await;
    let columns = report["columns"].as_array().unwrap();
    let pages = pages(&answer.body);
    assert!(pages.len() > 3, "230 rows take several pages: {}", pages.len());
    let expected = ["a", "货架簿（全部物件）"];
    assert_eq!(pages[0][..2], expected);
    assert_eq!(pages[0][2], format!("物件：X001弹簧“轻”截至：{}", report["asOf"].as_str().unwrap()));
    let mut rows: Vec<String> = Vec::new();
    for (number, page) in (1..).zip(&pages) {
        let heading = page.iter().position(|l| l == "物件名称数量（件）−备用");
        let heading = heading.unwrap_or_else(|| panic!("page {number} has no headings: {page:?}"));
        assert_eq!(page.last().unwrap(), &format!("第{number}页/共{}页", pages.len()));
        rows.extend_from_slice(&page[heading + 1..page.len() - 1]);
    }
    let mut whole: Vec<String> = report["rows"].as_array().unwrap().iter().map(|row| printed(row, columns)).collect();
    whole.push(format!("合计{}", printed(&report["totals"], columns)));
    assert_eq!(rows, whole);
}

#[tokio::test]
async fn a_file_says_what_it_is_and_is_the_same_each_time() {
    let w = World::new().await;
    shelf(&w, 3).await;
    let answer = print(&w, ADMIN, "", "en-US").await;
    let again = print(&w, ADMIN, "", "en-US").await;
    assert!(answer.body == again.body, "the same question prints the same bytes");
    let info = poppler("pdfinfo", &["-"], &answer.body);
    for line in [
        "Title: Shelf book (all gadgets)",
        "JavaScript: no",
        "Encrypted: no",
        "Pages: 1",
        "Page size: 595.276 x 841.89 pts (A4)",
    ] {
        let found = info.lines().any(|l| l.split_whitespace().collect::<Vec<_>>().join(" ") == line);
        assert!(found, "{line} in {info}");
    }
    let bytes = answer.body.windows(9).any(|part| part == b"/Lang(en)");
    assert!(bytes, "the language is said");
    let text = pages(&answer.body).concat();
    assert_eq!(text[1], "Shelfbook(allgadgets)");
    assert!(text.contains(&"X001Gear1,235.500000".to_owned()), "{text:?}");
    assert_eq!(text.last().unwrap(), "Page1/1");
    let fonts = poppler("pdffonts", &["-"], &answer.body);
    assert!(fonts.contains("Helvetica-Bold"), "{fonts}");
}

#[tokio::test]
async fn a_wide_report_lies_on_its_side_and_an_endless_one_stands_in_bands() {
    let w = World::new().await;
    shelf(&w, 40).await;
    let report = w.get(ADMIN, "reports/shelf-book?width=wide").await;
    let columns = report["columns"].as_array().unwrap();
    let wide = print(&w, ADMIN, "&width=wide", "zh-CN").await;
    let info = poppler("pdfinfo", &["-"], &wide.body);
    assert!(info.contains("841.89 x 595.276 pts (A4)"), "{info}");
    let text = pages(&wide.body).concat();
    assert!(text[2].starts_with("宽度：宽截至："), "{}", text[2]);
    for row in report["rows"].as_array().unwrap() {
        assert!(text.contains(&printed(row, columns)), "{row} in {text:?}");
    }
    let endless = print(&w, ADMIN, "&width=endless", "zh-CN").await;
    let text = pages(&endless.body).concat();
    let bands: Vec<&String> = text.iter().filter(|l| l.starts_with("X039")).collect();
    assert!(bands.len() >= 2, "each band names its rows: {text:?}");
    let figures: usize = bands.iter().map(|l| l.matches("48,127.500000").count()).sum();
    assert_eq!(figures, 30, "no figure is lost: {bands:?}");
}

#[tokio::test]
async fn nothing_is_printed_for_who_may_not_read_it() {
    let w = World::new().await;
    shelf(&w, 1).await;
    let none = w.member(vec![grant(&["toy.gadget.*"], GrantScope::All, &[])]);
    assert_eq!(print(&w, &none, "", "zh-CN").await.status, StatusCode::FORBIDDEN);
    let own = w.member(vec![grant(&["toy.*"], GrantScope::Own, &[])]);
    assert_eq!(print(&w, &own, "", "zh-CN").await.json()["details"]["reason"], "scope");
    let wrong = print(&w, ADMIN, "&gadget=X009", "zh-CN").await;
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (StatusCode::BAD_REQUEST, Some("VALIDATION_FAILED")));
}
