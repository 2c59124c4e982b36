//! What `new-cell` and `new-document` make passes at once.

#[test]
fn a_new_cell_with_new_documents_passes_at_once() -> Result<(), String> {
    xtask::scaffold::rehearse(&xtask::root(), false)
}
