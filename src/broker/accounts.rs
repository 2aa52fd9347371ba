//! Accounts of the embedded broker: who may connect, on which topics it may publish and what it may read.
//! Written by the rooms that own what connects (`sensors`, `helpers`) inside their own transactions; read by the broker's `auth`.
//! Secrets are kept as SHA-256 digests; whoever changes an account rings [`Bell::Accounts`](crate::bell::Bell) after the commit.

use std::str::FromStr;

use jiff::Timestamp;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{
    id::ExerciseId,
    on,
    store::{At, Fault, Tx, stored_text},
};

/// What connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// A sensor's device.
    Sensor,
    /// A helper's application.
    Helper,
    /// Another program, such as a recorder or a board.
    Service,
}

impl AccountKind {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Helper => "helper",
            Self::Service => "service",
        }
    }
}

/// A word that is no kind of account.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no kind of MQTT account: want sensor, helper or service")]
pub struct UnknownAccountKind(String);

impl FromStr for AccountKind {
    type Err = UnknownAccountKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Sensor, Self::Helper, Self::Service]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownAccountKind(text.to_owned()))
    }
}

stored_text!(AccountKind);

/// An account to be made, or to get a new secret and new rights.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What the client gives as its user name, 1 to 64 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// [`Secret::digest`](crate::id::Secret::digest) of a secret that was drawn here.
    pub secret_digest: Vec<u8>,
    /// What connects.
    pub kind: AccountKind,
    /// The sensor or person it stands for.
    pub subject: Option<Uuid>,
    /// Topic filters it may publish on.
    pub publish: Vec<String>,
    /// Topic filters it may subscribe to.
    pub subscribe: Vec<String>,
}

/// An account that may connect.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    /// Its user name.
    pub name: String,
    /// SHA-256 of its secret.
    pub secret_digest: Vec<u8>,
    /// What connects.
    pub kind: AccountKind,
    /// The sensor or person it stands for.
    pub subject_id: Option<Uuid>,
    /// Topic filters it may publish on.
    #[sqlx(json)]
    pub publish: Vec<String>,
    /// Topic filters it may subscribe to.
    #[sqlx(json)]
    pub subscribe: Vec<String>,
}

impl Tx {
    /// Makes an account, or gives the one of this name a new secret and new rights; a revoked one may connect again.
    ///
    /// The caller rings [`Bell::Accounts`](crate::bell::Bell::Accounts) after the commit, so that the broker knows at once.
    pub async fn put_mqtt_account(
        &mut self,
        account: &NewAccount,
        at: Timestamp,
        exercise: Option<ExerciseId>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into mqtt_account
                     (name, secret_digest, kind, subject_id, publish, subscribe, created_at, changed_at, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $7, $8)
                 on conflict (name) do update set
                     secret_digest = excluded.secret_digest,
                     kind = excluded.kind,
                     subject_id = excluded.subject_id,
                     publish = excluded.publish,
                     subscribe = excluded.subscribe,
                     changed_at = excluded.changed_at,
                     revoked_at = null",
            )
            .bind(account.name.as_str())
            .bind(account.secret_digest.as_slice())
            .bind(account.kind)
            .bind(account.subject)
            .bind(Json(&account.publish))
            .bind(Json(&account.subscribe))
            .bind(At(at))
            .bind(exercise)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Ends an account: the broker disconnects it and lets it in no more. `false` when there is none of this name.
    pub async fn revoke_mqtt_account(&mut self, name: &str, at: Timestamp) -> Result<bool, Fault> {
        on!(self, |conn| {
            sqlx::query("update mqtt_account set revoked_at = $2 where name = $1 and revoked_at is null")
                .bind(name)
                .bind(At(at))
                .execute(conn)
                .await
                .map(|done| done.rows_affected() > 0)
        })
    }

    /// The account of this name, revoked or not, by what it stands for.
    pub async fn mqtt_account_subject(&mut self, name: &str) -> Result<Option<(AccountKind, Option<Uuid>)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as("select kind, subject_id from mqtt_account where name = $1")
                .bind(name)
                .fetch_optional(conn)
                .await
        })
    }

    /// Every account that may connect.
    pub async fn mqtt_accounts(&mut self) -> Result<Vec<Account>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select name, secret_digest, kind, subject_id, publish, subscribe
                 from mqtt_account
                 where revoked_at is null
                 order by name",
            )
            .fetch_all(conn)
            .await
        })
    }
}
