//! Documents that rest on others: a document is not reversed under them.

use paas_cell::prelude::*;

/// Refuses while there are any, with the list.
pub fn none(successors: &[AnyRef]) -> Result<()> {
    if successors.is_empty() {
        return Ok(());
    }
    let numbers: Vec<&str> = successors.iter().filter_map(|s| s.number.as_deref()).collect();
    let list = numbers.join("、");
    Err(Refusal::rule(
        "erp.document.has-successors",
        Text::new(
            format!("后续单据 {list} 依赖本单据，请先处理它们。"),
            format!("Later documents rest on this one; undo them first: {}.", numbers.join(", ")),
        ),
        json!({
            "documents": successors
                .iter()
                .map(|s| json!({"type": s.kind, "id": s.id, "number": s.number}))
                .collect::<Vec<_>>(),
        }),
    ))
}

/// A reference to a document for sources and lists.
pub fn reference<D: Typed>(document: &D) -> AnyRef {
    let number = document.head().and_then(|h| h.number.clone());
    AnyRef { kind: D::meta_of().name.to_owned(), id: document.id(), number }
}
