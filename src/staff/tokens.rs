//! Tokens for programs that act as a person, and the end of everything by which a person is signed in.
//! Called by `http::people`, by the command line (`hamyar staff token`) and by whoever sets up a service without a browser.
//! A secret is shown once and kept as its digest; each making and each ending is an audit row.

use jiff::Timestamp;
use serde_json::json;

use super::rights::{Admin, Caller, StaffMember};
use crate::{
    audit::{Actor, Decision},
    ground::Ground,
    id::{PersonId, Secret, TokenId},
    store::{Fault, Tx},
};

/// Open tokens of one person; a program each.
pub const TOKENS_PER_PERSON_MAX: usize = 20;
/// Characters of a token's name.
pub const NAME_CHARS_MAX: usize = 100;

/// A token as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// What it is for, in the owner's words.
    pub name: String,
    /// Since when.
    pub created_at: Timestamp,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenFault {
    /// No name, or not a usable one.
    #[error("name: want 1 to {NAME_CHARS_MAX} characters that say what the token is for")]
    Name,
    /// Enough of them.
    #[error("there are {TOKENS_PER_PERSON_MAX} open tokens already; end one first")]
    TooMany,
    /// A program asks for a token of its own: a token that leaked could outlive its end.
    #[error("a token can't make tokens; sign in with name and password")]
    ByToken,
    /// Nobody of the staff has this log-in name.
    #[error("nobody of the staff logs in as “{0}”")]
    NoSuchLogin(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// What was ended of what a person is signed in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Sessions of browsers.
    pub sessions: u64,
    /// Tokens of programs.
    pub tokens: u64,
}

/// Makes a token for a program that acts as `person`. The secret is shown once.
pub async fn new_token(ground: &Ground, person: PersonId, name: &str, by: &Caller) -> Result<(TokenId, Secret), Fault> {
    let mut tx = ground.store.write("make token").await?;
    let made = put(ground, &mut tx, person, name, by.actor()).await?;
    tx.commit().await?;
    Ok(made)
}

/// Makes a token for a program that acts as the caller, who came by a session.
pub async fn make_own(ground: &Ground, by: &StaffMember, name: &str) -> Result<(TokenId, Secret), TokenFault> {
    if by.session().is_none() {
        return Err(TokenFault::ByToken);
    }
    make(ground, by.person(), name, by.actor()).await
}

/// Makes a token for whoever of the staff logs in as `login`. For the command line.
pub async fn make_for(ground: &Ground, login: &str, name: &str) -> Result<(TokenId, Secret), TokenFault> {
    let mut tx = ground.store.read("whose token").await?;
    let unknown = || TokenFault::NoSuchLogin(login.to_owned());
    let (person, _) = tx.credential(&login.to_lowercase()).await?.ok_or_else(unknown)?;
    if !tx.roles(person).await?.into_iter().any(super::Role::is_staff) {
        return Err(unknown());
    }
    drop(tx);
    make(ground, person, name, Actor::Command).await
}

/// The caller's open tokens, oldest first.
pub async fn own(ground: &Ground, by: &StaffMember) -> Result<Vec<Token>, Fault> {
    let mut tx = ground.store.read("own tokens").await?;
    let rows = tx.tokens_of(by.person(), ground.now()).await?;
    Ok(rows.into_iter().map(|row| Token { id: row.id, name: row.name, created_at: row.created_at.0 }).collect())
}

/// Ends a token of the caller's. False when there is no such open one.
pub async fn end_own(ground: &Ground, by: &StaffMember, id: TokenId) -> Result<bool, Fault> {
    let now = ground.now();
    let mut tx = ground.store.write("end token").await?;
    if !tx.revoke_token(by.person(), id, now).await? {
        return Ok(false);
    }
    let facts = json!({ "person": by.person() });
    tx.audit(
        now,
        &Decision {
            actor: by.actor(),
            action: "end token",
            subject_kind: "token",
            subject_id: id.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    tx.commit().await?;
    Ok(true)
}

/// Ends every session and every token of a person; their password stays. None when there is no such person.
pub async fn end_sign_ins(ground: &Ground, by: &Admin, person: PersonId) -> Result<Option<Ended>, Fault> {
    let now = ground.now();
    let mut tx = ground.store.write("end sign-ins").await?;
    if tx.person(person).await?.is_none() {
        return Ok(None);
    }
    let sessions = tx.revoke_sessions(person, now).await?;
    let tokens = tx.revoke_tokens(person, now).await?;
    let facts = json!({ "sessions": sessions, "tokens": tokens });
    tx.audit(
        now,
        &Decision {
            actor: by.actor(),
            action: "end sign-ins",
            subject_kind: "person",
            subject_id: person.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    tx.commit().await?;
    Ok(Some(Ended { sessions, tokens }))
}

async fn make(ground: &Ground, person: PersonId, name: &str, actor: Actor) -> Result<(TokenId, Secret), TokenFault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.contains(char::is_control) {
        return Err(TokenFault::Name);
    }
    let mut tx = ground.store.write("make token").await?;
    // Counted and made by one at a time.
    tx.lock(&format!("tokens {person}")).await?;
    if tx.tokens_of(person, ground.now()).await?.len() >= TOKENS_PER_PERSON_MAX {
        return Err(TokenFault::TooMany);
    }
    let made = put(ground, &mut tx, person, name, actor).await?;
    tx.commit().await?;
    Ok(made)
}

async fn put(
    ground: &Ground,
    tx: &mut Tx,
    person: PersonId,
    name: &str,
    actor: Actor,
) -> Result<(TokenId, Secret), Fault> {
    let now = ground.now();
    let (id, secret) = (TokenId::draw(&ground.ids, now), ground.ids.secret());
    tx.insert_token(id, &secret.digest(), person, name, now, None).await?;
    let facts = json!({ "person": person });
    tx.audit(
        now,
        &Decision {
            actor,
            action: "make token",
            subject_kind: "token",
            subject_id: id.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    Ok((id, secret))
}
