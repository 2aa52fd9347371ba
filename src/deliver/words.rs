//! Words one person's notice about an alert: by language, by audience (of age, minor, mentor), with link and reply.
//! Used by `expand`.
//! A text message carries how to answer; its link comes along when it costs at most one message more.

use alerts::{
    Content, Kind,
    message::{Audience, Extras, Form, notice, segments},
};
use tracing::error;

use super::Message;
use crate::ground::Ground;

/// What the words depend on.
#[derive(Clone, Debug)]
pub(super) struct Reader<'r> {
    /// BCP 47.
    pub language: &'r str,
    /// Reads the instruction for minors.
    pub minor: bool,
    /// Minors of whom this person is the mentor, told by the same broadcast.
    pub mentor_of: &'r [String],
    /// The page that shows the alert and takes the answer.
    pub link: &'r str,
    /// What an SMS answers with; with the short number when other questions stand open at this telephone.
    pub reply: &'r str,
}

/// The words. A content without any wording can't be published, so this can't be empty; a fault is logged and the headline stands alone.
pub(super) fn of_alert(ground: &Ground, content: &Content, kind: Kind, exercise: bool, reader: &Reader<'_>) -> Message {
    let minors = named(reader.language, reader.mentor_of);
    let audience = match (reader.minor, minors.is_empty()) {
        (true, _) => Audience::MinorHelper,
        (false, false) => Audience::Mentor,
        (false, true) => Audience::Helper,
    };
    let asks = asks(kind);
    let minor = (!minors.is_empty()).then_some(minors.as_str());
    let full = Extras { reply: None, link: Some(reader.link), minor, exercise };
    let short = Extras { reply: asks.then_some(reader.reply), link: asks.then_some(reader.link), minor, exercise };
    let words = |form, extras: &Extras<'_>| {
        notice(&ground.templates, content, audience, reader.language, form, extras)
            .inspect_err(|fault| error!(%fault, "an alert could not be worded: {fault}"))
            .ok()
    };
    let letter = words(Form::Full, &full);
    let sms = words(Form::Sms, &short).map(|notice| notice.body).unwrap_or_default();
    let with_link = format!("{sms}\n{}", reader.link);
    let (cost, dearer) = (segments(&sms).count, segments(&with_link).count);
    let fits = asks && dearer <= (cost + 1).min(ground.config.sms.segments_max);
    Message {
        language: reader.language.to_owned(),
        subject: letter.as_ref().map(|letter| letter.subject.clone()).unwrap_or_default(),
        body: letter.map(|letter| letter.body).unwrap_or_default(),
        sms: if fits { with_link } else { sms },
    }
}

/// Whether an answer is wanted: a warning asks whether people are safe; the news that it is over asks nothing.
pub(super) fn asks(kind: Kind) -> bool {
    match kind {
        Kind::Alert | Kind::Update => true,
        Kind::AllClear | Kind::Cancel => false,
    }
}

/// Two names at most, and how many more: a text message pays for every letter.
fn named(language: &str, names: &[String]) -> String {
    let fa = language.starts_with("fa");
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] if fa => format!("{one} و {two}"),
        [one, two] => format!("{one} and {two}"),
        [one, two, more @ ..] if fa => {
            format!("{one}، {two} و {} نفر دیگر", alerts::calendar::digits(language, &more.len().to_string()))
        }
        [one, two, more @ ..] => format!("{one}, {two} and {} more", more.len()),
    }
}
