//! Proves who somebody is: by name and password (staff), by a one-time code on a verified contact (helpers), by cookie or token.
//! Called by `http::session` and `http::rights`.
//! Failed tries are counted per name and per address in the store, and nothing tells a wrong name from a wrong password.

use std::{collections::BTreeSet, time::Duration};

use argon2::{Argon2, PasswordVerifier};
use jiff::Timestamp;
use serde_json::json;

pub use super::tokens::new_token;
use super::{
    contact::{ContactKind, uniform},
    people::Person,
    rights::{Caller, Role},
    store::Bearer,
};
use crate::{
    audit::Decision,
    ground::Ground,
    id::{ContactId, PersonId, Secret, SessionId},
    network,
    store::{Fault, Tx},
};

/// Why a log-in is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// Wrong name, password or code; which, is not said.
    #[error("the name and password (or the code) do not fit")]
    Wrong,
    /// Too many failed tries.
    #[error("too many failed tries; wait some minutes")]
    TooMany,
    /// The code was right, but several people use this telephone: say who.
    #[error("several people use this contact: say who is signing in")]
    WhichPerson(Vec<Person>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// A log-in that succeeded: the secret goes into the cookie.
#[derive(Debug)]
pub struct SignedIn {
    /// For the cookie.
    pub secret: Secret,
    /// Who.
    pub caller: Caller,
    /// When the cookie ends.
    pub expires: Timestamp,
}

/// A PHC string of no password: checked when the name is unknown, so that both answers take as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

/// Passwords checked at once: each takes 19 MiB and tens of milliseconds, and anybody may ask.
const CHECKS_AT_ONCE_MAX: usize = 2;
/// How long a try waits for a name that is being guessed.
const SLOW: Duration = Duration::from_secs(2);
static CHECKS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(CHECKS_AT_ONCE_MAX);

/// Logs in with name and password. `address` is the peer's, for throttling.
pub async fn by_password(
    ground: &Ground,
    login: &str,
    password: &Secret,
    address: &str,
) -> Result<SignedIn, SignInRefusal> {
    let person = check_password(ground, login, password, address).await?;
    open_session(ground, person, "sign in by password").await
}

/// Whose name and password these are. A wrong try is counted, and whoever tried too often is refused.
pub(super) async fn check_password(
    ground: &Ground,
    login: &str,
    password: &Secret,
    address: &str,
) -> Result<PersonId, SignInRefusal> {
    let network = network::customer(address);
    // By name and network together, so that nobody can keep the owner of a name out from elsewhere; by name alone it only gets slow.
    let name = format!("name:{}", login.to_lowercase());
    let keys = [format!("login:{} {network}", login.to_lowercase()), format!("address:{network}"), name.clone()];
    slow_down(ground, &name).await?;
    // Held until a failure is counted, so that tries side by side can't pass the limit together.
    let _turn = CHECKS.acquire().await.expect("the semaphore is never closed");
    let mut tx = ground.store.read("throttle sign-in").await?;
    refuse_too_many(ground, &mut tx, &keys).await?;
    let known = tx.credential(&login.to_lowercase()).await?;
    drop(tx);
    let (person, hash) = known.map_or((None, NOBODY.to_owned()), |(person, hash)| (Some(person), hash));
    let password = password.clone();
    // argon2 takes tens of milliseconds: not on a thread that serves others.
    let fits = tokio::task::spawn_blocking(move || {
        let Ok(hash) = argon2::PasswordHash::new(&hash) else { return false };
        Argon2::default().verify_password(password.reveal().as_bytes(), &hash).is_ok()
    })
    .await
    .unwrap_or(false);
    let Some(person) = person.filter(|_| fits) else {
        count_failure(ground, &keys).await?;
        return Err(SignInRefusal::Wrong);
    };
    Ok(person)
}

/// The contact with this address and whoever it is verified for. `None` when there is nobody: the page says the same.
pub async fn who_is_reached(
    ground: &Ground,
    tx: &mut Tx,
    kind: ContactKind,
    address: &str,
) -> Result<Option<(ContactId, Person)>, Fault> {
    let Ok(address) = uniform(kind, address, &ground.config.city.country_code) else { return Ok(None) };
    let Some(contact) = tx.find_contact(kind, &address).await? else { return Ok(None) };
    Ok(tx.people_of_contact(contact).await?.into_iter().next().map(|person| (contact, person)))
}

/// Draws a one-time code for a contact: to sign in by ([`by_code`]), or to prove the contact ([`prove_contact`]).
///
/// The caller puts the code into the outbox inside `tx` and commits.
pub async fn code_for(ground: &Ground, tx: &mut Tx, contact: ContactId) -> Result<Secret, Fault> {
    let settings = &ground.config.sign_in;
    let code = ground.ids.digits(settings.code_digits);
    let now = ground.now();
    let expires = now + Duration::from_secs(60 * settings.code_minutes.unsigned_abs());
    tx.put_code(contact, &code.digest(), now, expires).await?;
    Ok(code)
}

/// Proves with a one-time code that `person` is reached by this contact: from now on it is verified.
pub async fn prove_contact(
    ground: &Ground,
    kind: ContactKind,
    address: &str,
    code: &Secret,
    person: PersonId,
    peer: &str,
) -> Result<(), SignInRefusal> {
    let (mut tx, contact) = check_code(ground, kind, address, code, peer).await?;
    if !tx.contacts_of_person(person).await?.iter().any(|known| known.contact_id == contact) {
        return Err(SignInRefusal::Wrong);
    }
    let now = ground.now();
    tx.verify_contact(person, contact, now).await?;
    tx.drop_code(contact).await?;
    let facts = json!({ "contact": contact });
    tx.audit(
        now,
        &Decision {
            actor: crate::audit::Actor::Person(person),
            action: "verify contact",
            subject_kind: "person",
            subject_id: person.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    Ok(tx.commit().await?)
}

/// Logs in with a one-time code. `who` chooses among the people of a shared telephone.
pub async fn by_code(
    ground: &Ground,
    kind: ContactKind,
    address: &str,
    code: &Secret,
    who: Option<PersonId>,
    peer: &str,
) -> Result<SignedIn, SignInRefusal> {
    let (mut tx, contact) = check_code(ground, kind, address, code, peer).await?;
    let mut people = Vec::new();
    for person in tx.people_of_contact(contact).await? {
        // Staff come by their password: whoever else holds a shared telephone must not become the second pair of eyes.
        if !tx.roles(person.id).await?.into_iter().any(Role::is_staff) {
            people.push(person);
        }
    }
    let person = match (people.as_slice(), who) {
        ([only], None) => only.id,
        (several, Some(who)) if several.iter().any(|person| person.id == who) => who,
        ([], _) | (_, Some(_)) => return Err(SignInRefusal::Wrong),
        // The code stays open: the next call says who.
        (_, None) => return Err(SignInRefusal::WhichPerson(people)),
    };
    tx.drop_code(contact).await?;
    tx.commit().await?;
    open_session(ground, person, "sign in by code").await
}

/// Who holds this cookie.
pub async fn caller_of_session(ground: &Ground, secret: &Secret) -> Result<Option<Caller>, Fault> {
    let mut tx = ground.store.read("who is this").await?;
    let bearer = tx.bearer_of_session(&secret.digest(), ground.now()).await?;
    caller(&mut tx, bearer).await
}

/// Who holds this token.
pub async fn caller_of_token(ground: &Ground, secret: &Secret) -> Result<Option<Caller>, Fault> {
    let mut tx = ground.store.read("who is this").await?;
    let bearer = tx.bearer_of_token(&secret.digest(), ground.now()).await?;
    caller(&mut tx, bearer).await
}

/// Ends the caller's own log-in.
pub async fn sign_out(ground: &Ground, caller: &Caller) -> Result<(), Fault> {
    let Some(session) = caller.session() else { return Ok(()) };
    let mut tx = ground.store.write("sign out").await?;
    tx.revoke_session(session, ground.now()).await?;
    tx.commit().await
}

/// The transaction in which a right code was found, and whose contact it is. A wrong code is counted.
async fn check_code(
    ground: &Ground,
    kind: ContactKind,
    address: &str,
    code: &Secret,
    peer: &str,
) -> Result<(Tx, ContactId), SignInRefusal> {
    let keys = [format!("address:{}", network::customer(peer))];
    let address = uniform(kind, address, &ground.config.city.country_code).map_err(|_| SignInRefusal::Wrong)?;
    let code = Secret::new(maps::latin_digits(code.reveal().trim()));
    let mut tx = ground.store.write("check code").await?;
    refuse_too_many(ground, &mut tx, &keys).await?;
    let Some(contact) = tx.find_contact(kind, &address).await? else {
        drop(tx);
        count_failure(ground, &keys).await?;
        return Err(SignInRefusal::Wrong);
    };
    tx.lock(&format!("code {contact}")).await?;
    let open = tx.code(contact, ground.now()).await?;
    let fits = open
        .is_some_and(|(digest, tries)| tries < ground.config.sign_in.code_tries_max && same(&digest, &code.digest()));
    if !fits {
        tx.count_try(contact).await?;
        tx.commit().await?;
        count_failure(ground, &keys).await?;
        return Err(SignInRefusal::Wrong);
    }
    Ok((tx, contact))
}

async fn caller(tx: &mut Tx, bearer: Option<Bearer>) -> Result<Option<Caller>, Fault> {
    let Some(bearer) = bearer else { return Ok(None) };
    let roles: BTreeSet<Role> = tx.roles(bearer.person_id).await?.into_iter().collect();
    Ok(Some(Caller::proven(
        bearer.person_id,
        bearer.name.unwrap_or_default(),
        bearer.language,
        roles,
        bearer.session_id,
    )))
}

async fn open_session(ground: &Ground, person: PersonId, how: &'static str) -> Result<SignedIn, SignInRefusal> {
    let now = ground.now();
    let secret = ground.ids.secret();
    let session = SessionId::draw(&ground.ids, now);
    let expires = now + Duration::from_secs(3600 * ground.config.sign_in.session_hours.unsigned_abs());
    let mut tx = ground.store.write("sign in").await?;
    tx.insert_session(session, &secret.digest(), person, now, expires).await?;
    let facts = json!({ "session": session });
    tx.audit(
        now,
        &Decision {
            actor: crate::audit::Actor::Person(person),
            action: how,
            subject_kind: "session",
            subject_id: session.to_string(),
            facts: &facts,
            exercise: ground.exercise,
        },
    )
    .await?;
    let bearer = tx.bearer_of_session(&secret.digest(), now).await?;
    let caller = caller(&mut tx, bearer).await?.ok_or(SignInRefusal::Wrong)?;
    tx.commit().await?;
    Ok(SignedIn { secret, caller, expires })
}

/// Makes a name that is being guessed from many places slow, for everybody alike.
async fn slow_down(ground: &Ground, name: &str) -> Result<(), Fault> {
    let settings = &ground.config.sign_in;
    let since = ground.now() - Duration::from_secs(60 * settings.window_minutes.unsigned_abs());
    let failures = ground.store.read("slow sign-in").await?.failures_since(name, since).await?;
    if failures >= settings.tries_per_name_max {
        metrics::counter!("hamyar_sign_ins_slowed_total").increment(1);
        ground.clock.sleep(SLOW).await;
    }
    Ok(())
}

/// Counts who asks for a one-time code, and refuses who asked too often.
pub async fn count_ask(ground: &Ground, peer: &str) -> Result<(), SignInRefusal> {
    let keys = [format!("code asked:{}", network::customer(peer))];
    let mut tx = ground.store.read("throttle codes").await?;
    refuse_too_many(ground, &mut tx, &keys).await?;
    drop(tx);
    Ok(count_failure(ground, &keys).await?)
}

async fn refuse_too_many(ground: &Ground, tx: &mut Tx, keys: &[String]) -> Result<(), SignInRefusal> {
    let settings = &ground.config.sign_in;
    let since = ground.now() - Duration::from_secs(60 * settings.window_minutes.unsigned_abs());
    for key in keys.iter().filter(|key| !key.starts_with("name:")) {
        let max = if key.starts_with("login:") { settings.tries_per_name_max } else { settings.tries_per_address_max };
        if tx.failures_since(key, since).await? >= max {
            metrics::counter!("hamyar_sign_ins_throttled_total").increment(1);
            return Err(SignInRefusal::TooMany);
        }
    }
    Ok(())
}

async fn count_failure(ground: &Ground, keys: &[String]) -> Result<(), Fault> {
    let now = ground.now();
    let keep_since = now - Duration::from_secs(60 * ground.config.sign_in.window_minutes.unsigned_abs());
    let mut tx = ground.store.write("count failed sign-in").await?;
    for key in keys {
        tx.put_failure(key, now, keep_since).await?;
    }
    tx.commit().await
}

/// Compares digests; their content is not chosen by the caller, so an early end tells nothing about the secret.
fn same(left: &[u8], right: &[u8]) -> bool {
    left == right
}
