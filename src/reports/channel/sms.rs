//! Reads text messages as gateways bring them, and keeps them before anything is made of them.
//! Called by `http::hooks`, which answers the gateway only after [`keep`] has committed.
//! Kannel's names come first, others' follow; letters that can't be read are kept as bytes and shown to the desk, so nothing is lost.

use std::time::Duration;

use jiff::{Timestamp, civil};
use maps::latin_digits;

use crate::{
    ground::Ground,
    id::{ReportId, hex},
    reports::{KeptSms, receive::digest_of},
    store::Fault,
};

/// Names under which gateways send one thing; the first is Kannel's (user's guide 1.4.5, “sms-service”, get-url parameters).
const FROM: &[&str] = &["from", "sender", "phonenumber", "msisdn", "originator"];
const TEXT: &[&str] = &["text", "message", "body", "msg", "content"];
const ID: &[&str] = &["id", "messageid", "message_id", "messagesid", "msgid"];
const CODING: &[&str] = &["coding", "dcs"];
const CHARSET: &[&str] = &["charset"];
const SENT: &[&str] = &["ts", "time", "date", "receivedat"];

/// Parts of one request at most, and bytes shown of a message that can't be read.
const PARTS_MAX: usize = 64;
const UNREADABLE_BYTES_SHOWN: usize = 280;
/// A message that was kept but not looked at for so long is looked at again: the service was stopped in between.
const LEFT_AFTER: Duration = Duration::from_mins(1);
const LEFT_MAX: i64 = 50;

/// Named parts of a request: a query, a form, or the members of a JSON object. Values are bytes, because their letters are not known yet.
#[derive(Clone, Debug, Default)]
pub struct Parts(Vec<(String, Vec<u8>)>);

/// A text message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// Who sent it, as the gateway wrote it.
    pub sender: Option<String>,
    /// What it says; bytes as hexadecimal digits when it can't be read.
    pub words: String,
    /// Whether its letters could be read.
    pub readable: bool,
    /// What the operator calls it.
    pub operator_id: Option<String>,
    /// When it was sent, as the gateway says.
    pub sent_at: Option<Timestamp>,
}

/// What is known of a message when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// To be looked at now.
    New(KeptSms),
    /// It came before and was looked at.
    Again,
}

impl Parts {
    /// From a query or a form: `name=value&…`, percent-encoded bytes, `+` for a space. Never fails: what is no escape stays as it is.
    pub fn from_form(text: &[u8]) -> Self {
        let parts = text
            .split(|byte| *byte == b'&')
            .filter(|part| !part.is_empty())
            .take(PARTS_MAX)
            .map(|part| {
                let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
                let (name, value) = (&part[..at], part.get(at + 1..).unwrap_or_default());
                (String::from_utf8_lossy(&unescaped(name)).to_lowercase(), unescaped(value))
            })
            .collect();
        Self(parts)
    }

    /// From a JSON object's texts and numbers; its inner objects are looked into once (“payload”). `None` when it is no object.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let serde_json::Value::Object(outer) = serde_json::from_slice(bytes).ok()? else { return None };
        let mut parts = Vec::new();
        let mut take = |name: &str, value: &serde_json::Value| match value {
            serde_json::Value::String(text) => parts.push((name.to_lowercase(), text.clone().into_bytes())),
            serde_json::Value::Number(number) => parts.push((name.to_lowercase(), number.to_string().into_bytes())),
            _ => {}
        };
        for (name, value) in outer.iter().take(PARTS_MAX) {
            take(name, value);
            if let serde_json::Value::Object(inner) = value {
                inner.iter().take(PARTS_MAX).for_each(|(name, value)| take(name, value));
            }
        }
        Some(Self(parts))
    }

    /// These, then those.
    #[must_use]
    pub fn and(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    /// The value under the first of these names that is there.
    fn bytes(&self, names: &[&str]) -> Option<&[u8]> {
        names.iter().find_map(|wanted| {
            self.0.iter().find(|(name, value)| name == wanted && !value.is_empty()).map(|(_, value)| value.as_slice())
        })
    }

    /// The same as text.
    pub fn text(&self, names: &[&str]) -> Option<String> {
        self.bytes(names).map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned()).filter(|text| !text.is_empty())
    }
}

/// Reads a message from the parts of a request. Never fails.
pub fn read(parts: &Parts) -> Sms {
    let bytes = parts.bytes(TEXT).unwrap_or_default();
    let charset = parts.text(CHARSET).unwrap_or_default().to_lowercase();
    let (words, readable) = match letters(bytes, &charset, parts.text(CODING).as_deref() == Some("2")) {
        Some(words) => (words, true),
        None => (hex(&bytes[..bytes.len().min(UNREADABLE_BYTES_SHOWN)]), false),
    };
    Sms {
        sender: parts.text(FROM).map(|sender| sender.replace('\0', "").chars().take(64).collect()),
        // PostgreSQL can keep no zero character: one in a message would send it back to the gateway again and again.
        words: words.replace('\0', "\u{fffd}"),
        readable,
        operator_id: parts.text(ID),
        sent_at: parts.text(SENT).and_then(|text| sent_at(&text)),
    }
}

/// Keeps a message. Its natural key is the operator's id with sender and text (some gateways use an id twice); without an id it is
/// sender, text and minute, so that a repeat within the minute is one.
pub async fn keep(ground: &Ground, gateway: &str, sms: Sms) -> Result<Kept, Fault> {
    let now = ground.now();
    let id = match &sms.operator_id {
        Some(id) => format!("id {id}"),
        None => format!("minute {}", now.as_second() / 60),
    };
    let sender = sms.sender.clone().unwrap_or_default();
    let key = format!("{}:{id};{}:{sender};{}", id.len(), sender.len(), sms.words);
    let kept = KeptSms {
        gateway: gateway.to_owned(),
        key_digest: digest_of(key.as_bytes()),
        received_at: now.into(),
        sent_at: sms.sent_at.map(Into::into),
        sender: sms.sender,
        words: Some(sms.words),
        readable: sms.readable,
    };
    let mut tx = ground.store.write("keep text message").await?;
    let known = tx.keep_sms(&kept, ground.exercise).await?;
    tx.commit().await?;
    metrics::counter!("hamyar_sms_in_total", "gateway" => gateway.to_owned()).increment(1);
    Ok(match known {
        Some(true) => Kept::Again,
        // Kept before, but nobody got to look at it.
        Some(false) | None => Kept::New(kept),
    })
}

/// Remembers what became of a message: a report, or an answer to a notice (or nothing, when it was empty).
pub async fn settle(ground: &Ground, sms: &KeptSms, report: Option<ReportId>) -> Result<(), Fault> {
    let mut tx = ground.store.write("settle text message").await?;
    tx.settle_sms(sms, report).await?;
    tx.commit().await
}

/// Messages that were kept but never looked at, the oldest first, a bounded number.
pub async fn left(ground: &Ground) -> Result<Vec<KeptSms>, Fault> {
    let before = ground.now() - LEFT_AFTER;
    let mut tx = ground.store.read("text messages left").await?;
    tx.sms_left(before, LEFT_MAX).await
}

/// The key under which a message becomes a report.
pub fn report_key(sms: &KeptSms) -> String {
    format!("{}:{}", sms.gateway.chars().take(64).collect::<String>(), hex(&sms.key_digest))
}

/// The letters of a message; `None` when they can't be told.
fn letters(bytes: &[u8], charset: &str, is_ucs2: bool) -> Option<String> {
    let wide = matches!(charset, "utf-16be" | "utf-16" | "ucs-2" | "ucs2" | "iso-10646-ucs-2");
    if let Some(text) = hex_letters(bytes).filter(|_| wide || is_ucs2) {
        return Some(text);
    }
    if wide {
        // Kannel hands the bytes of the charset that it names.
        return utf16(bytes).or_else(|| String::from_utf8(bytes.to_vec()).ok());
    }
    match std::str::from_utf8(bytes) {
        // Letters of two bytes can look like UTF-8 full of control characters, which nobody writes: سلام is `06 33 06 44 06 27 06 45`.
        Ok(text) if text.chars().any(unprintable) => Some(utf16(bytes).unwrap_or_else(|| text.to_owned())),
        Ok(text) => Some(text.to_owned()),
        Err(_) => match charset {
            // ISO 8859-1 letters are the first 256 of Unicode.
            "iso-8859-1" | "latin1" | "latin-1" => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            // Kannel says 8-BIT of a long message in UCS-2 when the operator did not name its letters.
            _ => utf16(bytes),
        },
    }
}

fn unprintable(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')
}

fn utf16(bytes: &[u8]) -> Option<String> {
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    String::from_utf16(&units).ok().filter(|text| likely(text))
}

/// Four hexadecimal digits a letter, as some gateways write UCS-2. A text like “1234” has that form too, so the letters must be
/// ones that people here write.
fn hex_letters(bytes: &[u8]) -> Option<String> {
    let ok = !bytes.is_empty() && bytes.len().is_multiple_of(4) && bytes.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(bytes).ok().filter(|_| ok)?;
    let pairs: Option<Vec<u8>> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect();
    utf16(&pairs?)
}

/// Latin, the Arabic blocks with their presentation forms, general punctuation, symbols and emoji.
fn likely(text: &str) -> bool {
    text.chars().all(|letter| {
        matches!(
            letter,
            '\t' | '\n' | '\r' | ' '..='\u{24f}' | '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{2000}'..='\u{2bff}'
                | '\u{fb50}'..='\u{fdff}' | '\u{fe00}'..='\u{feff}' | '\u{1f000}'..='\u{1faff}'
        )
    })
}

/// Epoch seconds or milliseconds, RFC 3339, or Kannel's `YYYY-MM-DD HH:MM[:SS]` in UTC.
fn sent_at(text: &str) -> Option<Timestamp> {
    let text = latin_digits(text);
    if let Ok(number) = text.parse::<i64>() {
        return if number > 100_000_000_000 {
            Timestamp::from_millisecond(number)
        } else {
            Timestamp::from_second(number)
        }
        .ok();
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil = text.parse::<civil::DateTime>().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits make a byte"));
                at += 2;
            }
            (b'+', _, _) => bytes.push(b' '),
            (other, _, _) => bytes.push(*other),
        }
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> Sms {
        read(&Parts::from_form(text.as_bytes()))
    }

    #[test]
    fn kannels_request_is_read() {
        let sms = form(
            "from=09183111137&to=137&text=%D8%B3%DB%8C%D9%84+%DB%B4%DB%B0+%D8%B3%D8%A7%D9%86%D8%AA&coding=2&charset=UTF-8&ts=2026-03-01+04:00&id=a-1&smsc=fake",
        );
        assert_eq!(sms.words, "سیل ۴۰ سانت");
        assert!(sms.readable);
        assert_eq!(sms.sender.as_deref(), Some("09183111137"));
        assert_eq!(sms.operator_id.as_deref(), Some("a-1"));
        assert_eq!(sms.sent_at, Some("2026-03-01T04:00:00Z".parse().unwrap()));
    }

    #[test]
    fn wide_letters_come_as_bytes_or_as_hexadecimal_digits() {
        assert_eq!(form("text=%06%33%06%CC%06%44&charset=UTF-16BE&coding=2").words, "سیل");
        assert_eq!(form("text=063306CC0644&coding=2").words, "سیل");
        assert_eq!(form("text=1234&coding=2").words, "1234");
        // What Kannel 1.4.5 brings of a message in two parts with 8-bit coding: the bytes of the letters, and no name for them.
        assert_eq!(form("text=%063%06D%06'%06E&coding=1&charset=8-BIT").words, "سلام");
        assert_eq!(form("text=%063%06%CC%06D%00+%06%F4%06%F0&coding=1&charset=8-BIT").words, "سیل ۴۰");
        assert_eq!(form("text=%E9t%E9&charset=ISO-8859-1").words, "été");
    }

    #[test]
    fn what_can_t_be_read_is_kept_as_bytes() {
        let sms = form("from=1&text=%ff%fe%fd&charset=x-unknown");
        assert_eq!((sms.words.as_str(), sms.readable), ("fffefd", false));
    }

    #[test]
    fn json_of_other_gateways_is_read() {
        let body =
            r#"{"event":"sms:received","payload":{"messageId":"x1","message":"برف","phoneNumber":"+989181234567"}}"#;
        let sms = read(&Parts::from_json(body.as_bytes()).unwrap());
        assert_eq!(
            (sms.words.as_str(), sms.sender.as_deref(), sms.operator_id.as_deref()),
            ("برف", Some("+989181234567"), Some("x1"))
        );
        assert!(Parts::from_json(b"[1]").is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), name in "[a-z]{0,8}", coding in 0..4) {
            let mut request = format!("charset={name}&coding={coding}&ts={name}&text=").into_bytes();
            request.extend_from_slice(&bytes);
            let _ = read(&Parts::from_form(&request));
            let _ = read(&Parts::from_form(&bytes));
            let _ = Parts::from_json(&bytes).map(|parts| read(&parts));
        }

        #[test]
        fn every_readable_text_comes_through(text in "[a-zا-ی۰-۹ %&+=]{1,80}") {
            let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let sms = form(&format!("text={escaped}&charset=utf-8"));
            prop_assert_eq!(sms.words, text);
        }
    }
}
