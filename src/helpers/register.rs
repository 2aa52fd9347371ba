//! Registers helpers, changes what is known of them, lets them leave, erases them.
//! Called by `http::helpers` for staff and for helpers themselves, by `invite` when a link is used, and by the demo.
//! A minor has a mentor who is one; a mentor with minors can't leave before somebody else looks after them.

use jiff::Timestamp;
use maps::ZoneCode;
use serde_json::json;

use super::{mentor::end_rights, store::NewHelperRow};
use crate::{
    audit::{Actor, Decision},
    bell::Bell,
    broker::accounts::{AccountKind, NewAccount},
    ground::Ground,
    id::{InvitationId, PersonId, Secret, SquadId},
    staff::{Helper, NewPerson, PersonFault, Registrar, Role, contact::ContactKind, put_person},
    store::{Fault, Tx},
};

/// Contacts and home zones of one helper.
const CONTACTS_MAX: usize = 6;
const ZONES_MAX: usize = 12;

/// A helper to be registered.
#[derive(Clone, Debug, Default)]
pub struct NewHelper {
    /// How they are called.
    pub name: String,
    /// BCP 47, one of the city's languages.
    pub language: String,
    /// Under 18: `mentor` is needed.
    pub minor: bool,
    /// Also a mentor: looks after others and may invite. Not for minors.
    pub is_mentor: bool,
    /// Who looks after them.
    pub mentor: Option<PersonId>,
    /// Until when a guardian has consented to tasks and questions; the paper lies with staff.
    pub guardian_consent_until: Option<Timestamp>,
    /// Addresses in order of preference. MQTT asks for an account on our broker: its name is ours to draw, so the address is not looked at.
    pub contacts: Vec<(ContactKind, String)>,
    /// Home zones; of a zone with parts, all its leaves.
    pub zones: Vec<ZoneCode>,
    /// The squad they act with.
    pub squad: Option<SquadId>,
}

/// A helper who was registered.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Who.
    pub person: PersonId,
    /// Their home zones: leaves.
    pub zones: Vec<ZoneCode>,
    /// Name and secret of their MQTT account, when they chose that channel; the secret is shown once.
    pub mqtt: Option<(String, Secret)>,
    /// Address and signing secret of each program of their own; the secret is shown once.
    pub webhooks: Vec<(String, Secret)>,
}

/// Why something about a helper can't be done.
#[derive(Debug, thiserror::Error)]
pub enum HelperFault {
    /// The person can't be registered.
    #[error(transparent)]
    Person(PersonFault),
    /// A zone is not on the map.
    #[error("zone “{0}” is not on the map of this city")]
    Zone(ZoneCode),
    /// No home zone, or too many.
    #[error("zones: want 1 to {ZONES_MAX} home zones (a zone with parts counts as its parts)")]
    Zones,
    /// Too many contacts.
    #[error("contacts: want at most {CONTACTS_MAX}")]
    Contacts,
    /// A minor needs a mentor.
    #[error("a minor needs a mentor: give one")]
    MentorNeeded,
    /// That person is no mentor.
    #[error("mentor: that person is not registered as a mentor")]
    NotAMentor,
    /// A minor can't look after others.
    #[error("a minor can't be a mentor")]
    MinorMentor,
    /// There is no such helper, or they left.
    #[error("there is no such helper")]
    Unknown,
    /// There is no such squad.
    #[error("there is no such squad")]
    UnknownSquad,
    /// They look after minors.
    #[error("this mentor looks after {0} minor(s): give these another mentor first, or end the mentorship")]
    LooksAfterMinors(i64),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl From<PersonFault> for HelperFault {
    fn from(fault: PersonFault) -> Self {
        match fault {
            PersonFault::Store(fault) => Self::Store(fault),
            fault @ (PersonFault::Name
            | PersonFault::Language(..)
            | PersonFault::Contact(..)
            | PersonFault::Login(_)
            | PersonFault::Password) => Self::Person(fault),
        }
    }
}

/// Registers a helper whose contacts staff has checked.
pub async fn register(ground: &Ground, by: &Registrar, new: &NewHelper) -> Result<Registered, HelperFault> {
    let mut tx = ground.store.write("register helper").await?;
    let registered = put_helper(ground, &mut tx, new, Some(by.person()), Standing::CHECKED).await?;
    let facts = json!({
        "minor": new.minor, "mentor": new.mentor, "zones": registered.zones, "contacts": new.contacts.len(),
        "consent_until": new.guardian_consent_until,
    });
    audit(ground, &mut tx, by.actor(), "register helper", registered.person, &facts).await?;
    tx.commit().await?;
    ground.bells.ring(Bell::Accounts);
    Ok(registered)
}

/// How a helper came to us.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Contacts count as verified.
    verified: bool,
    invitation: Option<InvitationId>,
}

impl Standing {
    /// Staff checked the contacts.
    pub const CHECKED: Self = Self { verified: true, invitation: None };

    pub(super) fn invited(invitation: InvitationId) -> Self {
        Self { verified: false, invitation: Some(invitation) }
    }
}

/// Registers a helper inside the caller's transaction and without an audit row of its own.
pub async fn put_helper(
    ground: &Ground,
    tx: &mut Tx,
    new: &NewHelper,
    granted_by: Option<PersonId>,
    standing: Standing,
) -> Result<Registered, HelperFault> {
    let zones = leaves(ground, &new.zones)?;
    if new.contacts.len() > CONTACTS_MAX {
        return Err(HelperFault::Contacts);
    }
    if new.minor && new.is_mentor {
        return Err(HelperFault::MinorMentor);
    }
    match new.mentor {
        Some(mentor) => {
            tx.lock(&format!("mentor {mentor}")).await?;
            if !is_mentor(tx, mentor).await? {
                return Err(HelperFault::NotAMentor);
            }
        }
        None if new.minor => return Err(HelperFault::MentorNeeded),
        None => {}
    }
    if let Some(squad) = new.squad {
        tx.squad(squad).await?.ok_or(HelperFault::UnknownSquad)?;
    }
    let now = ground.now();
    let account = account_name(ground);
    let contacts = new
        .contacts
        .iter()
        .map(|(kind, address)| match kind {
            ContactKind::Mqtt => (*kind, account.clone()),
            ContactKind::Phone | ContactKind::Email | ContactKind::Webhook => (*kind, address.clone()),
        })
        .collect();
    let mut roles = vec![Role::Helper];
    roles.extend(new.is_mentor.then_some(Role::Mentor));
    let person = NewPerson {
        name: new.name.clone(),
        language: new.language.clone(),
        minor: new.minor,
        roles,
        contacts,
        verified: standing.verified,
    };
    let person = put_person(ground, tx, &person, granted_by).await?;
    tx.insert_helper(&NewHelperRow {
        person,
        mentor: new.mentor,
        consent_until: new.guardian_consent_until,
        squad: new.squad,
        invitation: standing.invitation,
        joined_at: now,
        exercise: ground.exercise,
    })
    .await?;
    for zone in &zones {
        tx.add_helper_zone(person, zone, now).await?;
    }
    let wants_mqtt = new.contacts.iter().any(|(kind, _)| *kind == ContactKind::Mqtt);
    let mqtt = if wants_mqtt { Some(open_account(ground, tx, person, account).await?) } else { None };
    let mut webhooks = Vec::new();
    for contact in
        tx.contacts_of_person(person).await?.into_iter().filter(|contact| contact.kind == ContactKind::Webhook)
    {
        let secret = ground.ids.signing_key();
        tx.set_webhook_secret(person, contact.contact_id, &secret).await?;
        webhooks.push((contact.address, secret));
    }
    Ok(Registered { person, zones, mqtt, webhooks })
}

/// An account on our broker, on which a helper's application hears its notices and answers them. It is ours, so it counts as verified.
async fn open_account(ground: &Ground, tx: &mut Tx, person: PersonId, name: String) -> Result<(String, Secret), Fault> {
    let now = ground.now();
    let secret = ground.ids.secret();
    let prefix = &ground.config.mqtt.prefix;
    let account = NewAccount {
        name: name.clone(),
        secret_digest: secret.digest(),
        kind: AccountKind::Helper,
        subject: Some(person.0),
        publish: vec![format!("{prefix}/helpers/{name}/answers")],
        subscribe: vec![format!("{prefix}/helpers/{name}/notices"), format!("{prefix}/zones/+/alerts")],
    };
    tx.put_mqtt_account(&account, now, ground.exercise).await?;
    if let Some(contact) = tx.find_contact(ContactKind::Mqtt, &name).await? {
        tx.verify_contact(person, contact, now).await?;
    }
    Ok((name, secret))
}

/// Ends the accounts of somebody who leaves.
async fn close_accounts(tx: &mut Tx, person: PersonId, now: Timestamp) -> Result<(), Fault> {
    for contact in tx.contacts_of_person(person).await? {
        if contact.kind == ContactKind::Mqtt {
            tx.revoke_mqtt_account(&contact.address, now).await?;
        }
    }
    Ok(())
}

/// Changes a helper's home zones.
pub async fn set_zones(
    ground: &Ground,
    by: &Registrar,
    person: PersonId,
    zones: &[ZoneCode],
) -> Result<Vec<ZoneCode>, HelperFault> {
    change_zones(ground, by.actor(), person, zones).await
}

/// A helper changes their own home zones.
pub async fn set_own_zones(ground: &Ground, by: &Helper, zones: &[ZoneCode]) -> Result<Vec<ZoneCode>, HelperFault> {
    change_zones(ground, by.actor(), by.person(), zones).await
}

/// Records until when a guardian has consented to tasks and questions; `None` takes it back.
pub async fn consent(
    ground: &Ground,
    by: &Registrar,
    person: PersonId,
    until: Option<Timestamp>,
) -> Result<(), HelperFault> {
    let mut tx = ground.store.write("record consent").await?;
    active(&mut tx, person).await?;
    tx.set_consent(person, until).await?;
    audit(ground, &mut tx, by.actor(), "record consent", person, &json!({ "until": until })).await?;
    Ok(tx.commit().await?)
}

/// A helper leaves: nothing is sent any more. What is personal stays until it is erased.
pub async fn leave(ground: &Ground, by: &Helper) -> Result<(), HelperFault> {
    let mut tx = ground.store.write("leave").await?;
    end(ground, &mut tx, by.person()).await?;
    audit(ground, &mut tx, by.actor(), "leave", by.person(), &json!({})).await?;
    tx.commit().await?;
    ground.bells.ring(Bell::Accounts);
    Ok(())
}

/// Staff ends a helper's registration.
pub async fn remove(ground: &Ground, by: &Registrar, person: PersonId) -> Result<(), HelperFault> {
    let mut tx = ground.store.write("remove helper").await?;
    end(ground, &mut tx, person).await?;
    audit(ground, &mut tx, by.actor(), "remove helper", person, &json!({})).await?;
    tx.commit().await?;
    ground.bells.ring(Bell::Accounts);
    Ok(())
}

/// Erases what is personal of a helper: name, contacts, log-ins. Decisions keep the id.
pub async fn erase(ground: &Ground, by: &Registrar, person: PersonId) -> Result<(), HelperFault> {
    let mut tx = ground.store.write("erase helper").await?;
    let helper = tx.helper(person).await?.ok_or(HelperFault::Unknown)?;
    if helper.left_at.is_none() {
        end(ground, &mut tx, person).await?;
    }
    // Their mentor's messages name them.
    if let Some(name) = tx.person(person).await?.and_then(|known| known.name) {
        tx.erase_from_messages(person, &name).await?;
    }
    tx.erase_person(person, ground.now()).await?;
    audit(ground, &mut tx, by.actor(), "erase helper", person, &json!({})).await?;
    tx.commit().await?;
    ground.bells.ring(Bell::Accounts);
    Ok(())
}

/// The leaves under each zone, sorted, each once.
fn leaves(ground: &Ground, zones: &[ZoneCode]) -> Result<Vec<ZoneCode>, HelperFault> {
    let mut leaves = Vec::new();
    for zone in zones {
        let under = ground.city.leaves_under(zone);
        if under.is_empty() {
            return Err(HelperFault::Zone(zone.clone()));
        }
        leaves.extend(under.into_iter().map(|leaf| leaf.code.clone()));
    }
    leaves.sort();
    leaves.dedup();
    if leaves.is_empty() || leaves.len() > ZONES_MAX { Err(HelperFault::Zones) } else { Ok(leaves) }
}

pub(super) async fn is_mentor(tx: &mut Tx, person: PersonId) -> Result<bool, Fault> {
    let adult = tx.person(person).await?.is_some_and(|person| person.name.is_some() && !person.minor);
    // A mentor who is a helper too may have left.
    let left = tx.helper(person).await?.is_some_and(|helper| helper.left_at.is_some());
    Ok(adult && !left && tx.roles(person).await?.contains(&Role::Mentor))
}

pub(super) async fn active(tx: &mut Tx, person: PersonId) -> Result<(), HelperFault> {
    let helper = tx.helper(person).await?.filter(|helper| helper.left_at.is_none());
    helper.map(drop).ok_or(HelperFault::Unknown)
}

async fn end(ground: &Ground, tx: &mut Tx, person: PersonId) -> Result<(), HelperFault> {
    tx.lock(&format!("mentor {person}")).await?;
    let minors = tx.minors_of(person).await?;
    if minors > 0 {
        return Err(HelperFault::LooksAfterMinors(minors));
    }
    let now = ground.now();
    if !tx.end_helper(person, now).await? {
        return Err(HelperFault::Unknown);
    }
    for zone in tx.zones_of_helper(person).await? {
        tx.withdraw_helper_zone(person, &zone, now).await?;
    }
    close_accounts(tx, person, now).await?;
    // Whoever leaves may sign in again by a code; what they may then do is what they hold beside, as staff.
    end_rights(ground, tx, person).await?;
    tx.revoke_role(person, Role::Helper, now).await?;
    tx.clear_mentor(person).await?;
    tx.revoke_sessions(person, now).await?;
    Ok(())
}

async fn change_zones(
    ground: &Ground,
    actor: Actor,
    person: PersonId,
    zones: &[ZoneCode],
) -> Result<Vec<ZoneCode>, HelperFault> {
    let wanted = leaves(ground, zones)?;
    let now = ground.now();
    let mut tx = ground.store.write("change home zones").await?;
    tx.lock(&format!("helper {person}")).await?;
    active(&mut tx, person).await?;
    let had = tx.zones_of_helper(person).await?;
    for zone in had.iter().filter(|zone| !wanted.contains(zone)) {
        tx.withdraw_helper_zone(person, zone, now).await?;
    }
    for zone in wanted.iter().filter(|zone| !had.contains(zone)) {
        tx.add_helper_zone(person, zone, now).await?;
    }
    audit(ground, &mut tx, actor, "change home zones", person, &json!({ "from": had, "to": wanted })).await?;
    tx.commit().await?;
    Ok(wanted)
}

/// A name for an account on our broker; it says nothing about the person.
fn account_name(ground: &Ground) -> String {
    // The last twelve digits of a UUIDv7 are drawn at random.
    let drawn = ground.ids.uuid(ground.now()).simple().to_string();
    format!("helper-{}", &drawn[20..])
}

pub(super) async fn audit(
    ground: &Ground,
    tx: &mut Tx,
    actor: Actor,
    action: &'static str,
    person: PersonId,
    facts: &serde_json::Value,
) -> Result<(), Fault> {
    let subject_id = person.to_string();
    let decision = Decision { actor, action, subject_kind: "person", subject_id, facts, exercise: ground.exercise };
    tx.audit(ground.now(), &decision).await
}
