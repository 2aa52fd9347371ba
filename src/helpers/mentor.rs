//! Who looks after whom: a helper gets another mentor or loses theirs, somebody becomes a mentor, a mentorship ends.
//! Called by `http::mentors`.
//! Rights shrink in the transaction that decides it, and rights are read with every request, so they shrink in open sessions too. A
//! minor who is left without a mentor is warned all the same, is asked nothing, and stands in the list that staff see.

use serde_json::json;

use super::{
    HelperFault, HelperRow,
    register::{active, audit, is_mentor},
};
use crate::{
    ground::Ground,
    id::PersonId,
    staff::{Registrar, Role, StaffMember},
    store::{Fault, Tx},
};

/// Gives a helper another mentor, or takes theirs away.
///
/// Whoever looked after them and looks after nobody any more stops being a mentor. Gives whether that was so.
pub async fn assign_mentor(
    ground: &Ground,
    by: &Registrar,
    person: PersonId,
    mentor: Option<PersonId>,
) -> Result<bool, HelperFault> {
    let mut tx = ground.store.write("assign mentor").await?;
    tx.lock(&format!("helper {person}")).await?;
    active(&mut tx, person).await?;
    let had = tx.mentor_of(person).await?;
    // In one order, so that two who change places never wait for each other in a circle.
    let mut locked: Vec<PersonId> = had.into_iter().chain(mentor).collect();
    locked.sort();
    for mentor in locked {
        tx.lock(&format!("mentor {mentor}")).await?;
    }
    if let Some(mentor) = mentor
        && (mentor == person || !is_mentor(&mut tx, mentor).await?)
    {
        return Err(HelperFault::NotAMentor);
    }
    tx.set_mentor(person, mentor).await?;
    let mut ended = false;
    if let Some(had) = had.filter(|had| Some(*had) != mentor)
        && tx.helpers_of(had).await? == 0
    {
        ended = end_rights(ground, &mut tx, had).await?;
    }
    let facts = json!({ "from": had, "to": mentor, "mentorship_ended": ended });
    audit(ground, &mut tx, by.actor(), "assign mentor", person, &facts).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Makes an adult whom we know a mentor: may invite, and may be given helpers.
pub async fn appoint(ground: &Ground, by: &Registrar, person: PersonId) -> Result<(), HelperFault> {
    let now = ground.now();
    let mut tx = ground.store.write("appoint mentor").await?;
    tx.lock(&format!("mentor {person}")).await?;
    let known = tx.person(person).await?.filter(|known| known.name.is_some()).ok_or(HelperFault::Unknown)?;
    if known.minor {
        return Err(HelperFault::MinorMentor);
    }
    if tx.helper(person).await?.is_some_and(|helper| helper.left_at.is_some()) {
        return Err(HelperFault::Unknown);
    }
    tx.grant_role(person, Role::Mentor, now, Some(by.person())).await?;
    audit(ground, &mut tx, by.actor(), "appoint mentor", person, &json!({})).await?;
    Ok(tx.commit().await?)
}

/// Ends a mentorship at once, whoever it was for: nobody waits until somebody else is found.
///
/// Gives the minors who are now without a mentor.
pub async fn end_mentorship(ground: &Ground, by: &Registrar, mentor: PersonId) -> Result<Vec<PersonId>, HelperFault> {
    let mut tx = ground.store.write("end mentorship").await?;
    tx.lock(&format!("mentor {mentor}")).await?;
    if !tx.roles(mentor).await?.contains(&Role::Mentor) {
        return Err(HelperFault::NotAMentor);
    }
    end_rights(ground, &mut tx, mentor).await?;
    let left = tx.clear_mentor(mentor).await?;
    let minors: Vec<PersonId> = left.iter().filter(|(_, minor)| *minor).map(|(person, _)| *person).collect();
    let facts = json!({ "minors": minors, "helpers": left.len() });
    audit(ground, &mut tx, by.actor(), "end mentorship", mentor, &facts).await?;
    tx.commit().await?;
    Ok(minors)
}

/// Active minors whom nobody looks after, after `after` in the order of ids.
pub async fn minors_without_mentor(
    ground: &Ground,
    _by: &StaffMember,
    after: Option<PersonId>,
    limit: i64,
) -> Result<Vec<HelperRow>, Fault> {
    ground.store.read("minors without mentor").await?.minors_without_mentor(after, limit).await
}

/// Ends what somebody may do as a mentor: the role, open invitations, the lead of squads. False when they were none.
pub(super) async fn end_rights(ground: &Ground, tx: &mut Tx, mentor: PersonId) -> Result<bool, Fault> {
    let now = ground.now();
    tx.revoke_invitations_of(mentor, now).await?;
    tx.leave_squads(mentor).await?;
    tx.revoke_role(mentor, Role::Mentor, now).await
}
