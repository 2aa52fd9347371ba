//! What a minor may be sent and asked: pure rules without exceptions (invariant 13).
//! Called by `deliver` and by whoever asks helpers something, before a notice is made.
//! A warning is never withheld, from anybody; everything that could send a minor towards danger is, and says why.

use alerts::{Level, Texts, texts};
use jiff::{Timestamp, civil, tz::TimeZone};

/// What somebody is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sending {
    /// A warning or its end: a threat to life.
    Warning,
    /// Something to answer from where one is: “what do you see?”
    Question,
    /// Something to do.
    Task,
}

/// What is known of the minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minor {
    /// Until when a guardian has consented to tasks and questions; none: no consent is on file.
    pub consent_until: Option<Timestamp>,
    /// Somebody looks after them.
    pub has_mentor: bool,
}

/// What is known of the place that the question or task is about, and of the place where the minor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The highest level of any of these zones; unknown when nobody watches one of them.
    pub level: Level,
    /// Any of these places lies inside any band of a footprint.
    pub inside_footprint: bool,
}

/// Night, by the city's clock; over midnight when `from` is later than `until`. From inclusive, until exclusive.
#[derive(Clone, Debug)]
pub struct Night {
    /// Its beginning.
    pub from: civil::Time,
    /// Its end.
    pub until: civil::Time,
    /// The city's time zone.
    pub zone: TimeZone,
}

/// Why something is not sent to a minor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Withheld {
    /// Nobody looks after them, so nobody would be told together with them.
    NoMentor,
    /// No guardian has consented.
    NoConsent,
    /// The consent has run out.
    ConsentExpired,
    /// It is night in the city.
    Night,
    /// The zone is orange or red.
    DangerousZone,
    /// The place lies inside a footprint.
    InsideFootprint,
    /// Nobody watches the zone: silence is not safety, and a task would lead there.
    UnwatchedZone,
}

impl Withheld {
    /// The reason in words, for staff and mentors.
    pub fn texts(self) -> Texts {
        match self {
            Self::NoMentor => texts([("fa", "این نوجوان مربی ندارد"), ("en", "this minor has no mentor")]),
            Self::NoConsent => {
                texts([("fa", "رضایت‌نامهٔ سرپرست ثبت نشده است"), ("en", "no guardian's consent is on file")])
            }
            Self::ConsentExpired => {
                texts([("fa", "مهلت رضایت‌نامهٔ سرپرست گذشته است"), ("en", "the guardian's consent has run out")])
            }
            Self::Night => texts([
                ("fa", "شب است؛ از نوجوان شب‌ها چیزی خواسته نمی‌شود"),
                ("en", "minors are asked nothing at night"),
            ]),
            Self::DangerousZone => texts([("fa", "سطح ناحیه نارنجی یا قرمز است"), ("en", "the zone is orange or red")]),
            Self::InsideFootprint => {
                texts([("fa", "آنجا در گسترهٔ خطر است"), ("en", "the place lies inside a footprint")])
            }
            Self::UnwatchedZone => {
                texts([("fa", "از وضع این ناحیه خبری نیست"), ("en", "nobody knows how this zone stands")])
            }
        }
    }
}

/// May this be sent to this minor now? Every reason against it is given, none hides another.
///
/// ```
/// use hamyar::helpers::minors::{Minor, Night, Sending, Surroundings, may_be_sent};
/// # let night = Night { from: "22:00".parse().unwrap(), until: "07:00".parse().unwrap(), zone: jiff::tz::TimeZone::UTC };
/// let worst = Surroundings { level: alerts::Level::Red, inside_footprint: true };
/// let midnight = "2026-03-01T00:00:00Z".parse().unwrap();
/// let minor = Minor { consent_until: None, has_mentor: true };
/// assert!(may_be_sent(Sending::Warning, minor, worst, &night, midnight).is_ok());
/// assert!(may_be_sent(Sending::Task, minor, worst, &night, midnight).is_err());
/// ```
pub fn may_be_sent(
    sending: Sending,
    minor: Minor,
    surroundings: Surroundings,
    night: &Night,
    now: Timestamp,
) -> Result<(), Vec<Withheld>> {
    let leads_somewhere = match sending {
        Sending::Warning => return Ok(()),
        Sending::Question => false,
        Sending::Task => true,
    };
    let mut withheld = Vec::new();
    if !minor.has_mentor {
        withheld.push(Withheld::NoMentor);
    }
    match minor.consent_until {
        None => withheld.push(Withheld::NoConsent),
        Some(until) if until <= now => withheld.push(Withheld::ConsentExpired),
        Some(_) => {}
    }
    if night.holds(now) {
        withheld.push(Withheld::Night);
    }
    match surroundings.level {
        Level::Orange | Level::Red => withheld.push(Withheld::DangerousZone),
        Level::Unknown if leads_somewhere => withheld.push(Withheld::UnwatchedZone),
        Level::Unknown | Level::Green | Level::Yellow => {}
    }
    if surroundings.inside_footprint {
        withheld.push(Withheld::InsideFootprint);
    }
    if withheld.is_empty() { Ok(()) } else { Err(withheld) }
}

/// Is the mentor told of what is sent to this helper? Of everything that a minor is sent, whatever it is.
pub fn mentor_is_told(minor: bool) -> bool {
    minor
}

impl Night {
    /// Quiet hours as configured.
    pub fn of(config: &crate::config::Config) -> Self {
        let time = |text: &str| text.parse().expect("checked when the configuration was loaded");
        Self {
            from: time(&config.helpers.quiet_from),
            until: time(&config.helpers.quiet_until),
            zone: config.time_zone(),
        }
    }

    /// Is it night at `at`?
    pub fn holds(&self, at: Timestamp) -> bool {
        let time = at.to_zoned(self.zone.clone()).time();
        if self.from <= self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn night() -> Night {
        Night {
            from: "22:00".parse().unwrap(),
            until: "07:00".parse().unwrap(),
            zone: TimeZone::get("Asia/Tehran").unwrap(),
        }
    }

    /// Noon in Hamadan (UTC+3:30).
    const NOON: &str = "2026-03-01T08:30:00Z";
    const CALM: Surroundings = Surroundings { level: Level::Green, inside_footprint: false };

    fn consenting() -> Minor {
        Minor { consent_until: Some("2026-12-31T00:00:00Z".parse().unwrap()), has_mentor: true }
    }

    fn ask(sending: Sending, minor: Minor, surroundings: Surroundings, at: &str) -> Vec<Withheld> {
        may_be_sent(sending, minor, surroundings, &night(), at.parse().unwrap()).err().unwrap_or_default()
    }

    #[test]
    fn a_warning_is_never_withheld_from_a_minor() {
        let worst = Surroundings { level: Level::Red, inside_footprint: true };
        let alone = Minor { consent_until: None, has_mentor: false };
        assert_eq!(ask(Sending::Warning, alone, worst, "2026-03-01T00:00:00Z"), []);
    }

    #[test]
    fn a_minor_without_a_mentor_is_asked_nothing() {
        let alone = Minor { has_mentor: false, ..consenting() };
        for sending in [Sending::Task, Sending::Question] {
            assert_eq!(ask(sending, alone, CALM, NOON), [Withheld::NoMentor]);
        }
    }

    #[test]
    fn a_task_needs_consent_that_still_holds() {
        assert_eq!(ask(Sending::Task, consenting(), CALM, NOON), []);
        assert_eq!(
            ask(Sending::Task, Minor { consent_until: None, ..consenting() }, CALM, NOON),
            [Withheld::NoConsent]
        );
        let expired = Minor { consent_until: Some(NOON.parse().unwrap()), ..consenting() };
        assert_eq!(ask(Sending::Question, expired, CALM, NOON), [Withheld::ConsentExpired]);
    }

    #[test]
    fn a_minor_is_asked_nothing_at_night_by_the_citys_clock() {
        // 22:00 in Hamadan is 18:30 UTC; 07:00 is 03:30 UTC.
        for (at, withheld) in [
            ("2026-03-01T18:29:59Z", vec![]),
            ("2026-03-01T18:30:00Z", vec![Withheld::Night]),
            ("2026-03-02T03:29:59Z", vec![Withheld::Night]),
            ("2026-03-02T03:30:00Z", vec![]),
        ] {
            assert_eq!(ask(Sending::Question, consenting(), CALM, at), withheld, "{at}");
        }
    }

    #[test]
    fn a_minor_is_not_sent_where_it_is_dangerous() {
        for level in [Level::Orange, Level::Red] {
            let there = Surroundings { level, inside_footprint: false };
            for sending in [Sending::Task, Sending::Question] {
                assert_eq!(ask(sending, consenting(), there, NOON), [Withheld::DangerousZone]);
            }
        }
        let footprint = Surroundings { level: Level::Green, inside_footprint: true };
        assert_eq!(ask(Sending::Task, consenting(), footprint, NOON), [Withheld::InsideFootprint]);
    }

    #[test]
    fn silence_is_not_safety_for_a_task_but_a_question_may_break_it() {
        let unknown = Surroundings { level: Level::Unknown, inside_footprint: false };
        assert_eq!(ask(Sending::Task, consenting(), unknown, NOON), [Withheld::UnwatchedZone]);
        assert_eq!(ask(Sending::Question, consenting(), unknown, NOON), []);
    }

    proptest! {
        #[test]
        fn no_combination_lets_a_minor_go_into_danger(
            seconds in 0_i64..4_000_000_000, consent in proptest::option::of(0_i64..4_000_000_000),
            level in 0_usize..Level::ALL.len(), inside_footprint: bool, question: bool, has_mentor: bool,
        ) {
            let now = Timestamp::from_second(seconds).unwrap();
            let consent_until = consent.map(|seconds| Timestamp::from_second(seconds).unwrap());
            let there = Surroundings { level: Level::ALL[level], inside_footprint };
            let sending = if question { Sending::Question } else { Sending::Task };
            if may_be_sent(sending, Minor { consent_until, has_mentor }, there, &night(), now).is_ok() {
                prop_assert!(has_mentor && consent_until.is_some_and(|until| until > now));
                prop_assert!(there.level < Level::Orange && !inside_footprint && !night().holds(now));
            }
        }
    }
}
