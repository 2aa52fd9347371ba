//! Derives CAP's severity, urgency and certainty from impact, time to impact and evidence.
//! Called by the service's assessment when it proposes an alert.
//! A colour never enters: a level is shown beside the three, and is not turned back into them.
//!
//! | impact | severity | | time to impact | urgency | | evidence | certainty |
//! |---|---|---|---|---|---|---|---|
//! | minimal | Minor | | now to 30 minutes | Immediate | | seen by staff, or a checked sensor above its threshold | Observed |
//! | minor | Moderate | | to 1 hour | Expected | | probability ≥ 0.5 | Likely |
//! | significant | Severe | | later | Future | | 0.05 ≤ probability < 0.5 | Possible |
//! | severe | Extreme | | passed | Past | | probability < 0.05 | Unlikely |
//!
//! Source: CAP 1.2 §3.2.2 for the words (“Expected” is within the next hour, “Likely” is more than about 50 %, “Unlikely” is about 0 %);
//! the four impacts are those of WMO-No. 1150. The 30 minutes and the 0.05 are this city's, provisional.

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

/// The triple of the table above; no impact known (`None`) gives `Severity::Unknown`.
///
/// ```
/// use alerts::{triple, Evidence, Impact, TimeToImpact};
/// use alerts::cap::{Certainty, Severity, Urgency};
/// let answer = triple(Some(Impact::Significant), TimeToImpact::After(jiff::SignedDuration::from_mins(20)), Evidence::Observed);
/// assert_eq!((answer.severity, answer.urgency, answer.certainty), (Severity::Severe, Urgency::Immediate, Certainty::Observed));
/// ```
pub fn triple(impact: Option<Impact>, time_to_impact: TimeToImpact, evidence: Evidence) -> Triple {
    const SOON: SignedDuration = SignedDuration::from_mins(30);
    const EXPECTED: SignedDuration = SignedDuration::from_hours(1);
    let severity = match impact {
        None => Severity::Unknown,
        Some(Impact::Minimal) => Severity::Minor,
        Some(Impact::Minor) => Severity::Moderate,
        Some(Impact::Significant) => Severity::Severe,
        Some(Impact::Severe) => Severity::Extreme,
    };
    let urgency = match time_to_impact {
        TimeToImpact::Now => Urgency::Immediate,
        TimeToImpact::After(wait) if wait <= SOON => Urgency::Immediate,
        TimeToImpact::After(wait) if wait <= EXPECTED => Urgency::Expected,
        TimeToImpact::After(_) => Urgency::Future,
        TimeToImpact::Passed => Urgency::Past,
        TimeToImpact::Unknown => Urgency::Unknown,
    };
    let certainty = match evidence {
        Evidence::Observed => Certainty::Observed,
        Evidence::Probability(p) if (0.5..=1.0).contains(&p) => Certainty::Likely,
        Evidence::Probability(p) if (0.05..0.5).contains(&p) => Certainty::Possible,
        Evidence::Probability(p) if (0.0..0.05).contains(&p) => Certainty::Unlikely,
        Evidence::Probability(_) | Evidence::Unknown => Certainty::Unknown,
    };
    Triple { severity, urgency, certainty }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_s_edges_fall_to_the_more_urgent_and_the_more_certain_side() {
        let urgency =
            |minutes| triple(None, TimeToImpact::After(SignedDuration::from_mins(minutes)), Evidence::Unknown).urgency;
        assert_eq!(
            [urgency(-5), urgency(30), urgency(31), urgency(60), urgency(61)],
            [Urgency::Immediate, Urgency::Immediate, Urgency::Expected, Urgency::Expected, Urgency::Future]
        );
        let certainty = |p| triple(None, TimeToImpact::Now, Evidence::Probability(p)).certainty;
        assert_eq!(certainty(0.5), Certainty::Likely);
        assert_eq!(certainty(0.499), Certainty::Possible);
        assert_eq!(certainty(0.0), Certainty::Unlikely);
        assert_eq!(certainty(f64::NAN), Certainty::Unknown);
        assert_eq!(certainty(1.2), Certainty::Unknown);
    }

    #[test]
    fn more_impact_is_never_less_severe() {
        let severity = |impact| triple(Some(impact), TimeToImpact::Now, Evidence::Observed).severity;
        // CAP lists the most severe first.
        assert!(severity(Impact::Severe) < severity(Impact::Significant));
        assert!(severity(Impact::Significant) < severity(Impact::Minor));
        assert!(severity(Impact::Minor) < severity(Impact::Minimal));
    }
}
