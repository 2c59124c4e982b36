//! Cells that fail, hang, panic or are gone; a platform that is silent.

use crate::world::{HANGS, World};
use paas_gateway::GatewayConfig;
use paas_link::Link;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_failing_cell_shows_nothing_and_opens_its_circuit_only() {
    let world = World::with(false, |config| config.circuit_open = Duration::from_secs(4)).await;
    for round in 0..2 {
        let answer = world.call("GET", "/api/v1/toy/boom", &[]).await;
        assert_eq!((answer.status, answer.code()), (500, "INTERNAL"), "two bad calls open nothing ({round})");
        assert!(!answer.text.contains("secret") && !answer.text.contains("trace:"));
    }
    for _ in 0..18 {
        assert_eq!(world.call("GET", "/api/v1/toy/boom", &[]).await.status, 500);
    }
    let open = world.call("GET", "/api/v1/toy/boom", &[]).await;
    assert_eq!((open.status, open.code()), (503, "UNAVAILABLE"));
    assert_ne!(open.header("retry-after"), "");
    assert_eq!(world.call("GET", "/api/v1/toy/gadgets", &[]).await.status, 200);
    assert!(world.gateway.metrics_text().contains("superpaas_open_circuits{cell=\"toy\"} 1"));
    let tried = async {
        while world.call("GET", "/api/v1/toy/boom", &[]).await.status != 500 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(HANGS, tried).await.expect("one call tries again");
    assert_eq!(world.call("GET", "/api/v1/toy/boom", &[]).await.status, 503);
}

#[tokio::test]
async fn late_panicking_and_absent_cells_are_told_apart() {
    for remote in [false, true] {
        let world = World::with(remote, |config| config.deadline = Duration::from_secs(3)).await;
        let late = world.call("GET", "/api/v1/toy/slow", &[]).await;
        assert_eq!((late.status, late.code()), (504, "TIMEOUT"));
        let panicked = world.call("GET", "/api/v1/toy/panic", &[]).await;
        assert!(matches!(panicked.status, 500 | 503), "{}", panicked.text);
        assert_eq!(world.call("GET", "/api/v1/toy/gadgets", &[]).await.status, 200);
        assert!(world.gateway.metrics_text().contains("superpaas_in_flight{cell=\"toy\"} 0"));
    }
}

#[tokio::test]
async fn a_cell_that_is_gone_is_shown_and_comes_back() {
    let world = World::new(true).await;
    let here = world.peers.link("toy").unwrap();
    let health = world.bare("GET", "/health", &[], "").await;
    assert_eq!((health.status, health.body["status"].as_str()), (200, Some("up")));
    let cells = health.body["cells"].as_array().unwrap();
    assert!(cells.iter().all(|c| c["state"] == "up" && c["version"] == "9.9.9" && c["latencyMs"].is_number()));
    assert_eq!(world.bare("GET", "/health/live", &[], "").await.status, 200);
    assert_eq!(world.bare("GET", "/health/ready", &[], "").await.status, 200);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Link::remote(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    world.peers.connect("toy", nobody);
    world.gateway.probe().await;
    let health = world.bare("GET", "/health", &[], "").await;
    assert_eq!(health.body["status"], "degraded");
    for _ in 0..30 {
        let gone = world.call("GET", "/api/v1/toy/gadgets", &[]).await;
        assert_eq!((gone.status, gone.code(), &gone.body["details"]["cell"]), (503, "UNAVAILABLE", &json!("toy")));
        assert_ne!(gone.header("retry-after"), "");
    }
    assert_eq!(world.call("GET", "/api/v1/auth/me", &[]).await.status, 200, "the other cell is untouched");
    world.peers.connect("toy", here);
    world.gateway.probe().await;
    assert_eq!(world.call("GET", "/api/v1/toy/gadgets", &[]).await.status, 200, "seen alive, it is called again");
}

#[tokio::test]
async fn a_silent_platform_is_bridged_for_a_while() {
    let world = World::new(false).await;
    assert_eq!(world.call("GET", "/api/v1/toy/gadgets", &[]).await.status, 200);
    *world.platform_down.lock().unwrap() = true;
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(world.call("GET", "/api/v1/toy/gadgets", &[]).await.status, 200, "as it was known");
    let silent = async {
        loop {
            let answer = world.call("GET", "/api/v1/toy/gadgets", &[]).await;
            if answer.status != 200 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let silent = tokio::time::timeout(HANGS, silent).await.expect("it is bridged for ever");
    assert_eq!((silent.status, silent.code()), (503, "UNAVAILABLE"));
}

#[tokio::test]
async fn a_full_cell_refuses_at_once() {
    let slow = |config: &mut GatewayConfig| (config.in_flight, config.deadline) = (1, Duration::from_secs(3));
    let world = World::with(false, slow).await;
    let (one, two) = tokio::join!(world.call("GET", "/api/v1/toy/slow", &[]), async {
        world.until("superpaas_in_flight{cell=\"toy\"} 1").await;
        world.call("GET", "/api/v1/toy/gadgets", &[]).await
    });
    assert_eq!((one.status, two.status, two.code()), (504, 503, "UNAVAILABLE"));
}

/// The attack: an outsider floods the sign-in until it answers 503, or finds what makes it fail.
#[tokio::test]
async fn nobody_outside_closes_the_sign_in_for_others() {
    let world = World::new(false).await;
    let sign_in = async |grant: &str, username: &str| {
        let said = json!({"grant_type": grant, "tenant": "demo", "username": username, "password": "b"});
        world.bare("POST", "/api/v1/auth/token", &[("content-type", "application/json")], said.to_string()).await
    };
    for (username, status) in [("crowd", 503), ("fault", 500)] {
        for round in 0..30 {
            assert_eq!(sign_in("password", username).await.status, status, "{username} {round}");
        }
        for grant in ["password", "client_credentials"] {
            let other = sign_in(grant, "ann").await;
            assert_eq!(other.status, 200, "after {username}: {}", other.text);
        }
        assert_eq!(world.call("GET", "/api/v1/auth/me", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn a_cell_that_asks_to_come_later_is_not_broken() {
    let world = World::new(false).await;
    for _ in 0..30 {
        let busy = world.call("GET", "/api/v1/toy/busy", &[]).await;
        assert_eq!((busy.status, busy.header("retry-after")), (503, "1"));
    }
    assert!(world.gateway.metrics_text().contains("superpaas_open_circuits{cell=\"toy\"} 0"));
}
