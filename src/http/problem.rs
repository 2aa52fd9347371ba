//! Answers that say what went wrong: RFC 9457 problem+json with a stable type, in the caller's words.
//! Every handler returns `Result<_, Problem>`; every room's refusal has its `From`.
//! A fault of ours says nothing of its inside to the caller; it is logged once, here.

use axum::{
    Json,
    extract::rejection::{FormRejection, JsonRejection, PathRejection, QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tracing::error;

use crate::{
    issue,
    staff::{PersonFault, sign_in::SignInRefusal},
    store::Fault,
};

/// What went wrong (RFC 9457).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// A stable word for programs, as a URI reference: "/problems/wrong-stage".
    pub r#type: String,
    /// A sentence for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Every single fault, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<String>,
}

impl Problem {
    /// A problem with a stable `word` and a sentence.
    pub fn new(status: StatusCode, word: &str, title: impl Into<String>) -> Self {
        Self { r#type: format!("/problems/{word}"), title: title.into(), status: status.as_u16(), errors: Vec::new() }
    }

    /// Adds the single faults.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<String>) -> Self {
        self.errors = errors;
        self
    }

    /// 404.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    /// 401.
    pub fn sign_in_first() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign-in-first", "sign in first")
    }

    /// 403.
    pub fn no_right(wanted: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "no-right", format!("this needs the right of {wanted}"))
    }

    /// 422: what was sent can be read but not used.
    pub fn unusable(errors: Vec<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unusable", "what was sent can't be used").with_errors(errors)
    }

    /// 409.
    pub fn conflict(word: &str, title: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, word, title)
    }

    /// 500, logged here and nowhere else.
    pub fn fault(fault: &dyn std::fmt::Display) -> Self {
        error!(%fault, "a request could not be served: {fault}");
        metrics::counter!("hamyar_http_faults_total").increment(1);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", "the service could not do this; it has been logged")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self)).into_response()
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::fault(&fault)
    }
}

impl From<SignInRefusal> for Problem {
    fn from(refusal: SignInRefusal) -> Self {
        let title = refusal.to_string();
        match refusal {
            SignInRefusal::Wrong => Self::new(StatusCode::UNAUTHORIZED, "wrong-credentials", title),
            SignInRefusal::TooMany => Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-tries", title),
            SignInRefusal::WhichPerson(people) => Self::conflict("which-person", title).with_errors(
                people.into_iter().map(|person| format!("{} {}", person.id, person.name.unwrap_or_default())).collect(),
            ),
            SignInRefusal::Store(fault) => fault.into(),
        }
    }
}

impl From<PersonFault> for Problem {
    fn from(fault: PersonFault) -> Self {
        match fault {
            PersonFault::Store(fault) => fault.into(),
            other @ (PersonFault::Name
            | PersonFault::Language(..)
            | PersonFault::Contact(..)
            | PersonFault::Login(_)
            | PersonFault::Password) => Self::unusable(vec![other.to_string()]),
        }
    }
}

impl From<issue::Refusal> for Problem {
    fn from(refusal: issue::Refusal) -> Self {
        use alerts::lifecycle::Refusal as Lifecycle;
        let title = refusal.to_string();
        let word = match refusal {
            issue::Refusal::NoSuchAlert => return Self::not_found("alert"),
            issue::Refusal::NoSuchProposal => return Self::not_found("proposal"),
            issue::Refusal::ProposalNotOpen(_) => "proposal-not-open",
            issue::Refusal::Stale => "content-changed",
            issue::Refusal::Overtaken => "overtaken",
            issue::Refusal::NotLive => "not-live",
            issue::Refusal::NoSender => "no-sender",
            issue::Refusal::Unusable(errors) => return Self::unusable(errors),
            issue::Refusal::NotCap(findings) => {
                return Self::unusable(findings.iter().map(ToString::to_string).collect());
            }
            issue::Refusal::Store(fault) => return fault.into(),
            issue::Refusal::Lifecycle(refusal) => match refusal {
                Lifecycle::OwnWork => return Self::new(StatusCode::FORBIDDEN, "own-work", title),
                Lifecycle::Faulty(faults) | Lifecycle::DrillMark { faults, .. } => {
                    return Self::unusable(faults.iter().map(ToString::to_string).collect());
                }
                Lifecycle::WrongStage { .. } | Lifecycle::WrongEnding { .. } => "wrong-stage",
                Lifecycle::ContentChanged { .. } => "content-changed",
                Lifecycle::NothingToReference => "not-live",
                Lifecycle::Expired { .. } | Lifecycle::NotYetExpired { .. } | Lifecycle::NotLater { .. } => {
                    "wrong-time"
                }
                Lifecycle::NotAWarning { .. } | Lifecycle::OwnMessage | Lifecycle::AnswerToAnswer { .. } => {
                    "wrong-kind"
                }
            },
        };
        Self::conflict(word, title)
    }
}

macro_rules! rejections {
    ($($rejection:ty),+) => {$(
        impl From<$rejection> for Problem {
            fn from(rejection: $rejection) -> Self {
                let status = rejection.status();
                Self::new(status, "unreadable", rejection.body_text())
            }
        }
    )+};
}
rejections!(JsonRejection, QueryRejection, PathRejection, FormRejection);
