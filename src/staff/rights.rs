//! Rights as types. A [`Caller`] is somebody who proved who they are; each right is a wrapper that only a caller with the role gets.
//! Made by `sign_in` from a session or a token; taken by every deciding function as proof.
//! The wrappers have no public constructor: there is no other way to hold one.

use std::{collections::BTreeSet, str::FromStr};

use crate::{
    audit::Actor,
    id::{PersonId, SessionId},
    store::stored_text,
};

/// What a person may do. A person has a set of these.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Receives warnings and answers.
    Helper,
    /// Looks after a group of helpers, and is told together with a minor.
    Mentor,
    /// Sits at the 137 desk: reports.
    Operator,
    /// Drafts alerts and publishes what is approved.
    Officer,
    /// Approves alerts that somebody else wrote.
    Approver,
    /// People, sensors, rules.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Helper, Self::Mentor, Self::Operator, Self::Officer, Self::Approver, Self::Admin];

    /// Whether whoever holds it belongs to the staff.
    pub fn is_staff(self) -> bool {
        match self {
            Self::Helper | Self::Mentor => false,
            Self::Operator | Self::Officer | Self::Approver | Self::Admin => true,
        }
    }

    /// The word in the store and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Helper => "helper",
            Self::Mentor => "mentor",
            Self::Operator => "operator",
            Self::Officer => "officer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

/// A word that is no role.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no role: want helper, mentor, operator, officer, approver or admin")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

stored_text!(Role);

/// Somebody who proved who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    person: PersonId,
    name: String,
    language: String,
    roles: BTreeSet<Role>,
    session: Option<SessionId>,
}

impl Caller {
    /// Only `sign_in` makes callers.
    pub(super) fn proven(
        person: PersonId,
        name: String,
        language: String,
        roles: BTreeSet<Role>,
        session: Option<SessionId>,
    ) -> Self {
        Self { person, name, language, roles, session }
    }

    /// Who.
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// Their name, for their own page only.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// BCP 47.
    pub fn language(&self) -> &str {
        &self.language
    }

    /// What they may do.
    pub fn roles(&self) -> &BTreeSet<Role> {
        &self.roles
    }

    /// The log-in they came by; none for a program's token.
    pub fn session(&self) -> Option<SessionId> {
        self.session
    }

    /// Who decided, for the audit.
    pub fn actor(&self) -> Actor {
        Actor::Person(self.person)
    }
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)|+;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(Caller);

        impl $name {
            /// The caller, when they have the right.
            pub fn try_from_caller(caller: Caller) -> Option<Self> {
                [$(Role::$role),+].iter().any(|role| caller.roles.contains(role)).then_some(Self(caller))
            }
        }

        impl std::ops::Deref for $name {
            type Target = Caller;
            fn deref(&self) -> &Caller {
                &self.0
            }
        }
    )+};
}

rights! {
    /// A registered helper.
    Helper: Helper;
    /// Looks after helpers.
    Mentor: Mentor;
    /// The 137 desk: takes and handles reports.
    Operator: Operator | Officer;
    /// Drafts alerts, publishes what is approved.
    Officer: Officer;
    /// Approves what others wrote.
    Approver: Approver;
    /// People, sensors, rules.
    Admin: Admin;
    /// Registers helpers and looks after what is known of them.
    Registrar: Admin | Officer;
    /// Anybody of the staff: sees the console, changes nothing by it.
    StaffMember: Operator | Officer | Approver | Admin;
}
