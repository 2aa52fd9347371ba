//! Lists the closed vocabularies of CAP 1.2: status, message type, scope, category, response, urgency, severity, certainty.
//! Used by `alert` for its fields and by `xml` for reading and writing.
//! Each word is spelled exactly as the standard spells it, and no other spelling can be written.

use serde::{Deserialize, Serialize};

use crate::level::word;

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident, $what:literal: $($(#[$item_doc:meta])* $item:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$item_doc])* $item),+ }

        impl $name {
            /// Every word, in the order of the standard.
            pub const ALL: [Self; [$(stringify!($item)),+].len()] = [$(Self::$item),+];

            /// The word as CAP writes it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$item => stringify!($item)),+ }
            }

            /// The word, letter by letter.
            pub(crate) fn exact(word: &str) -> Option<Self> {
                match word {
                    $(stringify!($item) => Some(Self::$item),)+
                    _ => None,
                }
            }

            /// The word in whatever case.
            pub(crate) fn any_case(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.as_str().eq_ignore_ascii_case(word))
            }
        }

        word!($name, $what);
    };
}

vocabulary! {
    /// How the message is to be handled (CAP 1.2 §3.2.1 `status`).
    Status, "CAP status":
    /// Act on it.
    Actual,
    /// For exercise participants only; the exercise should be named in the note.
    Exercise,
    /// For messages that support alert network functions.
    System,
    /// Technical testing only, all recipients disregard.
    Test,
    /// A preliminary template or draft, not actionable.
    Draft,
}
vocabulary! {
    /// The nature of the message (`msgType`).
    MsgType, "CAP msgType":
    /// Initial information.
    Alert,
    /// Updates and supersedes the earlier messages it references.
    Update,
    /// Cancels the earlier messages it references.
    Cancel,
    /// Acknowledges receipt of the messages it references.
    Ack,
    /// Rejects the messages it references; the note explains.
    Error,
}
vocabulary! {
    /// The intended distribution (`scope`).
    Scope, "CAP scope":
    /// For everybody.
    Public,
    /// For users with a known operational requirement, named in `restriction`.
    Restricted,
    /// For the `addresses` only.
    Private,
}
vocabulary! {
    /// The category of the event (`category`).
    #[expect(clippy::upper_case_acronyms, reason = "the standard spells it CBRNE, and the spelling is the wire format")]
    Category, "CAP category":
    /// Geophysical, landslide included.
    Geo,
    /// Meteorological, flood included.
    Met,
    /// General emergency and public safety.
    Safety,
    /// Law enforcement, military, homeland security.
    Security,
    /// Rescue and recovery.
    Rescue,
    /// Fire suppression and rescue.
    Fire,
    /// Medical and public health.
    Health,
    /// Pollution and other environmental.
    Env,
    /// Public and private transportation.
    Transport,
    /// Utility, telecommunication, other infrastructure.
    Infra,
    /// Chemical, biological, radiological, nuclear, explosive.
    CBRNE,
    /// Other events.
    Other,
}
vocabulary! {
    /// What the audience is recommended to do (`responseType`).
    ResponseType, "CAP responseType":
    /// Take shelter in place.
    Shelter,
    /// Relocate.
    Evacuate,
    /// Make preparations.
    Prepare,
    /// Execute a pre-planned activity.
    Execute,
    /// Avoid the event.
    Avoid,
    /// Attend to information sources.
    Monitor,
    /// Evaluate the information; not for public warnings.
    Assess,
    /// The event no longer poses a threat.
    AllClear,
    /// No action recommended.
    None,
}
vocabulary! {
    /// When responsive action should be taken (`urgency`).
    Urgency, "CAP urgency":
    /// At once.
    Immediate,
    /// Soon, within the next hour.
    Expected,
    /// In the near future.
    Future,
    /// No longer required.
    Past,
    /// Not known.
    Unknown,
}
vocabulary! {
    /// The threat to life or property (`severity`).
    Severity, "CAP severity":
    /// Extraordinary.
    Extreme,
    /// Significant.
    Severe,
    /// Possible.
    Moderate,
    /// Minimal to no known threat.
    Minor,
    /// Not known.
    Unknown,
}
vocabulary! {
    /// How sure it is (`certainty`).
    Certainty, "CAP certainty":
    /// Has occurred or is ongoing.
    Observed,
    /// More than about 50 %.
    Likely,
    /// Possible but not likely, up to about 50 %.
    Possible,
    /// Not expected to occur.
    Unlikely,
    /// Not known.
    Unknown,
}
