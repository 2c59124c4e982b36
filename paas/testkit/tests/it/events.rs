//! A maker and a keeper, each with its own database: every turn is traced once and in order, whatever is cut off.

use paas_cell::Pace;
use paas_cell::prelude::*;
use paas_testkit::toys::{Ban, Total, Trace, keeper, maker, turn};
use paas_testkit::{Cells, EAGER, tenant, until};
use paas_types::Tenant;
use std::time::Duration;

/// Two tenants, known to both cells.
pub async fn open() -> (Cells, Tenant) {
    let cells = Cells::open(vec![maker(), keeper()]);
    for key in [1, 2] {
        cells.provision("maker", &tenant(key)).await;
        cells.provision("keeper", &tenant(key)).await;
    }
    (cells, tenant(1))
}

/// The traces of a tenant: code, last turn, how many turns were counted.
pub async fn traces(cells: &Cells, tenant: &Tenant) -> Vec<(String, i64, i64)> {
    let job = |ctx: &mut Ctx<'_>| {
        let mut found = Vec::new();
        for trace in ctx.find(Find::<Trace>::all().sort("code"))? {
            let total = ctx.balance(&Total { trace: Ref::new(trace.head.id), times: Quantity::from_raw(0) });
            found.push((trace.code, trace.turn, total?.times.raw() / 1_000_000));
        }
        Ok(found)
    };
    cells.service("keeper").write_as_system(tenant.clone(), "look", job).await.unwrap()
}

pub async fn ban(cells: &Cells, tenant: &Tenant, code: &str) {
    let code = code.to_owned();
    let job = move |ctx: &mut Ctx<'_>| {
        let mut ban = Ban::blank();
        ban.code.clone_from(&code);
        ctx.create(ban).map(|_| ())
    };
    cells.service("keeper").write_as_system(tenant.clone(), "ban", job).await.unwrap();
}

pub async fn unban(cells: &Cells, tenant: &Tenant, code: &str) {
    let code = code.to_owned();
    let job = move |ctx: &mut Ctx<'_>| {
        let ban = ctx.by_code::<Ban>(&code)?.unwrap();
        let ban = ctx.lock(ban)?;
        ctx.delete(&ban)
    };
    cells.service("keeper").write_as_system(tenant.clone(), "unban", job).await.unwrap();
}

/// The letters of a tenant: state and code of the gadget, in order.
pub async fn letters(cells: &Cells, tenant: &Tenant) -> Vec<(String, String, String)> {
    let said = cells.ask("keeper", http::Method::GET, "/internal/dead-letters", Some(tenant)).await;
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let shown = |letter: &Json| (text(&letter["state"]), text(&letter["event"]["data"]["code"]), text(&letter["id"]));
    said["data"].as_array().unwrap().iter().map(shown).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_events_have_their_effect_once_however_often_the_consumer_is_cut_off() {
    let (cells, t1) = open().await;
    let maker = cells.service("maker").clone();
    let making = tokio::spawn(async move {
        for n in 0..200 {
            turn(&maker, &tenant(1 + n % 2), &format!("G{}", n % 5)).await;
        }
    });
    // Each time the readers are cut off wherever they are, after a time that is another one every time.
    let mut cuts = 0_u64;
    while !making.is_finished() || cuts < 60 {
        cells.hear(Pace { batch: 1 + (cuts % 7) as u32, notices: !cuts.is_multiple_of(3), ..EAGER });
        tokio::time::sleep(Duration::from_micros(500 + cuts * 7_919 % 9_000)).await;
        cells.deafen().await;
        cuts += 1;
    }
    making.await.unwrap();
    cells.hear(EAGER);
    let all = |turns: i64| (0..5).map(|g| (format!("G{g}"), turns, turns)).collect::<Vec<_>>();
    until("all turns are traced", async || traces(&cells, &t1).await == all(20)).await;
    until("also the other tenant's", async || traces(&cells, &tenant(2)).await == all(20)).await;
    assert_eq!(letters(&cells, &t1).await, [], "a turn out of order would lie here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_notice_costs_a_moment_and_nothing_else() {
    let (cells, t1) = open().await;
    cells.hear(Pace { notices: false, ..EAGER });
    for _ in 0..3 {
        turn(cells.service("maker"), &t1, "G").await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    until("polling finds them", async || traces(&cells, &t1).await == [("G".to_owned(), 3, 3)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_stops_its_own_subject_only_and_is_replayed_in_order() {
    let (cells, t1) = open().await;
    ban(&cells, &t1, "BAD").await;
    cells.hear(EAGER);
    let maker = cells.service("maker").clone();
    for _ in 0..3 {
        turn(&maker, &t1, "BAD").await;
        turn(&maker, &t1, "GOOD").await;
        turn(&maker, &tenant(2), "BAD").await;
    }
    let three = |code: &str| vec![(code.to_owned(), 3, 3)];
    until("others go on", async || traces(&cells, &t1).await == three("GOOD")).await;
    until("so does the other tenant", async || traces(&cells, &tenant(2)).await == three("BAD")).await;
    let states = async || letters(&cells, &t1).await.into_iter().map(|(state, ..)| state).collect::<Vec<_>>();
    until("it is given up", async || states().await == ["dead", "waiting", "waiting"]).await;
    let health = cells.ask("keeper", http::Method::GET, "/internal/health", Some(&t1)).await;
    assert_eq!(
        (health["deadLetters"].as_u64(), health["events"][1]["reachable"].as_bool()),
        (Some(3), Some(true)),
        "{health}"
    );

    // Replayed while the cause is still there it stays where it is; the ones behind it wait.
    let oldest = letters(&cells, &t1).await[0].2.clone();
    let replay = format!("/internal/dead-letters/{oldest}/replay");
    let said = cells.ask("keeper", http::Method::POST, &replay, Some(&t1)).await;
    assert_eq!(
        (said["state"].as_str(), said["error"].as_str().unwrap().contains("Tracing is banned")),
        (Some("dead"), true)
    );
    assert_eq!(states().await, ["dead", "waiting", "waiting"]);
    // A restart changes nothing.
    cells.deafen().await;
    cells.hear(EAGER);
    turn(&maker, &t1, "BAD").await;
    until("one more waits", async || states().await.len() == 4).await;

    unban(&cells, &t1, "BAD").await;
    let last = letters(&cells, &t1).await[2].2.clone();
    let said =
        cells.ask("keeper", http::Method::POST, &format!("/internal/dead-letters/{last}/replay"), Some(&t1)).await;
    assert_eq!(said["state"], "settled", "the ones before it went first: {said}");
    let both = vec![("BAD".to_owned(), 4, 4), ("GOOD".to_owned(), 3, 3)];
    until("all are traced in order", async || traces(&cells, &t1).await == both).await;
    turn(&maker, &t1, "BAD").await;
    until("the subject is free", async || traces(&cells, &t1).await[0] == ("BAD".to_owned(), 5, 5)).await;
    assert_eq!(letters(&cells, &t1).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_for_a_while_is_taken_without_anybodys_help() {
    let (cells, t1) = open().await;
    ban(&cells, &t1, "BAD").await;
    // The first tries fail; then the program stops, the cause goes, and the next start takes up where it was.
    cells.hear(Pace { retry: Duration::from_secs(3_600), ..EAGER });
    turn(cells.service("maker"), &t1, "BAD").await;
    turn(cells.service("maker"), &t1, "BAD").await;
    until("both are put aside", async || letters(&cells, &t1).await.len() == 2).await;
    assert_eq!(letters(&cells, &t1).await[0].0, "retrying");
    cells.deafen().await;
    unban(&cells, &t1, "BAD").await;
    cells.hear(EAGER);
    until("both are traced", async || traces(&cells, &t1).await == [("BAD".to_owned(), 2, 2)]).await;
    assert_eq!(letters(&cells, &t1).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_gives_an_event_up_and_the_next_ones_go_on() {
    let (cells, t1) = open().await;
    ban(&cells, &t1, "BAD").await;
    cells.hear(EAGER);
    turn(cells.service("maker"), &t1, "BAD").await;
    until("it is given up", async || letters(&cells, &t1).await.first().is_some_and(|l| l.0 == "dead")).await;
    unban(&cells, &t1, "BAD").await;
    let id = letters(&cells, &t1).await[0].2.clone();
    let said =
        cells.ask("keeper", http::Method::POST, &format!("/internal/dead-letters/{id}/discard"), Some(&t1)).await;
    assert_eq!(said["state"], "discarded");
    turn(cells.service("maker"), &t1, "BAD").await;
    // The second turn comes without the first: the keeper's own rule says so, and a person decides again.
    until("the gap is seen", async || letters(&cells, &t1).await.len() == 1).await;
    assert_eq!(traces(&cells, &t1).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_comes_later_gets_what_it_missed() {
    let cells = Cells::open(vec![maker(), keeper()]);
    let (early, late) = (tenant(1), tenant(2));
    cells.provision("maker", &early).await;
    cells.provision("maker", &late).await;
    cells.provision("keeper", &early).await;
    cells.hear(EAGER);
    let maker = cells.service("maker").clone();
    turn(&maker, &late, "L").await;
    turn(&maker, &early, "E").await;
    until("the cursor has passed both", async || traces(&cells, &early).await.len() == 1).await;
    cells.provision("keeper", &late).await;
    until("the late one has its trace", async || traces(&cells, &late).await == [("L".to_owned(), 1, 1)]).await;
    turn(&maker, &late, "L").await;
    until("and goes on", async || traces(&cells, &late).await == [("L".to_owned(), 2, 2)]).await;
    assert_eq!(letters(&cells, &late).await, []);
}
