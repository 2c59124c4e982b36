//! Real input, from outside: a sample company of 560 orders goes in through the public interface, and the books that
//! come out agree figure by figure with an independent computation and with hledger.

use crate::program::{Member, Program};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

struct Loader {
    url: String,
    tenant: String,
    password: PathBuf,
    dir: PathBuf,
}

impl Loader {
    /// For the administrator that [`Program::tenant`] makes.
    fn new(program: &Program, tenant: &str) -> Loader {
        let password = program.data().with_file_name(format!("{tenant}-password"));
        std::fs::write(&password, "Secret@99\n").unwrap();
        let url = format!("http://127.0.0.1:{}", program.port);
        Loader { url, tenant: tenant.to_owned(), password, dir: project().join("demo/northwind") }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_superpaas"));
        command.args(["demo", "northwind", "--url", &self.url, "--tenant", &self.tenant, "--user", "boss"]);
        command.arg("--dir").arg(&self.dir).arg("--password-file").arg(&self.password);
        command
    }

    /// Runs it to its end, which must be a refusal; what it says.
    fn refused(&self) -> String {
        let out = self.command().output().unwrap();
        let said = String::from_utf8(out.stderr).unwrap();
        assert!(!out.status.success() && out.stdout.is_empty(), "{said}");
        assert_eq!(said.lines().count(), 1, "one sentence: {said}");
        said
    }

    /// Starts it and kills it at the first line of progress, in the middle of its work.
    fn broken_off(&self) {
        let mut child = self.command().stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("50 of 560 orders"), "{line}");
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
    }
}

/// How many documents there are.
fn counts(p: &Program, member: &Member) -> Vec<i64> {
    ["sales-orders", "deliveries", "sales-returns", "sales-invoices", "receipts", "stock-adjustments", "vouchers"]
        .map(|resource| p.get(member, &format!("erp/{resource}?pageSize=1"))["total"].as_i64().unwrap())
        .to_vec()
}

/// Everything `compare.py` looks at, as files.
fn export(p: &Program, member: &Member, dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    let whole = "from=1996-01-01&to=1998-12-31";
    let mut answers: Vec<(String, String)> = [
        ("receivables", "receivables/export?format=json".to_owned()),
        ("stock-balances", "stock-balances/export?format=json".to_owned()),
        ("vouchers", "vouchers/export?format=json".to_owned()),
        ("trial-balance", format!("reports/trial-balance?{whole}")),
        ("sales-margin", format!("reports/sales-margin?{whole}")),
        ("stock-summary", format!("reports/stock-summary?{whole}")),
        ("ar-aging", "reports/ar-aging?asOf=1998-12-31".to_owned()),
    ]
    .map(|(name, path)| (name.to_owned(), path))
    .to_vec();
    for year in 1996..=1998 {
        let path = format!("reports/trial-balance?from={year}-01-01&to={year}-12-31");
        answers.push((format!("trial-balance-{year}"), path));
    }
    for day in ["1996-12-31", "1997-06-30", "1997-12-31", "1998-01-31", "1998-12-31"] {
        answers.push((format!("ar-aging-{day}"), format!("reports/ar-aging?asOf={day}")));
    }
    for (name, path) in answers {
        let said = p.get(member, &format!("erp/{path}"));
        std::fs::write(dir.join(format!("{name}.json")), said.to_string()).unwrap();
    }
}

/// Runs a script of the comparison; the machine must have python3.
fn python(script: &str, arguments: &[&Path]) -> Output {
    let mut command = Command::new("python3");
    command.arg(project().join("tests/northwind").join(script));
    for (flag, value) in ["--oracle", "--answers"].iter().zip(arguments) {
        command.arg(flag).arg(value);
    }
    command.output().unwrap()
}

fn compared(oracle: &Path, answers: &Path) -> Output {
    python("compare.py", &[oracle, answers])
}

/// Puts one cent more into one amount of one answer; the comparison must see it.
fn sees_one_cent(oracle: &Path, answers: &Path, file: &str, pointer: &str) {
    let path = answers.join(file);
    let before = std::fs::read_to_string(&path).unwrap();
    let mut answer: Value = serde_json::from_str(&before).unwrap();
    let amount = answer.pointer_mut(pointer).unwrap();
    let cents: i64 = amount.as_str().unwrap().replace('.', "").parse().unwrap();
    *amount = Value::from(format!("{}.{:02}", (cents + 1) / 100, (cents + 1) % 100));
    std::fs::write(&path, answer.to_string()).unwrap();
    let out = compared(oracle, answers);
    assert!(!out.status.success(), "one cent in {file} was not seen");
    assert!(String::from_utf8(out.stdout).unwrap().contains("MISMATCH"));
    std::fs::write(&path, before).unwrap();
}

#[test]
fn a_company_of_560_orders_agrees_with_an_independent_computation() {
    let mut p = Program::start();
    let member = p.tenant(&p.operator(), "northwind");
    let loader = Loader::new(&p, "northwind");

    loader.broken_off();
    let half = counts(&p, &member);
    let out = loader.command().output().unwrap();
    let (said, told) = (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap());
    assert!(out.status.success(), "{told}");
    assert!(told.starts_with("continuing") && told.contains("\n550 of 560 orders"), "{told}");
    assert!(said.contains("560 orders"), "{said}");

    let member = p.enter("northwind", "boss", "Secret@99");
    let loaded = counts(&p, &member);
    assert!(half.iter().zip(&loaded).all(|(half, all)| half <= all) && half[0] >= 50 && loaded[0] == 560);
    let (oracle, answers) = (p.data().with_file_name("oracle.json"), p.data().with_file_name("answers"));
    let out = python("oracle.py", &[]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    std::fs::write(&oracle, &out.stdout).unwrap();
    export(&p, &member, &answers);
    let out = compared(&oracle, &answers);
    let verdict = String::from_utf8(out.stdout).unwrap();
    assert!(out.status.success(), "{verdict}{}", String::from_utf8_lossy(&out.stderr));
    let passed: u32 = verdict.split(' ').next().unwrap().parse().unwrap();
    assert!(passed > 2_000, "{verdict}");

    // The comparison can fail: a cent in any of the answers is seen.
    sees_one_cent(&oracle, &answers, "vouchers.json", "/0/lines/0/debit");
    sees_one_cent(&oracle, &answers, "stock-balances.json", "/0/value");
    sees_one_cent(&oracle, &answers, "receivables.json", "/0/open");
    sees_one_cent(&oracle, &answers, "sales-margin.json", "/rows/0/cost");
    sees_one_cent(&oracle, &answers, "trial-balance.json", "/rows/0/debit");

    // Loading twice is refused and changes nothing.
    assert!(loader.refused().contains("Northwind was loaded into it"));
    assert_eq!(counts(&p, &member), loaded);

    let data = p.stop();
    let (proven, said) = p.run(&["self-check", "--data", data.to_str().unwrap()]);
    assert!(proven && said.contains("self-check passed"), "{said}");
}

#[test]
fn what_cannot_be_loaded_is_refused_in_one_sentence() {
    let p = Program::start();
    let operator = p.operator();
    let admin = p.tenant(&operator, "busy");
    let elsewhere = |change: fn(&mut Loader)| {
        let mut loader = Loader::new(&p, "busy");
        change(&mut loader);
        loader.refused()
    };
    let wrong = elsewhere(|loader| std::fs::write(&loader.password, "wrong").unwrap());
    assert!(wrong.contains("INVALID_CREDENTIALS"), "{wrong}");
    let no_dir = elsewhere(|loader| loader.dir.push("nowhere"));
    assert!(no_dir.contains("customers.csv cannot be read"), "{no_dir}");
    let no_password = elsewhere(|loader| loader.password.push("nowhere"));
    assert!(no_password.contains("password file"), "{no_password}");
    let no_gateway = elsewhere(|loader| loader.url = "http://127.0.0.1:9".to_owned());
    assert!(no_gateway.contains("cannot be reached"), "{no_gateway}");
    let no_address = elsewhere(|loader| loader.url = "ftp://example".to_owned());
    assert!(no_address.contains("is not the address of a gateway"), "{no_address}");

    // A tenant without the cell.
    let body =
        json!({"code": "bare", "name": "bare", "adminUsername": "boss", "adminPassword": "Secret@99", "cells": []});
    p.post(&operator, "platform/tenants", &body);
    assert!(Loader::new(&p, "bare").refused().contains("does not have the cell erp"));

    // Somebody else's documents: not one master is added to them.
    let body = json!({"code": "A", "name": "a", "unit": {"code": "PCS"}, "kind": "stocked"});
    p.post(&admin, "erp/products", &body);
    let day = format!("{}-01-15", p.get(&admin, "erp/periods?pageSize=1")["data"][0]["year"]);
    let body = json!({"warehouse": {"code": "WH01"}, "date": day, "reason": "gain",
        "lines": [{"product": {"code": "A"}, "quantity": "1", "unitCost": "1"}]});
    p.post(&admin, "erp/stock-adjustments", &body);
    let busy = Loader::new(&p, "busy").refused();
    assert!(busy.contains("already has documents (stock-adjustments)"), "{busy}");
    assert_eq!(p.get(&admin, "erp/suppliers?pageSize=1")["total"], 0);
}
