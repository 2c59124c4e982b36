//! The chart of accounts.

use crate::bank_account::BankAccount;
use crate::ledger::AccountBalance;
use crate::ledger::rules_of_posting::PostingRule;
use paas_cell::prelude::*;

/// 会计科目 | Account
#[derive(Master, Clone, Debug)]
#[master(tree)]
pub struct Account {
    /// What the platform keeps.
    pub head: Head,
    /// 编码：4-2-2-2 位数字 | Code: digits, 4-2-2-2
    #[field(list, unique, search, max = 10)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 上级科目 | Parent
    #[field(list, indexed)]
    pub parent: Option<Ref<Account>>,
    /// 类别 | Class
    #[field(list, indexed)]
    pub class: AccountClass,
    /// 余额方向 | Direction
    #[field(list, indexed)]
    pub direction: Direction,
    /// 辅助核算 | Dimensions
    #[field(choices = Dimension::CHOICES)]
    pub dimensions: Vec<String>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// 科目类别 | Account class
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountClass {
    /// 资产 | Asset
    Asset,
    /// 负债 | Liability
    Liability,
    /// 所有者权益 | Equity
    Equity,
    /// 成本 | Cost
    Cost,
    /// 损益 | Profit and loss
    ProfitLoss,
}

/// 余额方向 | Direction
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// 借 | Debit
    Debit,
    /// 贷 | Credit
    Credit,
}

/// 辅助核算 | Dimension
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// 客户 | Customer
    Customer,
    /// 供应商 | Supplier
    Supplier,
    /// 商品 | Product
    Product,
    /// 部门 | Department
    Department,
    /// 员工 | Employee
    Employee,
    /// 项目 | Project
    Project,
}

/// The flow of accounts.
pub const FLOW: Flow<Account> = Flow::master().prepare(inherit).guard_save(check);

fn inherit(ctx: &mut Ctx<'_>, account: &mut Account) -> Result<()> {
    if account.parent.is_none() && account.code.len() > 4 {
        let above = account.code.get(..account.code.len() - 2).unwrap_or_default().to_owned();
        account.parent = ctx.by_code::<Account>(&above)?;
    }
    Ok(())
}

fn check(ctx: &mut Ctx<'_>, account: &mut Account) -> Result<()> {
    let digits = account.code.bytes().all(|b| b.is_ascii_digit());
    if !digits || !matches!(account.code.len(), 4 | 6 | 8 | 10) {
        return Err(Refusal::field(
            "code",
            "INVALID",
            Text::of("科目编码应为 4、6、8 或 10 位数字。", "An account code has 4, 6, 8 or 10 digits."),
        ));
    }
    let Some(parent) = account.parent else {
        return Ok(());
    };
    let above = ctx.get(parent)?;
    if !account.code.starts_with(&above.code) || account.code.len() != above.code.len() + 2 {
        return Err(Refusal::field(
            "code",
            "INVALID",
            Text::new(
                format!("下级科目编码应以上级编码{}开头并加两位。", above.code),
                format!("The code of a sub-account is that of its parent {} and two digits.", above.code),
            ),
        ));
    }
    let is_new = ctx.by_code::<Account>(&account.code)?.is_none();
    if is_new && is_in_use(ctx, parent)? {
        return Err(Refusal::rule(
            "erp.account.has-postings",
            Text::new(
                format!("科目{}已被使用，不能增加下级科目。", above.code),
                format!("Account {} is in use and cannot get sub-accounts.", above.code),
            ),
            json!({"account": above.code}),
        ));
    }
    Ok(())
}

fn is_in_use(ctx: &mut Ctx<'_>, account: Ref<Account>) -> Result<bool> {
    Ok(!ctx.find(Find::<AccountBalance>::all().eq("account", account).limit(1))?.is_empty()
        || !ctx.find(Find::<PostingRule>::all().eq("account", account).limit(1))?.is_empty()
        || !ctx.find(Find::<BankAccount>::all().eq("ledger_account", account).limit(1))?.is_empty())
}

/// Refuses an account that has sub-accounts or is disabled: nothing is posted to it.
pub fn require_leaf(ctx: &mut Ctx<'_>, account: Ref<Account>) -> Result<()> {
    let has_children = !ctx.find(Find::<Account>::all().eq("parent", account).limit(1))?.is_empty();
    let found = ctx.get(account)?;
    if has_children {
        return Err(Refusal::rule(
            "erp.account.not-leaf",
            Text::new(
                format!("科目{}有下级科目，请选择末级科目。", found.code),
                format!("Account {} has sub-accounts; choose one of those.", found.code),
            ),
            json!({"account": found.code}),
        ));
    }
    if found.state != MasterState::Active {
        return Err(Refusal::rule(
            "erp.account.disabled",
            Text::new(format!("科目{}已停用。", found.code), format!("Account {} is disabled.", found.code)),
            json!({"account": found.code}),
        ));
    }
    Ok(())
}

/// The account with a code, which must exist.
pub fn with_code(ctx: &mut Ctx<'_>, code: &str) -> Result<Ref<Account>> {
    ctx.by_code::<Account>(code)?.ok_or_else(|| {
        Refusal::rule(
            "erp.account.missing",
            Text::new(format!("缺少科目{code}，请先建立。"), format!("There is no account {code}; create it first.")),
            json!({"account": code}),
        )
    })
}
