//! Times as the store keeps them: epoch microseconds in a bigint, the same on both engines.
//! Used by every room's `store.rs` in rows and binds.
//! Round trips exactly, because [`crate::clock::Clock`] gives microseconds.

use jiff::Timestamp;
use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};

/// A moment in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct At(pub Timestamp);

impl From<Timestamp> for At {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl From<At> for Timestamp {
    fn from(at: At) -> Self {
        at.0
    }
}

impl<DB: Database> Type<DB> for At
where
    i64: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <i64 as Type<DB>>::type_info()
    }

    fn compatible(info: &DB::TypeInfo) -> bool {
        <i64 as Type<DB>>::compatible(info)
    }
}

impl<'q, DB: Database> Encode<'q, DB> for At
where
    i64: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.as_microsecond().encode_by_ref(buffer)
    }
}

impl<'r, DB: Database> Decode<'r, DB> for At
where
    i64: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(Timestamp::from_microsecond(i64::decode(value)?)?))
    }
}
