//! Settings of a tenant.

use paas_cell::prelude::*;

/// 平台设置 | Settings
#[derive(Setting, Clone, Debug)]
#[setting(name = "settings")]
pub struct Settings {
    /// What the platform keeps.
    pub head: Head,
    /// 时区 | Time zone
    #[field(default = "\"Asia/Shanghai\"", max = 60)]
    pub zone: String,
    /// 每用户每秒请求数：空表示不限 | Requests per second of a user: empty means no limit
    #[field(group = "limits", default = 200, min = "1", max_value = "1000000")]
    pub user_per_second: Option<i64>,
    /// 租户每秒请求数：空表示不限 | Requests per second of the tenant: empty means no limit
    #[field(group = "limits", default = 2000, min = "1", max_value = "1000000")]
    pub tenant_per_second: Option<i64>,
    /// 密码最小长度 | Shortest password
    #[field(default = 8, min = "8", max_value = "64")]
    pub password_length: i64,
}

/// Refuses a time zone nobody knows.
pub(crate) fn check(_ctx: &mut Ctx<'_>, settings: &mut Settings) -> Result<()> {
    if paas_types::TimeZone::named(&settings.zone).is_some() {
        return Ok(());
    }
    Err(Refusal::field("zone", "INVALID", Text::of("没有这个时区。", "There is no such time zone.")))
}

/// Refuses a password that is too short or too long.
pub(crate) fn check_password(settings: &Settings, field: &str, password: &str) -> Result<()> {
    let length = i64::try_from(password.chars().count()).unwrap_or(i64::MAX);
    if length < settings.password_length.max(8) {
        let shortest = settings.password_length.max(8);
        return Err(Refusal::field(
            field,
            "TOO_SHORT",
            Text::new(
                format!("密码至少 {shortest} 个字符。"),
                format!("A password has at least {shortest} characters."),
            ),
        ));
    }
    if password.len() > 1024 {
        return Err(Refusal::field(field, "TOO_LONG", Text::of("密码过长。", "The password is too long.")));
    }
    Ok(())
}
