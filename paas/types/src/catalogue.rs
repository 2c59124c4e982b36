//! The error catalogue: every code of the contract (API.md §2) with its status and its sentence in both languages.

macro_rules! catalogue {
    ($($variant:ident $code:literal $status:literal $zh:literal $en:literal)*) => {
        /// A refusal's stable code. The status and the default sentences come from one table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $en] $variant,)* }

        impl Code {
            /// Every code, in the order of the contract.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];
            /// The code as clients see it.
            pub const fn as_str(self) -> &'static str { match self { $(Code::$variant => $code,)* } }
            /// The HTTP status it is answered with.
            pub const fn status(self) -> u16 { match self { $(Code::$variant => $status,)* } }
            /// The default sentence in Chinese: what happened and what to do next.
            pub const fn zh(self) -> &'static str { match self { $(Code::$variant => $zh,)* } }
            /// The default sentence in English.
            pub const fn en(self) -> &'static str { match self { $(Code::$variant => $en,)* } }
            /// The code with this name, if the catalogue has it.
            pub fn parse(code: &str) -> Option<Code> { match code { $($code => Some(Code::$variant),)* _ => None } }
        }
    };
}

catalogue! {
    ValidationFailed       "VALIDATION_FAILED"        400 "填写的内容有误，请按提示修改。"               "Some values are not valid; please correct the marked fields."
    MalformedRequest       "MALFORMED_REQUEST"        400 "请求的格式不正确。"                           "The request could not be read."
    MissingTenantId        "MISSING_TENANT_ID"        400 "请求缺少租户标识 X-Tenant-Id。"               "The header X-Tenant-Id is missing."
    UnknownField           "UNKNOWN_FIELD"            400 "包含不存在的字段。"                           "A field is not known here."
    UnknownFilter          "UNKNOWN_FILTER"           400 "不支持该筛选或排序条件。"                     "This filter or sort order is not available."
    Unauthenticated        "UNAUTHENTICATED"          401 "请先登录。"                                   "Please sign in."
    TokenExpired           "TOKEN_EXPIRED"            401 "登录已过期，请重新登录。"                     "Your session has expired; please sign in again."
    InvalidCredentials     "INVALID_CREDENTIALS"      401 "租户、用户名或密码不正确。"                   "Tenant, user name or password is not correct."
    AccountLocked          "ACCOUNT_LOCKED"           401 "账号已锁定，请稍后再试或联系管理员。"         "The account is locked; try later or ask an administrator."
    StepUpRequired         "STEP_UP_REQUIRED"         401 "此操作需要再次验证身份。"                     "Please confirm your identity again for this action."
    Forbidden              "FORBIDDEN"                403 "您没有执行此操作的权限，请联系管理员。"       "You are not allowed to do this; please ask an administrator."
    PasswordChangeRequired "PASSWORD_CHANGE_REQUIRED" 403 "请先修改初始密码。"                           "Please change the initial password first."
    TenantMismatch         "TENANT_MISMATCH"          403 "租户与登录身份不一致。"                       "The tenant does not match your session."
    TenantSuspended        "TENANT_SUSPENDED"         403 "租户已停用，请联系服务商。"                   "The tenant is suspended; please contact the operator."
    CellNotEnabled         "CELL_NOT_ENABLED"         403 "贵公司未开通此应用。"                         "This application is not enabled for your company."
    NotFound               "NOT_FOUND"                404 "没有找到该记录，可能已被删除或您无权查看。"   "The record was not found, or you may not see it."
    MethodNotAllowed       "METHOD_NOT_ALLOWED"       405 "此地址不支持该操作。"                         "This address does not support the method."
    Conflict               "CONFLICT"                 409 "记录已被他人修改，请刷新后重试。"             "Somebody else has changed the record; reload and try again."
    Duplicate              "DUPLICATE"                409 "已存在相同的记录。"                           "Such a record already exists."
    InvalidTransition      "INVALID_TRANSITION"       409 "当前状态不允许此操作。"                       "This action is not possible in the current state."
    InUse                  "IN_USE"                   409 "该记录已被引用，不能删除。"                   "The record is in use and cannot be deleted."
    RequestInProgress      "REQUEST_IN_PROGRESS"      409 "相同的请求正在处理中，请稍候。"               "The same request is still running; please wait."
    PayloadTooLarge        "PAYLOAD_TOO_LARGE"        413 "提交的内容过大。"                             "The request is too large."
    UnsupportedMediaType   "UNSUPPORTED_MEDIA_TYPE"   415 "不支持该内容类型。"                           "This content type is not supported."
    IdempotencyMismatch    "IDEMPOTENCY_MISMATCH"     422 "该请求编号已用于其他内容。"                   "This request id was already used for something else."
    BusinessRule           "BUSINESS_RULE"            422 "业务规则不允许此操作。"                       "A business rule does not allow this."
    RateLimited            "RATE_LIMITED"             429 "操作过于频繁，请稍后再试。"                   "Too many requests; please try again shortly."
    Internal               "INTERNAL"                 500 "系统出现错误，请稍后重试；如仍有问题请提供请求编号。" "Something went wrong; please retry, and quote the request id if it persists."
    Unavailable            "UNAVAILABLE"              503 "服务暂时不可用，请稍后重试。"                 "The service is not available right now; please retry."
    Timeout                "TIMEOUT"                  504 "处理超时，请稍后重试。"                       "The request took too long; please retry."
}
