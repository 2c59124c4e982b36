//! How often a user and a tenant may call.

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use paas_auth::Limits;
use paas_types::{Code, Id, Refusal, Result, TenantKey};
use quick_cache::sync::Cache;
use std::num::NonZeroU32;
use std::sync::Arc;

const TENANTS: usize = 10_000;
const USERS: usize = 10_000;

/// The buckets of all tenants that were active lately.
pub(crate) struct RateLimits(Cache<TenantKey, Arc<Buckets>>);

struct Buckets {
    limits: Limits,
    users: DefaultKeyedRateLimiter<Id>,
    tenant: DefaultDirectRateLimiter,
}

impl RateLimits {
    pub(crate) fn new() -> RateLimits {
        RateLimits(Cache::new(TENANTS))
    }

    /// One request more; `RATE_LIMITED` when it is too many. A changed limit acts at once, with full buckets.
    pub(crate) fn admit(&self, tenant: TenantKey, user: Id, limits: Option<Limits>) -> Result<()> {
        let Some(limits) = limits else { return Ok(()) };
        let buckets = match self.0.get(&tenant).filter(|b| b.limits == limits) {
            Some(buckets) => buckets,
            None => {
                let fresh = Arc::new(Buckets {
                    limits,
                    users: RateLimiter::keyed(quota(limits.user_per_second)),
                    tenant: RateLimiter::direct(quota(limits.tenant_per_second)),
                });
                self.0.insert(tenant, Arc::clone(&fresh));
                fresh
            }
        };
        if buckets.users.len() > USERS {
            buckets.users.retain_recent();
        }
        let admitted = buckets.users.check_key(&user).is_ok() && buckets.tenant.check().is_ok();
        if admitted { Ok(()) } else { Err(Refusal::new(Code::RateLimited)) }
    }
}

fn quota(per_second: u32) -> Quota {
    Quota::per_second(NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_and_a_tenant_have_their_own_measure() {
        let rates = RateLimits::new();
        let limits = Some(Limits { user_per_second: 3, tenant_per_second: 5 });
        let (a, b, tenant) = (Id::fresh(), Id::fresh(), TenantKey(1));
        let passed = |user, limits| (0..10).filter(|_| rates.admit(tenant, user, limits).is_ok()).count();
        assert_eq!(passed(a, limits), 3);
        assert_eq!(passed(b, limits), 2, "the tenant's measure is full");
        assert!(rates.admit(TenantKey(2), a, limits).is_ok(), "another tenant is not touched");
        assert_eq!(rates.admit(tenant, a, limits).unwrap_err().code(), Code::RateLimited);
        assert_eq!(passed(a, None), 10);
        for n in 0..3 * TENANTS {
            let _ = rates.admit(TenantKey(i64::try_from(n).unwrap()), a, limits);
        }
        assert!(rates.0.len() <= TENANTS, "{} tenants are remembered", rates.0.len());
        assert_eq!(passed(a, Some(Limits { user_per_second: 4, tenant_per_second: 100 })), 4);
    }
}
