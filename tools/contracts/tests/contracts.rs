//! The committed contracts are what the code says, and cells understand each other.

#[test]
fn the_committed_contracts_are_what_the_code_says() -> Result<(), String> {
    contracts::check(&contracts::committed())
}

#[test]
fn who_hears_an_event_understands_who_tells_it() {
    let wrong = contracts::consumers::check(&superpaas::cells::all());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_committed_manual_is_what_the_code_says() -> Result<(), String> {
    contracts::check(&contracts::manual::files(&superpaas::cells::all())?)
}
