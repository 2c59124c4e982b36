//! The vocabulary of the platform: identities, exact numbers, dates, secrets, words in two languages and the error
//! catalogue. No I/O and no knowledge of any trade.

mod catalogue;
mod date;
mod exact;
mod fixed;
mod id;
mod refusal;
mod secret;
mod text;

pub use catalogue::Code;
pub use date::{Clock, Date, Instant, TimeZone, YearMonth};
pub use exact::Exact;
pub use fixed::{Amount, Fixed, NumberError, Price, Quantity, Rate};
pub use id::{Id, IdError, Tenant, TenantKey};
pub use refusal::{Details, FieldError, Refusal, Result};
pub use secret::{Mask, Secret};
pub use text::{Lang, Text};
