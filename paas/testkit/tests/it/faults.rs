//! A producer that is restored, loses the beginning of its log, or is gone: the consumer of a scripted log.

use super::events::{letters, traces};
use paas_testkit::toys::{Script, keeper, scripted};
use paas_testkit::{Cells, EAGER, tenant, until};
use paas_types::{Id, Tenant};

async fn open() -> (Cells, Tenant) {
    let cells = Cells::open(vec![scripted(), keeper()]);
    cells.provision("maker", &tenant(1)).await;
    cells.provision("keeper", &tenant(1)).await;
    (cells, tenant(1))
}

fn script(epoch: &str, down: bool, events: Vec<(i64, serde_json::Value)>) -> Script {
    Script { epoch: epoch.to_owned(), events, down }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_producer_is_read_anew_and_what_is_known_is_dropped() {
    let (cells, t1) = open().await;
    let (a, b) = (Id::fresh(), Id::fresh());
    let ids: Vec<Id> = (0..6).map(|_| Id::fresh()).collect();
    let say = |n: usize, subject, code, turn| Script::turned(ids[n], subject, &t1, code, turn);
    let first = vec![(1, say(0, a, "A", 1)), (2, say(1, a, "A", 2)), (3, say(2, b, "B", 1))];
    script("one", false, first).play(cells.service("maker"));
    cells.hear(EAGER);
    let traced = |a: i64, b: i64| vec![("A".to_owned(), a, a), ("B".to_owned(), b, b)];
    until("the first log is taken", async || traces(&cells, &t1).await == traced(2, 1)).await;

    // The backup knew the first two only; what comes after it takes positions that were counted before.
    let second = vec![(1, say(0, a, "A", 1)), (2, say(1, a, "A", 2)), (3, say(3, b, "B", 2)), (4, say(4, a, "A", 3))];
    script("two", false, second.clone()).play(cells.service("maker"));
    until("the second log is taken", async || traces(&cells, &t1).await == traced(3, 2)).await;
    cells.deafen().await;
    cells.hear(EAGER);
    let mut third = second;
    // An event that was taken comes again, and behind it one that was not: the first is not taken again.
    third.extend([(5, say(2, b, "B", 1)), (6, say(5, a, "A", 4))]);
    script("two", false, third).play(cells.service("maker"));
    until("the third log is taken", async || traces(&cells, &t1).await == traced(4, 2)).await;
    assert_eq!(letters(&cells, &t1).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_is_read_again_and_believed_only_when_it_stays() {
    let (cells, t1) = open().await;
    let a = Id::fresh();
    let say = |turn| Script::turned(Id::fresh(), a, &t1, "A", turn);
    let (one, two, three) = (say(1), say(2), say(3));
    script("e", false, vec![(1, one.clone()), (3, three.clone())]).play(cells.service("maker"));
    cells.hear(EAGER);
    until("what is before the gap is taken", async || traces(&cells, &t1).await == [("A".to_owned(), 1, 1)]).await;
    script("e", false, vec![(1, one), (2, two), (3, three)]).play(cells.service("maker"));
    until("the gap has closed", async || traces(&cells, &t1).await == [("A".to_owned(), 3, 3)]).await;

    // A log whose beginning is gone for good: the snapshot has what is left.
    let b = Id::fresh();
    let fresh = Script::turned(Id::fresh(), b, &t1, "B", 1);
    script("e", false, vec![(90, fresh)]).play(cells.service("maker"));
    let both = [("A".to_owned(), 3, 3), ("B".to_owned(), 1, 1)];
    until("the snapshot is taken", async || traces(&cells, &t1).await == both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_is_gone_is_waited_for() {
    let (cells, t1) = open().await;
    let event = (1, Script::turned(Id::fresh(), Id::fresh(), &t1, "A", 1));
    script("e", true, vec![event.clone()]).play(cells.service("maker"));
    cells.hear(EAGER);
    let reachable = async || {
        let health = cells.ask("keeper", http::Method::GET, "/internal/health", None).await;
        let lane = health["events"].as_array().unwrap().iter().find(|lane| lane["producer"] == "maker").cloned();
        lane.unwrap()["reachable"].as_bool().unwrap()
    };
    until("it is known to be gone", async || !reachable().await).await;
    script("e", false, vec![event]).play(cells.service("maker"));
    until("it is taken when it is back", async || traces(&cells, &t1).await.len() == 1).await;
    assert!(reachable().await);
}
