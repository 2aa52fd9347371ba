//! Who is to be told, and why: a broadcast's zones become persons, a page at a time.
//! Called by `deliver` while it expands a broadcast.
//! Every active helper whose home zone is named is given exactly once, minors and those without consent too: a warning is withheld from nobody.

use alerts::Texts;
use maps::{City, ZoneCode};

use super::{minors, store::AudienceRow};
use crate::{
    id::{ContactId, PersonId},
    staff::contact::ContactKind,
    store::{Fault, Tx},
};

/// Why somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", content = "of", rename_all = "snake_case")]
pub enum Reason {
    /// One of their home zones is named.
    InZone(ZoneCode),
    /// They look after this helper, who is told.
    MentorOf(PersonId),
}

impl Reason {
    /// The reason as the person reads it.
    pub fn texts(&self, city: &City) -> Texts {
        match self {
            Self::InZone(code) => {
                let name = |language| city.zone(code).map_or(code.as_str(), |zone| maps::text_in(&zone.name, language));
                alerts::texts([
                    ("fa", format!("{} ناحیهٔ شماست", name("fa")).as_str()),
                    ("en", format!("{} is your zone", name("en")).as_str()),
                ])
            }
            Self::MentorOf(_) => alerts::texts([
                ("fa", "شما مربی همیاری هستید که این پیام را می‌گیرد"),
                ("en", "you are the mentor of a helper who gets this message"),
            ]),
        }
    }
}

/// An address by which somebody proved to be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Which contact.
    pub contact: ContactId,
    /// Of what kind.
    pub kind: ContactKind,
    /// Where, whole.
    pub address: String,
}

/// Somebody to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub person: PersonId,
    /// How they are called; empty once erased.
    pub name: String,
    /// BCP 47.
    pub language: String,
    /// Under 18.
    pub minor: bool,
    /// Who is told of what this helper is told; set for minors.
    pub mentor: Option<PersonId>,
    /// Verified contacts, the preferred one first; may be empty.
    pub contacts: Vec<Reached>,
    /// Why.
    pub reason: Reason,
}

impl Tx {
    /// Active helpers with a home zone among `zones` (leaf zones), after `after` in the order of ids, at most `limit`.
    ///
    /// Seek paging: call again with the last person until fewer than `limit` come. O(limit · log helpers) per call.
    pub async fn audience_after(
        &mut self,
        zones: &[ZoneCode],
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<Recipient>, Fault> {
        if zones.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.audience_rows(zones, after, limit).await?;
        let people: Vec<PersonId> = rows.iter().map(|row| row.person_id).collect();
        let mut contacts = self.verified_contacts(&people).await?;
        rows.into_iter()
            .map(|row| {
                let contacts = contacts.remove(&row.person_id).unwrap_or_default();
                row.recipient(contacts)
            })
            .collect()
    }

    /// One person as a recipient for `reason`: mentors, and everyone who was told before. `None` when they are gone.
    pub async fn recipient(&mut self, person: PersonId, reason: Reason) -> Result<Option<Recipient>, Fault> {
        let Some(known) = self.person(person).await? else { return Ok(None) };
        let Some(name) = known.name else { return Ok(None) };
        let mentor = if minors::mentor_is_told(known.minor) { self.mentor_of(person).await? } else { None };
        let contacts = self.verified_contacts(&[person]).await?.remove(&person).unwrap_or_default();
        Ok(Some(Recipient { person, name, language: known.language, minor: known.minor, mentor, contacts, reason }))
    }
}

impl AudienceRow {
    fn recipient(self, contacts: Vec<Reached>) -> Result<Recipient, Fault> {
        let zone = ZoneCode::new(self.zone).map_err(|fault| Fault::Decode(Box::new(fault)))?;
        Ok(Recipient {
            person: self.person_id,
            name: self.name.unwrap_or_default(),
            language: self.language,
            minor: self.minor,
            mentor: self.mentor_id.filter(|_| minors::mentor_is_told(self.minor)),
            contacts,
            reason: Reason::InZone(zone),
        })
    }
}
