//! Bank and cash accounts.

use crate::account::Account;
use crate::ledger::AccountBalance;
use paas_cell::prelude::*;

/// 资金账户 | Bank account
#[derive(Master, Clone, Debug)]
pub struct BankAccount {
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
    /// 账号 | Account number
    #[field(list, sensitive = account)]
    pub account_number: Option<Secret<String>>,
    /// 会计科目 | Ledger account
    #[field(list, indexed)]
    pub ledger_account: Ref<Account>,
    /// 余额 | Balance
    #[field(list, balance(AccountBalance, key = account, by = ledger_account, sum = debit, minus = credit))]
    pub balance: Amount,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of bank accounts.
pub const FLOW: Flow<BankAccount> = Flow::master().guard_save(check);

fn check(ctx: &mut Ctx<'_>, bank: &mut BankAccount) -> Result<()> {
    crate::account::require_leaf(ctx, bank.ledger_account)
}

impl BankAccount {
    /// Refuses an account that must not be used on new documents.
    pub fn usable(&self) -> Result<()> {
        if self.state == MasterState::Active {
            return Ok(());
        }
        Err(Refusal::field(
            "bankAccount",
            "DISABLED",
            Text::new(format!("资金账户{}已停用。", self.code), format!("Bank account {} is disabled.", self.code)),
        ))
    }
}
