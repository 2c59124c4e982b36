//! Special screens: work that lists and forms serve badly, drawn by hand in the page and only named here.

use crate::report::Labels;

/// A screen of the page for the records of a type. A page that does not have it shows their list instead, so a cell may
/// name one before every page has it.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// kebab-case name in the page's address and in its register of screens.
    pub name: &'static str,
    /// Label.
    pub label: Labels,
    /// The type whose records it works on, by its name; who may not read it does not see the screen.
    pub of: &'static str,
}
