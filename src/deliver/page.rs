//! The pages of a notice as HTML: what a signed link shows, and the HTML part of a mail. No script, right to left where the language is.
//! Used by `http::notices` and the mail channel.
//! Every text from outside is escaped; a page without a question has no form.

use std::fmt::Write;

use super::{Question, reply::LinkPage};

const STYLE: &str = "body{font:1.1rem/1.7 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}\
h1{font-size:1.4rem}fieldset{border:1px solid #999;border-radius:.5rem;margin:1rem 0;padding:.5rem 1rem}\
button{font:inherit;padding:.6rem 1rem;margin:.3rem 0;width:100%;border-radius:.5rem;border:2px solid #333;background:#fff;color:#1a1a1a}\
button.help{background:#b00020;border-color:#b00020;color:#fff}.note{background:#fff3cd;padding:.5rem 1rem;border-radius:.5rem}\
.done{background:#e3f2e6;padding:.5rem 1rem;border-radius:.5rem}";

/// Escapes text for HTML, attribute values included.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Whether a language is written from right to left.
pub fn direction(language: &str) -> &'static str {
    match language.split('-').next().unwrap_or_default() {
        "fa" | "ar" | "he" | "ur" | "ckb" | "ps" | "azb" | "glk" | "lrc" | "mzn" => "rtl",
        _ => "ltr",
    }
}

fn document(language: &str, title: &str, inner: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{lang}\" dir=\"{dir}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body dir=\"{dir}\">{inner}</body></html>\n",
        lang = escape(language),
        dir = direction(language),
        title = escape(title),
    )
}

fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").filter(|part| !part.trim().is_empty());
    parts.fold(String::with_capacity(text.len()), |html, part| {
        html + "<p>" + &escape(part).replace('\n', "<br>") + "</p>"
    })
}

/// The HTML part of a mail. Links stay text: mail programs make them clickable, and nothing hides where they lead.
pub fn mail(language: &str, subject: &str, body: &str) -> String {
    document(language, subject, &paragraphs(body))
}

/// The words of the page.
struct Words {
    ack: &'static str,
    safe: &'static str,
    need_help: &'static str,
    see: [&'static str; 4],
    answered: &'static str,
    over: &'static str,
    gone: &'static str,
}

const FA: Words = Words {
    ack: "دیدم",
    safe: "سالم هستم",
    need_help: "کمک لازم دارم",
    see: ["چیز غیرعادی نمی‌بینم", "کمی آب یا برف", "آب یا برف زیاد", "وضع خطرناک است"],
    answered: "پاسخ ثبت‌شده",
    over: "مهلت این پیام تمام شده است. خبر تازه را در صفحهٔ هشدارها ببینید.",
    gone: "این پیوند معتبر نیست یا مهلتش گذشته است.",
};
const EN: Words = Words {
    ack: "I have seen it",
    safe: "I am safe",
    need_help: "I need help",
    see: ["Nothing unusual", "A little water or snow", "Much water or snow", "It is dangerous"],
    answered: "Recorded answer",
    over: "This message is no longer current. See the alerts page for what holds now.",
    gone: "This link is not valid, or its time is over.",
};

fn words(language: &str) -> &'static Words {
    if language.starts_with("fa") { &FA } else { &EN }
}

/// The page of a link: the message, and a form per person it was sent to. Shows only; the form posts to the same address.
pub fn of_link(page: &LinkPage) -> String {
    let words = words(&page.language);
    let mut inner = format!("<h1>{}</h1>", escape(&page.subject));
    if page.over {
        // Writing to a string can't fail.
        _ = write!(inner, "<p class=\"note\">{}</p>", words.over);
    }
    // The headline stands above already, and the link is this page.
    let body: Vec<&str> =
        page.body.split("\n\n").filter(|part| part.trim() != page.subject.trim() && !part.contains("/n/")).collect();
    inner.push_str(&paragraphs(&body.join("\n\n")));
    let choices: Vec<(&str, &str)> = match page.question {
        None => Vec::new(),
        Some(Question::Receipt) => {
            vec![("safe", words.safe), ("need_help", words.need_help), ("ack", words.ack)]
        }
        Some(Question::WhatDoYouSee) => ["0", "1", "2", "3"].into_iter().zip(words.see).collect(),
    };
    for (person, name, answer) in &page.people {
        if let Some(answer) = answer {
            let said = choices.iter().find(|(value, _)| value == answer).map_or(answer.as_str(), |(_, label)| *label);
            _ = write!(inner, "<p class=\"done\">{}: {}</p>", words.answered, escape(said));
        }
        if choices.is_empty() {
            continue;
        }
        inner.push_str("<form method=\"post\"><fieldset>");
        if page.people.len() > 1 {
            _ = write!(inner, "<legend>{}</legend>", escape(name));
        }
        _ = write!(inner, "<input type=\"hidden\" name=\"who\" value=\"{person}\">");
        for (value, label) in &choices {
            let class = if *value == "need_help" { " class=\"help\"" } else { "" };
            _ = write!(inner, "<button{class} name=\"answer\" value=\"{value}\">{label}</button>");
        }
        inner.push_str("</fieldset></form>");
    }
    document(&page.language, &page.subject, &inner)
}

/// The page of a link that is none, in both languages: whose it was is not known.
pub fn gone() -> String {
    let inner = format!("<p>{}</p><p lang=\"en\" dir=\"ltr\">{}</p>", FA.gone, EN.gone);
    document("fa", "همیار", &inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PersonId;

    #[test]
    fn what_people_wrote_is_never_markup() {
        let page = LinkPage {
            language: "fa".into(),
            subject: "<script>alert(1)</script>".into(),
            body: "a\n\n<img src=x onerror=y> & \"z\"".into(),
            question: Some(Question::Receipt),
            over: false,
            people: vec![
                (PersonId(uuid::Uuid::nil()), "<b>سارا</b>".into(), None),
                (PersonId(uuid::Uuid::max()), "علی".into(), Some("safe".into())),
            ],
        };
        let html = of_link(&page);
        assert!(!html.contains("<script>") && !html.contains("<img") && !html.contains("<b>"), "{html}");
        assert!(html.contains("dir=\"rtl\"") && html.contains("method=\"post\""), "{html}");
        assert_eq!(html.matches("<form").count(), 2);
    }
}
