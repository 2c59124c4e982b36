//! The audit log against a checkpoint kept outside the data, and the first password of an installation.

use crate::faults::alter;
use crate::program::{Program, run};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn rows_cut_off_after_a_checkpoint_are_found() {
    let mut p = Program::start();
    let admin = p.sign_in("admin");
    let auditor = p.sign_in("auditor");
    let rows = p.get(&auditor, "platform/audit-log?pageSize=5");
    assert_eq!(rows["data"].as_array().unwrap().len(), 5);
    p.post(&admin, "platform/departments", &json!({"code": "D1", "name": "One"}));
    let point = p.get(&auditor, "platform/audit-log/checkpoint");
    p.post(&admin, "platform/departments", &json!({"code": "D2", "name": "Two"}));
    let password = p.data().join("system-password");
    assert_eq!(std::fs::metadata(&password).unwrap().permissions().mode() & 0o777, 0o600);

    let data = p.stop();
    let file = data.with_extension("checkpoint");
    let keep = |point: &Value| std::fs::write(&file, point.to_string()).unwrap();
    let check = || run(&["self-check", "--data", data.to_str().unwrap(), "--checkpoint", file.to_str().unwrap()]);
    keep(&point);
    let (well, said) = check();
    assert!(well && said.contains("hold everything"), "{said}");

    let mut forged = point.clone();
    forged["data"][0]["size"] = json!(1);
    keep(&forged);
    let (well, said) = check();
    assert!(!well && said.contains("master key"), "{said}");
    keep(&json!([]));
    assert!(!check().0);
    keep(&point);

    // What came after the checkpoint may be cut unseen, what came before may not.
    let demo = "tenant = (SELECT tenant FROM tenant WHERE code = 'demo')";
    let newest = format!("seq = (SELECT max(seq) FROM audit_log WHERE {demo})");
    let cut = format!("DELETE FROM audit_log WHERE {demo} AND {newest};");
    let size = point["data"].as_array().unwrap().iter().find(|p| p["cell"] == "platform").unwrap()["size"].clone();
    alter(&data.join("platform.db"), &format!("DELETE FROM audit_log WHERE {demo} AND seq > {size}"));
    assert!(check().0, "{:?}", check());
    alter(&data.join("platform.db"), &cut);
    let (well, said) = check();
    assert!(!well && said.contains("platform demo: audit_log"), "{said}");
    assert!(run(&["self-check", "--data", data.to_str().unwrap()]).0, "nobody knows without a checkpoint");
}
