//! Why a message or a value is not kept, as one word.
//! Given by the decoders and by `plausible`; kept by `rejected`, shown by the API.
//! A word never changes its meaning: it stands in the store and in metrics.

use std::str::FromStr;

use crate::store::stored_text;

/// Why a message or a value was not kept.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = RejectReason)]
pub enum Reason {
    /// The topic is none of ours.
    BadTopic,
    /// No sensor of this code is in service.
    UnknownSensor,
    /// The payload can't be read.
    BadPayload,
    /// The quantity or unit is not ours, or this sensor does not measure it.
    UnknownQuantity,
    /// The value can't be.
    Implausible,
    /// The device's clock is ahead.
    Future,
    /// Too long ago to be kept.
    TooOld,
    /// More values than a message may have.
    TooMany,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::BadTopic,
        Self::UnknownSensor,
        Self::BadPayload,
        Self::UnknownQuantity,
        Self::Implausible,
        Self::Future,
        Self::TooOld,
        Self::TooMany,
    ];

    /// The word in the store, the API and the metric.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadTopic => "bad_topic",
            Self::UnknownSensor => "unknown_sensor",
            Self::BadPayload => "bad_payload",
            Self::UnknownQuantity => "unknown_quantity",
            Self::Implausible => "implausible",
            Self::Future => "future",
            Self::TooOld => "too_old",
            Self::TooMany => "too_many",
        }
    }
}

/// A word that is no reason.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no reason to reject a message")]
pub struct UnknownReason(String);

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or_else(|| UnknownReason(text.to_owned()))
    }
}

stored_text!(Reason);
