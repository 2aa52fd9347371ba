//! A mentor's invitation: a secret link by which one person registers as a helper.
//! Called by `http::helpers`; the link's page shows what it is for and acts only when its form is sent.
//! A link works once and until its time; who comes by it has that mentor, and contacts count only after their code was entered.

use jiff::Timestamp;
use maps::ZoneCode;
use serde_json::json;
use sqlx::types::Json;

use super::{
    HelperFault, NewHelper, Registered,
    register::{Standing, audit, put_helper},
    store::InvitationRow,
};
use crate::{
    bell::Bell,
    deliver,
    ground::Ground,
    id::{InvitationId, PersonId, Secret, SquadId},
    staff::{
        Mentor,
        contact::{ContactKind, uniform},
    },
    store::Fault,
};

/// Invitations of one mentor that can be open at once.
const OPEN_MAX: usize = 100;
/// The newest invitations that are looked at to count the open ones.
const LOOKED_AT_MAX: i64 = 200;
const ZONES_MAX: usize = 60;

/// An invitation to be made.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Among which zones the helper may choose; of a zone with parts, all its leaves.
    pub zones: Vec<ZoneCode>,
    /// For somebody under 18.
    pub minor: bool,
    /// Into which squad.
    pub squad: Option<SquadId>,
    /// Until when; none: as long as the configuration says, which is also the longest.
    pub expires: Option<Timestamp>,
}

/// An invitation that was made; the secret is shown once.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Which.
    pub id: InvitationId,
    /// For the link.
    pub secret: Secret,
    /// Until when.
    pub expires: Timestamp,
}

/// What the link's page shows.
#[derive(Clone, Debug, PartialEq)]
pub struct InvitationShown {
    /// Who invites.
    pub mentor: String,
    /// Among which zones to choose.
    pub zones: Vec<ZoneCode>,
    /// For somebody under 18.
    pub minor: bool,
    /// Until when.
    pub expires: Timestamp,
}

/// Why an invitation can't be made or used.
#[derive(Debug, thiserror::Error)]
pub enum InviteRefusal {
    /// Unknown, used, taken back or past its time; which, is not said.
    #[error("this invitation can't be used: it is unknown, used or too old; ask your mentor for a new one")]
    Gone,
    /// A home zone that the invitation does not offer.
    #[error("zone “{0}” is not among those of this invitation")]
    ZoneNotOffered(ZoneCode),
    /// Nobody could reach this helper.
    #[error("contacts: at least one telephone or e-mail address is needed")]
    NoContact,
    /// The end is past or too far.
    #[error("expires: want a time within the next {0} days")]
    Expires(i64),
    /// Too many are open.
    #[error("{OPEN_MAX} of your invitations are open: take some back first")]
    TooMany,
    /// The helper can't be registered.
    #[error(transparent)]
    Helper(#[from] HelperFault),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Makes an invitation.
pub async fn invite(ground: &Ground, by: &Mentor, new: &NewInvitation) -> Result<Invited, InviteRefusal> {
    let now = ground.now();
    let days = ground.config.helpers.invitation_days;
    let latest = now + std::time::Duration::from_secs(86_400 * days.unsigned_abs());
    let expires = new.expires.unwrap_or(latest);
    if expires <= now || expires > latest {
        return Err(InviteRefusal::Expires(days));
    }
    let mut zones = Vec::new();
    for zone in &new.zones {
        let under = ground.city.leaves_under(zone);
        if under.is_empty() {
            return Err(HelperFault::Zone(zone.clone()).into());
        }
        zones.extend(under.into_iter().map(|leaf| leaf.code.clone()));
    }
    zones.sort();
    zones.dedup();
    if zones.is_empty() || zones.len() > ZONES_MAX {
        return Err(HelperFault::Zones.into());
    }
    let (id, secret) = (InvitationId::draw(&ground.ids, now), ground.ids.secret());
    let mut tx = ground.store.write("invite helper").await?;
    let latest = tx.invitations_of(by.person(), LOOKED_AT_MAX).await?;
    if latest.iter().filter(|invitation| is_open(invitation, now)).count() >= OPEN_MAX {
        return Err(InviteRefusal::TooMany);
    }
    if let Some(squad) = new.squad {
        tx.squad(squad).await?.ok_or(HelperFault::UnknownSquad)?;
    }
    let row = InvitationRow {
        id,
        mentor_id: by.person(),
        zones: Json(zones),
        minor: new.minor,
        squad_id: new.squad,
        created_at: now.into(),
        expires_at: expires.into(),
        used_at: None,
        revoked_at: None,
    };
    tx.insert_invitation(&row, &secret.digest(), ground.exercise).await?;
    let facts = json!({ "invitation": id, "minor": new.minor, "zones": row.zones.0 });
    audit(ground, &mut tx, by.actor(), "invite helper", by.person(), &facts).await?;
    tx.commit().await?;
    Ok(Invited { id, secret, expires })
}

/// Takes an invitation back.
pub async fn revoke(ground: &Ground, by: &Mentor, id: InvitationId) -> Result<(), InviteRefusal> {
    let mut tx = ground.store.write("take invitation back").await?;
    if !tx.revoke_invitation(id, by.person(), ground.now()).await? {
        return Err(InviteRefusal::Gone);
    }
    audit(ground, &mut tx, by.actor(), "take invitation back", by.person(), &json!({ "invitation": id })).await?;
    Ok(tx.commit().await?)
}

/// What a link is for. Changes nothing.
pub async fn show(ground: &Ground, secret: &Secret) -> Result<InvitationShown, InviteRefusal> {
    let mut tx = ground.store.read("show invitation").await?;
    let found = tx.invitation_by_digest(&secret.digest()).await?;
    let invitation = found.filter(|invitation| is_open(invitation, ground.now())).ok_or(InviteRefusal::Gone)?;
    let mentor = tx.person(invitation.mentor_id).await?.and_then(|mentor| mentor.name).ok_or(InviteRefusal::Gone)?;
    Ok(InvitationShown { mentor, zones: invitation.zones.0, minor: invitation.minor, expires: invitation.expires_at.0 })
}

/// Uses a link: registers the helper and sends a code to each telephone, e-mail address and program, which counts once the code is entered.
///
/// Of `new` its name, language, contacts and zones are taken (no zones: all that the invitation offers); mentor, squad and whether
/// it is a minor come from the invitation. A minor's consent is recorded by staff later, when the guardian's paper is there.
pub async fn accept(ground: &Ground, secret: &Secret, new: &NewHelper) -> Result<Registered, InviteRefusal> {
    if !new.contacts.iter().any(|(kind, _)| matches!(kind, ContactKind::Phone | ContactKind::Email)) {
        return Err(InviteRefusal::NoContact);
    }
    let now = ground.now();
    let mut tx = ground.store.write("accept invitation").await?;
    let found = tx.invitation_by_digest(&secret.digest()).await?;
    let invitation = found.filter(|invitation| is_open(invitation, now)).ok_or(InviteRefusal::Gone)?;
    let offered = &invitation.zones.0;
    if let Some(zone) = new.zones.iter().find(|zone| !offered.contains(zone)) {
        return Err(InviteRefusal::ZoneNotOffered(zone.clone()));
    }
    let new = NewHelper {
        minor: invitation.minor,
        is_mentor: false,
        mentor: Some(invitation.mentor_id),
        guardian_consent_until: None,
        squad: invitation.squad_id,
        zones: if new.zones.is_empty() { offered.clone() } else { new.zones.clone() },
        ..new.clone()
    };
    let registered =
        put_helper(ground, &mut tx, &new, Some(invitation.mentor_id), Standing::invited(invitation.id)).await?;
    if !tx.use_invitation(invitation.id, registered.person, now).await? {
        // Somebody else was quicker; nothing of this is kept.
        return Err(InviteRefusal::Gone);
    }
    let facts = json!({ "invitation": invitation.id, "minor": new.minor, "zones": registered.zones });
    let actor = crate::audit::Actor::Person(registered.person);
    audit(ground, &mut tx, actor, "accept invitation", registered.person, &facts).await?;
    let person = tx.person(registered.person).await?.ok_or(Fault::RowNotFound)?;
    for contact in tx.contacts_of_person(person.id).await?.iter().filter(|contact| takes_code(contact.kind)) {
        deliver::put_code(ground, &mut tx, &person, (contact.contact_id, contact.kind)).await?;
    }
    tx.commit().await?;
    ground.bells.ring(Bell::Outbox);
    ground.bells.ring(Bell::Accounts);
    Ok(registered)
}

/// Sends a new code for a contact of somebody who came by an invitation and has not proved it yet. Says nothing about who is known.
pub async fn send_code_again(ground: &Ground, person: PersonId, kind: ContactKind, address: &str) -> Result<(), Fault> {
    let Ok(address) = uniform(kind, address, &ground.config.city.country_code) else { return Ok(()) };
    let mut tx = ground.store.write("send contact code").await?;
    let Some(person) = tx.person(person).await? else { return Ok(()) };
    let contacts = tx.contacts_of_person(person.id).await?;
    let known = contacts.iter().find(|known| known.kind == kind && known.address == address && !known.verified);
    if let Some(known) = known.filter(|known| takes_code(known.kind))
        && deliver::put_code(ground, &mut tx, &person, (known.contact_id, known.kind)).await?
    {
        tx.commit().await?;
        ground.bells.ring(Bell::Outbox);
    }
    Ok(())
}

/// Kinds of contact that are proved by a code: those whose address somebody gave. A program's owner reads there what it was called with.
fn takes_code(kind: ContactKind) -> bool {
    match kind {
        ContactKind::Phone | ContactKind::Email | ContactKind::Webhook => true,
        // The account is ours, and its secret is shown to nobody else.
        ContactKind::Mqtt => false,
    }
}

fn is_open(invitation: &InvitationRow, now: Timestamp) -> bool {
    invitation.used_at.is_none() && invitation.revoked_at.is_none() && invitation.expires_at.0 > now
}
