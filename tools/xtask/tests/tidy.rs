//! The house is tidy.

#[test]
fn no_rule_is_broken() -> Result<(), String> {
    let found = xtask::tidy::check(&xtask::root())?;
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    if lines.is_empty() { Ok(()) } else { Err(format!("\n{}", lines.join("\n"))) }
}
