//! What a report is: where it came from, what it says, how it stands.
//! Used by this room, by `assess` (which weighs reports) and by the desk's pages.
//! Words, names and addresses are personal and may be gone; everything else stays.

use std::str::FromStr;

use alerts::Hazard;
use jiff::Timestamp;
use maps::{Position, ZoneCode};

use crate::{
    id::{ExerciseId, PersonId, ReportId},
    store::{Arrival, stored_text},
};

/// Makes an enum whose words stand in tables and JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
        $(#[$doc])*
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Every one, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in the store and the API.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = alerts::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or_else(|| alerts::UnknownWord {
                    word: text.chars().take(60).collect(),
                    what: $what,
                    allowed: Self::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        stored_text!($name);
    };
}

words! {
    /// How a report came.
    #[schema(as = ReportChannel)]
    Channel, "channel" {
        /// The report page.
        Web = "web",
        /// A text message.
        Sms = "sms",
        /// Written down at the 137 desk.
        Desk = "desk",
        /// A telephone's app.
        App = "app",
        /// An Open311 client.
        Open311 = "open311",
    }
}

words! {
    /// How a report stands.
    Status, "status of a report" {
        /// Nobody has looked at it yet.
        New = "new",
        /// Staff found it true.
        Verified = "verified",
        /// Staff found it wrong.
        Rejected = "rejected",
        /// It was added to an earlier report of the same sender.
        Merged = "merged",
        /// Dealt with.
        Closed = "closed",
    }
}

words! {
    /// What sets a report apart.
    Mark, "mark of a report" {
        /// More from this sender within an hour than `reports.per_sender_hour_max`.
        ManyFromSender = "many_from_sender",
        /// More from this network address within an hour than `reports.per_address_hour_max`.
        ManyFromAddress = "many_from_address",
        /// Its letters could not be read; the words show what came.
        Unreadable = "unreadable",
        /// The text was longer than `reports.text_chars_max` and was cut.
        Cut = "cut",
    }
}

impl Mark {
    /// Does a report with this mark weigh nothing until staff verified it?
    pub fn withholds(self) -> bool {
        match self {
            Self::ManyFromSender | Self::ManyFromAddress | Self::Unreadable => true,
            Self::Cut => false,
        }
    }
}

words! {
    /// How the position of a report is known.
    Located, "way of locating" {
        /// The sender's device or the operator said where.
        Given = "given",
        /// The gazetteer found a place in the words.
        Words = "words",
    }
}

/// A report as assessment and the desk see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Which.
    pub id: ReportId,
    /// Where its last change stands in the order of arrival.
    pub arrival: Arrival,
    /// What the sender was told.
    pub number: String,
    /// How it came.
    pub channel: Channel,
    /// What threatens, as far as the person or the words say.
    pub hazard: Option<Hazard>,
    /// None once erased.
    pub words: Option<String>,
    /// The place in the person's words; none once erased.
    pub place_words: Option<String>,
    /// Where.
    pub position: Option<Position>,
    /// How far off the position may be, metres.
    pub accuracy_m: Option<f64>,
    /// How the position is known.
    pub located_by: Option<Located>,
    /// The leaf zone that holds the position.
    pub zone: Option<ZoneCode>,
    /// Depth of water or snow, centimetres.
    pub depth_cm: Option<f64>,
    /// How it stands.
    pub status: Status,
    /// What sets it apart.
    pub marks: Vec<Mark>,
    /// The earlier report it belongs to.
    pub merged_into: Option<ReportId>,
    /// The same for two reports of one sender, and tells nothing else; none when the sender is unknown or erased.
    pub sender_key: Option<String>,
    /// Who wrote it down at the desk.
    pub entered_by: Option<PersonId>,
    /// When the person saw it.
    pub seen_at: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
    /// The drill or demo it belongs to.
    pub exercise: Option<ExerciseId>,
}

impl Report {
    /// Does it count as evidence? What is marked counts only when staff verified it; what was rejected, merged or dealt with does not.
    pub fn weighs(&self) -> bool {
        match self.status {
            Status::Verified => true,
            Status::New => !self.marks.iter().any(|mark| mark.withholds()),
            Status::Rejected | Status::Merged | Status::Closed => false,
        }
    }
}
