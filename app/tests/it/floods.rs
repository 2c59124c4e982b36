//! Attacks by mass: every filter of every type, ever new questions, ever new names at the sign-in.

use crate::attacks::shows_nothing;
use crate::program::{PASSWORD, Program};
use serde_json::Value;

/// Values that are SQL where somebody pastes them into it.
const EVIL: [&str; 4] =
    ["%27%20OR%201%3D1%20--", "%27%3BDROP%20TABLE%20customer%3B--", "%22", "1%29%20UNION%20SELECT%201"];

#[test]
fn every_filter_and_sort_of_every_type_is_data() {
    let p = Program::start();
    let admin = p.sign_in("admin");
    let (mut asked, mut lists) = (0, Vec::new());
    for cell in ["erp", "platform"] {
        let meta = p.get(&admin, &format!("{cell}/meta"));
        for kind in meta["types"].as_array().unwrap() {
            let path = format!("{cell}/{}", kind["resource"].as_str().unwrap());
            let all = p.call_as(&admin, "GET", &path, &Value::Null);
            if all.status != 200 {
                continue; // the operator's, or of no list
            }
            let fields: Vec<&str> =
                kind["fields"].as_array().unwrap().iter().filter_map(|f| f["name"].as_str()).collect();
            for field in fields.iter().copied().chain(["id", "number", "state", "createdAt"]) {
                for evil in EVIL {
                    for query in [
                        format!("{field}={evil}"),
                        format!("{field}[in]={evil},{evil}"),
                        format!("{field}[startsWith]={evil}"),
                        format!("{field}.code={evil}"),
                        format!("sort={field}{evil}"),
                        format!("{evil}={field}"),
                    ] {
                        let answer = p.call_as(&admin, "GET", &format!("{path}?{query}"), &Value::Null);
                        assert!(matches!(answer.status, 200 | 400), "{path}?{query}: {answer:?}");
                        // What the caller wrote may be said back; what the house is made of may not.
                        if !evil.contains("SELECT") {
                            shows_nothing(&answer);
                        }
                        let found = answer.json["data"].as_array().map_or(0, Vec::len);
                        assert_eq!(found, 0, "{path}?{query} found something: {answer:?}");
                        asked += 1;
                    }
                }
            }
            lists.push((path, all.json["total"].clone()));
        }
    }
    assert!(asked > 2_000 && lists.len() > 15, "{asked} questions about {} types", lists.len());
    for (path, total) in lists.iter().filter(|(path, _)| path.starts_with("erp/")) {
        assert_eq!(p.get(&admin, path)["total"], *total, "{path} is as it was");
    }
}

/// Each question is another text for the database; none is kept for ever.
#[test]
fn ever_new_filters_fill_no_memory() {
    let p = Program::start();
    let admin = p.sign_in("admin");
    let ask = |n: usize| {
        // Another number of values each time, and other values.
        let codes: Vec<String> = (0..=n % 180).map(|k| format!("X{n}-{k}")).collect();
        let query = format!(
            "code[in]={}&name[ne]=n{n}&name[contains]=z{n}&fields=code&pageSize={}",
            codes.join(","),
            n % 190 + 1
        );
        let answer = p.call_as(&admin, "GET", &format!("erp/customers?{query}"), &Value::Null);
        assert_eq!(answer.status, 200, "{answer:?}");
        let unknown = p.call_as(&admin, "GET", &format!("erp/customers?made-up-{n}={n}"), &Value::Null);
        assert_eq!(unknown.code(), "UNKNOWN_FILTER", "{unknown:?}");
    };
    // Pages and statements that are kept up to a number are there by then.
    (0..2_000).for_each(ask);
    let before = p.memory_kb();
    (2_000..6_000).for_each(ask);
    let grown = p.memory_kb().saturating_sub(before);
    // Eight thousand questions of some KB each, kept as text and as plan, would be more.
    assert!(grown < 40_000, "four thousand more rounds took {grown} KB for good");
}

/// Who guesses names learns nothing from how long the answer takes: a password is hashed for everybody.
#[test]
fn unknown_users_take_as_long() {
    let p = Program::start();
    let took = |tenant: &str, user: &str| -> f64 {
        let answer = p.ask_token(tenant, user, "a wrong password");
        assert_eq!((answer.status, answer.code()), (401, "INVALID_CREDENTIALS"), "{answer:?}");
        answer.header("x-response-time").unwrap().parse().unwrap()
    };
    assert_eq!(p.ask_token("demo", "buyer", PASSWORD).status, 200);
    // In turn, so that whatever else the machine does is done to all; below the number that locks an account.
    let (mut known, mut unknown, mut nowhere) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..9 {
        known.push(took("demo", "buyer"));
        unknown.push(took("demo", &format!("nobody-{n}")));
        nowhere.push(took(&format!("no-tenant-{n}"), "buyer"));
    }
    // The least of each: whatever else the machine did takes longer, and nothing makes a hash take less.
    let least = |times: &[f64]| times.iter().copied().fold(f64::INFINITY, f64::min);
    let (known, others) = (least(&known), [least(&unknown), least(&nowhere)]);
    for other in others {
        assert!(other * 3.0 > known && known * 3.0 > other, "a known user takes {known} ms, others {others:?}");
    }
}
