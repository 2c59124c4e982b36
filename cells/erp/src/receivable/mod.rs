//! Open items: what each customer owes per invoice, and what was paid without an invoice.

use crate::calc::minus;
use crate::customer::{Customer, exposure};
use paas_cell::prelude::*;

/// 应收款 | Receivable
#[derive(Balance, Clone, Debug)]
#[balance(resource = "receivables", date = date, party = party)]
pub struct Receivable {
    /// 往来键：来源单据的标识 | Item: the id of its document
    #[field(key, indexed)]
    pub item: String,
    /// 客户 | Party
    #[field(list, indexed)]
    pub party: Ref<Customer>,
    /// 来源 | Source
    #[field(list, indexed)]
    pub source: AnyRef,
    /// 日期 | Date
    #[field(list, indexed)]
    pub date: Date,
    /// 到期日 | Due date
    #[field(list, indexed)]
    pub due_date: Date,
    /// 金额 | Amount
    #[field(measure, list)]
    pub amount: Amount,
    /// 未结 | Open
    #[field(measure, list)]
    pub open: Amount,
}

/// 应收流水 | Receivable entry
#[derive(Entry, Clone, Debug)]
#[entry(balance = Receivable, resource = "receivable-entries", date = date, party = party)]
pub struct ReceivableEntry {
    /// Identity.
    pub id: Id,
    /// 往来键 | Item
    #[field(key, indexed)]
    pub item: String,
    /// 客户 | Party
    #[field(list, indexed)]
    pub party: Ref<Customer>,
    /// 来源 | Source
    #[field(list)]
    pub source: AnyRef,
    /// 引起单据 | Cause
    #[field(list, indexed)]
    pub cause: AnyRef,
    /// 日期：核销取两张单据中较晚者 | Date: of an allocation the later of both
    #[field(list, indexed)]
    pub date: Date,
    /// 单据日期 | Document date
    pub document_date: Date,
    /// 到期日 | Due date
    pub due_date: Date,
    /// 金额 | Amount
    #[field(measure, list)]
    pub amount: Amount,
    /// 未结 | Open
    #[field(measure, list)]
    pub open: Amount,
}

impl Receivable {
    /// The item of a document, with nothing open yet.
    pub fn of(party: Ref<Customer>, source: AnyRef, date: Date, due_date: Date) -> Receivable {
        let mut item = Receivable::blank();
        item.item = source.id.to_string();
        (item.party, item.source, item.date, item.due_date) = (party, source, date, due_date);
        item
    }
}

/// The item of a document, locked; zero when it has none.
pub fn item(ctx: &mut Ctx<'_>, document: Id) -> Result<Receivable> {
    let mut key = Receivable::blank();
    key.item = document.to_string();
    ctx.balance(&key)
}

/// Locks the items of a document and of those it settles, in the platform's order.
pub fn lock(ctx: &mut Ctx<'_>, document: Id, others: impl Iterator<Item = Id>) -> Result<()> {
    let keys: Vec<Receivable> = others
        .chain([document])
        .map(|id| {
            let mut key = Receivable::blank();
            key.item = id.to_string();
            key
        })
        .collect();
    ctx.lock_balances(&keys)
}

/// Opens an item (or takes it back with a negative amount), and tells the customer's exposure.
pub fn open(ctx: &mut Ctx<'_>, item: &Receivable, date: Date, amount: Amount) -> Result<()> {
    let mut entry = entry_of(item, item.source.clone(), date);
    (entry.amount, entry.open) = (amount, amount);
    ctx.post(entry)?;
    exposure::owe(ctx, item.party, amount)
}

/// Takes `amount` off what is open of an item, because of another document. Both sides of an allocation call it, so the
/// customer's exposure does not change.
pub fn settle(ctx: &mut Ctx<'_>, item: &Receivable, cause: &AnyRef, date: Date, amount: Amount) -> Result<()> {
    let mut entry = entry_of(item, cause.clone(), date);
    entry.open = -amount;
    ctx.post(entry).map(drop)
}

fn entry_of(item: &Receivable, cause: AnyRef, date: Date) -> ReceivableEntry {
    ReceivableEntry {
        id: Id::NIL,
        item: item.item.clone(),
        party: item.party,
        source: item.source.clone(),
        cause,
        date,
        document_date: item.date,
        due_date: item.due_date,
        amount: Amount::ZERO,
        open: Amount::ZERO,
    }
}

/// What other documents settled of an item and did not take back: cause, date and amount each.
pub fn settlements(ctx: &mut Ctx<'_>, document: Id) -> Result<Vec<(AnyRef, Date, Amount)>> {
    let entries = ctx.find(Find::<ReceivableEntry>::all().eq("item", document.to_string()))?;
    net_of(entries.into_iter().filter(|e| e.cause.id != document).map(|e| (e.cause, e.date, -e.open)))
}

/// What a document settled of other items and did not take back: item, date and amount each.
pub fn settled_by(ctx: &mut Ctx<'_>, document: &AnyRef) -> Result<Vec<(AnyRef, Date, Amount)>> {
    let entries = ctx.find(Find::<ReceivableEntry>::all().eq("cause", document.clone()))?;
    net_of(entries.into_iter().filter(|e| e.source.id != document.id).map(|e| (e.source, e.date, -e.open)))
}

fn net_of(parts: impl Iterator<Item = (AnyRef, Date, Amount)>) -> Result<Vec<(AnyRef, Date, Amount)>> {
    let mut sums: Vec<(AnyRef, Date, Amount)> = Vec::new();
    for (reference, date, amount) in parts {
        match sums.iter_mut().find(|s| s.0.id == reference.id && s.1 == date) {
            Some(sum) => sum.2 = minus(sum.2, -amount)?,
            None => sums.push((reference, date, amount)),
        }
    }
    sums.retain(|s| !s.2.is_zero());
    Ok(sums)
}
