//! A million conditions, no two of them alike: they are read, asked and forgotten.

use crate::world::{ADMIN, World};
use paas_store::testing::Kept;
use paas_types::{Tenant, TenantKey};
use serde_json::json;

const QUESTIONS: usize = 1_000;
const VALUES: usize = 200;

/// The memory of this process, KB.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[tokio::test]
async fn a_million_distinct_conditions_are_not_kept() {
    let w = World::new().await;
    w.gadgets().await;
    let mut before = 0;
    for n in 0..QUESTIONS {
        let list = |name: &str, mark: char| {
            let values: Vec<String> = (0..VALUES).map(|k| format!("{mark}{n}-{k}")).collect();
            format!("{name}[in]={}", values.join(","))
        };
        let weights: Vec<String> = (0..VALUES).map(|k| format!("{}.{k:03}", n + 1_000)).collect();
        let query = [
            list("code", 'c'),
            list("name", 'n'),
            list("place.code", 'p'),
            list("place.name", 'q'),
            format!("weight[in]={}", weights.join(",")),
            // Few texts, as the store keeps some hundred: what ever new texts cost is counted there.
            format!("pageSize={}&fields=code", n % 10 + 1),
        ];
        let said = w.get(ADMIN, &format!("gadgets?{}", query.join("&"))).await;
        assert_eq!(said["total"], json!(0), "{said}");
        if n == QUESTIONS / 3 {
            before = memory_kb();
        }
    }
    let grown = memory_kb().saturating_sub(before);
    assert!(grown < 40_000, "{grown} KB for good");
    let tenant = Tenant { key: TenantKey(1), code: "a".into() };
    let kept = w.service.store().read(&tenant, |tx| Ok(tx.kept())).await.unwrap();
    assert!(kept.is_bounded() && kept != Kept::MOST, "{kept:?}");
}
