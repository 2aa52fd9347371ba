//! Reads the words of CAP's vocabularies, as the standard spells them and as others do.
//! Called by `reader`, which reports each word that is not exact.
//! No word is read as less than it may mean, except what clearly is practice.

use crate::cap::{Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency};

/// How the words of one vocabulary are read.
pub(super) struct Words<T> {
    pub exact: fn(&str) -> Option<T>,
    pub near: fn(&str) -> Option<T>,
}

impl<T> Clone for Words<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Words<T> {}

pub(super) const STATUS: Words<Status> = Words { exact: Status::exact, near: near_status };
pub(super) const MSG_TYPE: Words<MsgType> = Words { exact: MsgType::exact, near: MsgType::any_case };
pub(super) const SCOPE: Words<Scope> = Words { exact: Scope::exact, near: Scope::any_case };
pub(super) const CATEGORY: Words<Category> = Words { exact: Category::exact, near: Category::any_case };
pub(super) const RESPONSE_TYPE: Words<ResponseType> = Words { exact: ResponseType::exact, near: near_response };
pub(super) const URGENCY: Words<Urgency> = Words { exact: Urgency::exact, near: Urgency::any_case };
pub(super) const SEVERITY: Words<Severity> = Words { exact: Severity::exact, near: Severity::any_case };
pub(super) const CERTAINTY: Words<Certainty> = Words { exact: Certainty::exact, near: near_certainty };

/// What others write for a status. Never turns anything into less than it may be, except what clearly is practice.
fn near_status(text: &str) -> Option<Status> {
    match text.to_ascii_lowercase().as_str() {
        "excercise" | "drill" => Some(Status::Exercise),
        _ => Status::any_case(text),
    }
}

fn near_response(text: &str) -> Option<ResponseType> {
    if text.eq_ignore_ascii_case("all clear") { Some(ResponseType::AllClear) } else { ResponseType::any_case(text) }
}

/// CAP 1.0 had “Very Likely” where 1.1 has “Likely”.
fn near_certainty(text: &str) -> Option<Certainty> {
    if text.eq_ignore_ascii_case("very likely") { Some(Certainty::Likely) } else { Certainty::any_case(text) }
}
