//! Knows the forms that values must have: plain text, media types, digests, addresses, scripts of languages.
//! Called by `judge`; `markup_in` also by `content` and `compose`.
//! Each function looks at one value, in time linear in its length.

use super::element::Value;
use super::rules::Form;
use crate::cap::{Base64, Digest, Info, MimeType, Resource, Uri};

/// What is wrong with a value, to be shown: the whole value or the part that breaks the form; `None` when it has the form.
///
/// An empty value breaks only `not-empty`.
pub(super) fn wrong<'v>(value: &'v Value<'_>, form: Form) -> Option<&'v str> {
    let text: &str = &value.text;
    let unless = |fine: bool| if fine { None } else { Some(text) };
    if text.is_empty() && !matches!(form, Form::NotEmpty | Form::WholePair) {
        return None;
    }
    match form {
        Form::NotEmpty => unless(!text.trim().is_empty()),
        Form::WholePair => unless(!text.is_empty() && value.name.is_none_or(|name| !name.is_empty())),
        Form::PlainText => markup_in(text),
        Form::Undamaged => unless(!text.contains('\u{fffd}')),
        Form::AbsoluteUri => unless(Uri::new(text).is_ok_and(|uri| uri.is_absolute())),
        Form::MediaType => unless(MimeType::new(text).is_ok()),
        Form::Sha1 => unless(Digest::new(text).is_ok()),
        Form::Base64 => unless(Base64::new(text).is_ok()),
        Form::EMail => unless(is_e_mail(text)),
        Form::UtcMinus => unless(!text.ends_with("+00:00")),
        Form::LocalOffset => unless(text.get(20..) != Some("00:00")),
    }
}

/// The first thing in a text that looks like an HTML tag or entity (CAP 1.2 §3.3.3 wants plain text).
pub(crate) fn markup_in(text: &str) -> Option<&str> {
    for (start, c) in text.char_indices() {
        let rest = &text[start..];
        let (end, inside): (char, fn(char) -> bool) = match c {
            '<' => ('>', |c| {
                c.is_ascii_alphanumeric() || matches!(c, '/' | ' ' | '=' | '"' | '\'' | '-' | ':' | '.' | '#' | ';')
            }),
            '&' => (';', |c| c.is_ascii_alphanumeric() || c == '#'),
            _ => continue,
        };
        let body = &rest[1..];
        if let Some(length) = body.find(|c| !inside(c) || c == end)
            && body[length..].starts_with(end)
            && body
                .starts_with(|c: char| c.is_ascii_alphabetic() || (c == '/' && end == '>') || (c == '#' && end == ';'))
        {
            return Some(&rest[..length + 2]);
        }
    }
    None
}

/// Whether a text looks like a picture: `9` is a digit, `A` a capital letter, `*` anything, any other character itself.
pub(super) fn resembles(text: &str, picture: &str) -> bool {
    let (text, picture): (Vec<char>, Vec<char>) = (text.chars().collect(), picture.chars().collect());
    // The usual match with one star to return to: linear but for the stars.
    let (mut at, mut drawn) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        let fits = match picture.get(drawn) {
            Some('*') => {
                star = Some((drawn, at));
                drawn += 1;
                continue;
            }
            Some('9') => text[at].is_ascii_digit(),
            Some('A') => text[at].is_ascii_uppercase(),
            Some(other) => text[at] == *other,
            None => false,
        };
        if fits {
            at += 1;
            drawn += 1;
        } else if let Some((star_drawn, star_at)) = star {
            star = Some((star_drawn, star_at + 1));
            at = star_at + 1;
            drawn = star_drawn + 1;
        } else {
            return false;
        }
    }
    picture[drawn..].iter().all(|c| *c == '*')
}

/// `who@domain`, as coarse as RFC 5322 allows: one @, no spaces, a domain with a dot.
fn is_e_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(who, domain)| {
        let fine = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%'*+/=?^_`{|}~.-".contains(&b));
        !who.is_empty()
            && fine(who)
            && fine(domain)
            && domain.split('.').count() >= 2
            && domain.split('.').all(|part| !part.is_empty())
    })
}

/// Whether a resource carries a content and a SHA-1 digest that is not the content's.
pub(super) fn digest_differs(resource: &Resource) -> bool {
    match (&resource.deref_uri, &resource.digest) {
        (Some(content), Some(digest)) => !digest.matches(&content.content()),
        (None, _) | (_, None) => false,
    }
}

/// Whether most letters of an info's texts belong to a script in which its language is not written.
///
/// Only for languages with one script, named here; texts of fewer than eight letters say nothing.
pub(super) fn other_script(info: &Info, lang: &str) -> bool {
    let own: fn(char) -> bool = match lang {
        "en" | "fr" | "de" | "es" | "pt" | "it" | "nl" | "sv" | "pl" | "cs" | "tr" | "fi" => is_latin,
        "fa" | "ar" | "ur" | "ps" | "prs" => is_arabic,
        "he" => |c| matches!(c, '\u{590}'..='\u{5ff}' | '\u{fb1d}'..='\u{fb4f}'),
        "ru" | "uk" | "bg" | "be" => |c| matches!(c, '\u{400}'..='\u{52f}'),
        _ => return false,
    };
    let texts = [Some(&info.event), info.headline.as_ref(), info.description.as_ref(), info.instruction.as_ref()];
    let (mut letters, mut own_letters) = (0_usize, 0_usize);
    for c in texts.into_iter().flatten().flat_map(|text| text.chars()).filter(|c| c.is_alphabetic()) {
        letters += 1;
        own_letters += usize::from(own(c));
    }
    letters >= 8 && own_letters * 2 < letters
}

fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{aa}' | '\u{ba}' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

fn is_arabic(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_match_whole_texts() {
        for (text, picture) in [
            ("FFW", "AAA"),
            ("024001", "999999"),
            ("2; yellow; Moderate", "9; *; *"),
            ("12; flooding", "99; *"),
            ("", "*"),
            ("a;b;c", "*;c"),
            ("OET-081", "OET-999"),
        ] {
            assert!(resembles(text, picture), "{text} {picture}");
        }
        for (text, picture) in [
            ("FF", "AAA"),
            ("FFWX", "AAA"),
            ("ffw", "AAA"),
            ("02400a", "999999"),
            ("yellow", "9; *; *"),
            ("", "9"),
            ("ab", "*a"),
        ] {
            assert!(!resembles(text, picture), "{text} {picture}");
        }
    }

    #[test]
    fn e_mails_are_told_from_others() {
        assert!(is_e_mail("warnings@bom.gov.au") && is_e_mail("a+b@x.y"));
        assert!(
            !is_e_mail("bom.gov.au")
                && !is_e_mail("a@b")
                && !is_e_mail("a@b..c")
                && !is_e_mail("a@b@c.d")
                && !is_e_mail("@b.c")
        );
    }
}
