//! SQL of the audience: whose turn it is in an expansion, who has been told and where, who is to be tried elsewhere.
//! Used by `expand`.
//! A person is a recipient of a broadcast once; a second reason is added to the first.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    iter,
};

use alerts::Content;
use jiff::Timestamp;
use maps::ZoneCode;
use sqlx::{AssertSqlSafe, types::Json};

use crate::{
    deliver::Reason,
    id::{AlertId, BroadcastId, ContactId, ExerciseId, NoticeId, PersonId},
    on,
    staff::contact::ContactKind,
    store::{At, Engine, Fault, Tx, rows_max},
};

/// People or contacts that one statement asks for.
const LIST_MAX: usize = 500;

/// The first and the last number that names a question among those of one telephone: two digits, which are not taken for an answer.
const REFERENCES: (i32, i32) = (10, 99);

/// The questions of one telephone.
#[derive(Clone, Debug, Default)]
pub(in crate::deliver) struct Questions {
    /// How many can still be answered, each message once.
    pub open: usize,
    /// The numbers of those, and of what went out with them.
    taken: BTreeSet<i32>,
    /// The number that was given last.
    last: Option<i32>,
}

impl Questions {
    /// The number of the next question. They come round; one that is still open is passed over while another is free.
    pub(in crate::deliver) fn next_reference(&mut self) -> i32 {
        let (first, last) = REFERENCES;
        let after = |number: i32| if number >= last { first } else { number + 1 };
        let next = self.last.map_or(first, after);
        let free = iter::successors(Some(next), |number| Some(after(*number)).filter(|number| *number != next))
            .find(|number| !self.taken.contains(number));
        let reference = free.unwrap_or(next);
        self.taken.insert(reference);
        self.last = Some(reference);
        reference
    }
}

/// A broadcast whose expansion is not done.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct ToExpand {
    pub id: BroadcastId,
    pub alert_id: AlertId,
    pub kind: String,
    pub identifier: String,
    pub content: Json<Content>,
    pub zones: Json<Vec<ZoneCode>>,
    pub told_by: Json<Vec<AlertId>>,
    pub urgent: bool,
    pub published_at: At,
    pub expires_at: At,
    pub step: String,
    pub step_after: Option<PersonId>,
    pub people: i32,
    pub exercise_id: Option<ExerciseId>,
}

/// Somebody whom an earlier alert told.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct Reached {
    pub person_id: PersonId,
    pub alert_id: AlertId,
    pub name: Option<String>,
    pub language: String,
    pub minor: bool,
}

/// Somebody whose next contact is to be tried.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(in crate::deliver) struct Due {
    pub broadcast_id: BroadcastId,
    pub person_id: PersonId,
    pub name: Option<String>,
    pub language: String,
    pub minor: bool,
    pub reasons: Json<Vec<Reason>>,
}

const TO_EXPAND: &str =
    "select id, alert_id, kind, identifier, content, zones, told_by, urgent, published_at, expires_at, step,
     step_after, people, exercise_id
 from broadcast ";

impl Tx {
    /// The most urgent unfinished broadcast; the caller's transaction holds it alone.
    pub(in crate::deliver) async fn broadcast_to_expand(&mut self) -> Result<Option<ToExpand>, Fault> {
        let which = "where step in ('fan_out', 'told', 'zones') order by urgent desc, published_at, id limit 1";
        match &mut self.engine {
            Engine::Sqlite(conn) => {
                sqlx::query_as(sqlx::AssertSqlSafe(format!("{TO_EXPAND}{which}"))).fetch_optional(&mut **conn).await
            }
            // postgres: another worker takes the next broadcast meanwhile.
            Engine::Postgres(conn) => {
                sqlx::query_as(sqlx::AssertSqlSafe(format!("{TO_EXPAND}{which} for update skip locked")))
                    .fetch_optional(&mut **conn)
                    .await
            }
        }
    }

    /// One broadcast.
    pub(in crate::deliver) async fn broadcast(&mut self, id: BroadcastId) -> Result<Option<ToExpand>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(sqlx::AssertSqlSafe(format!("{TO_EXPAND}where id = $1"))).bind(id).fetch_optional(conn).await
        })
    }

    pub(in crate::deliver) async fn set_step(
        &mut self,
        broadcast: BroadcastId,
        step: &str,
        after: Option<PersonId>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query(
                "update broadcast
                 set step = $2, step_after = $3,
                     people = (select count(*) from recipient r where r.broadcast_id = broadcast.id)
                 where id = $1",
            )
            .bind(broadcast)
            .bind(step)
            .bind(after)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// Who of these people are recipients already.
    pub(in crate::deliver) async fn recipients_among(
        &mut self,
        broadcast: BroadcastId,
        people: &[PersonId],
    ) -> Result<HashSet<PersonId>, Fault> {
        let mut found = HashSet::new();
        for some in people.chunks(LIST_MAX) {
            let mut places = self.places();
            let text = format!(
                "select person_id from recipient where broadcast_id = {} and person_id in ({})",
                places.one(),
                places.list(some.len()),
            );
            let ids: Vec<PersonId> = on!(self, |conn| {
                let mut query = sqlx::query_scalar(AssertSqlSafe(text)).bind(broadcast);
                for person in some {
                    query = query.bind(*person);
                }
                query.fetch_all(conn).await
            })?;
            found.extend(ids);
        }
        Ok(found)
    }

    /// Makes people recipients, each with the reasons and the time when the next contact is due. Gives those who were none before;
    /// to the others the reasons are added.
    pub(in crate::deliver) async fn tell(
        &mut self,
        broadcast: BroadcastId,
        told: &[(PersonId, Vec<Reason>, Option<Timestamp>)],
        at: Timestamp,
    ) -> Result<HashSet<PersonId>, Fault> {
        let mut new = HashSet::with_capacity(told.len());
        for some in told.chunks(rows_max(5)) {
            let text = format!(
                "insert into recipient (broadcast_id, person_id, reasons, told_at, escalate_at)
                 values {}
                 on conflict (broadcast_id, person_id) do nothing
                 returning person_id",
                self.places().rows(some.len(), 5)
            );
            let ids: Vec<PersonId> = on!(self, |conn| {
                let mut query = sqlx::query_scalar(AssertSqlSafe(text));
                for (person, reasons, escalate_at) in some {
                    query =
                        query.bind(broadcast).bind(*person).bind(Json(reasons)).bind(At(at)).bind(escalate_at.map(At));
                }
                query.fetch_all(conn).await
            })?;
            new.extend(ids);
        }
        for (person, reasons, _) in told {
            if !new.contains(person) {
                self.add_reasons(broadcast, *person, reasons).await?;
            }
        }
        Ok(new)
    }

    async fn add_reasons(&mut self, broadcast: BroadcastId, person: PersonId, reasons: &[Reason]) -> Result<(), Fault> {
        let Json(mut known): Json<Vec<Reason>> = on!(self, |conn| {
            sqlx::query_scalar("select reasons from recipient where broadcast_id = $1 and person_id = $2")
                .bind(broadcast)
                .bind(person)
                .fetch_one(conn)
                .await
        })?;
        let before = known.len();
        for reason in reasons {
            // A mentor of a whole school is told why with the first fifty.
            if !known.contains(reason) && known.len() < 50 {
                known.push(reason.clone());
            }
        }
        if known.len() == before {
            return Ok(());
        }
        on!(self, |conn| {
            sqlx::query("update recipient set reasons = $3 where broadcast_id = $1 and person_id = $2")
                .bind(broadcast)
                .bind(person)
                .bind(Json(&known))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// Whoever an alert told for certain or perhaps: at least one attempt was made, or it went out with another's.
    pub(in crate::deliver) async fn reached_after(
        &mut self,
        alert: AlertId,
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<Reached>, Fault> {
        let after = after.unwrap_or(PersonId(uuid::Uuid::nil()));
        on!(self, |conn| {
            sqlx::query_as(
                "select r.person_id, b.alert_id, p.name, p.language, p.minor
                 from broadcast b
                 join recipient r on r.broadcast_id = b.id
                 join person p on p.id = r.person_id
                 where b.alert_id = $1 and r.person_id > $2 and p.erased_at is null
                   and exists (
                       select 1 from notice n
                       where n.broadcast_id = b.id and n.person_id = r.person_id and n.attempts > 0
                   )
                 order by r.person_id
                 limit $3",
            )
            .bind(alert)
            .bind(after)
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    /// The contacts by which an alert reached these people, for each the surest first: answered, delivered, sent, tried.
    pub(in crate::deliver) async fn contacts_that_reached(
        &mut self,
        alert: AlertId,
        people: &[PersonId],
    ) -> Result<HashMap<PersonId, Vec<(ContactId, ContactKind)>>, Fault> {
        let mut reached: HashMap<PersonId, Vec<(ContactId, ContactKind)>> = HashMap::new();
        for some in people.chunks(LIST_MAX) {
            let mut places = self.places();
            let text = format!(
                "select n.person_id, c.id, c.kind
                 from notice n
                 join contact c on c.id = n.contact_id
                 where n.alert_id = {} and n.person_id in ({}) and n.attempts > 0 and c.address is not null
                   and exists (select 1 from person_contact pc where pc.person_id = n.person_id and pc.contact_id = c.id)
                 order by n.person_id,
                     case when n.answer is not null then 0 when n.state = 'delivered' then 1 when n.state = 'sent' then 2 else 3 end,
                     n.made_at desc",
                places.one(),
                places.list(some.len()),
            );
            let rows: Vec<(PersonId, ContactId, ContactKind)> = on!(self, |conn| {
                let mut query = sqlx::query_as(AssertSqlSafe(text)).bind(alert);
                for person in some {
                    query = query.bind(*person);
                }
                query.fetch_all(conn).await
            })?;
            for (person, contact, kind) in rows {
                reached.entry(person).or_default().push((contact, kind));
            }
        }
        Ok(reached)
    }

    /// The notices of this broadcast that go to these contacts already: a family's telephone rings once.
    pub(in crate::deliver) async fn head_notices(
        &mut self,
        broadcast: BroadcastId,
        contacts: &[ContactId],
    ) -> Result<HashMap<ContactId, NoticeId>, Fault> {
        let mut heads = HashMap::new();
        for some in contacts.chunks(LIST_MAX) {
            let mut places = self.places();
            let text = format!(
                "select contact_id, id from notice
                 where broadcast_id = {} and contact_id in ({}) and channel = 'sms' and merged_into is null
                   and state in ('waiting', 'sent', 'delivered')
                 order by made_at, id",
                places.one(),
                places.list(some.len()),
            );
            let rows: Vec<(ContactId, NoticeId)> = on!(self, |conn| {
                let mut query = sqlx::query_as(AssertSqlSafe(text)).bind(broadcast);
                for contact in some {
                    query = query.bind(*contact);
                }
                query.fetch_all(conn).await
            })?;
            for (contact, notice) in rows {
                heads.entry(contact).or_insert(notice);
            }
        }
        Ok(heads)
    }

    /// Lets a notice go out with another one to the same telephone.
    pub(in crate::deliver) async fn merge_notice(&mut self, id: NoticeId, head: NoticeId) -> Result<(), Fault> {
        if let Engine::Postgres(conn) = &mut self.engine {
            // postgres: the head may just be settled; what is copied is what it is then, and it waits for us to settle it later.
            sqlx::query("select id from notice where id = $1 for no key update")
                .bind(head)
                .execute(&mut **conn)
                .await?;
        }
        on!(self, |conn| {
            sqlx::query(
                "update notice
                 set merged_into = $2, due_at = null,
                     state = (select h.state from notice h where h.id = $2),
                     attempts = (select h.attempts from notice h where h.id = $2),
                     sent_at = (select h.sent_at from notice h where h.id = $2),
                     reference = (select h.reference from notice h where h.id = $2)
                 where id = $1",
            )
            .bind(id)
            .bind(head)
            .execute(conn)
            .await
            .map(drop)
        })
    }

    /// How many questions stand open at these contacts, and how many each was ever asked. Those that were asked none are not in it.
    pub(in crate::deliver) async fn questions_at(
        &mut self,
        contacts: &[ContactId],
        now: Timestamp,
    ) -> Result<HashMap<ContactId, Questions>, Fault> {
        let mut questions: HashMap<ContactId, Questions> = HashMap::new();
        for some in contacts.chunks(LIST_MAX) {
            // Word for word the condition of the index `notice_open`, so that it is used.
            let mut places = self.places();
            let text = format!(
                "select contact_id, reference, merged_into
                 from notice
                 where contact_id in ({}) and question is not null and answer is null and state <> 'withdrawn'
                   and (expires_at is null or expires_at > {})
                   and not exists (select 1 from broadcast b where b.id = notice.broadcast_id and b.ended_at is not null)",
                places.list(some.len()),
                places.one(),
            );
            let open: Vec<(ContactId, Option<i32>, Option<NoticeId>)> = on!(self, |conn| {
                let mut query = sqlx::query_as(AssertSqlSafe(text));
                for contact in some {
                    query = query.bind(*contact);
                }
                query.bind(At(now)).fetch_all(conn).await
            })?;
            for (contact, reference, merged_into) in open {
                let at = questions.entry(contact).or_default();
                at.open += usize::from(merged_into.is_none());
                at.taken.extend(reference);
            }
            let text = format!(
                "with asked (contact_id) as (values {})
                 select contact_id,
                     (select reference from notice n
                      where n.contact_id = asked.contact_id and n.reference is not null
                      order by n.made_at desc limit 1)
                 from asked",
                self.places().rows(some.len(), 1)
            );
            let last: Vec<(ContactId, Option<i32>)> = on!(self, |conn| {
                let mut query = sqlx::query_as(AssertSqlSafe(text));
                for contact in some {
                    query = query.bind(*contact);
                }
                query.fetch_all(conn).await
            })?;
            for (contact, reference) in last {
                questions.entry(contact).or_default().last = reference;
            }
        }
        Ok(questions)
    }

    /// Recipients who did not answer in time. What is over is told to nobody any more.
    pub(in crate::deliver) async fn recipients_to_escalate(
        &mut self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Due>, Fault> {
        on!(self, |conn| {
            sqlx::query_as(
                "select r.broadcast_id, r.person_id, p.name, p.language, p.minor, r.reasons
                 from recipient r
                 join person p on p.id = r.person_id
                 join broadcast b on b.id = r.broadcast_id
                 where r.escalate_at <= $1 and b.ended_at is null
                 order by r.escalate_at
                 limit $2",
            )
            .bind(At(now))
            .bind(limit)
            .fetch_all(conn)
            .await
        })
    }

    pub(in crate::deliver) async fn set_escalation(
        &mut self,
        broadcast: BroadcastId,
        person: PersonId,
        at: Option<Timestamp>,
    ) -> Result<(), Fault> {
        on!(self, |conn| {
            sqlx::query("update recipient set escalate_at = $3 where broadcast_id = $1 and person_id = $2 and (answer is null or $3 is null)")
                .bind(broadcast)
                .bind(person)
                .bind(at.map(At))
                .execute(conn)
                .await
                .map(drop)
        })
    }

    /// Contacts of a person that this broadcast has tried.
    pub(in crate::deliver) async fn contacts_tried(
        &mut self,
        broadcast: BroadcastId,
        person: PersonId,
    ) -> Result<Vec<ContactId>, Fault> {
        on!(self, |conn| {
            sqlx::query_scalar(
                "select contact_id from notice where broadcast_id = $1 and person_id = $2 and contact_id is not null",
            )
            .bind(broadcast)
            .bind(person)
            .fetch_all(conn)
            .await
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_questions_come_round_and_pass_over_those_that_are_open() {
        let mut fresh = Questions::default();
        assert_eq!([fresh.next_reference(), fresh.next_reference()], [10, 11]);

        let mut round = Questions { open: 2, taken: BTreeSet::from([10, 12]), last: Some(98) };
        let given: Vec<i32> = (0..4).map(|_| round.next_reference()).collect();
        assert_eq!(given, [99, 11, 13, 14]);

        let mut full = Questions { open: 90, taken: (10..=99).collect(), last: Some(41) };
        assert_eq!(full.next_reference(), 42, "the oldest is the one that is least likely to be answered still");
    }
}
