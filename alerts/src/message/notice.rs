//! Words the notice that one person gets about an alert, by audience, language and form.
//! Called by the service's `deliver` for each notice.
//! A minor reads what is safe for minors; a notice of an exercise says so first; a text message carries no isolates.

use serde::{Deserialize, Serialize};

use super::segments;
use crate::content::{Content, LANGUAGES, Wording};
use crate::fault::Fault;
use crate::level::text_in;
use crate::template::pattern::without_isolates;
use crate::template::{Phrase, Templates};

/// Whom a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody: feeds, boards, pages.
    Public,
    /// A helper of age.
    Helper,
    /// A helper who is a minor: the instruction is the one for minors.
    MinorHelper,
    /// A minor's mentor: told what the minor was told.
    Mentor,
    /// The 137 desk: what callers will ask about.
    Desk,
}

/// What a notice is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A text message.
    Sms,
    /// E-mail, app, page, webhook.
    Full,
    /// A voice.
    Spoken,
}

/// What belongs to one notice, beside the alert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extras<'e> {
    /// The digit or code that acknowledges by text message.
    pub reply: Option<&'e str>,
    /// The link that shows the alert and acknowledges by a button.
    pub link: Option<&'e str>,
    /// The minor's name, for a mentor.
    pub minor: Option<&'e str>,
    /// Whether it is an exercise.
    pub exercise: bool,
}

/// One message's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One line: a mail's subject, an app's title.
    pub subject: String,
    /// The message.
    pub body: String,
}

/// The notice of an alert for one person.
///
/// The language falls back to its primary language, then Persian, then English. Errors: a content without any wording.
pub fn notice(
    templates: &Templates,
    content: &Content,
    audience: Audience,
    lang: &str,
    form: Form,
    extras: &Extras<'_>,
) -> Result<Notice, Fault> {
    let primary = lang.split('-').next().unwrap_or(lang);
    let (lang, wording) = [lang, primary, LANGUAGES[0], LANGUAGES[1]]
        .into_iter()
        .find_map(|lang| content.wordings.get_key_value(lang))
        .ok_or_else(|| Fault::new("wordings", "the alert has no text in any language that people read"))?;
    let mark = |text: String| if extras.exercise { templates.marked_as_exercise(lang, &text) } else { text };
    let body = match form {
        Form::Sms => sms(templates, wording, audience, lang, extras)?,
        Form::Full => full(templates, content, wording, audience, lang, extras)?,
        Form::Spoken => match audience {
            Audience::MinorHelper => without_isolates(&format!(
                "{} {}",
                wording.headline.trim_end_matches('.').to_owned() + ".",
                wording.minor_instruction
            )),
            Audience::Mentor => match extras.minor {
                Some(minor) => mentor_copy(templates, lang, minor, &wording.spoken)?,
                None => wording.spoken.clone(),
            },
            Audience::Public | Audience::Helper | Audience::Desk => wording.spoken.clone(),
        },
    };
    let subject = match form {
        Form::Full => wording.headline.clone(),
        Form::Sms | Form::Spoken => without_isolates(&wording.headline),
    };
    Ok(Notice { subject: mark(subject), body: mark(body) })
}

/// `For Sara: …`; the mark of an exercise goes before it.
fn mentor_copy(templates: &Templates, lang: &str, minor: &str, text: &str) -> Result<String, Fault> {
    let bare = templates.without_mark(lang, text);
    let copy = templates.say(Phrase::MentorCopy, lang, &[("minor", minor), ("text", bare)])?;
    Ok(if bare.len() == text.len() { copy } else { templates.marked_as_exercise(lang, &copy) })
}

fn sms(
    templates: &Templates,
    wording: &Wording,
    audience: Audience,
    lang: &str,
    extras: &Extras<'_>,
) -> Result<String, Fault> {
    let text = without_isolates(&wording.sms);
    let text = match (audience, extras.minor) {
        (Audience::Mentor, Some(minor)) => mentor_copy(templates, lang, minor, &text)?,
        _ => text,
    };
    let text = if extras.exercise { templates.marked_as_exercise(lang, &text) } else { text };
    let mut endings = Vec::new();
    if let Some(reply) = extras.reply {
        endings.push(templates.say(Phrase::ReplyLine, lang, &[("reply", reply)])?);
        endings.push(templates.say(Phrase::ReplyShort, lang, &[("reply", reply)])?);
    } else if let Some(link) = extras.link {
        endings.push(templates.say(Phrase::LinkLine, lang, &[("link", link)])?);
        endings.push(link.to_owned());
    }
    // The first ending that costs no further message; the shortest when each does, since an answer is worth one.
    let cost = segments(&text).count;
    let whole = |ending: &String| format!("{text} {ending}");
    Ok(endings
        .iter()
        .map(whole)
        .find(|whole| segments(whole).count == cost)
        .or_else(|| endings.last().map(whole))
        .unwrap_or(text))
}

fn full(
    templates: &Templates,
    content: &Content,
    wording: &Wording,
    audience: Audience,
    lang: &str,
    extras: &Extras<'_>,
) -> Result<String, Fault> {
    let mut lines = vec![wording.headline.clone()];
    if let (Audience::Mentor, Some(minor)) = (audience, extras.minor) {
        lines.push(templates.write(Phrase::MentorLine, lang, &[("minor", minor)])?);
    }
    if audience == Audience::Desk {
        let names = content.level.names();
        lines.push(templates.write(Phrase::DeskLine, lang, &[("level", text_in(&names, lang).unwrap_or_default())])?);
    }
    lines.push(wording.description.clone());
    match audience {
        Audience::Public | Audience::Helper | Audience::Desk => lines.push(wording.instruction.clone()),
        Audience::MinorHelper => lines.push(wording.minor_instruction.clone()),
        Audience::Mentor => {
            lines.push(wording.instruction.clone());
            if extras.minor.is_some() {
                lines.push(wording.minor_instruction.clone());
            }
        }
    }
    lines.push(templates.write(Phrase::ContactLine, lang, &[("contact", &content.contact)])?);
    if let Some(link) = extras.link {
        lines.push(templates.write(Phrase::LinkLine, lang, &[("link", link)])?);
    }
    Ok(lines.join("\n\n"))
}
