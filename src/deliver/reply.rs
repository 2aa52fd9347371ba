//! Takes answers: by SMS, by link, by API, by MQTT; one door each, one record.
//! Called by `http::hooks`, `http::notices` and the broker's inbound side.
//! The same answer twice is one; a late answer is recorded as late; an answer that could mean several things is asked back, never guessed.

use std::{collections::BTreeSet, str::FromStr, time::Duration};

use alerts::Phrase;
use serde::{Deserialize, Serialize};
use tracing::info;

use super::{Channel, Message, NewNotice, Priority, Question, Reason, store::Candidate};
use crate::{
    bell::{Bell, LiveAudience},
    ground::Ground,
    id::{ContactId, NoticeId, PersonId, Secret},
    staff::{Helper, contact},
    store::{Fault, Tx},
};

/// How long a question that we asked back waits for its number.
const ASK_BACK_MINUTES: u64 = 30;
/// Such questions to one telephone in that time: two machines that answer each other end here.
const ASK_BACKS_MAX: i64 = 3;
/// Lines of such a question: what one digit can name.
const OPTIONS_MAX: usize = 9;

/// What somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Answer {
    /// I have seen it.
    #[serde(rename = "ack")]
    Ack,
    /// I am safe.
    #[serde(rename = "safe")]
    Safe,
    /// I need help.
    #[serde(rename = "need_help")]
    NeedHelp,
    /// I see nothing unusual.
    #[serde(rename = "0")]
    Nothing,
    /// I see a little.
    #[serde(rename = "1")]
    Little,
    /// I see much.
    #[serde(rename = "2")]
    Much,
    /// I see danger.
    #[serde(rename = "3")]
    Dangerous,
}

impl Answer {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Ack, Self::Safe, Self::NeedHelp, Self::Nothing, Self::Little, Self::Much, Self::Dangerous];

    /// The word in the store and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ack => "ack",
            Self::Safe => "safe",
            Self::NeedHelp => "need_help",
            Self::Nothing => "0",
            Self::Little => "1",
            Self::Much => "2",
            Self::Dangerous => "3",
        }
    }

    /// The question that this answers.
    pub const fn question(self) -> Question {
        match self {
            Self::Ack | Self::Safe | Self::NeedHelp => Question::Receipt,
            Self::Nothing | Self::Little | Self::Much | Self::Dangerous => Question::WhatDoYouSee,
        }
    }
}

/// A word that is no answer.
#[derive(Debug, thiserror::Error)]
#[error("“{0}” is no answer: want ack, safe, need_help, or 0 to 3 for what is seen")]
pub struct NoAnswer(String);

impl FromStr for Answer {
    type Err = NoAnswer;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|answer| answer.as_str() == word)
            .ok_or_else(|| NoAnswer(word.chars().take(40).collect()))
    }
}

/// Why an answer is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AnswerRefusal {
    /// No such notice of this person, or the link is not (or no longer) one of ours.
    #[error("there is no such notice, or its link has run out")]
    NoNotice,
    /// The notice asks something else.
    #[error("this notice does not ask that")]
    NotAsked,
    /// Several people are told by this link: say who.
    #[error("several people are told by this message: say who answers")]
    WhichPerson,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// What a text message turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsReply {
    /// An answer, now recorded.
    Answered,
    /// It could mean several things: the telephone was asked which.
    AskedBack,
    /// Something else: a report, presumably.
    NotAnAnswer,
}

/// What a text says, when it is nothing but an answer: a number or a word, and perhaps the number of the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said {
    digit: Option<u8>,
    word: Option<Answer>,
    reference: Option<i32>,
}

impl Said {
    /// Reads `1`, `۱`, `1 47`, `رسید`, `ok`, `کمک ۴۷`, `3.`; everything longer is no answer.
    fn read(text: &str) -> Option<Self> {
        let folded = maps::fold(&maps::latin_digits(text));
        let mut words = folded.split(' ').filter(|word| !word.is_empty());
        let (first, second, third) = (words.next()?, words.next(), words.next());
        if third.is_some() {
            return None;
        }
        let reference = match second {
            None => None,
            Some(second) if (2..=3).contains(&second.len()) => Some(second.parse().ok()?),
            Some(_) => return None,
        };
        let digit = if first.len() == 1 { first.parse().ok() } else { None };
        // `fold` has made one spelling of each: no ZWNJ, Persian letters, lower case.
        let word = match first {
            "رسید" | "دیدم" | "بله" | "باشه" | "ok" | "okay" | "yes" | "seen" | "ack" => {
                Some(Answer::Ack)
            }
            "سالم" | "سالمم" | "امن" | "امنم" | "خوبم" | "safe" => Some(Answer::Safe),
            "کمک" | "help" | "sos" => Some(Answer::NeedHelp),
            _ => None,
        };
        (digit.is_some() || word.is_some()).then_some(Self { digit, word, reference })
    }

    /// What it answers to a question.
    fn answers(self, question: Question) -> Option<Answer> {
        match (question, self.digit, self.word) {
            (Question::Receipt, Some(1), _) => Some(Answer::Ack),
            (Question::Receipt, Some(2), _) => Some(Answer::Safe),
            (Question::Receipt, Some(3), _) => Some(Answer::NeedHelp),
            (Question::Receipt, None, word) => word,
            (Question::WhatDoYouSee, Some(digit), _) => {
                [Answer::Nothing, Answer::Little, Answer::Much, Answer::Dangerous].get(usize::from(digit)).copied()
            }
            (Question::Receipt, Some(_), _) | (Question::WhatDoYouSee, None, _) => None,
        }
    }
}

/// Takes a text message from a telephone, if it is an answer to something it was asked.
pub async fn by_sms(ground: &Ground, from: &str, text: &str) -> Result<SmsReply, Fault> {
    let Some(said) = Said::read(text) else { return Ok(SmsReply::NotAnAnswer) };
    let Ok(number) = contact::phone(from, &ground.config.city.country_code) else { return Ok(SmsReply::NotAnAnswer) };
    let now = ground.now();
    let mut tx = ground.store.write("answer by SMS").await?;
    let Some(telephone) = tx.find_contact(contact::ContactKind::Phone, &number).await? else {
        return Ok(SmsReply::NotAnAnswer);
    };
    tx.lock(&format!("answers {telephone}")).await?;

    // First: is it the number of a line that we asked back?
    if let (Some(digit), None) = (said.digit, said.reference)
        && let Some((answer, options)) = tx.ask_back(telephone, now).await?
        && let Some(chosen) = usize::from(digit).checked_sub(1).and_then(|index| options.get(index))
    {
        let answer: Answer = answer.parse().map_err(|fault| Fault::Decode(Box::new(fault)))?;
        tx.drop_ask_back(telephone).await?;
        let mut told = Vec::new();
        for notice in chosen {
            if let Some(candidate) = tx.candidate(*notice, now).await? {
                record(ground, &mut tx, &candidate, answer, "sms").await?;
                told.push((candidate, answer));
            }
        }
        tx.commit().await?;
        tell_staff(ground, &told);
        return Ok(SmsReply::Answered);
    }

    let since = now - Duration::from_secs(3_600 * ground.config.deliver.link_hours.unsigned_abs());
    let asked = tx.asked_at_contact(telephone, now, since).await?;
    let meant = meant(&asked, said);
    let result = match meant.as_slice() {
        [] => return Ok(SmsReply::NotAnAnswer),
        one if one_question(one) => {
            for (candidate, answer) in one {
                record(ground, &mut tx, candidate, *answer, "sms").await?;
            }
            tx.drop_ask_back(telephone).await?;
            SmsReply::Answered
        }
        several => {
            ask_back(ground, &mut tx, telephone, several).await?;
            SmsReply::AskedBack
        }
    };
    tx.commit().await?;
    match result {
        SmsReply::Answered => tell_staff(ground, &meant),
        SmsReply::AskedBack => {
            ground.bells.ring(Bell::Outbox);
            // Whoever it is, somebody at this telephone needs help: staff know before it is clear who.
            if let Some((candidate, Answer::NeedHelp)) = meant.first() {
                ground.bells.tell(
                    LiveAudience::Staff,
                    "delivery.changed",
                    serde_json::json!({ "alert": candidate.alert_id, "need_help": true, "unclear": true }),
                );
            }
        }
        SmsReply::NotAnAnswer => {}
    }
    Ok(result)
}

/// Which of the questions the text can mean: those still open; else the last ones that were asked, so that a second or late answer finds its place.
fn meant(asked: &[Candidate], said: Said) -> Vec<(Candidate, Answer)> {
    let fits = |candidate: &&Candidate| said.reference.is_none_or(|number| candidate.reference == Some(number));
    let answers = |candidate: &Candidate| said.answers(candidate.question?).map(|answer| (candidate.clone(), answer));
    let open: Vec<_> = asked
        .iter()
        .filter(fits)
        .filter(|candidate| candidate.answer.is_none() && !candidate.over)
        .filter_map(answers)
        .collect();
    if !open.is_empty() {
        return open;
    }
    let fitting: Vec<_> = asked.iter().filter(fits).filter_map(answers).collect();
    // A reference comes round: only the newest matter of that number, or of all, is meant. Live ones go before those that are over.
    let live = fitting.iter().any(|(candidate, _)| !candidate.over);
    let last =
        fitting.iter().find(|(candidate, _)| !live || !candidate.over).map(|(candidate, _)| candidate.broadcast_id);
    match last {
        None => Vec::new(),
        Some(None) => fitting.into_iter().take(1).collect(),
        Some(broadcast) => fitting.into_iter().filter(|(candidate, _)| candidate.broadcast_id == broadcast).collect(),
    }
}

/// Whether these are one question to one person: a mentor is told again of minors who are found later.
fn one_question(meant: &[(Candidate, Answer)]) -> bool {
    let (first, _) = &meant[0];
    meant[1..].iter().all(|(other, _)| {
        first.broadcast_id.is_some() && (first.broadcast_id, first.person_id) == (other.broadcast_id, other.person_id)
    })
}

/// Asks the telephone which of several things it meant, and remembers the list.
async fn ask_back(
    ground: &Ground,
    tx: &mut Tx,
    telephone: ContactId,
    several: &[(Candidate, Answer)],
) -> Result<(), Fault> {
    let now = ground.now();
    let matters: BTreeSet<_> =
        several.iter().map(|(candidate, _)| (candidate.broadcast_id, candidate.alert_id)).collect();
    let people: BTreeSet<_> = several.iter().map(|(candidate, _)| candidate.person_id).collect();
    let language = several[0].0.language.clone();
    let fa = language.starts_with("fa");
    let mut options: Vec<(String, Vec<NoticeId>)> = Vec::new();
    let mut whose = Vec::new();
    for (candidate, _) in several.iter().take(OPTIONS_MAX - 1) {
        let one = (candidate.broadcast_id, candidate.person_id);
        if let Some(at) = whose.iter().position(|known| *known == one && one.0.is_some()) {
            options[at].1.push(candidate.id);
            continue;
        }
        whose.push(one);
        let who = candidate.name.clone().unwrap_or_default();
        let name = match (matters.len() > 1, people.len() > 1) {
            (true, true) => format!("{} ({who})", short(&candidate.subject)),
            (true, false) => short(&candidate.subject),
            (false, _) => who,
        };
        options.push((name, vec![candidate.id]));
    }
    if matters.len() == 1 && people.len() > 1 {
        let everybody = if fa { "همه" } else { "all of us" };
        options.push((everybody.into(), several.iter().map(|(candidate, _)| candidate.id).collect()));
    }
    // One answer is remembered. Questions of two kinds at once take the first kind; the others are still open afterwards.
    let answer = several[0].1;
    let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
    let list = ground.templates.options(&language, &names);
    let phrase = if matters.len() > 1 { Phrase::AskBackNotices } else { Phrase::AskBackPersons };
    let text = ground
        .templates
        .say(phrase, &language, &[("options", &list)])
        .map_err(|fault| Fault::Protocol(fault.to_string()))?;
    let text = if ground.exercise.is_some() { ground.templates.marked_as_exercise(&language, &text) } else { text };
    let notices: Vec<Vec<NoticeId>> = options.into_iter().map(|(_, notices)| notices).collect();
    let expires = now + Duration::from_secs(60 * ASK_BACK_MINUTES);
    tx.put_ask_back(telephone, answer.as_str(), &notices, now, expires).await?;
    let since = now - Duration::from_secs(60 * ASK_BACK_MINUTES);
    if tx.asked_back_since(telephone, since).await? >= ASK_BACKS_MAX {
        metrics::counter!("hamyar_ask_backs_left_out_total").increment(1);
        return Ok(());
    }
    let id = NoticeId::draw(&ground.ids, now);
    let message = Message { language, subject: text.clone(), body: text.clone(), sms: text };
    let mut notice = NewNotice::to_contact(
        id,
        format!("ask:{id}"),
        (telephone, contact::ContactKind::Phone),
        Reason::Unclear,
        message,
        now,
    );
    notice.priority = Priority::Awaited;
    notice.expires_at = Some(expires);
    notice.exercise = ground.exercise;
    debug_assert_eq!(notice.channel, Channel::Sms);
    tx.put_notice(&notice).await.map(drop)
}

/// A headline in a list of an SMS.
fn short(subject: &str) -> String {
    let bare: String = subject.chars().filter(|letter| !matches!(letter, '\u{2066}'..='\u{2069}')).collect();
    alerts::message::shortened(&bare, 30)
}

async fn record(ground: &Ground, tx: &mut Tx, about: &Candidate, answer: Answer, via: &str) -> Result<bool, Fault> {
    let now = ground.now();
    let new = tx.put_answer(ground.ids.uuid(now), about, answer.as_str(), via, now).await?;
    if new {
        metrics::counter!("hamyar_answers_total", "answer" => answer.as_str(), "via" => via.to_owned()).increment(1);
        info!(notice.id = %about.id, answer = answer.as_str(), via, late = about.over, "notice {} was answered", about.id);
    }
    Ok(new)
}

pub(super) fn tell_staff(ground: &Ground, answers: &[(Candidate, Answer)]) {
    for (candidate, answer) in answers {
        ground.bells.tell(
            LiveAudience::Staff,
            "delivery.changed",
            serde_json::json!({
                "alert": candidate.alert_id,
                "notice": candidate.id,
                "answer": answer,
                "need_help": matches!(answer, Answer::NeedHelp | Answer::Dangerous),
            }),
        );
    }
}

/// What a link shows.
#[derive(Clone, Debug)]
pub struct LinkPage {
    /// BCP 47.
    pub language: String,
    /// The headline.
    pub subject: String,
    /// The whole text.
    pub body: String,
    /// What is asked.
    pub question: Option<Question>,
    /// The alert is over.
    pub over: bool,
    /// Who is told by this message, each with what they answered.
    pub people: Vec<(PersonId, String, Option<String>)>,
}

/// What the link with this secret shows. Shows only: previewers open links.
pub async fn page_of_link(ground: &Ground, secret: &Secret) -> Result<LinkPage, AnswerRefusal> {
    let mut tx = ground.store.read("show link").await?;
    let notices = link(ground, &mut tx, secret).await?;
    let first = &notices[0];
    Ok(LinkPage {
        language: first.language.clone(),
        subject: first.subject.clone(),
        body: first.body.clone(),
        question: first.question,
        over: first.over,
        people: notices
            .iter()
            .filter_map(|notice| {
                Some((notice.person_id?, notice.name.clone().unwrap_or_default(), notice.answer.clone()))
            })
            .collect(),
    })
}

/// The notice of a link and those that went out with it; at least one.
async fn link(ground: &Ground, tx: &mut Tx, secret: &Secret) -> Result<Vec<Candidate>, AnswerRefusal> {
    let now = ground.now();
    let notices = tx.notices_of_link(&secret.digest(), now).await?;
    let first = notices.first().ok_or(AnswerRefusal::NoNotice)?;
    if first.link_until.is_none_or(|until| until.0 <= now) {
        return Err(AnswerRefusal::NoNotice);
    }
    Ok(notices)
}

/// Answers by link. `who` chooses among the people of one message; none is everybody when there is only one.
pub async fn by_link(
    ground: &Ground,
    secret: &Secret,
    answer: Answer,
    who: Option<PersonId>,
) -> Result<(), AnswerRefusal> {
    let mut tx = ground.store.write("answer by link").await?;
    let notices = link(ground, &mut tx, secret).await?;
    let chosen = match (notices.as_slice(), who) {
        ([only], None) => only,
        (_, None) => return Err(AnswerRefusal::WhichPerson),
        (several, Some(who)) => {
            several.iter().find(|notice| notice.person_id == Some(who)).ok_or(AnswerRefusal::NoNotice)?
        }
    };
    answer_one(ground, tx, chosen, answer, "link").await
}

/// What the signed-in helper was told, newest first.
pub async fn notices_of(ground: &Ground, by: &Helper, after: Option<NoticeId>, limit: i64) -> Result<Vec<Told>, Fault> {
    let mut tx = ground.store.read("my notices").await?;
    let notices = tx.notices_of_person(by.person(), after, ground.now(), limit).await?;
    Ok(notices
        .into_iter()
        .map(|notice| Told {
            id: notice.id,
            alert: notice.alert_id,
            language: notice.language,
            subject: notice.subject,
            body: notice.body,
            question: notice.question,
            answer: notice.answer,
            made_at: notice.made_at.0,
            over: notice.over,
        })
        .collect())
}

/// A notice as its reader sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Told {
    /// Which.
    pub id: NoticeId,
    /// The alert it is about.
    pub alert: Option<crate::id::AlertId>,
    /// BCP 47.
    pub language: String,
    /// One line.
    pub subject: String,
    /// The whole text.
    pub body: String,
    /// What is asked.
    pub question: Option<Question>,
    /// What was answered last.
    pub answer: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub made_at: jiff::Timestamp,
    /// Its time or its alert is over.
    pub over: bool,
}

/// Answers one of the signed-in helper's own notices.
pub async fn by_helper(ground: &Ground, by: &Helper, notice: NoticeId, answer: Answer) -> Result<(), AnswerRefusal> {
    let mut tx = ground.store.write("answer by API").await?;
    let candidate = tx.candidate(notice, ground.now()).await?.ok_or(AnswerRefusal::NoNotice)?;
    if candidate.person_id != Some(by.person()) {
        return Err(AnswerRefusal::NoNotice);
    }
    answer_one(ground, tx, &candidate, answer, "api").await
}

async fn answer_one(
    ground: &Ground,
    mut tx: Tx,
    candidate: &Candidate,
    answer: Answer,
    via: &str,
) -> Result<(), AnswerRefusal> {
    let new = answer_within(ground, &mut tx, candidate, answer, via).await?;
    tx.commit().await?;
    if new {
        tell_staff(ground, &[(candidate.clone(), answer)]);
    }
    Ok(())
}

/// Records an answer to one notice within a transaction; after the commit, staff are told when it is new.
pub(super) async fn answer_within(
    ground: &Ground,
    tx: &mut Tx,
    candidate: &Candidate,
    answer: Answer,
    via: &str,
) -> Result<bool, AnswerRefusal> {
    // An application says that news came which asks nothing.
    let came = via == "mqtt" && candidate.question.is_none() && answer == Answer::Ack;
    if candidate.question != Some(answer.question()) && !came {
        return Err(AnswerRefusal::NotAsked);
    }
    Ok(record(ground, tx, candidate, answer, via).await?)
}

/// The gateway's word on a message it took: delivered, or not. Unknown notices and other gateways' change nothing.
pub async fn receipt(
    ground: &Ground,
    gateway: &str,
    secret: &Secret,
    notice: NoticeId,
    status: u32,
) -> Result<bool, Fault> {
    let Some(settings) = ground.config.sms.gateways.get(gateway) else { return Ok(false) };
    // Digests are compared, so that the time it takes tells nothing of the secret.
    if settings.secret.digest() != secret.digest() {
        return Ok(false);
    }
    // Kannel: 1 delivered, 2 not delivered; 4, 8 and 16 are about its own queue and the SMSC.
    let delivered = match status {
        1 => true,
        2 | 16 => false,
        _ => return Ok(true),
    };
    let mut tx = ground.store.write("take receipt").await?;
    let why = format!("the gateway reports that it could not be delivered ({status})");
    let known = tx.settle_receipt(notice, delivered, &why, ground.now()).await?;
    tx.commit().await?;
    if known && !delivered {
        ground.bells.ring(Bell::Broadcasts);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_has_many_spellings() {
        for text in ["1", "۱", " ١ ", "1.", "رسید", "رسيد", "OK", "ok!", "دیدم"] {
            let said = Said::read(text).unwrap_or_else(|| panic!("{text} is an answer"));
            assert_eq!(said.answers(Question::Receipt), Some(Answer::Ack), "{text}");
        }
        assert_eq!(Said::read("كمك").and_then(|said| said.answers(Question::Receipt)), Some(Answer::NeedHelp));
        assert_eq!(Said::read("۳ ۴۷"), Some(Said { digit: Some(3), word: None, reference: Some(47) }));
        assert_eq!(Said::read("0").and_then(|said| said.answers(Question::WhatDoYouSee)), Some(Answer::Nothing));
    }

    #[test]
    fn what_tells_something_is_no_answer() {
        for text in ["", "آب آمده است", "کمک! آب تا زانو رسیده", "1 2 3", "47", "4 متر", "خیابان ۱"]
        {
            let said = Said::read(text);
            assert!(said.is_none(), "{text}: {said:?}");
        }
        assert_eq!(Said::read("9").and_then(|said| said.answers(Question::Receipt)), None);
    }
}
