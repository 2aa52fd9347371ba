//! SQL of people, contacts, roles, sessions, tokens and codes.
//! Used by this room; other rooms read persons through the functions that are `pub`.
//! Addresses and names leave through here whole; whoever shows them masks them (`contact::masked`).

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::{contact::ContactKind, people::Person, rights::Role};
use crate::{
    id::{ContactId, ExerciseId, PersonId, Secret, SessionId, TokenId},
    on,
    store::{At, Fault, Tx},
};

/// A contact of a person, in their order of preference.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ContactOf {
    /// Whose.
    pub person_id: PersonId,
    /// Which.
    pub contact_id: ContactId,
    /// Of what kind.
    pub kind: ContactKind,
    /// Where.
    pub address: String,
    /// 1 is tried first.
    pub preference: i32,
    /// Whether this person proved to be reached there.
    pub verified: bool,
}

/// An open token.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct TokenRow {
    pub id: TokenId,
    pub name: String,
    pub created_at: At,
}

/// Whom a session or token belongs to.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Bearer {
    pub person_id: PersonId,
    pub name: Option<String>,
    pub language: String,
    pub session_id: Option<SessionId>,
}

impl Tx {
    pub(super) async fn insert_person(&mut self, person: &Person, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into person (id, name, language, minor, created_at, exercise_id)
                 values ($1, $2, $3, $4, $5, $6)",
            )
            .bind(person.id)
            .bind(person.name.as_deref())
            .bind(person.language.as_str())
            .bind(person.minor)
            .bind(At(at))
            .bind(person.exercise_id)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// One person.
    pub async fn person(&mut self, id: PersonId) -> Result<Option<Person>, Fault> {
        on!(self, |conn| {
            sqlx::query_as("select id, name, language, minor, exercise_id from person where id = $1")
                .bind(id)
                .fetch_optional(conn)
                .await
        })
    }

    /// Grants a role; granting it twice changes nothing.
    pub async fn grant_role(
        &mut self,
        person: PersonId,
        role: Role,
        at: Timestamp,
        by: Option<PersonId>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into person_role (person_id, role, granted_at, granted_by)
                 select $1, $2, $3, $4
                 where not exists (select 1 from person_role where person_id = $1 and role = $2 and revoked_at is null)",
            )
            .bind(person)
            .bind(role)
            .bind(At(at))
            .bind(by)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Takes a role back; the grant stays as a row. False when it was not held.
    pub async fn revoke_role(&mut self, person: PersonId, role: Role, at: Timestamp) -> Result<bool, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update person_role set revoked_at = $3 where person_id = $1 and role = $2 and revoked_at is null",
            )
            .bind(person)
            .bind(role)
            .bind(At(at))
            .execute(conn)
            .await
            .map(|done| done.rows_affected() > 0)
        })
    }

    /// The roles a person holds now.
    pub async fn roles(&mut self, person: PersonId) -> Result<Vec<Role>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select distinct role from person_role where person_id = $1 and revoked_at is null order by role",
            )
            .bind(person)
            .fetch_all(conn)
            .await
        })
    }

    /// Everybody who holds a role now, oldest first.
    pub async fn people_with_role(&mut self, role: Role, limit: i64) -> Result<Vec<Person>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select p.id, p.name, p.language, p.minor, p.exercise_id
                 from person p
                 where p.erased_at is null
                   and exists (select 1 from person_role r where r.person_id = p.id and r.role = $1 and r.revoked_at is null)
                 order by p.id
                 limit $2",
            )
            .bind(role)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// The contact with this address; made with `id` when there is none yet.
    pub async fn contact_of(
        &mut self,
        id: ContactId,
        kind: ContactKind,
        address: &str,
        at: Timestamp,
        exercise: Option<ExerciseId>,
    ) -> Result<ContactId, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into contact (id, kind, address, created_at, exercise_id)
                 values ($1, $2, $3, $4, $5)
                 on conflict (kind, address) do nothing",
            )
            .bind(id)
            .bind(kind)
            .bind(address)
            .bind(At(at))
            .bind(exercise)
            .execute(conn)
            .await
            .map(drop)
        })?;
        self.find_contact(kind, address).await?.ok_or(Fault::RowNotFound)
    }

    /// The contact with this address.
    pub async fn find_contact(&mut self, kind: ContactKind, address: &str) -> Result<Option<ContactId>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar("select id from contact where kind = $1 and address = $2")
                .bind(kind)
                .bind(address)
                .fetch_optional(conn)
                .await
        })
    }

    /// The addresses of contacts, whole; those that were erased are not in it.
    pub async fn contact_addresses(
        &mut self,
        contacts: &[ContactId],
    ) -> Result<HashMap<ContactId, (ContactKind, String)>, Fault> {
        let mut found = HashMap::new();
        for some in contacts.chunks(500) {
            let text = format!(
                "select id, kind, address from contact where id in ({}) and address is not null",
                self.places().list(some.len())
            );
            let rows: Vec<(ContactId, ContactKind, String)> = on!(self, |conn| {
                let mut query = sqlx::query_as(AssertSqlSafe(text));
                for contact in some {
                    query = query.bind(*contact);
                }
                query.fetch_all(conn).await
            })?;
            found.extend(rows.into_iter().map(|(id, kind, address)| (id, (kind, address))));
        }
        Ok(found)
    }

    pub(super) async fn link_contact(
        &mut self,
        person: PersonId,
        contact: ContactId,
        preference: i32,
        verified_at: Option<Timestamp>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into person_contact (person_id, contact_id, preference, verified_at)
                 values ($1, $2, $3, $4)
                 on conflict (person_id, contact_id) do update
                 set preference = excluded.preference,
                     verified_at = coalesce(person_contact.verified_at, excluded.verified_at)",
            )
            .bind(person)
            .bind(contact)
            .bind(preference)
            .bind(verified_at.map(At))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// What calls to this person's own program are signed with.
    pub async fn set_webhook_secret(
        &mut self,
        person: PersonId,
        contact: ContactId,
        secret: &Secret,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update person_contact set webhook_secret = $3 where person_id = $1 and contact_id = $2")
                .bind(person)
                .bind(contact)
                .bind(secret.reveal())
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// This person proved to be reached there.
    pub async fn verify_contact(&mut self, person: PersonId, contact: ContactId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update person_contact set verified_at = coalesce(verified_at, $3) where person_id = $1 and contact_id = $2",
            )
            .bind(person)
            .bind(contact)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// The contacts of a person, the preferred one first.
    pub async fn contacts_of_person(&mut self, person: PersonId) -> Result<Vec<ContactOf>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select pc.person_id, pc.contact_id, c.kind, c.address, pc.preference, pc.verified_at is not null as verified
                 from person_contact pc
                 join contact c on c.id = pc.contact_id
                 where pc.person_id = $1 and c.address is not null
                 order by pc.preference, pc.contact_id",
            )
            .bind(person)
            .fetch_all(conn)
            .await
        })
    }

    /// Everybody who is reached by a contact: a family telephone serves several.
    pub async fn people_of_contact(&mut self, contact: ContactId) -> Result<Vec<Person>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select p.id, p.name, p.language, p.minor, p.exercise_id
                 from person p
                 join person_contact pc on pc.person_id = p.id
                 where pc.contact_id = $1 and pc.verified_at is not null and p.erased_at is null
                 order by p.id",
            )
            .bind(contact)
            .fetch_all(conn)
            .await
        })
    }

    /// Erases what is personal. Decisions keep the ids; a contact that still serves somebody else stays.
    pub async fn erase_person(&mut self, person: PersonId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update person set name = null, erased_at = $2 where id = $1")
                .bind(person)
                .bind(At(at))
                .execute(conn)
                .await
                .map(drop)
        })?;
        on!(self, |conn| {
            sqlx::query(
                "update contact set address = null, erased_at = $2
                 where id in (select contact_id from person_contact where person_id = $1)
                   and not exists (
                       select 1 from person_contact other
                       where other.contact_id = contact.id and other.person_id <> $1
                   )",
            )
            .bind(person)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })?;
        for statement in [
            "delete from person_contact where person_id = $1",
            "delete from credential where person_id = $1",
            "delete from session where person_id = $1",
            "delete from bearer_token where person_id = $1",
        ] {
            on!(self, |conn| sqlx::query(statement).bind(person).execute(conn).await.map(drop))?;
        }
        Ok(())
    }

    /// False when the log-in name belongs to somebody else.
    pub(super) async fn put_credential(
        &mut self,
        person: PersonId,
        login: &str,
        hash: &str,
        at: Timestamp,
    ) -> Result<bool, Fault> {
        if self.credential(login).await?.is_some_and(|(owner, _)| owner != person) {
            return Ok(false);
        }
        on!(self, |conn| {
            sqlx::query(
                "insert into credential (person_id, login, password_hash, changed_at)
                 values ($1, $2, $3, $4)
                 on conflict (person_id) do update
                 set login = excluded.login, password_hash = excluded.password_hash, changed_at = excluded.changed_at",
            )
            .bind(person)
            .bind(login)
            .bind(hash)
            .bind(At(at))
            .execute(conn)
            .await
            .map(drop)
        })?;
        Ok(true)
    }

    pub(super) async fn credential(&mut self, login: &str) -> Result<Option<(PersonId, String)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select c.person_id, c.password_hash
                 from credential c
                 join person p on p.id = c.person_id
                 where c.login = $1 and p.erased_at is null",
            )
            .bind(login)
            .fetch_optional(conn)
            .await
        })
    }

    pub(super) async fn login_of(&mut self, person: PersonId) -> Result<Option<String>, Fault> {
        on!(self, |conn| sqlx::query_scalar("select login from credential where person_id = $1")
            .bind(person)
            .fetch_optional(conn)
            .await)
    }

    pub(super) async fn insert_session(
        &mut self,
        id: SessionId,
        digest: &[u8],
        person: PersonId,
        at: Timestamp,
        expires: Timestamp,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into session (id, digest, person_id, created_at, expires_at) values ($1, $2, $3, $4, $5)",
            )
            .bind(id)
            .bind(digest)
            .bind(person)
            .bind(At(at))
            .bind(At(expires))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    pub(super) async fn bearer_of_session(&mut self, digest: &[u8], now: Timestamp) -> Result<Option<Bearer>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select s.person_id, p.name, p.language, s.id as session_id
                 from session s
                 join person p on p.id = s.person_id
                 where s.digest = $1 and s.revoked_at is null and s.expires_at > $2 and p.erased_at is null",
            )
            .bind(digest)
            .bind(At(now))
            .fetch_optional(conn)
            .await
        })
    }

    pub(super) async fn bearer_of_token(&mut self, digest: &[u8], now: Timestamp) -> Result<Option<Bearer>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select t.person_id, p.name, p.language, s.id as session_id
                 from bearer_token t
                 join person p on p.id = t.person_id
                 left join session s on 1 = 0
                 where t.digest = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > $2)
                   and p.erased_at is null",
            )
            .bind(digest)
            .bind(At(now))
            .fetch_optional(conn)
            .await
        })
    }

    pub(super) async fn insert_token(
        &mut self,
        id: TokenId,
        digest: &[u8],
        person: PersonId,
        name: &str,
        at: Timestamp,
        expires: Option<Timestamp>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into bearer_token (id, digest, person_id, name, created_at, expires_at)
                 values ($1, $2, $3, $4, $5, $6)",
            )
            .bind(id)
            .bind(digest)
            .bind(person)
            .bind(name)
            .bind(At(at))
            .bind(expires.map(At))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// The tokens of a person that open something now, oldest first.
    pub(super) async fn tokens_of(&mut self, person: PersonId, now: Timestamp) -> Result<Vec<TokenRow>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select id, name, created_at
                 from bearer_token
                 where person_id = $1 and revoked_at is null and (expires_at is null or expires_at > $2)
                 order by id",
            )
            .bind(person)
            .bind(At(now))
            .fetch_all(conn)
            .await
        })
    }

    /// False when this person has no such open token.
    pub(super) async fn revoke_token(&mut self, person: PersonId, id: TokenId, at: Timestamp) -> Result<bool, Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update bearer_token set revoked_at = $3 where person_id = $1 and id = $2 and revoked_at is null",
            )
            .bind(person)
            .bind(id)
            .bind(At(at))
            .execute(conn)
            .await
            .map(|done| done.rows_affected() > 0)
        })
    }

    /// Ends every token of a person. Gives their number.
    pub async fn revoke_tokens(&mut self, person: PersonId, at: Timestamp) -> Result<u64, Fault> {
        on!(self, |conn| {
            sqlx::query("update bearer_token set revoked_at = $2 where person_id = $1 and revoked_at is null")
                .bind(person)
                .bind(At(at))
                .execute(conn)
                .await
                .map(|done| done.rows_affected())
        })
    }

    pub(super) async fn revoke_session(&mut self, session: SessionId, at: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update session set revoked_at = $2 where id = $1 and revoked_at is null")
                .bind(session)
                .bind(At(at))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// Ends every log-in of a person. Gives their number.
    pub async fn revoke_sessions(&mut self, person: PersonId, at: Timestamp) -> Result<u64, Fault> {
        on!(self, |conn| {
            sqlx::query("update session set revoked_at = $2 where person_id = $1 and revoked_at is null")
                .bind(person)
                .bind(At(at))
                .execute(conn)
                .await
                .map(|done| done.rows_affected())
        })
    }

    pub(super) async fn failures_since(&mut self, key: &str, since: Timestamp) -> Result<i64, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar("select count(*) from sign_in_failure where key = $1 and failed_at > $2")
                .bind(key)
                .bind(At(since))
                .fetch_one(conn)
                .await
        })
    }

    pub(super) async fn put_failure(&mut self, key: &str, at: Timestamp, keep_since: Timestamp) -> Result<(), Fault> {
        on!(self, |conn| sqlx::query("delete from sign_in_failure where failed_at <= $1")
            .bind(At(keep_since))
            .execute(conn)
            .await
            .map(drop))?;
        on!(self, |conn| {
            sqlx::query("insert into sign_in_failure (key, failed_at) values ($1, $2)")
                .bind(key)
                .bind(At(at))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    pub(super) async fn put_code(
        &mut self,
        contact: ContactId,
        digest: &[u8],
        at: Timestamp,
        expires: Timestamp,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "insert into sign_in_code (contact_id, digest, created_at, expires_at, tries)
                 values ($1, $2, $3, $4, 0)
                 on conflict (contact_id) do update
                 set digest = excluded.digest, created_at = excluded.created_at, expires_at = excluded.expires_at, tries = 0",
            )
            .bind(contact)
            .bind(digest)
            .bind(At(at))
            .bind(At(expires))
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// The open code of a contact: its digest and its wrong tries.
    pub(super) async fn code(&mut self, contact: ContactId, now: Timestamp) -> Result<Option<(Vec<u8>, i32)>, Fault> {
        on!(self, |conn| {
            sqlx::query_as("select digest, tries from sign_in_code where contact_id = $1 and expires_at > $2")
                .bind(contact)
                .bind(At(now))
                .fetch_optional(conn)
                .await
        })
    }

    pub(super) async fn count_try(&mut self, contact: ContactId) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update sign_in_code set tries = tries + 1 where contact_id = $1")
                .bind(contact)
                .execute(conn)
                .await
                .map(drop)
        })
    }

    pub(super) async fn drop_code(&mut self, contact: ContactId) -> Result<(), Fault> {
        on!(self, |conn| sqlx::query("delete from sign_in_code where contact_id = $1")
            .bind(contact)
            .execute(conn)
            .await
            .map(drop))
    }
}
