//! Derives CAP's severity, urgency and certainty from impact, time to impact and evidence.
//! Called by the service's assessment when it proposes an alert.
//! A colour never enters: a level is shown beside the three, and is not turned back into them.
//!
//! Three tables, one for each question; no answer depends on another question.
//!
//! How bad: severity is the impact, where it is worst.
//!
//! | impact | severity |
//! |---|---|
//! | minimal | Minor |
//! | minor | Moderate |
//! | significant | Severe |
//! | severe | Extreme |
//! | not known | Unknown |
//!
//! How soon: urgency is the time until the impact.
//!
//! | time to impact | urgency |
//! |---|---|
//! | now, or at most 30 minutes | Immediate |
//! | more, and at most 1 hour | Expected |
//! | more than 1 hour | Future |
//! | passed | Past |
//! | not known | Unknown |
//!
//! How sure: certainty is the evidence.
//!
//! | evidence | certainty |
//! |---|---|
//! | seen by staff, or a checked sensor above its threshold | Observed |
//! | probability 0.5 or more | Likely |
//! | probability 0.05 or more, and less than 0.5 | Possible |
//! | probability less than 0.05 | Unlikely |
//! | not known | Unknown |
//!
//! An edge belongs to the more urgent and the more certain side.
//!
//! Sources: the words are those of CAP 1.2 §3.2.2: “Expected” is responsive action within the next hour, “Likely” more than about
//! 50 %, “Possible” up to about 50 %, “Unlikely” about 0 %, “Observed” has occurred or is ongoing. The four impacts are those of
//! WMO-No. 1150 (Multi-hazard Impact-based Forecast and Warning Services), whose matrix of likelihood and impact gives the colour
//! that is shown; the colour mixes the two and so cannot be taken apart again (Taggart and Wilke 2025, NHESS 25:2657). The 30 minutes
//! of “Immediate” and the 0.05 of “about 0 %” are this city's, provisional.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::cap::{Certainty, Severity, Urgency};

/// How much harm is expected where it is worst, after WMO-No. 1150.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Nuisance, life goes on.
    Minimal,
    /// Some disruption, walking or driving is hard.
    Minor,
    /// Damage, roads cut, people may be hurt.
    Significant,
    /// Danger to many lives, homes lost.
    Severe,
}

/// When the impact comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeToImpact {
    /// It is here.
    Now,
    /// It is expected after this long; a negative duration means now.
    After(SignedDuration),
    /// It has passed.
    Passed,
    /// Nobody knows.
    Unknown,
}

/// What the expectation rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Evidence {
    /// Staff has seen it, or a sensor that passed its quality checks is above its threshold.
    Observed,
    /// Probability from 0 to 1; anything else counts as unknown.
    Probability(f64),
    /// Nobody knows.
    Unknown,
}

/// CAP's three answers: how bad, how soon, how sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Triple {
    /// How bad.
    pub severity: Severity,
    /// How soon.
    pub urgency: Urgency,
    /// How sure.
    pub certainty: Certainty,
}

/// An impact within this time is “Immediate”. This city's, provisional.
const IMMEDIATE: SignedDuration = SignedDuration::from_mins(30);
/// An impact within this time is “Expected” (CAP 1.2 §3.2.2).
const EXPECTED: SignedDuration = SignedDuration::from_hours(1);
/// From this probability on it is “Likely” (CAP 1.2 §3.2.2: about 50 %).
const LIKELY: f64 = 0.5;
/// From this probability on it is “Possible”; below, “about 0 %”. This city's, provisional.
const POSSIBLE: f64 = 0.05;

/// The triple of the tables above; no impact known (`None`) gives `Severity::Unknown`.
///
/// ```
/// use alerts::{triple, Evidence, Impact, TimeToImpact};
/// use alerts::cap::{Certainty, Severity, Urgency};
/// let answer = triple(Some(Impact::Significant), TimeToImpact::After(jiff::SignedDuration::from_mins(20)), Evidence::Observed);
/// assert_eq!((answer.severity, answer.urgency, answer.certainty), (Severity::Severe, Urgency::Immediate, Certainty::Observed));
/// ```
pub fn triple(impact: Option<Impact>, time_to_impact: TimeToImpact, evidence: Evidence) -> Triple {
    let severity = match impact {
        None => Severity::Unknown,
        Some(Impact::Minimal) => Severity::Minor,
        Some(Impact::Minor) => Severity::Moderate,
        Some(Impact::Significant) => Severity::Severe,
        Some(Impact::Severe) => Severity::Extreme,
    };
    let urgency = match time_to_impact {
        TimeToImpact::Now => Urgency::Immediate,
        TimeToImpact::After(wait) if wait <= IMMEDIATE => Urgency::Immediate,
        TimeToImpact::After(wait) if wait <= EXPECTED => Urgency::Expected,
        TimeToImpact::After(_) => Urgency::Future,
        TimeToImpact::Passed => Urgency::Past,
        TimeToImpact::Unknown => Urgency::Unknown,
    };
    // A range contains no NaN, and what is no probability says nothing.
    let certainty = match evidence {
        Evidence::Observed => Certainty::Observed,
        Evidence::Probability(p) if (LIKELY..=1.0).contains(&p) => Certainty::Likely,
        Evidence::Probability(p) if (POSSIBLE..LIKELY).contains(&p) => Certainty::Possible,
        Evidence::Probability(p) if (0.0..POSSIBLE).contains(&p) => Certainty::Unlikely,
        Evidence::Probability(_) | Evidence::Unknown => Certainty::Unknown,
    };
    Triple { severity, urgency, certainty }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every row of the first table, as the documentation writes it.
    const IMPACTS: [(&str, Option<Impact>, Severity); 5] = [
        ("minimal", Some(Impact::Minimal), Severity::Minor),
        ("minor", Some(Impact::Minor), Severity::Moderate),
        ("significant", Some(Impact::Significant), Severity::Severe),
        ("severe", Some(Impact::Severe), Severity::Extreme),
        ("not known", None, Severity::Unknown),
    ];

    const fn after(secs: i64) -> TimeToImpact {
        TimeToImpact::After(SignedDuration::from_secs(secs))
    }

    /// Every row of the second table with both of its edges.
    const TIMES: [(&str, &[TimeToImpact], Urgency); 5] = [
        (
            "now, or at most 30 minutes",
            &[TimeToImpact::Now, after(-3_600), after(0), after(1), after(1_800)],
            Urgency::Immediate,
        ),
        ("more, and at most 1 hour", &[after(1_801), after(2_700), after(3_600)], Urgency::Expected),
        (
            "more than 1 hour",
            &[after(3_601), after(86_400 * 30), TimeToImpact::After(SignedDuration::MAX)],
            Urgency::Future,
        ),
        ("passed", &[TimeToImpact::Passed], Urgency::Past),
        ("not known", &[TimeToImpact::Unknown], Urgency::Unknown),
    ];

    const fn chance(p: f64) -> Evidence {
        Evidence::Probability(p)
    }

    /// Every row of the third table with both of its edges, and what is no probability.
    const EVIDENCE: [(&str, &[Evidence], Certainty); 5] = [
        ("seen by staff, or a checked sensor above its threshold", &[Evidence::Observed], Certainty::Observed),
        ("probability 0.5 or more", &[chance(0.5), chance(0.75), chance(1.0)], Certainty::Likely),
        (
            "probability 0.05 or more, and less than 0.5",
            &[chance(0.05), chance(0.3), chance(0.499_999)],
            Certainty::Possible,
        ),
        ("probability less than 0.05", &[chance(-0.0), chance(0.0), chance(0.049_999)], Certainty::Unlikely),
        (
            "not known",
            &[
                Evidence::Unknown,
                chance(f64::NAN),
                chance(f64::INFINITY),
                chance(-f64::INFINITY),
                chance(-0.01),
                chance(1.000_001),
            ],
            Certainty::Unknown,
        ),
    ];

    #[test]
    fn every_cell_of_the_tables_is_as_documented() {
        for (_, impact, severity) in IMPACTS {
            for (_, times, urgency) in TIMES {
                for (_, evidence, certainty) in EVIDENCE {
                    for time in times {
                        for one in evidence {
                            let answer = triple(impact, *time, *one);
                            assert_eq!(answer, Triple { severity, urgency, certainty }, "{impact:?} {time:?} {one:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_documentation_has_these_rows_and_no_others() {
        let rows = IMPACTS.map(|(words, _, answer)| format!("//! | {words} | {answer} |")).into_iter();
        let rows = rows.chain(TIMES.map(|(words, _, answer)| format!("//! | {words} | {answer} |")));
        let rows: Vec<String> =
            rows.chain(EVIDENCE.map(|(words, _, answer)| format!("//! | {words} | {answer} |"))).collect();
        let heads = ["//! | impact |", "//! | time to impact |", "//! | evidence |"];
        let documented: Vec<&str> = include_str!("triple.rs")
            .lines()
            .filter(|line| line.starts_with("//! | ") && heads.iter().all(|head| !line.starts_with(head)))
            .collect();
        assert_eq!(documented, rows);
    }

    #[test]
    fn no_colour_enters() {
        let (code, _) = include_str!("triple.rs").split_once("#[cfg(test)]").expect("the tests stand last");
        let named: Vec<&str> = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .filter(|line| ["Level", "level", "Yellow", "Orange", "Red"].iter().any(|word| line.contains(word)))
            .collect();
        assert_eq!(named, [""; 0]);
    }

    /// 0 for the least answer; an unknown one has no place in the order.
    fn severity_rank(severity: Severity) -> Option<u8> {
        match severity {
            Severity::Extreme => Some(3),
            Severity::Severe => Some(2),
            Severity::Moderate => Some(1),
            Severity::Minor => Some(0),
            Severity::Unknown => None,
        }
    }

    fn urgency_rank(urgency: Urgency) -> Option<u8> {
        match urgency {
            Urgency::Immediate => Some(2),
            Urgency::Expected => Some(1),
            Urgency::Future => Some(0),
            Urgency::Past | Urgency::Unknown => None,
        }
    }

    fn certainty_rank(certainty: Certainty) -> Option<u8> {
        match certainty {
            Certainty::Observed => Some(3),
            Certainty::Likely => Some(2),
            Certainty::Possible => Some(1),
            Certainty::Unlikely => Some(0),
            Certainty::Unknown => None,
        }
    }

    fn impact() -> impl Strategy<Value = Option<Impact>> {
        prop::sample::select(IMPACTS.map(|(_, impact, _)| impact).to_vec())
    }

    fn time() -> impl Strategy<Value = TimeToImpact> {
        prop_oneof![
            Just(TimeToImpact::Now),
            Just(TimeToImpact::Passed),
            Just(TimeToImpact::Unknown),
            (-10_000..20_000_i64).prop_map(after),
        ]
    }

    fn evidence() -> impl Strategy<Value = Evidence> {
        prop_oneof![Just(Evidence::Observed), Just(Evidence::Unknown), (-0.2..1.2_f64).prop_map(chance)]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn more_impact_is_never_less_severe(a in impact(), b in impact(), time in time(), evidence in evidence()) {
            let rank = |impact| severity_rank(triple(impact, time, evidence).severity);
            // `None` is less than any impact, and its rank than any rank.
            prop_assert_eq!(a.cmp(&b), rank(a).cmp(&rank(b)), "strictly: no two impacts have one severity");
        }

        #[test]
        fn what_comes_sooner_is_never_less_urgent(
            a in any::<i32>(), b in any::<i32>(), impact in impact(), evidence in evidence(),
        ) {
            let (sooner, later) = (i64::from(a.min(b)), i64::from(a.max(b)));
            let rank = |secs| urgency_rank(triple(impact, after(secs), evidence).urgency);
            prop_assert!(rank(sooner) >= rank(later) && rank(later).is_some());
            prop_assert!(urgency_rank(triple(impact, TimeToImpact::Now, evidence).urgency) >= rank(sooner));
        }

        #[test]
        fn what_is_more_probable_is_never_less_certain(
            a in 0.0..=1.0_f64, b in 0.0..=1.0_f64, impact in impact(), time in time(),
        ) {
            let rank = |p| certainty_rank(triple(impact, time, chance(p)).certainty);
            prop_assert!(rank(a.max(b)) >= rank(a.min(b)) && rank(a.min(b)).is_some());
            prop_assert!(certainty_rank(triple(impact, time, Evidence::Observed).certainty) > rank(a));
        }

        #[test]
        fn no_answer_depends_on_another_question(
            impacts in (impact(), impact()), times in (time(), time()), evidence in (evidence(), evidence()),
        ) {
            let one = triple(impacts.0, times.0, evidence.0);
            prop_assert_eq!(one.severity, triple(impacts.0, times.1, evidence.1).severity);
            prop_assert_eq!(one.urgency, triple(impacts.1, times.0, evidence.1).urgency);
            prop_assert_eq!(one.certainty, triple(impacts.1, times.1, evidence.0).certainty);
        }
    }
}
