//! Writes and verifies the audit chain: who decided what, when.
//! Every deciding transaction calls [`Tx::audit`] once; `hamyar doctor` verifies the chain.
//! Ids and digests only, never personal data; a row is never changed, and each covers the one before it.

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde_json::Value;

use crate::{
    id::{ExerciseId, PersonId},
    on,
    store::{At, Fault, Tx},
};

/// Who decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person with a right.
    Person(PersonId),
    /// A rule of assessment, by its name.
    Rule(String),
    /// The service itself: expiry, retries, retention.
    System,
    /// Somebody at the command line of the server.
    Command,
}

impl Actor {
    fn kind(&self) -> &'static str {
        match self {
            Self::Person(_) => "person",
            Self::Rule(_) => "rule",
            Self::System => "system",
            Self::Command => "command",
        }
    }

    fn id(&self) -> Option<String> {
        match self {
            Self::Person(person) => Some(person.to_string()),
            Self::Rule(name) => Some(name.clone()),
            Self::System | Self::Command => None,
        }
    }
}

/// One decision, to be recorded in the transaction that takes it.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// Who.
    pub actor: Actor,
    /// A verb and its object: "publish alert".
    pub action: &'static str,
    /// What kind of thing it is about: "alert".
    pub subject_kind: &'static str,
    /// Which one.
    pub subject_id: String,
    /// Ids, digests, counts. Never personal data.
    pub facts: &'a Value,
    /// The drill or demo it belongs to.
    pub exercise: Option<ExerciseId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    at: At,
    actor_kind: String,
    actor_id: Option<String>,
    action: String,
    subject_kind: String,
    subject_id: String,
    facts: sqlx::types::Json<Value>,
    exercise_id: Option<ExerciseId>,
    hash: Vec<u8>,
}

/// Where the chain does not hold.
#[derive(Debug, thiserror::Error)]
pub enum BrokenChain {
    /// A row's hash is not what its content and its predecessor give.
    #[error("audit row {0}: its hash does not follow from its content and the row before it")]
    At(i64),
    /// A row is missing.
    #[error("audit row {0} is missing")]
    Missing(i64),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl Tx {
    /// Records a decision as the next link of the chain.
    pub async fn audit(&mut self, at: Timestamp, decision: &Decision<'_>) -> Result<(), Fault> {
        // The chain has one end: on PostgreSQL deciding transactions queue here, from this call to their commit.
        self.lock("audit").await?;
        let last: Option<(i64, Vec<u8>)> =
            on!(self, |conn| sqlx::query_as("select seq, hash from audit order by seq desc limit 1")
                .fetch_optional(conn)
                .await)?;
        let (seq, previous) = last.map_or((1, Vec::new()), |(seq, hash)| (seq + 1, hash));
        let mut row = Row {
            seq,
            at: At(at),
            actor_kind: decision.actor.kind().to_owned(),
            actor_id: decision.actor.id(),
            action: decision.action.to_owned(),
            subject_kind: decision.subject_kind.to_owned(),
            subject_id: decision.subject_id.clone(),
            facts: sqlx::types::Json(decision.facts.clone()),
            exercise_id: decision.exercise,
            hash: Vec::new(),
        };
        row.hash = link(&previous, &row);
        on!(self, |conn| {
            sqlx::query(
                "insert into audit
                     (seq, at, actor_kind, actor_id, action, subject_kind, subject_id, facts, exercise_id, hash)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(row.seq)
            .bind(row.at)
            .bind(row.actor_kind)
            .bind(row.actor_id)
            .bind(row.action)
            .bind(row.subject_kind)
            .bind(row.subject_id)
            .bind(row.facts)
            .bind(row.exercise_id)
            .bind(row.hash)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Verifies the whole chain, a page at a time. Gives the number of rows. O(rows).
    pub async fn verify_audit(&mut self) -> Result<i64, BrokenChain> {
        const PAGE_ROWS: i64 = 1_000;
        let (mut seq, mut previous) = (0, Vec::new());
        loop {
            let rows: Vec<Row> = on!(self, |conn| {
                sqlx::query_as("select * from audit where seq > $1 order by seq limit $2")
                    .bind(seq)
                    .bind(PAGE_ROWS)
                    .fetch_all(conn)
                    .await
            })?;
            if rows.is_empty() {
                return Ok(seq);
            }
            for row in rows {
                if row.seq != seq + 1 {
                    return Err(BrokenChain::Missing(seq + 1));
                }
                if link(&previous, &row) != row.hash {
                    return Err(BrokenChain::At(row.seq));
                }
                seq = row.seq;
                previous = row.hash;
            }
        }
    }
}

/// SHA-256 over the previous hash and every field, each with its length before it, so that no two rows read alike.
fn link(previous: &[u8], row: &Row) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    let mut field = |bytes: &[u8]| {
        context.update(&(bytes.len() as u64).to_be_bytes());
        context.update(bytes);
    };
    field(previous);
    field(&row.seq.to_be_bytes());
    field(&row.at.0.as_microsecond().to_be_bytes());
    field(row.actor_kind.as_bytes());
    field(row.actor_id.as_deref().unwrap_or_default().as_bytes());
    field(row.action.as_bytes());
    field(row.subject_kind.as_bytes());
    field(row.subject_id.as_bytes());
    field(canonical(&row.facts.0).as_bytes());
    field(row.exercise_id.map(|id| id.to_string()).unwrap_or_default().as_bytes());
    context.finish().as_ref().to_vec()
}

/// JSON with sorted keys and no spaces: PostgreSQL's jsonb does not keep the order in which keys were written.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<_> = object.keys().collect();
            keys.sort();
            let fields: Vec<_> = keys
                .into_iter()
                .map(|key| format!("{}:{}", Value::from(key.as_str()), canonical(&object[key])))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}
