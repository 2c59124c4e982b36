//! A cell on one screen: what it declares, as an explicit list.

use crate::condition::Conditions;
use crate::contract::EventShape;
use crate::ctx::{Ctx, unbox};
use crate::dashboard::Dashboard;
use crate::flow::{Flow, Rule};
use crate::kind::{FlowKind, Kind, PlainKind};
use crate::report::Report;
use crate::rights::Access;
use crate::routes::{Completion, Inquiry, InternalRoute, ServiceRoute, Source, View};
use crate::screen::Screen;
use paas_document::{Document, Entry, EventBody, FieldType, Kind as RecordKind, Record, Scope, TypeMeta, Typed};
use paas_store::{Ledger as Tables, Schema};
use paas_types::{Refusal, Result, Text};
use std::collections::HashMap;
use std::sync::Arc;

/// A bound of a ledger, checked on the balance after every posting.
type BoundOf<B> = fn(&mut Ctx<'_>, &B) -> Result<()>;
type DynBound = Box<dyn Fn(&mut Ctx<'_>, &dyn Record) -> Result<()> + Send + Sync>;

/// Fills a new tenant; runs as the system, once.
pub type Seed = fn(&mut Ctx<'_>) -> Result<()>;

/// A reaction to an event of another cell.
pub type Reaction = fn(&mut Ctx<'_>, &crate::events::Heard) -> Result<()>;

/// A ledger with its balance.
pub struct Ledger<E: Entry> {
    bound: Option<BoundOf<E::Balance>>,
    shows: Option<fn(&mut E::Balance)>,
    shows_entry: Option<fn(&mut E)>,
}

impl<E: Entry> Ledger<E> {
    /// The ledger of this entry type.
    pub const fn of() -> Ledger<E> {
        Ledger { bound: None, shows: None, shows_entry: None }
    }

    /// What every posting must leave true of the balance.
    #[must_use]
    pub const fn bound(mut self, bound: BoundOf<E::Balance>) -> Ledger<E> {
        self.bound = Some(bound);
        self
    }

    /// Fills derived fields of a balance when it is read.
    #[must_use]
    pub const fn shows(mut self, shows: fn(&mut E::Balance)) -> Ledger<E> {
        self.shows = Some(shows);
        self
    }

    /// Fills derived fields of an entry when it is read.
    #[must_use]
    pub const fn shows_entry(mut self, shows: fn(&mut E)) -> Ledger<E> {
        self.shows_entry = Some(shows);
        self
    }
}

/// A ledger as the engine sees it.
pub(crate) struct LedgerDef {
    pub(crate) tables: Tables,
    pub(crate) bound: Option<Arc<DynBound>>,
}

/// One entry of a menu.
pub enum MenuItem {
    /// The list of a type, by its name.
    Type(&'static str),
    /// A report, by its name.
    Report(&'static str),
    /// A dashboard, by its name.
    Dashboard(&'static str),
    /// A special screen, by its name.
    Screen(&'static str),
}

impl MenuItem {
    /// A type by its bare name, anything else as `kind:name`.
    fn of(item: &'static str) -> MenuItem {
        match item.split_once(':') {
            Some(("report", name)) => MenuItem::Report(name),
            Some(("dashboard", name)) => MenuItem::Dashboard(name),
            Some(("screen", name)) => MenuItem::Screen(name),
            _ => MenuItem::Type(item),
        }
    }
}

/// A group of the menu.
pub struct Menu {
    pub(crate) label: Text,
    pub(crate) items: Vec<MenuItem>,
}

/// A cell under construction.
pub struct Cell {
    pub(crate) registry: Registry,
    pub(crate) seed: Option<Seed>,
    pub(crate) demo: Option<Seed>,
    pub(crate) hears: Vec<(&'static str, u32, Reaction)>,
    pub(crate) routes: Vec<InternalRoute>,
    pub(crate) completes: Vec<(&'static str, Completion)>,
    pub(crate) tells: Vec<fn() -> EventShape>,
    pub(crate) reads: Vec<fn() -> EventShape>,
    pub(crate) asks: Vec<(&'static str, Inquiry)>,
}

/// Everything a cell declares, by name.
pub struct Registry {
    /// Code of the cell.
    pub name: &'static str,
    /// Label.
    pub label: Text,
    pub(crate) kinds: Vec<Arc<dyn Kind>>,
    by_resource: HashMap<&'static str, usize>,
    by_table: HashMap<&'static str, usize>,
    ledgers: HashMap<&'static str, LedgerDef>,
    pub(crate) reports: Vec<Report>,
    pub(crate) dashboards: Vec<Dashboard>,
    pub(crate) screens: Vec<Screen>,
    pub(crate) menus: Vec<Menu>,
    pub(crate) views: Vec<View>,
    pub(crate) services: Vec<ServiceRoute>,
    pub(crate) conditions: Conditions,
    /// Types whose records are their owners' own, each with what opens one to everybody: a field and its value.
    personal: Vec<(&'static str, &'static str, &'static str)>,
}

fn split_label(label: &'static str) -> Text {
    let (zh, en) = label.split_once(" | ").unwrap_or((label, label));
    Text::of(zh, en)
}

impl Cell {
    /// A cell with its code and its label `中文 | English`.
    pub fn new(name: &'static str, label: &'static str) -> Cell {
        let cell = Cell {
            registry: Registry {
                name,
                label: split_label(label),
                kinds: Vec::new(),
                by_resource: HashMap::new(),
                by_table: HashMap::new(),
                ledgers: HashMap::new(),
                reports: Vec::new(),
                dashboards: Vec::new(),
                screens: Vec::new(),
                menus: Vec::new(),
                views: Vec::new(),
                services: Vec::new(),
                conditions: Conditions::default(),
                personal: Vec::new(),
            },
            seed: None,
            demo: None,
            hears: Vec::new(),
            routes: Vec::new(),
            completes: Vec::new(),
            tells: Vec::new(),
            reads: Vec::new(),
            asks: Vec::new(),
        };
        // What every cell has.
        cell.master(crate::custom::FLOW)
    }

    fn kind(&mut self, kind: Arc<dyn Kind>) {
        let meta = kind.meta();
        if self.registry.by_table.contains_key(meta.table) {
            return;
        }
        self.registry.conditions.add(meta);
        kind.edges().iter().filter_map(|edge| edge.data).for_each(|data| self.registry.conditions.add(data()));
        let position = self.registry.kinds.len();
        self.registry.by_resource.insert(meta.resource, position);
        self.registry.by_table.insert(meta.table, position);
        self.registry.kinds.push(kind);
    }

    /// What is wrong with conditions of fields: text that is not CEL, calls that are not there, fields that are not seen.
    pub fn condition_faults(&self) -> &[String] {
        &self.registry.conditions.faults
    }

    /// A part of the cell that declares itself: a folder with its type, report and menu.
    #[must_use]
    pub fn with(self, part: fn(Cell) -> Cell) -> Cell {
        part(self)
    }

    /// A master.
    #[must_use]
    pub fn master<D: Document>(mut self, flow: Flow<D>) -> Cell {
        self.kind(Arc::new(FlowKind::new(flow)));
        self
    }

    /// A document.
    #[must_use]
    pub fn document<D: Document>(self, flow: Flow<D>) -> Cell {
        self.master(flow)
    }

    /// A setting, with a check of what administrators enter.
    #[must_use]
    pub fn setting<T: Typed>(mut self, check: Option<Rule<T>>) -> Cell {
        self.kind(Arc::new(PlainKind::<T>::new(None, check)));
        self
    }

    /// A ledger; its balance comes with it.
    #[must_use]
    pub fn ledger<E: Entry>(mut self, ledger: Ledger<E>) -> Cell {
        let tables = Tables { entry: E::meta_of(), balance: <E::Balance as Typed>::meta_of() };
        self.kind(Arc::new(PlainKind::<E>::new(ledger.shows_entry, None)));
        self.kind(Arc::new(PlainKind::<E::Balance>::new(ledger.shows, None)));
        let bound = ledger.bound.map(|bound| {
            let check: DynBound = Box::new(move |ctx, record| {
                let typed: E::Balance = unbox(record.boxed_clone())?;
                bound(ctx, &typed)
            });
            Arc::new(check)
        });
        self.registry.ledgers.insert(E::meta_of().table, LedgerDef { tables, bound });
        self
    }

    /// A view: read like a ledger, answered by a source, kept nowhere. `sorts` names the fields it can be sorted by.
    #[must_use]
    pub fn view<T: Typed>(mut self, source: Source, sorts: &'static [&'static str]) -> Cell {
        self.kind(Arc::new(PlainKind::<T>::new(None, None)));
        self.registry.views.push(View { name: T::meta_of().name, source, sorts });
        self
    }

    /// The records of a master are their owners' own: whoever may read the type sees his, and those in which `field` has
    /// `value`, whatever scope his roles have. Other verbs reach what they are granted for, of what is seen.
    #[must_use]
    pub fn personal(mut self, name: &'static str, field: &'static str, value: &'static str) -> Cell {
        self.registry.personal.push((name, field, value));
        self
    }

    /// A report.
    #[must_use]
    pub fn report(mut self, report: Report) -> Cell {
        self.registry.reports.push(report);
        self
    }

    /// A dashboard.
    #[must_use]
    pub fn dashboard(mut self, dashboard: Dashboard) -> Cell {
        self.registry.dashboards.push(dashboard);
        self
    }

    /// A special screen.
    #[must_use]
    pub fn screen(mut self, screen: Screen) -> Cell {
        self.registry.screens.push(screen);
        self
    }

    /// A group of the menu: type names; `report:name`, `dashboard:name` and `screen:name`.
    #[must_use]
    pub fn menu(mut self, label: &'static str, items: &[&'static str]) -> Cell {
        let items = items.iter().map(|item| MenuItem::of(item)).collect();
        self.registry.menus.push(Menu { label: split_label(label), items });
        self
    }

    /// What a new tenant starts with.
    #[must_use]
    pub fn seed(mut self, seed: Seed) -> Cell {
        self.seed = Some(seed);
        self
    }

    /// The demo data.
    #[must_use]
    pub fn demo(mut self, demo: Seed) -> Cell {
        self.demo = Some(demo);
        self
    }

    /// An event that rules tell by [`Ctx::emit`]; those of the flow tables are known from there.
    #[must_use]
    pub fn tells<E: EventBody>(mut self) -> Cell {
        self.tells.push(EventShape::of::<E>);
        self
    }

    /// A reaction to an event, by its full type and version.
    #[must_use]
    pub fn hears(mut self, event: &'static str, version: u32, reaction: Reaction) -> Cell {
        self.hears.push((event, version, reaction));
        self
    }

    /// A reaction to an event of which this cell keeps an own idea: a struct of the fields it needs, named as the
    /// producer names the event. `cargo xtask contracts` holds it against what the producer tells.
    #[must_use]
    pub fn hears_as<E: EventBody>(mut self, reaction: Reaction) -> Cell {
        self.reads.push(EventShape::of::<E>);
        self.hears(E::TYPE, E::VERSION, reaction)
    }

    /// What must be done elsewhere after a record of a type was created by people and before they get the answer. It
    /// runs again when the request is repeated.
    #[must_use]
    pub fn completes(mut self, name: &'static str, completion: Completion) -> Cell {
        self.completes.push((name, completion));
        self
    }

    pub(crate) fn completion(&self, name: &str) -> Option<Completion> {
        self.completes.iter().find(|(n, _)| *n == name).map(|(_, completion)| *completion)
    }

    /// What must be asked elsewhere before people write records of a type; rules read the answer by [`Ctx::asked`].
    #[must_use]
    pub fn asks(mut self, name: &'static str, inquiry: Inquiry) -> Cell {
        self.asks.push((name, inquiry));
        self
    }

    pub(crate) fn inquiry(&self, name: &str) -> Option<Inquiry> {
        self.asks.iter().find(|(n, _)| *n == name).map(|(_, inquiry)| *inquiry)
    }

    /// A service for people, under `/api/v1/{cell}/`.
    #[must_use]
    pub fn service(mut self, route: ServiceRoute) -> Cell {
        self.registry.services.push(route);
        self
    }

    /// A route of the platform's own services, under `/internal/` (never reachable from outside).
    #[must_use]
    pub fn route(mut self, route: InternalRoute) -> Cell {
        self.routes.push(route);
        self
    }

    /// Code of the cell.
    pub fn name(&self) -> &'static str {
        self.registry.name
    }

    /// The declared types and ledgers, for the store.
    pub fn schema(&self) -> Schema {
        Schema {
            cell: self.registry.name,
            types: self
                .registry
                .kinds
                .iter()
                .filter(|k| self.registry.view(k.meta().name).is_none())
                .map(|k| k.info())
                .collect(),
            ledgers: self.registry.ledgers.values().map(|l| l.tables).collect(),
        }
    }

    /// Every permission code of the cell, sorted.
    pub fn permissions(&self) -> Vec<String> {
        self.registry.permissions()
    }
}

/// What can be permitted of a type.
pub(crate) fn verbs_of(kind: &dyn Kind) -> Vec<&'static str> {
    let meta = kind.meta();
    let mut verbs = match meta.kind {
        RecordKind::Master | RecordKind::Document => vec!["read", "create", "update", "delete", "export"],
        RecordKind::Setting => vec!["read", "update"],
        _ => vec!["read", "export"],
    };
    // Who may unmask custom fields sees the sensitive ones of every type in clear.
    if meta.name == crate::custom::NAME || meta.fields.iter().any(|f| matches!(f.ty, FieldType::Secret(_))) {
        verbs.push("unmask");
    }
    verbs.extend(kind.edges().iter().filter(|e| !e.system).map(|e| e.name));
    verbs
}

impl Registry {
    /// The type behind a path segment.
    pub(crate) fn by_resource(&self, resource: &str) -> Option<Arc<dyn Kind>> {
        self.by_resource.get(resource).and_then(|i| self.kinds.get(*i)).cloned()
    }

    pub(crate) fn kind_of(&self, meta: &'static TypeMeta) -> Result<Arc<dyn Kind>> {
        self.by_table
            .get(meta.table)
            .and_then(|i| self.kinds.get(*i))
            .cloned()
            .ok_or_else(|| Refusal::internal(format!("{} is not declared in the cell", meta.name)))
    }

    pub(crate) fn kind_named(&self, name: &str) -> Option<Arc<dyn Kind>> {
        self.kinds.iter().find(|k| k.meta().name == name).cloned()
    }

    pub(crate) fn view(&self, name: &str) -> Option<&View> {
        self.views.iter().find(|view| view.name == name)
    }

    /// The service at a path, with what it captures.
    pub(crate) fn service_at(&self, method: &str, segments: &[&str]) -> Option<(ServiceRoute, Vec<String>)> {
        let fits = |route: &ServiceRoute| Some((*route, route.matches(segments)?));
        self.services.iter().filter(|route| route.method == method).find_map(fits)
    }

    pub(crate) fn ledger_of(&self, meta: &'static TypeMeta) -> Result<LedgerDef> {
        let found = self.ledgers.get(meta.table);
        let found = found.ok_or_else(|| Refusal::internal(format!("{} is not a declared ledger", meta.name)))?;
        Ok(LedgerDef { tables: found.tables, bound: found.bound.clone() })
    }

    /// The permission code for a verb on a type.
    pub(crate) fn code(&self, meta: &TypeMeta, verb: &str) -> String {
        format!("{}.{}.{verb}", self.name, meta.name)
    }

    /// Which records of a type a caller reaches with a verb. Records that belong to nobody (settings, ledgers) are all or
    /// nothing for staff; a partner reaches those of its parties.
    pub(crate) fn scope(&self, access: &Access, meta: &'static TypeMeta, verb: &str) -> Scope {
        let scope = access.scope(&self.code(meta, verb));
        if let (Some(opened), "read", false) = (self.opened(meta), verb, access.is_system()) {
            return Scope { owner: scope.owner, opened: Some(opened), ..Scope::default() };
        }
        if matches!(meta.kind, RecordKind::Master | RecordKind::Document) {
            return scope;
        }
        if scope.all || scope.owner.is_some() || !scope.departments.is_empty() {
            return Scope::all();
        }
        Scope { parties: if meta.party_field.is_some() { scope.parties } else { Vec::new() }, ..Scope::default() }
    }

    /// What opens records of a personal type to everybody; `None` when the type is not personal.
    pub(crate) fn opened(&self, meta: &'static TypeMeta) -> Option<(usize, &'static str)> {
        let (_, field, value) = self.personal.iter().find(|(name, ..)| *name == meta.name)?;
        Some((meta.field_named(field)?, value))
    }

    /// Every permission code of the cell, sorted.
    pub(crate) fn permissions(&self) -> Vec<String> {
        let mut codes = Vec::new();
        for kind in &self.kinds {
            codes.extend(verbs_of(&**kind).into_iter().map(|verb| self.code(kind.meta(), verb)));
        }
        codes.extend(self.services.iter().map(|s| format!("{}.{}", self.name, s.permission)));
        codes.extend(self.reports.iter().map(|r| format!("{}.report.{}", self.name, r.name)));
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// Every name that a field right can have, sorted: `{cell}.{type}.{field}`, `{cell}.{type}.custom` for all custom
    /// fields (below it each by its key, which only the tenant knows), `{cell}.{type}.{table}`, and below it
    /// each field of its rows; those also by the name of the row type.
    pub(crate) fn restrictable(&self) -> Vec<String> {
        let mut names = Vec::new();
        for kind in &self.kinds {
            let meta = kind.meta();
            names.extend(meta.fields.iter().map(|f| self.code(meta, f.name)));
            if meta.is_customizable() && self.view(meta.name).is_none() {
                names.push(self.code(meta, "custom"));
            }
            for table in meta.tables {
                let whole = self.code(meta, table.name);
                let rows = (table.meta)();
                for field in rows.fields {
                    names.extend([format!("{whole}.{}", field.name), self.code(rows, field.name)]);
                }
                names.push(whole);
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}
