//! A first start that is cut off wherever it is: the next one completes it, and nothing is there twice.

use super::program::{Program, ready, spawn};
use std::time::Duration;

#[test]
fn a_first_start_that_was_cut_off_is_completed_by_the_next() {
    let whole = Program::start();
    let counts = |p: &Program| {
        let admin = p.sign_in("admin");
        let count = |path: &str| p.get(&admin, &format!("{path}?pageSize=1"))["total"].clone();
        ["erp/accounts", "erp/products", "erp/sales-orders", "erp/vouchers", "platform/users", "platform/roles"]
            .map(count)
    };
    let expected = counts(&whole);
    drop(whole);

    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let demo = ["--demo".to_owned()];
    for cut in [5_u64, 40, 90, 160, 250, 400, 600, 900] {
        let mut child = spawn(&data, &demo);
        std::thread::sleep(Duration::from_millis(cut));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let (child, port) = ready(spawn(&data, &demo));
    let p = Program::of(child, port, dir, &demo);
    assert_eq!(counts(&p), expected);
}
