//! Squads: helpers who act together under one mentor.
//! Called by `http::helpers`.
//! A helper belongs to one squad at most.

use serde_json::json;

use super::{HelperFault, register::audit, store::SquadRow};
use crate::{
    ground::Ground,
    id::{PersonId, SquadId},
    staff::{PersonFault, Registrar},
};

/// Forms a squad.
pub async fn form(
    ground: &Ground,
    by: &Registrar,
    name: &str,
    mentor: Option<PersonId>,
) -> Result<SquadId, HelperFault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.contains(char::is_control) {
        return Err(HelperFault::Person(PersonFault::Name));
    }
    let now = ground.now();
    let squad = SquadRow { id: SquadId::draw(&ground.ids, now), name: name.to_owned(), mentor_id: mentor };
    let mut tx = ground.store.write("form squad").await?;
    tx.insert_squad(&squad, now, ground.exercise).await?;
    audit(ground, &mut tx, by.actor(), "form squad", mentor.unwrap_or(by.person()), &json!({ "squad": squad.id }))
        .await?;
    tx.commit().await?;
    Ok(squad.id)
}

/// Puts a helper into a squad, or takes them out of theirs.
pub async fn assign(
    ground: &Ground,
    by: &Registrar,
    person: PersonId,
    squad: Option<SquadId>,
) -> Result<(), HelperFault> {
    let mut tx = ground.store.write("assign squad").await?;
    tx.helper(person).await?.filter(|helper| helper.left_at.is_none()).ok_or(HelperFault::Unknown)?;
    if let Some(squad) = squad {
        tx.squad(squad).await?.ok_or(HelperFault::UnknownSquad)?;
    }
    tx.set_squad(person, squad).await?;
    audit(ground, &mut tx, by.actor(), "assign squad", person, &json!({ "squad": squad })).await?;
    Ok(tx.commit().await?)
}
