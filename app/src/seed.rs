//! What `serve` seeds: the operator tenant, and the demo company on demand.

use crate::Serve;
use paas_auth::fresh_token;
use paas_cell::Service;
use paas_platform::{NewTenant, NewUser, install};
use paas_types::Secret;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// The demo's password, written in the contract: it protects nothing, and is refused on public addresses.
const DEMO_PASSWORD: &str = "Demo@12345";

/// Reading what every trade user meets.
macro_rules! reads {
    ($($more:literal),*) => {
        &["erp.unit.read", "erp.product-category.read", "erp.vat-rate.read", "erp.product.read", "erp.customer.read",
          "erp.supplier.read", "erp.warehouse.read", "erp.period.read", "platform.user.read",
          "platform.department.read", $($more),*]
    };
}

const SALES: &[&str] = reads!(
    "erp.customer.*",
    "erp.sales-order.*",
    "erp.delivery.read",
    "erp.delivery.create",
    "erp.sales-invoice.read",
    "erp.receipt.read",
    "erp.stock-balance.read",
    "erp.report.sales-margin",
    "erp.report.stock-summary"
);
const BUYER: &[&str] = reads!("erp.supplier.*", "erp.product.*", "erp.stock-balance.read", "erp.report.stock-summary");
const KEEPER: &[&str] = reads!(
    "erp.sales-order.read",
    "erp.sales-order.deliver",
    "erp.delivery.*",
    "erp.sales-return.*",
    "erp.stock-adjustment.*",
    "erp.stock-move.*",
    "erp.stock-balance.*",
    "erp.report.stock-summary"
);
const ACCOUNTANT: &[&str] = reads!(
    "erp.account.*",
    "erp.bank-account.*",
    "erp.period.*",
    "erp.sales-order.read",
    "erp.sales-order.invoice",
    "erp.delivery.read",
    "erp.sales-return.read",
    "erp.sales-invoice.*",
    "erp.receipt.*",
    "erp.voucher.*",
    "erp.ledger-entry.*",
    "erp.account-balance.*",
    "erp.receivable.*",
    "erp.receivable-entry.*",
    "erp.stock-move.read",
    "erp.stock-balance.read",
    "erp.report.*"
);
const AUDITOR: &[&str] = reads!(
    "erp.account.read",
    "erp.bank-account.read",
    "erp.sales-order.read",
    "erp.delivery.read",
    "erp.sales-return.read",
    "erp.sales-invoice.read",
    "erp.receipt.read",
    "erp.voucher.read",
    "erp.ledger-entry.read",
    "erp.receivable.read",
    "erp.stock-move.read",
    "erp.stock-balance.read",
    "erp.report.*",
    "platform.audit-log.*"
);

/// Says in the data directory that seeding is under way; it goes when all is there.
const UNFINISHED: &str = "seeding";

/// Whether a data directory is new, or was new and its seeding was cut off. From here on a cut is noticed.
pub(crate) fn is_unfinished(data: &Path) -> Result<bool, String> {
    let entries = std::fs::read_dir(data).map_err(|e| format!("{} cannot be read: {e}.", data.display()))?;
    // A probe that a cut-off start has left is no data.
    let empty = entries.filter_map(Result::ok).all(|entry| entry.file_name() == ".writable");
    let mark = data.join(UNFINISHED);
    if empty {
        std::fs::write(&mark, b"").map_err(|e| format!("The file {} cannot be made: {e}.", mark.display()))?;
    }
    Ok(empty || mark.exists())
}

/// Seeds what is missing. `fresh` says whether the data directory is new.
pub(crate) async fn run(platform: &Arc<Service>, settings: &Serve, fresh: bool) -> Result<(), String> {
    if fresh {
        operator(platform, &settings.data).await?;
    }
    if settings.demo {
        if !fresh && !has_demo(platform).await? {
            return Err(
                "The data directory holds data without the demo company; --demo only seeds an empty one.".into()
            );
        }
        demo(platform).await?;
    }
    if fresh {
        let mark = settings.data.join(UNFINISHED);
        std::fs::remove_file(&mark).map_err(|e| format!("The file {} cannot be removed: {e}.", mark.display()))?;
    }
    Ok(())
}

/// The demo company, unless it is there.
async fn demo(platform: &Arc<Service>) -> Result<(), String> {
    let user = |username, name, role, permissions| NewUser { username, name, role, permissions };
    let demo = NewTenant {
        code: "demo",
        name: "云杉贸易有限公司",
        name_en: Some("Spruce Trading Co., Ltd."),
        cells: vec!["erp".to_owned()],
        users: vec![
            user("admin", "系统管理员", ("管理员", "Administrator"), &[]),
            user("sales", "林小北", ("销售", "Sales"), SALES),
            user("buyer", "周文", ("采购", "Purchasing"), BUYER),
            user("keeper", "赵大力", ("仓库", "Warehouse"), KEEPER),
            user("accountant", "陈会计", ("会计", "Accounting"), ACCOUNTANT),
            user("manager", "王经理", ("经理", "Management"), &["erp.*"]),
            user("auditor", "孙审计", ("审计", "Audit"), AUDITOR),
        ],
        password: Secret::new(DEMO_PASSWORD.to_owned()),
        must_change: false,
        demo: true,
    };
    install(platform, demo).await.map(|_| ()).map_err(|e| failed(&e))
}

async fn has_demo(platform: &Arc<Service>) -> Result<bool, String> {
    let rows = platform.store().tenants().await.map_err(|e| failed(&e))?;
    Ok(rows.iter().any(|row| &*row.tenant.code == "demo"))
}

/// The operator tenant, with a first password only the machine's administrator can read.
async fn operator(platform: &Arc<Service>, data: &Path) -> Result<(), String> {
    let path = data.join("system-password");
    let shown = path.display();
    let kept = std::fs::read_to_string(&path).map(|text| text.trim().to_owned()).unwrap_or_default();
    let password = if kept.is_empty() { fresh_token().map_err(|e| failed(&e))? } else { Secret::new(kept) };
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .map_err(|e| format!("The file {shown} cannot be made: {e}."))?;
    writeln!(file, "{}", password.expose()).map_err(|e| format!("{shown} cannot be written: {e}."))?;
    let system = NewTenant {
        code: "system",
        name: "运营方",
        name_en: Some("Operator"),
        cells: Vec::new(),
        users: vec![NewUser {
            username: "admin",
            name: "运营管理员",
            role: ("管理员", "Administrator"),
            permissions: &[],
        }],
        password,
        must_change: true,
        demo: false,
    };
    install(platform, system).await.map(|_| ()).map_err(|e| failed(&e))
}

fn failed(refusal: &paas_types::Refusal) -> String {
    let cause = refusal.cause().map(|c| format!(" ({c})")).unwrap_or_default();
    format!("The data could not be prepared: {}{cause}", refusal.message().en)
}
