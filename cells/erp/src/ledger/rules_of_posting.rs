//! Posting rules: which account automatic vouchers use for what. Tenant data, seeded with the usual chart.

use crate::account::Account;
use paas_cell::prelude::*;

/// 记账规则 | Posting rule
#[derive(Master, Clone, Debug)]
pub struct PostingRule {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 40)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 科目 | Account
    #[field(list, indexed)]
    pub account: Ref<Account>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of posting rules.
pub const FLOW: Flow<PostingRule> = Flow::master().guard_save(check);

fn check(ctx: &mut Ctx<'_>, rule: &mut PostingRule) -> Result<()> {
    crate::account::require_leaf(ctx, rule.account)
}

/// Receivables.
pub const RECEIVABLE: &str = "receivable";
/// Money received in advance.
pub const ADVANCE: &str = "advance-received";
/// Revenue of sales.
pub const REVENUE: &str = "revenue";
/// Output tax.
pub const OUTPUT_TAX: &str = "output-tax";
/// Input tax given back.
pub const INPUT_TAX_BACK: &str = "input-tax-back";
/// Cost of sales.
pub const COST_OF_SALES: &str = "cost-of-sales";
/// Goods on stock.
pub const STOCK: &str = "stock";
/// Goods delivered and not invoiced.
pub const SHIPPED: &str = "goods-shipped";
/// Gains and losses under investigation.
pub const STOCK_DIFFERENCE: &str = "stock-difference";
/// Opening balances in transit.
pub const OPENING: &str = "opening";

/// The account a rule names.
pub fn account_for(ctx: &mut Ctx<'_>, code: &'static str) -> Result<Ref<Account>> {
    match ctx.by_code::<PostingRule>(code)? {
        Some(rule) => Ok(ctx.get(rule)?.account),
        None => Err(Refusal::rule(
            "erp.posting-rule.missing",
            Text::new(
                format!("缺少记账规则“{code}”，请先设置。"),
                format!("The posting rule “{code}” is missing; set it first."),
            ),
            json!({"rule": code}),
        )),
    }
}
