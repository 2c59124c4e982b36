//! Customers.

use paas_cell::prelude::*;

/// 客户 | Customer
#[derive(Master, Clone, Debug)]
pub struct Customer {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 60)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 联系人 | Contact
    #[field(list, search)]
    pub contact: Option<String>,
    /// 电话 | Phone
    #[field(list, sensitive = phone)]
    pub phone: Option<Secret<String>>,
    /// 邮箱 | Email
    pub email: Option<String>,
    /// 地址 | Address
    pub address: Option<String>,
    /// 纳税人识别号 | Tax number
    #[field(max = 40)]
    pub tax_number: Option<String>,
    /// 信用额度：空表示不限 | Credit limit: empty means no limit
    #[field(list, min = "0")]
    pub credit_limit: Option<Amount>,
    /// 账期（天） | Payment term (days)
    #[field(default = 30, min = "0", max_value = "3650")]
    pub payment_term_days: i64,
    /// 币种 | Currency
    #[field(default = "\"CNY\"", max = 3)]
    pub currency: String,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of customers.
pub const FLOW: Flow<Customer> = Flow::master();

impl Customer {
    /// Refuses a customer that must not be used on new documents.
    pub fn usable(&self) -> Result<()> {
        if self.state == MasterState::Active {
            return Ok(());
        }
        Err(Refusal::field(
            "customer",
            "DISABLED",
            Text::new(format!("客户{}已停用。", self.code), format!("Customer {} is disabled.", self.code)),
        ))
    }
}

/// What a customer owes and has been promised: checked against the credit limit.
pub mod exposure {
    use super::Customer;
    use paas_cell::prelude::*;

    /// 信用占用 | Credit exposure
    #[derive(Balance, Clone, Debug)]
    #[balance(resource = "customer-exposures")]
    pub struct CustomerExposure {
        /// 客户 | Customer
        #[field(key, list, indexed)]
        pub customer: Ref<Customer>,
        /// 已确认未开票 | Committed
        #[field(measure, list)]
        pub committed: Amount,
        /// 应收余额 | Open
        #[field(measure, list)]
        pub open: Amount,
    }

    /// 信用占用流水 | Exposure entry
    #[derive(Entry, Clone, Debug)]
    #[entry(balance = CustomerExposure, resource = "exposure-entries")]
    pub struct ExposureEntry {
        /// Identity.
        pub id: Id,
        /// 客户 | Customer
        #[field(key, list, indexed)]
        pub customer: Ref<Customer>,
        /// 已确认未开票 | Committed
        #[field(measure, list)]
        pub committed: Amount,
        /// 应收余额 | Open
        #[field(measure, list)]
        pub open: Amount,
    }

    /// Changes what is confirmed and not invoiced.
    pub fn commit(ctx: &mut Ctx<'_>, customer: Ref<Customer>, committed: Amount) -> Result<()> {
        post(ctx, customer, committed, Amount::ZERO)
    }

    /// Changes what is open.
    pub fn owe(ctx: &mut Ctx<'_>, customer: Ref<Customer>, open: Amount) -> Result<()> {
        post(ctx, customer, Amount::ZERO, open)
    }

    fn post(ctx: &mut Ctx<'_>, customer: Ref<Customer>, committed: Amount, open: Amount) -> Result<()> {
        if committed.is_zero() && open.is_zero() {
            return Ok(());
        }
        ctx.post(ExposureEntry { id: Id::NIL, customer, committed, open })?;
        Ok(())
    }

    /// Both parts together.
    pub fn used(ctx: &mut Ctx<'_>, customer: Ref<Customer>) -> Result<Amount> {
        let mut key = CustomerExposure::blank();
        key.customer = customer;
        let balance = ctx.balance(&key)?;
        crate::calc::plus(balance.committed, balance.open)
    }
}
