//! The promises of the contract as checks over every declared type of a cell.

mod access;
mod contract;
mod cost;
mod custom;
mod flow;
mod groups;
mod guards;
mod input;
mod lists;
mod sample;
mod scope;
mod world;

pub use paas_store::testing::Place;
pub use sample::{Adjust, Relied, Samples, sample, unique};
pub use world::{Answer, Member, Tamper, World};

use paas_cell::Cell;
use paas_document::{Field, TypeMeta};
use serde_json::Value as Json;

/// The fields of a type and of its rows.
trait AllFields {
    /// Each field with the name of the table it is in; `None` for the record's own.
    fn all_fields(&self) -> Vec<(Option<&'static str>, &'static Field)>;
}

impl AllFields for TypeMeta {
    fn all_fields(&self) -> Vec<(Option<&'static str>, &'static Field)> {
        let rows = self.tables.iter().flat_map(|t| (t.meta)().fields.iter().map(|f| (Some(t.name), f)));
        self.fields.iter().map(|f| (None, f)).chain(rows).collect()
    }
}

/// One promise, checked over all types.
pub struct Check {
    /// Name of the test.
    pub name: &'static str,
    run: fn(&mut Run),
}

/// Every check. The macro names them again, one test each; a test of the kit sees that none is missing there.
pub const CHECKS: &[Check] = &[
    Check { name: "every_type_can_be_created", run: contract::every_type_can_be_created },
    Check { name: "what_is_written_is_read_and_exported", run: contract::what_is_written_is_read_and_exported },
    Check { name: "stale_versions_are_refused", run: contract::stale_versions_are_refused },
    Check { name: "a_repeated_request_has_one_effect", run: contract::a_repeated_request_has_one_effect },
    Check { name: "a_dry_run_leaves_nothing", run: contract::a_dry_run_leaves_nothing },
    Check { name: "every_change_is_in_the_history", run: contract::every_change_is_in_the_history },
    Check { name: "unused_records_can_go", run: contract::unused_records_can_go },
    Check { name: "labels_are_in_both_languages", run: contract::labels_are_in_both_languages },
    Check { name: "conditions_can_be_read", run: contract::conditions_can_be_read },
    Check { name: "openapi_agrees_with_behaviour", run: contract::openapi_agrees_with_behaviour },
    Check { name: "unknown_fields_are_refused", run: input::unknown_fields_are_refused },
    Check { name: "mistyped_fields_are_named", run: input::mistyped_fields_are_named },
    Check { name: "limits_hold", run: input::limits_hold },
    Check { name: "system_fields_cannot_be_set", run: input::system_fields_cannot_be_set },
    Check { name: "malformed_bodies_are_refused", run: input::malformed_bodies_are_refused },
    Check { name: "tenants_are_apart", run: access::tenants_are_apart },
    Check { name: "foreign_references_do_not_exist", run: access::foreign_references_do_not_exist },
    Check {
        name: "every_permission_opens_its_operation_and_no_other",
        run: access::every_permission_opens_its_operation,
    },
    Check { name: "nothing_is_open_without_its_permission", run: access::nothing_is_open_without_its_permission },
    Check { name: "sensitive_values_are_masked", run: access::sensitive_values_are_masked },
    Check { name: "seeing_sensitive_values_is_audited", run: access::seeing_sensitive_values_is_audited },
    Check { name: "hidden_fields_are_not_named", run: access::hidden_fields_are_not_named },
    Check { name: "custom_fields_hold", run: custom::custom_fields_hold },
    Check { name: "data_scopes_hold", run: scope::data_scopes_hold },
    Check { name: "every_edge_and_no_other_is_taken", run: flow::every_edge_and_no_other_is_taken },
    Check { name: "final_records_stay_as_they_are", run: flow::final_records_stay_as_they_are },
    Check { name: "a_refused_action_changes_nothing", run: flow::a_refused_action_changes_nothing },
    Check { name: "every_guard_holds_what_it_relies_on", run: guards::every_guard_holds_what_it_relies_on },
    Check { name: "declared_filters_and_sorts_work", run: lists::declared_filters_and_sorts_work },
    Check { name: "other_filters_are_refused", run: lists::other_filters_are_refused },
    Check { name: "pages_cover_the_list_once", run: lists::pages_cover_the_list_once },
    Check { name: "search_finds_what_is_searchable", run: lists::search_finds_what_is_searchable },
    Check { name: "alternatives_find_what_either_finds", run: groups::alternatives_find_what_either_finds },
    Check { name: "groups_add_up_to_the_list", run: groups::groups_add_up_to_the_list },
    Check { name: "reports_answer_in_their_shape", run: lists::reports_answer_in_their_shape },
    Check { name: "questions_cost_what_they_answer", run: cost::questions_cost_what_they_answer },
    Check { name: "the_books_are_whole_afterwards", run: flow::the_books_are_whole_afterwards },
];

/// A check at work.
pub struct Run {
    world: World,
    samples: Samples,
    found: Vec<String>,
    done: u32,
}

impl Run {
    /// Notes what is wrong unless `right`.
    fn expect(&mut self, right: bool, what: impl FnOnce() -> String) {
        self.done += 1;
        if !right {
            self.found.push(what());
        }
    }

    /// Notes an answer that is not of that status and code.
    fn refused(&mut self, answer: &Answer, status: u16, code: &str, what: &str) {
        let shown = || format!("{what}: expected {status} {code}, got {} {}", answer.status, answer.json);
        self.expect(answer.status == status && answer.code() == code, shown);
    }

    /// The promise is about something this cell does not have.
    fn nothing_of_the_kind(&mut self) {
        self.done += 1;
    }

    /// A new record of a type by the administrator of the first tenant; `None`, and noted, when it cannot be made.
    fn record(&mut self, meta: &'static TypeMeta) -> Option<Answer> {
        let admin = self.world.admin();
        self.record_of(&admin, meta)
    }

    fn record_of(&mut self, who: &Member, meta: &'static TypeMeta) -> Option<Answer> {
        let body = sample(&self.world, &self.samples, who, meta);
        let answer = self.world.post(who, meta.resource, &body);
        let made = answer.status == 201;
        self.expect(made, || format!("{}: a sample is refused: {} for {body}", meta.name, answer.json));
        made.then_some(answer)
    }

    fn sample(&self, meta: &'static TypeMeta) -> Json {
        sample(&self.world, &self.samples, &self.world.admin(), meta)
    }

    /// The types a plain `POST` creates.
    fn creatable(&self) -> Vec<&'static TypeMeta> {
        let by_rules = |name: &str| self.samples.made_by_rules.iter().any(|(n, _)| *n == name);
        self.world.creatable().into_iter().filter(|t| !by_rules(t.name)).collect()
    }

    fn path(meta: &TypeMeta, answer: &Answer) -> String {
        format!("{}/{}", meta.resource, answer.id())
    }
}

/// Runs a check; the list of what is wrong is empty when the promise is kept, and names a check that looked at nothing.
pub fn findings(
    name: &str,
    cell: fn() -> Cell,
    samples: Samples,
    (place, tamper): (Place, Option<Tamper>),
) -> Vec<String> {
    let check = CHECKS.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("there is no check {name}"));
    let mut run = Run { world: World::new(cell, place, tamper), samples, found: Vec::new(), done: 0 };
    (check.run)(&mut run);
    if run.done == 0 {
        run.found.push("the check looked at nothing".to_owned());
    }
    run.found
}

/// Runs a check and fails with everything that is wrong. Without a place there is nothing to do: a database that must be
/// there and is not fails where the place is made.
pub fn demand(name: &str, cell: fn() -> Cell, samples: Samples, place: Option<Place>) {
    let Some(place) = place else { return };
    let found = findings(name, cell, samples, (place, None));
    assert!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
}

/// One test per promise of the contract, over every declared type of a cell: `conformance!(cell)`, or
/// `conformance!(cell, samples)` with what the declaration does not say about valid bodies.
#[macro_export]
macro_rules! conformance {
    ($cell:expr) => {
        $crate::conformance!($cell, $crate::conformance::Samples::default());
    };
    ($cell:expr, $samples:expr) => {
        $crate::conformance!(@ $cell, $samples;
            every_type_can_be_created what_is_written_is_read_and_exported stale_versions_are_refused
            a_repeated_request_has_one_effect a_dry_run_leaves_nothing every_change_is_in_the_history
            unused_records_can_go labels_are_in_both_languages conditions_can_be_read openapi_agrees_with_behaviour
            unknown_fields_are_refused mistyped_fields_are_named limits_hold system_fields_cannot_be_set
            malformed_bodies_are_refused tenants_are_apart foreign_references_do_not_exist
            every_permission_opens_its_operation_and_no_other nothing_is_open_without_its_permission
            sensitive_values_are_masked seeing_sensitive_values_is_audited hidden_fields_are_not_named custom_fields_hold
            data_scopes_hold
            every_edge_and_no_other_is_taken final_records_stay_as_they_are a_refused_action_changes_nothing
            every_guard_holds_what_it_relies_on
            declared_filters_and_sorts_work other_filters_are_refused pages_cover_the_list_once
            search_finds_what_is_searchable alternatives_find_what_either_finds groups_add_up_to_the_list reports_answer_in_their_shape
            questions_cost_what_they_answer the_books_are_whole_afterwards
        );
        #[test]
        fn no_check_is_left_out() {
            assert_eq!($crate::conformance::CHECKS.len(), 37);
        }
    };
    (@ $cell:expr, $samples:expr; $($name:ident)+) => {
        mod sqlite {
            #[allow(unused_imports)]
            use super::*;
            $(#[test]
            fn $name() {
                $crate::conformance::demand(stringify!($name), $cell, $samples, Some($crate::conformance::Place::lite()));
            })+
        }
        mod postgresql {
            #[allow(unused_imports)]
            use super::*;
            $(#[test]
            fn $name() {
                $crate::conformance::demand(stringify!($name), $cell, $samples, $crate::conformance::Place::pg().unwrap());
            })+
        }
    };
}
