//! What the chassis keeps with every record.

use crate::{Choice, Custom, DepartmentRef, StateMeta, States, Tone, UserRef};
use paas_types::{Id, Instant, Text};

/// The chassis' part of a master, document or setting. Every declared struct has it as `pub head: Head`.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Identity.
    pub id: Id,
    /// Counts changes; a write against an older version is refused.
    pub version: i64,
    /// Document number; `None` for masters and until a document gets one.
    pub number: Option<String>,
    /// When it was created.
    pub created_at: Instant,
    /// Who created it.
    pub created_by: UserRef,
    /// When it was last changed.
    pub updated_at: Instant,
    /// Who last changed it.
    pub updated_by: UserRef,
    /// Whose it is, for data scope `own`.
    pub owner: Option<UserRef>,
    /// Which department's it is, for department scopes.
    pub department: Option<DepartmentRef>,
    /// Values of the fields that administrators added; none for settings.
    pub custom: Custom,
}

impl Default for Head {
    fn default() -> Head {
        let nobody = UserRef(Id::NIL);
        let never = Instant::from_micros(0);
        Head {
            id: Id::NIL,
            version: 0,
            number: None,
            created_at: never,
            created_by: nobody,
            updated_at: never,
            updated_by: nobody,
            owner: None,
            department: None,
            custom: Custom::default(),
        }
    }
}

/// The two states of every master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum MasterState {
    /// 启用 | Active
    #[default]
    Active,
    /// 停用 | Disabled
    Disabled,
}

static MASTER_STATES: [StateMeta; 2] = [
    StateMeta { name: "active", label: Text::of("启用", "Active"), tone: Tone::Active, editable: true },
    StateMeta { name: "disabled", label: Text::of("停用", "Disabled"), tone: Tone::Void, editable: true },
];

impl States for MasterState {
    const ALL: &'static [StateMeta] = &MASTER_STATES;

    fn ordinal(self) -> u8 {
        self as u8
    }

    fn from_ordinal(ordinal: u8) -> Option<MasterState> {
        match ordinal {
            0 => Some(MasterState::Active),
            1 => Some(MasterState::Disabled),
            _ => None,
        }
    }
}

impl Choice {
    /// The choice with this value in a list.
    pub fn find(list: &'static [Choice], value: &str) -> Option<&'static Choice> {
        list.iter().find(|c| c.value == value)
    }
}
