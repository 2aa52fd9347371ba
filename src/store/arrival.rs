//! The order in which facts arrived: what assessment's cursor runs over.
//! Used by tables of facts (readings, reports) and by `assess`.
//! On PostgreSQL it is bounded by the oldest running transaction, so that no commit is overtaken; on SQLite there is one writer.

/// A fact's place in the order of arrival: first by transaction, then by number.
///
/// PostgreSQL gives numbers when rows are inserted and shows them when their transaction commits: a smaller number may appear later.
/// So `tx` is the transaction's id, and only rows of transactions older than every running one are read
/// (`tx < pg_snapshot_xmin(pg_current_snapshot())`). On SQLite `tx` is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// The transaction.
    pub tx: i64,
    /// The number within the table.
    pub seq: i64,
}

impl Arrival {
    /// Before every fact.
    pub const BEFORE_ALL: Self = Self { tx: -1, seq: -1 };
}
