//! SQL of helpers: who they are, their home zones, squads, invitations, and whom a set of zones reaches.
//! Used by this room; names and addresses stand with the person (`staff`) and are erased there.
//! A withdrawn zone, a used invitation and a helper who left stay as rows: what we knew then can be asked for.

use std::collections::HashMap;

use jiff::Timestamp;
use maps::ZoneCode;
use sqlx::{AssertSqlSafe, types::Json};

use super::target::Reached;
use crate::{
    id::{ContactId, ExerciseId, InvitationId, PersonId, SquadId},
    on,
    staff::contact::ContactKind,
    store::{At, Fault, Tx},
};

/// A helper with what stands in this room's own tables.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HelperRow {
    /// Who.
    pub person_id: PersonId,
    /// None once erased.
    pub name: Option<String>,
    /// BCP 47.
    pub language: String,
    /// Under 18.
    pub minor: bool,
    /// Who looks after them.
    pub mentor_id: Option<PersonId>,
    /// Until when a guardian has consented.
    pub consent_until: Option<At>,
    /// The squad they act with.
    pub squad_id: Option<SquadId>,
    /// Since when.
    pub joined_at: At,
    /// Until when; none: active.
    pub left_at: Option<At>,
}

/// A home zone of a helper.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HelperZone {
    /// Whose.
    pub person_id: PersonId,
    /// Code of the leaf zone.
    pub zone: String,
}

/// A squad.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SquadRow {
    /// Which.
    pub id: SquadId,
    /// How it is called.
    pub name: String,
    /// Who leads it.
    pub mentor_id: Option<PersonId>,
}

/// An invitation.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct InvitationRow {
    /// Which.
    pub id: InvitationId,
    /// Who invites.
    pub mentor_id: PersonId,
    /// Among which zones the helper may choose.
    pub zones: Json<Vec<ZoneCode>>,
    /// For somebody under 18.
    pub minor: bool,
    /// Into which squad.
    pub squad_id: Option<SquadId>,
    /// When it was made.
    pub created_at: At,
    /// Until when it can be used.
    pub expires_at: At,
    /// When it was used.
    pub used_at: Option<At>,
    /// When it was taken back.
    pub revoked_at: Option<At>,
}

/// A row of an audience.
#[derive(sqlx::FromRow)]
pub(super) struct AudienceRow {
    pub person_id: PersonId,
    pub name: Option<String>,
    pub language: String,
    pub minor: bool,
    pub mentor_id: Option<PersonId>,
    pub zone: String,
}

#[derive(sqlx::FromRow)]
struct ContactRow {
    person_id: PersonId,
    contact_id: ContactId,
    kind: ContactKind,
    address: String,
}

/// A helper to be.
pub(super) struct NewHelperRow {
    pub person: PersonId,
    pub mentor: Option<PersonId>,
    pub consent_until: Option<Timestamp>,
    pub squad: Option<SquadId>,
    pub invitation: Option<InvitationId>,
    pub joined_at: Timestamp,
    pub exercise: Option<ExerciseId>,
}

macro_rules! helper_columns {
    () => {
        "select h.person_id, p.name, p.language, p.minor, h.mentor_id, h.consent_until, h.squad_id, h.joined_at, h.left_at
         from helper h
         join person p on p.id = h.person_id "
    };
}

impl Tx {
    pub(super) async fn insert_helper(&mut self, new: &NewHelperRow) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into helper (person_id, mentor_id, consent_until, squad_id, invitation_id, joined_at, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(new.person)
            .bind(new.mentor)
            .bind(new.consent_until.map(At))
            .bind(new.squad)
            .bind(new.invitation)
            .bind(At(new.joined_at))
            .bind(new.exercise)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// One helper, active or not.
    pub async fn helper(&mut self, person: PersonId) -> Result<Option<HelperRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(concat!(helper_columns!(), "where h.person_id = $1")).bind(person).fetch_optional(conn).await
        })
    }

    /// Active helpers after `after` in the order of ids; only those of one mentor when given.
    pub async fn helpers_after(
        &mut self,
        mentor: Option<PersonId>,
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<HelperRow>, Fault> {
        let (any, mentor) = (mentor.is_none(), mentor.unwrap_or(NOBODY));
        on!(self, |conn| {
            sqlx::query_as(concat!(
                helper_columns!(),
                "where h.left_at is null and p.erased_at is null and h.person_id > $1 and ($2 or h.mentor_id = $3)
                 order by h.person_id limit $4"
            ))
            .bind(after.unwrap_or(NOBODY))
            .bind(any)
            .bind(mentor)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// The home zones of a helper, by code.
    pub async fn zones_of_helper(&mut self, person: PersonId) -> Result<Vec<ZoneCode>, Fault> {
        let zones: Vec<String> = on!(self, |conn| {
            sqlx::query_scalar(
                "select distinct zone from helper_zone where person_id = $1 and withdrawn_at is null order by zone",
            )
            .bind(person)
            .fetch_all(conn)
            .await
        })?;
        zones.into_iter().map(|zone| ZoneCode::new(zone).map_err(|fault| Fault::Decode(Box::new(fault)))).collect()
    }

    pub(super) async fn add_helper_zone(
        &mut self,
        person: PersonId,
        zone: &ZoneCode,
        at: Timestamp,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into helper_zone (person_id, zone, recorded_at)
                 select $1, $2, $3
                 where not exists (
                     select 1 from helper_zone where person_id = $1 and zone = $2 and withdrawn_at is null
                 )
                 on conflict (person_id, zone, recorded_at) do update set withdrawn_at = null",
            )
            .bind(person)
            .bind(zone.as_str())
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn withdraw_helper_zone(
        &mut self,
        person: PersonId,
        zone: &ZoneCode,
        at: Timestamp,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update helper_zone set withdrawn_at = $3 where person_id = $1 and zone = $2 and withdrawn_at is null",
            )
            .bind(person)
            .bind(zone.as_str())
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn set_consent(&mut self, person: PersonId, until: Option<Timestamp>) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update helper set consent_until = $2 where person_id = $1")
                .bind(person)
                .bind(until.map(At))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    pub(super) async fn set_squad(&mut self, person: PersonId, squad: Option<SquadId>) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update helper set squad_id = $2 where person_id = $1")
                .bind(person)
                .bind(squad)
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// False when they had left already.
    pub(super) async fn end_helper(&mut self, person: PersonId, at: Timestamp) -> Result<bool, Fault> {
        on!(self, |conn| {
            sqlx::query("update helper set left_at = $2 where person_id = $1 and left_at is null")
                .bind(person)
                .bind(At(at))
                .execute(conn)
                .await
                .map(|done| done.rows_affected() == 1)
        })
    }

    /// Active minors whom nobody looks after, after `after` in the order of ids.
    pub(super) async fn minors_without_mentor(
        &mut self,
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<HelperRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(concat!(
                helper_columns!(),
                "where h.mentor_id is null and h.left_at is null and p.minor and p.erased_at is null and h.person_id > $1
                 order by h.person_id limit $2"
            ))
            .bind(after.unwrap_or(NOBODY))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    pub(super) async fn set_mentor(&mut self, person: PersonId, mentor: Option<PersonId>) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update helper set mentor_id = $2 where person_id = $1")
                .bind(person)
                .bind(mentor)
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// Takes this mentor from every active helper. Gives these, and whether they are minors.
    pub(super) async fn clear_mentor(&mut self, mentor: PersonId) -> Result<Vec<(PersonId, bool)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "update helper set mentor_id = null
                 where mentor_id = $1 and left_at is null
                 returning person_id, (select p.minor from person p where p.id = helper.person_id) as minor",
            )
            .bind(mentor)
            .fetch_all(conn)
            .await
        })
    }

    /// Active helpers whom this person looks after.
    pub(super) async fn helpers_of(&mut self, mentor: PersonId) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar("select count(*) from helper where mentor_id = $1 and left_at is null")
                .bind(mentor)
                .fetch_one(conn)
                .await
        })
    }

    /// Squads that this person leads go on without a mentor.
    pub(super) async fn leave_squads(&mut self, mentor: PersonId) -> Result<(), Fault> {
        on!(self, |conn| sqlx::query("update squad set mentor_id = null where mentor_id = $1")
            .bind(mentor)
            .execute(conn)
            .await
            .map(drop))
    }

    /// Takes back every invitation of this mentor that could still be used.
    pub(super) async fn revoke_invitations_of(&mut self, mentor: PersonId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update invitation set revoked_at = $2 where mentor_id = $1 and used_at is null and revoked_at is null",
            )
            .bind(mentor)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Active minors whom this person looks after: they must not lose their mentor.
    pub(super) async fn minors_of(&mut self, mentor: PersonId) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select count(*) from helper h
                 join person p on p.id = h.person_id
                 where h.mentor_id = $1 and h.left_at is null and p.minor and p.erased_at is null",
            )
            .bind(mentor)
            .fetch_one(conn)
            .await
        })
    }

    /// Who looks after this helper.
    pub async fn mentor_of(&mut self, person: PersonId) -> Result<Option<PersonId>, Fault> {
        Ok(self.helper(person).await?.and_then(|helper| helper.mentor_id))
    }

    pub(super) async fn insert_squad(
        &mut self,
        squad: &SquadRow,
        at: Timestamp,
        exercise: Option<ExerciseId>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("insert into squad (id, name, mentor_id, created_at, exercise_id) values ($1, $2, $3, $4, $5)")
                .bind(squad.id)
                .bind(squad.name.as_str())
                .bind(squad.mentor_id)
                .bind(At(at))
                .bind(exercise)
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// One squad.
    pub async fn squad(&mut self, id: SquadId) -> Result<Option<SquadRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as("select id, name, mentor_id from squad where id = $1").bind(id).fetch_optional(conn).await
        })
    }

    pub(super) async fn insert_invitation(
        &mut self,
        new: &InvitationRow,
        digest: &[u8],
        exercise: Option<ExerciseId>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into invitation (id, digest, mentor_id, zones, minor, squad_id, created_at, expires_at, exercise_id)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            )
            .bind(new.id)
            .bind(digest)
            .bind(new.mentor_id)
            .bind(&new.zones)
            .bind(new.minor)
            .bind(new.squad_id)
            .bind(new.created_at)
            .bind(new.expires_at)
            .bind(exercise)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn invitation_by_digest(&mut self, digest: &[u8]) -> Result<Option<InvitationRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select id, mentor_id, zones, minor, squad_id, created_at, expires_at, used_at, revoked_at
                 from invitation where digest = $1",
            )
            .bind(digest)
            .fetch_optional(conn)
            .await
        })
    }

    /// The invitations of a mentor, the newest first.
    pub async fn invitations_of(&mut self, mentor: PersonId, limit: i64) -> Result<Vec<InvitationRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select id, mentor_id, zones, minor, squad_id, created_at, expires_at, used_at, revoked_at
                 from invitation where mentor_id = $1 order by id desc limit $2",
            )
            .bind(mentor)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// False when it is used, taken back or past its time: of two who use one link at once, one gets true.
    pub(super) async fn use_invitation(
        &mut self,
        id: InvitationId,
        person: PersonId,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update invitation set used_at = $2, used_by = $3
                 where id = $1 and used_at is null and revoked_at is null and expires_at > $2",
            )
            .bind(id)
            .bind(At(at))
            .bind(person)
            .execute(conn)
            .await
            .map(|done| done.rows_affected() == 1)
        })
    }

    /// False when there is none of this mentor that could still be used.
    pub(super) async fn revoke_invitation(
        &mut self,
        id: InvitationId,
        mentor: PersonId,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update invitation set revoked_at = $3
                 where id = $1 and mentor_id = $2 and used_at is null and revoked_at is null",
            )
            .bind(id)
            .bind(mentor)
            .bind(At(at))
            .execute(conn)
            .await
            .map(|done| done.rows_affected() == 1)
        })
    }

    pub(super) async fn audience_rows(
        &mut self,
        zones: &[ZoneCode],
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<AudienceRow>, Fault> {
        let mut places = self.places();
        let text = format!(
            "select h.person_id, p.name, p.language, p.minor, h.mentor_id, min(hz.zone) as zone
             from helper_zone hz
             join helper h on h.person_id = hz.person_id
             join person p on p.id = h.person_id
             where hz.zone in ({}) and hz.withdrawn_at is null and h.left_at is null and p.erased_at is null and h.person_id > {}
             group by h.person_id, p.name, p.language, p.minor, h.mentor_id
             order by h.person_id
             limit {}",
            places.list(zones.len()),
            places.one(),
            places.one(),
        );
        on!(self, |conn| {
            let mut query = sqlx::query_as(AssertSqlSafe(text));
            for zone in zones {
                query = query.bind(zone.as_str());
            }
            query.bind(after.unwrap_or(NOBODY)).bind(limit).fetch_all(conn).await
        })
    }

    /// The verified contacts of these people, each's preferred one first. People without any are not in it.
    pub async fn verified_contacts(&mut self, people: &[PersonId]) -> Result<HashMap<PersonId, Vec<Reached>>, Fault> {
        let mut contacts: HashMap<PersonId, Vec<Reached>> = HashMap::new();
        if people.is_empty() {
            return Ok(contacts);
        }
        let text = format!(
            "select pc.person_id, pc.contact_id, c.kind, c.address
             from person_contact pc
             join contact c on c.id = pc.contact_id
             where pc.person_id in ({}) and pc.verified_at is not null and c.address is not null
             order by pc.person_id, pc.preference, pc.contact_id",
            self.places().list(people.len())
        );
        let rows: Vec<ContactRow> = on!(self, |conn| {
            let mut query = sqlx::query_as(AssertSqlSafe(text));
            for person in people {
                query = query.bind(*person);
            }
            query.fetch_all(conn).await
        })?;
        for row in rows {
            let reached = Reached { contact: row.contact_id, kind: row.kind, address: row.address };
            contacts.entry(row.person_id).or_default().push(reached);
        }
        Ok(contacts)
    }
}

/// Sorts before every person, and is none.
const NOBODY: PersonId = PersonId(uuid::Uuid::nil());
