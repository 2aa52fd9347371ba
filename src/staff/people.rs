//! Makes persons and their log-ins.
//! Called by the command line (`hamyar staff add`), by `helpers` (registration) and by the demo.
//! A person and their contacts are separate: one telephone may serve a family.

use argon2::{Argon2, PasswordHasher};
use jiff::Timestamp;
use serde_json::json;

use super::{
    contact::{AddressFault, ContactKind, uniform},
    rights::{Role, StaffMember},
    sign_in::{SignInRefusal, check_password},
    tokens::Ended,
};
use crate::{
    audit::{Actor, Decision},
    ground::Ground,
    id::{ContactId, ExerciseId, PersonId, Secret},
    store::{Fault, Tx},
};

/// A person as the store keeps them.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// None once erased.
    pub name: Option<String>,
    /// BCP 47.
    pub language: String,
    /// Under 18.
    pub minor: bool,
    /// The drill or demo they belong to.
    pub exercise_id: Option<ExerciseId>,
}

/// Somebody to be registered.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// How they are called, 1 to 100 characters.
    pub name: String,
    /// BCP 47, one of the configured languages.
    pub language: String,
    /// Under 18.
    pub minor: bool,
    /// What they may do.
    pub roles: Vec<Role>,
    /// Addresses in order of preference.
    pub contacts: Vec<(ContactKind, String)>,
    /// Contacts count as verified (staff checked them, or an invitation reached them).
    pub verified: bool,
}

/// Why somebody can't be registered.
#[derive(Debug, thiserror::Error)]
pub enum PersonFault {
    /// No name, or too long.
    #[error("name: want 1 to 100 characters")]
    Name,
    /// Not a language of this city.
    #[error("language “{0}” is not one of this city's ({1})")]
    Language(String, String),
    /// An address can't be used.
    #[error("{0} contact: {1}")]
    Contact(&'static str, AddressFault),
    /// The log-in name is taken or not usable.
    #[error("log-in name “{0}”: want 2 to 64 of a-z, 0-9, '.', '-' and '_', not used by somebody else")]
    Login(String),
    /// The password is too short.
    #[error("password: want at least 10 characters")]
    Password,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Registers a person with contacts and roles, inside the caller's transaction and without an audit row of its own.
pub async fn put_person(
    ground: &Ground,
    tx: &mut Tx,
    new: &NewPerson,
    granted_by: Option<PersonId>,
) -> Result<PersonId, PersonFault> {
    let now = ground.now();
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
        return Err(PersonFault::Name);
    }
    let languages = &ground.config.city.languages;
    if !languages.contains(&new.language) {
        return Err(PersonFault::Language(new.language.clone(), languages.join(", ")));
    }
    let mut contacts = Vec::with_capacity(new.contacts.len());
    for (kind, address) in &new.contacts {
        let address = uniform(*kind, address, &ground.config.city.country_code)
            .map_err(|fault| PersonFault::Contact(kind.as_str(), fault))?;
        contacts.push((*kind, address));
    }
    let person = Person {
        id: PersonId::draw(&ground.ids, now),
        name: Some(name.to_owned()),
        language: new.language.clone(),
        minor: new.minor,
        exercise_id: ground.exercise,
    };
    tx.insert_person(&person, now).await?;
    for role in &new.roles {
        tx.grant_role(person.id, *role, now, granted_by).await?;
    }
    for (preference, (kind, address)) in (1_i32..).zip(&contacts) {
        let contact = tx.contact_of(ContactId::draw(&ground.ids, now), *kind, address, now, ground.exercise).await?;
        tx.link_contact(person.id, contact, preference, new.verified.then_some(now)).await?;
    }
    Ok(person.id)
}

/// Adds a member of staff with a password. For the command line and the demo.
pub async fn add_staff(
    ground: &Ground,
    new: &NewPerson,
    login: &str,
    password: &Secret,
) -> Result<PersonId, PersonFault> {
    let mut tx = ground.store.write("add staff").await?;
    let person = put_person(ground, &mut tx, new, None).await?;
    put_password(&mut tx, person, login, password, ground.now()).await?;
    let facts = json!({ "roles": new.roles, "contacts": new.contacts.len() });
    tx.audit(
        ground.now(),
        &Decision {
            actor: Actor::Command,
            action: "add staff",
            subject_kind: "person",
            subject_id: person.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    tx.commit().await?;
    Ok(person)
}

/// What becomes of a person's tokens when their password changes. Sessions always end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokensAfter {
    /// They end too: whoever got hold of the password could have made one.
    End,
    /// Programs go on, because the password is changed as a matter of routine.
    Stay,
}

/// Why a password is not changed by its owner.
#[derive(Debug, thiserror::Error)]
pub enum PasswordRefusal {
    /// The one that holds now is wrong, or was tried too often.
    #[error(transparent)]
    SignIn(#[from] SignInRefusal),
    /// The new one can't be used.
    #[error(transparent)]
    New(#[from] PersonFault),
    /// A token asks for it: a token that leaked could lock its owner out.
    #[error("a token can't change the password; sign in with name and password")]
    ByToken,
}

/// Sets the password of somebody who already has a log-in name, and ends what they are signed in by. For the command line and the demo.
pub async fn set_password(
    ground: &Ground,
    login: &str,
    password: &Secret,
    tokens: TokensAfter,
) -> Result<Ended, PersonFault> {
    let mut tx = ground.store.write("set password").await?;
    let (person, _) =
        tx.credential(&login.to_lowercase()).await?.ok_or_else(|| PersonFault::Login(login.to_owned()))?;
    let ended = replace_password(ground, &mut tx, person, login, password, tokens, Actor::Command).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Somebody of the staff changes their own password, with the one that holds now. The session they ask by ends as well.
pub async fn change_own_password(
    ground: &Ground,
    by: &StaffMember,
    (current, new): (&Secret, &Secret),
    tokens: TokensAfter,
    peer: &str,
) -> Result<Ended, PasswordRefusal> {
    if by.session().is_none() {
        return Err(PasswordRefusal::ByToken);
    }
    let login = ground.store.read("own log-in name").await.map_err(PersonFault::Store)?.login_of(by.person()).await;
    let login = login.map_err(PersonFault::Store)?.ok_or(SignInRefusal::Wrong)?;
    if check_password(ground, &login, current, peer).await? != by.person() {
        return Err(SignInRefusal::Wrong.into());
    }
    let mut tx = ground.store.write("set password").await.map_err(PersonFault::Store)?;
    let ended = replace_password(ground, &mut tx, by.person(), &login, new, tokens, by.actor()).await?;
    tx.commit().await.map_err(PersonFault::Store)?;
    Ok(ended)
}

async fn replace_password(
    ground: &Ground,
    tx: &mut Tx,
    person: PersonId,
    login: &str,
    password: &Secret,
    tokens: TokensAfter,
    actor: Actor,
) -> Result<Ended, PersonFault> {
    let now = ground.now();
    put_password(tx, person, login, password, now).await?;
    let ended = Ended {
        sessions: tx.revoke_sessions(person, now).await?,
        tokens: match tokens {
            TokensAfter::End => tx.revoke_tokens(person, now).await?,
            TokensAfter::Stay => 0,
        },
    };
    tx.audit(
        now,
        &Decision {
            actor,
            action: "set password",
            subject_kind: "person",
            subject_id: person.to_string(),
            facts: &json!({ "sessions": ended.sessions, "tokens": ended.tokens }),
            exercise: ground.exercise,
        },
    )
    .await?;
    Ok(ended)
}

async fn put_password(
    tx: &mut Tx,
    person: PersonId,
    login: &str,
    password: &Secret,
    now: Timestamp,
) -> Result<(), PersonFault> {
    let login = login.to_lowercase();
    let usable = (2..=64).contains(&login.len())
        && login
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_'));
    if !usable {
        return Err(PersonFault::Login(login));
    }
    if password.reveal().chars().count() < 10 {
        return Err(PersonFault::Password);
    }
    // argon2id with the crate's defaults (m = 19 MiB, t = 2, p = 1: OWASP's password storage cheat sheet).
    let hash = Argon2::default()
        .hash_password(password.reveal().as_bytes())
        .expect("argon2's own defaults are valid")
        .to_string();
    if !tx.put_credential(person, &login, &hash, now).await? {
        return Err(PersonFault::Login(login));
    }
    Ok(())
}
