//! Addresses by which people are reached: read, made uniform, and shown in part.
//! Used wherever a number or an address comes in (log-in, registration, SMS) or goes out to a screen or a log.
//! A telephone number is E.164 when it can be, else an opaque short number; nothing but delivery sees it whole.

use std::str::FromStr;

use crate::store::stored_text;

/// The kind of an address.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// A telephone: SMS.
    Phone,
    /// A mailbox.
    Email,
    /// A URL of a helper's own program.
    Webhook,
    /// An MQTT account of ours.
    Mqtt,
}

impl ContactKind {
    /// The word in the store and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Mqtt => "mqtt",
        }
    }
}

/// Why an address can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// Not a telephone number.
    #[error("not a telephone number: want digits, like 0918 123 4567 or +98 918 123 4567")]
    NotAPhone,
    /// Not a mailbox.
    #[error("not an e-mail address: want name@domain")]
    NotAnEmail,
    /// Not a URL.
    #[error("not a web address: want https://…")]
    NotAUrl,
    /// Not an account name.
    #[error("not an MQTT account: want 1 to 64 of a-z, 0-9 and -")]
    NotAnAccount,
    /// Not a kind.
    #[error("“{0}” is no kind of contact: want phone, email, webhook or mqtt")]
    UnknownKind(String),
}

impl FromStr for ContactKind {
    type Err = AddressFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Phone, Self::Email, Self::Webhook, Self::Mqtt]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| AddressFault::UnknownKind(text.to_owned()))
    }
}

stored_text!(ContactKind);

/// Makes an address uniform, so that one telephone has one spelling.
pub fn uniform(kind: ContactKind, address: &str, country_code: &str) -> Result<String, AddressFault> {
    match kind {
        ContactKind::Phone => phone(address, country_code),
        ContactKind::Email => email(address),
        ContactKind::Webhook => {
            let address = address.trim();
            let ok = (address.starts_with("https://") || address.starts_with("http://"))
                && address.len() <= 500
                && !address.contains(char::is_whitespace);
            ok.then(|| address.to_owned()).ok_or(AddressFault::NotAUrl)
        }
        ContactKind::Mqtt => {
            let ok = (1..=64).contains(&address.len())
                && address.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            ok.then(|| address.to_owned()).ok_or(AddressFault::NotAnAccount)
        }
    }
}

/// E.164 with its plus (`+989181234567`), or the bare digits of a short or bulk number (`137`, `30001234`).
///
/// Reads Persian and Arabic digits, spaces, dashes, brackets and dots, `00` and `+` prefixes, and numbers without a country code.
/// Kannel brings numbers without their plus (facts: standards §5.2), so a long number that starts with the country code has it.
pub fn phone(text: &str, country_code: &str) -> Result<String, AddressFault> {
    let text = maps::latin_digits(text.trim());
    let plus = text.starts_with('+') || text.starts_with("00");
    let mut digits = String::new();
    for letter in text.trim_start_matches('+').chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            ' '
            | '-'
            | '('
            | ')'
            | '.'
            | '/'
            | '\u{a0}'
            | '\u{200c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}' => {}
            _ => return Err(AddressFault::NotAPhone),
        }
    }
    if text.starts_with("00") {
        digits.drain(..digits.len() - digits.trim_start_matches('0').len());
    }
    let international = |national: &str| format!("+{country_code}{}", national.trim_start_matches('0'));
    let number = if plus {
        // “+98 (0)918…”: the bracketed zero is not part of the number.
        match digits.strip_prefix(country_code) {
            Some(national) => international(national),
            None => format!("+{digits}"),
        }
    } else if let Some(national) = digits.strip_prefix('0') {
        international(national)
    } else if digits.len() > 10 && digits.starts_with(country_code) {
        format!("+{digits}")
    } else if digits.len() == 10 && digits.starts_with('9') {
        international(&digits)
    } else {
        digits
    };
    let length = number.trim_start_matches('+').len();
    let ok = if number.starts_with('+') { (8..=15).contains(&length) } else { (3..=14).contains(&length) };
    if ok { Ok(number) } else { Err(AddressFault::NotAPhone) }
}

fn email(text: &str) -> Result<String, AddressFault> {
    let text = text.trim();
    let (name, domain) = text.rsplit_once('@').ok_or(AddressFault::NotAnEmail)?;
    let ok = !name.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && text.len() <= 254
        && !text.contains(|letter: char| {
            letter.is_whitespace() || letter.is_control() || matches!(letter, '<' | '>' | ',' | ';' | '"')
        });
    if ok { Ok(format!("{name}@{}", domain.to_lowercase())) } else { Err(AddressFault::NotAnEmail) }
}

/// An address in part, for screens and logs: `…4567`, `s…@example.org`, `https://example.org/…`.
pub fn masked(kind: ContactKind, address: &str) -> String {
    match kind {
        ContactKind::Phone => {
            let shown: String = address.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            format!("…{shown}")
        }
        ContactKind::Email => match address.rsplit_once('@') {
            Some((name, domain)) => format!("{}…@{domain}", name.chars().next().unwrap_or('…')),
            None => "…".into(),
        },
        ContactKind::Webhook => {
            let host: String = address.split('/').take(3).collect::<Vec<_>>().join("/");
            // User information before the host is a secret.
            match host.rsplit_once('@') {
                Some((_, host)) => format!("…@{host}/…"),
                None => format!("{host}/…"),
            }
        }
        ContactKind::Mqtt => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_telephone_is_one_number() {
        for text in [
            "09181234567",
            "+989181234567",
            "00989181234567",
            "9181234567",
            "۰۹۱۸۱۲۳۴۵۶۷",
            "٠٩١٨١٢٣٤٥٦٧",
            "0918 123 45 67",
            "+98 (0)918 123-4567",
            "989181234567",
        ] {
            assert_eq!(phone(text, "98").as_deref(), Ok("+989181234567"), "{text}");
        }
        assert_eq!(phone("081-32512345", "98").as_deref(), Ok("+988132512345"));
    }

    #[test]
    fn short_numbers_stay_as_they_are() {
        assert_eq!(phone("137", "98").as_deref(), Ok("137"));
        assert_eq!(phone("30001234", "98").as_deref(), Ok("30001234"));
        assert_eq!(phone("1000596446", "98").as_deref(), Ok("1000596446"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "ab", "12", "+1", "0918abc", "+989181234567891234"] {
            assert_eq!(phone(text, "98"), Err(AddressFault::NotAPhone), "{text}");
        }
        for text in ["", "a", "a@b", "a b@c.d", "a@b.", "a@.b", "x\r\nBcc: y@z.w"] {
            assert_eq!(email(text), Err(AddressFault::NotAnEmail), "{text}");
        }
    }

    #[test]
    fn an_address_is_shown_in_part() {
        assert_eq!(masked(ContactKind::Phone, "+989181234567"), "…4567");
        assert_eq!(masked(ContactKind::Email, "sara@example.org"), "s…@example.org");
        assert_eq!(masked(ContactKind::Webhook, "https://u:p@example.org/x?k=1"), "…@example.org/…");
    }
}
