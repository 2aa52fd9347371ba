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
use crate::voice;

/// Whom a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Everybody: feeds, boards, pages.
    Public,
    /// A helper of age: what everybody should do, then what a helper can.
    Helper,
    /// A helper who is a minor: the instruction is the one for minors, and no other.
    MinorHelper,
    /// A minor's mentor: what everybody should do, what a mentor should, and what the minor was told.
    Mentor,
    /// The 137 desk: what callers were told, what to ask them, and whom to call in.
    Desk,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Self; 5] = [Self::Public, Self::Helper, Self::MinorHelper, Self::Mentor, Self::Desk];
}

/// What a notice is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A text message.
    Sms,
    /// E-mail, app, page, webhook.
    Full,
    /// A voice: a call, a loudspeaker, a screen reader.
    Spoken,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Sms, Self::Full, Self::Spoken];
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
/// The language falls back to its primary language, then Persian, then English. A text message has no isolates and, where at
/// all possible, one segment; a spoken one is fit for a voice whatever an editor wrote (see [`voice::spoken`]). Errors: a
/// content without any wording.
///
/// ```
/// # use alerts::{Content, Facts, Hazard, Level, NamedZone, Occasion, Templates, compose, texts};
/// # use alerts::cap::{Certainty, ResponseType, Severity, Urgency};
/// use alerts::message::{Audience, Extras, Form, notice};
/// # let zone = texts([("fa", "بازار"), ("en", "Bazaar")]);
/// # let facts = Facts {
/// #     hazard: Hazard::Flood, level: Level::Red, kind: Occasion::FlashFlood, zones: vec![zone.clone()], place: None, measure: None, onset: None,
/// #     expires: "2026-03-21T04:00:00Z".parse()?, tz: jiff::tz::TimeZone::UTC, contact: "137".into(), exercise: false,
/// # };
/// # let templates = Templates::embedded();
/// # let content = Content {
/// #     hazard: facts.hazard, level: facts.level, wordings: compose(&templates, &facts).map_err(|faults| faults[0].clone())?,
/// #     zones: vec![NamedZone { code: "bazaar".into(), name: zone }], polygons: geo_types::MultiPolygon::new(vec![]), response_types: vec![ResponseType::Evacuate],
/// #     urgency: Urgency::Immediate, severity: Severity::Extreme, certainty: Certainty::Observed, effective: None, onset: None,
/// #     expires: facts.expires, contact: facts.contact, web: None, event_code: "OET-081".into(),
/// # };
/// let sms = notice(&templates, &content, Audience::Helper, "fa", Form::Sms, &Extras { reply: Some("1"), ..Extras::default() })?;
/// assert_eq!(sms.body, "سیل در بازار! همین حالا به جای بلند بروید. کمک: ۱۳۷. دیدید؟ ۱ بفرستید");
/// let call = notice(&templates, &content, Audience::MinorHelper, "en", Form::Spoken, &Extras { exercise: true, ..Extras::default() })?;
/// assert!(call.body.starts_with("This is only a drill. Flood, danger to life in Bazaar: go to high ground now. Go to an upper floor"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
        Form::Sms => mark(sms(templates, wording, audience, lang, extras)?),
        Form::Full => mark(full(templates, content, wording, audience, lang, extras)?),
        Form::Spoken => spoken(templates, wording, audience, lang, extras)?,
    };
    let subject = match form {
        Form::Full => wording.headline.clone(),
        Form::Sms | Form::Spoken => without_isolates(&wording.headline),
    };
    Ok(Notice { subject: mark(subject), body })
}

/// What is read out; a drill is told once, at the beginning.
fn spoken(
    templates: &Templates,
    wording: &Wording,
    audience: Audience,
    lang: &str,
    extras: &Extras<'_>,
) -> Result<String, Fault> {
    let bare = |text: &str| templates.without_mark(lang, text).to_owned();
    let is_marked = |text: &str| bare(text).len() < text.trim_start().len();
    let for_minors = || {
        let headline = bare(&wording.headline);
        format!("{}. {}", headline.trim_end_matches('.'), bare(&wording.minor_instruction))
    };
    let (text, source) = match (audience, extras.minor) {
        (Audience::MinorHelper, _) => (for_minors(), &wording.headline),
        // What the minor hears, word for word.
        (Audience::Mentor, Some(minor)) => {
            let values = [("minor", minor), ("text", &*for_minors())];
            (templates.speak(Phrase::MentorCopy, lang, &values)?, &wording.headline)
        }
        (Audience::Public | Audience::Helper | Audience::Mentor | Audience::Desk, _) => {
            (bare(&wording.spoken), &wording.spoken)
        }
    };
    let text = voice::spoken(lang, &text);
    Ok(if extras.exercise || is_marked(source) { templates.spoken_as_exercise(lang, &text) } else { text })
}

/// `We told Sara: …`; the mark of an exercise goes before it.
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
    // The clearest ending of those that cost least: an answer is worth a message, more words are not.
    let wholes: Vec<String> = endings.iter().map(|ending| format!("{text} {ending}")).collect();
    Ok(wholes.into_iter().min_by_key(|whole| segments(whole).count).unwrap_or(text))
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
        Audience::Public => lines.push(wording.instruction.clone()),
        Audience::Helper => lines.extend([wording.instruction.clone(), wording.helper_instruction.clone()]),
        Audience::MinorHelper => lines.push(wording.minor_instruction.clone()),
        Audience::Mentor => {
            lines.extend([wording.instruction.clone(), wording.mentor_instruction.clone()]);
            if let Some(minor) = extras.minor {
                let values = [("minor", minor), ("text", wording.minor_instruction.as_str())];
                lines.push(templates.write(Phrase::MinorWasTold, lang, &values)?);
            }
        }
        // The desk reads first what it should do, then what the public was told.
        Audience::Desk => {
            lines.insert(1, wording.desk_instruction.clone());
            lines.push(wording.instruction.clone());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.push(templates.write(Phrase::ContactLine, lang, &[("contact", &content.contact)])?);
    if let Some(link) = extras.link {
        lines.push(templates.write(Phrase::LinkLine, lang, &[("link", link)])?);
    }
    Ok(lines.join("\n\n"))
}
