//! Rules that fail: one that panics and some that never end take down nothing but their own request, whoever writes
//! beside them.

use paas_cell::Cell;
use paas_cell::prelude::*;
use paas_testkit::{Member, Said, World};
use std::sync::atomic::{AtomicBool, Ordering};

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
#[master(resource = "shelves")]
pub struct Shelf {
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique)]
    pub code: String,
    /// 次数 | Fills
    #[field(list, computed)]
    pub fills: i64,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

const FLOW: Flow<Shelf> = Flow::new(&[
    Edge::new("fill", 1, 0).label("装填", "Fill").does(fills),
    Edge::new("break", 1, 0).label("损坏", "Break").does(breaks),
    Edge::new("overflow", 1, 0).label("溢出", "Overflow").does(overflows),
    Edge::new("ask", 1, 0).label("询问", "Ask").does(asks),
    Edge::new("remember", 1, 0).label("回想", "Remember").does(remembers),
    Edge::new("insist", 1, 0).label("坚持", "Insist").does(insists),
    Edge::new("disable", 1, 1).label("停用", "Disable"),
    Edge::new("enable", 2, 0).label("启用", "Enable"),
]);

fn fills(_ctx: &mut Ctx<'_>, shelf: &mut Shelf) -> Result<()> {
    shelf.fills += 1;
    Ok(())
}

/// Leaves something behind and panics.
fn breaks(ctx: &mut Ctx<'_>, shelf: &mut Shelf) -> Result<()> {
    ctx.counter("broken")?;
    shelf.fills += 1;
    let mut other = Shelf::blank();
    other.code = format!("{}-half", shelf.code);
    ctx.create(other)?;
    panic!("the secret of the rule");
}

fn overflows(_ctx: &mut Ctx<'_>, shelf: &mut Shelf) -> Result<()> {
    shelf.fills = i64::MAX - shelf.fills;
    shelf.fills += 1;
    Ok(())
}

/// Asks the database for ever, and leaves something behind each time.
fn asks(ctx: &mut Ctx<'_>, shelf: &mut Shelf) -> Result<()> {
    loop {
        shelf.fills += ctx.counter("asked")?;
        ctx.find(Find::<Shelf>::all().limit(5))?;
    }
}

/// Goes round in what it knows already, for ever.
fn remembers(ctx: &mut Ctx<'_>, shelf: &mut Shelf) -> Result<()> {
    loop {
        shelf.fills += ctx.get(Ref::<Shelf>::new(shelf.head.id))?.fills;
    }
}

/// Does not take no for an answer.
fn insists(ctx: &mut Ctx<'_>, shelf: &mut Shelf) -> Result<()> {
    while !ctx.get(Ref::<Shelf>::new(shelf.head.id)).is_ok_and(|seen| seen.fills < 0) {
        let _ = ctx.named(Ref::<Shelf>::new(shelf.head.id));
    }
    Ok(())
}

const BREAKS: Report = Report {
    name: "breaks",
    label: Labels::of("损坏", "Breaks"),
    parameters: &[],
    drill: &[],
    run: |_, _| panic!("the secret of the report"),
};

const CIRCLES: Report = Report {
    name: "circles",
    label: Labels::of("转圈", "Circles"),
    parameters: &[],
    drill: &[],
    run: |ctx, _| {
        loop {
            let _ = ctx.find(Find::<Shelf>::all().limit(5));
        }
    },
};

fn cell() -> Cell {
    Cell::new("rogue", "流氓 | Rogue").master(FLOW).report(BREAKS).report(CIRCLES)
}

/// A refusal in the one envelope, which tells nothing of the rule.
fn refused(said: &Said, status: u16, code: &str) {
    assert_eq!((said.status, said.json["code"].as_str()), (status, Some(code)), "{}", said.json);
    assert!(!said.json["message"].as_str().unwrap().is_empty(), "{}", said.json);
    assert!(!said.json.to_string().contains("secret") && !said.json.to_string().contains("rules.rs"), "{}", said.json);
    assert_eq!(said.json["requestId"].as_str(), said.headers.get("x-request-id").and_then(|id| id.to_str().ok()));
}

async fn shelf(world: &World, who: &Member, code: &str) -> Json {
    let said = world.call(who, "POST", "rogue/shelves", &json!({"code": code})).await;
    assert_eq!(said.status, 201, "{}", said.json);
    said.json
}

async fn act(world: &World, who: &Member, shelf: &Json, action: &str) -> Said {
    let path = format!("rogue/shelves/{}/transitions", shelf["id"].as_str().unwrap());
    world.call(who, "POST", &path, &json!({"action": action, "version": shelf["version"]})).await
}

/// Writes one thing after the other until it is told to stop; nothing of it may fail.
async fn works(world: &World, who: &Member, own: Json, stop: &AtomicBool) -> i64 {
    let mut own = own;
    while !stop.load(Ordering::Relaxed) {
        let said = act(world, who, &own, "fill").await;
        assert_eq!(said.status, 200, "{}", said.json);
        own = said.json;
        // A member may ask 200 times a second: one who asks without a pause would meet that limit, not the rules.
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        assert_eq!(world.get(who, "rogue/shelves").await["data"].as_array().map(Vec::is_empty), Some(false));
    }
    own["fills"].as_i64().unwrap()
}

/// What each rule that fails is answered with.
const FAIL: &[(&str, u16, &str)] = &[
    ("break", 500, "INTERNAL"),
    ("overflow", 500, "INTERNAL"),
    ("ask", 504, "TIMEOUT"),
    ("remember", 504, "TIMEOUT"),
    ("insist", 504, "TIMEOUT"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_fails_takes_down_nothing_but_its_own_request() {
    let world = World::start(vec![cell()]).await;
    let (admin, other) = (world.tenant("acme", &["rogue"]).await, world.tenant("umbra", &["rogue"]).await);
    let stop = AtomicBool::new(false);
    let (mine, theirs) = (shelf(&world, &admin, "MINE").await, shelf(&world, &other, "THEIRS").await);
    let mut bad = Vec::new();
    for (action, ..) in FAIL {
        bad.push(shelf(&world, &admin, action).await);
    }
    let fail = async {
        // One after the other: together they would keep the one writer of SQLite for as long as others wait for it.
        for (shelf, (action, status, code)) in bad.iter().zip(FAIL) {
            refused(&act(&world, &admin, shelf, action).await, *status, code);
        }
        for (name, status, code) in [("breaks", 500, "INTERNAL"), ("circles", 504, "TIMEOUT")] {
            let said = world.call(&admin, "GET", &format!("rogue/reports/{name}"), &Json::Null).await;
            refused(&said, status, code);
        }
        stop.store(true, Ordering::Relaxed);
    };
    let ((), ours, others) =
        tokio::join!(fail, works(&world, &admin, mine, &stop), works(&world, &other, theirs, &stop));
    assert!(ours > 0 && others > 0, "{ours} and {others} went on meanwhile");

    // Nothing is left of what they did, and what they did it to can be used.
    for shelf in &bad {
        let path = format!("rogue/shelves/{}", shelf["id"].as_str().unwrap());
        assert_eq!(world.get(&admin, &path).await, *shelf);
        assert_eq!(world.get(&admin, &format!("{path}/history")).await["data"].as_array().unwrap().len(), 1);
        assert_eq!(act(&world, &admin, shelf, "fill").await.status, 200);
    }
    assert_eq!(world.get(&admin, "rogue/shelves").await["total"], json!(1 + bad.len()));
    let service = world.cells.service("rogue");
    for tenant in service.store().tenants().await.unwrap() {
        assert_eq!(service.store().prove(&tenant.tenant).await.unwrap(), []);
    }
}
