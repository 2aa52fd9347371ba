//! Adds up what is known about one incident: log-odds, level, how far it is believed, and the reason for each addend.
//! Called by `assess` whenever something about an incident changed; pure, in integers, the same on every machine and in any order.
//! The explanation is the computation: every addend becomes a reason, and nothing else is added.

use alerts::{Hazard, Level, Texts};
use jiff::Timestamp;

use super::{
    incident::{IncidentStage, Reason},
    rules::Rules,
    words,
};
use crate::id::{ReportId, SensorId};

/// Witnesses that count at most.
const WITNESSES_MAX: usize = 2;

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// A sensor that passed its checks is above a threshold.
    Above {
        /// Which.
        sensor: SensorId,
        /// What it is called.
        name: Texts,
        /// `stage_m`.
        quantity: String,
        /// In the unit of the quantity.
        value: f64,
        /// What it crossed, in the same unit.
        threshold: f64,
        /// The level that holds.
        level: Level,
        /// Since when.
        at: Timestamp,
    },
    /// A working sensor in the footprint is below every threshold.
    Below {
        /// Which.
        sensor: SensorId,
        /// What it is called.
        name: Texts,
        /// When it read so.
        at: Timestamp,
    },
    /// Somebody reported.
    Report {
        /// Which.
        report: ReportId,
        /// Its number, as people know it.
        number: String,
        /// "web", "sms", …
        channel: &'static str,
        /// Staff verified it.
        verified: bool,
        /// Water or snow, in cm.
        depth_cm: Option<f64>,
        /// The place is known to the street.
        precise: bool,
        /// When it was seen.
        at: Timestamp,
    },
}

/// What the evidence adds up to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// Thousandths of a natural log-odds.
    pub log_odds_mnat: i32,
    /// How bad.
    pub level: Level,
    /// How far it is believed; never `Closed`, which time decides.
    pub stage: IncidentStage,
    /// A sensor or verified report carries it.
    pub observed: bool,
    /// The addends, the heaviest first.
    pub reasons: Vec<Reason>,
}

/// Adds up the evidence at `now`. O(n log n).
pub fn judge(hazard: Hazard, evidence: &[Evidence], rules: &Rules, now: Timestamp) -> Judgement {
    let weights = &rules.weights;
    let decay = |at: Timestamp| weights.decay_per_mille(hazard, now.duration_since(at).as_secs_f64() / 60.0);
    let is_above = evidence.iter().any(|evidence| matches!(evidence, Evidence::Above { .. }));
    // When the last gauge that had risen fell again; only while none is above.
    let cleared_at = evidence
        .iter()
        .filter_map(|evidence| match evidence {
            Evidence::Below { at, .. } if !is_above => Some(*at),
            Evidence::Above { .. } | Evidence::Below { .. } | Evidence::Report { .. } => None,
        })
        .max();
    let faded = |at: Timestamp| {
        let left = decay(at);
        if cleared_at.is_some_and(|cleared| at <= cleared) { per_mille(left, weights.after_clearing) } else { left }
    };
    let mut reasons = Vec::new();
    let (mut carried, mut reported, mut against) = (0_i32, 0_i32, 0_i32);
    let mut level = Level::Green;
    let mut impact_of_reports = None;
    let (mut above, mut verified, mut unverified) = (0_usize, 0_usize, 0_usize);

    // A total order, so that the sum does not depend on the order in which rows were read.
    let mut sorted: Vec<&Evidence> = evidence.iter().collect();
    sorted.sort_by_key(|evidence| evidence.order());
    for evidence in sorted {
        let weight_mnat = match evidence {
            Evidence::Above { level: held, .. } => {
                above += 1;
                level = level.max(*held);
                carried += weights.crossing;
                weights.crossing
            }
            Evidence::Below { .. } => continue,
            Evidence::Report { verified: true, depth_cm, at, .. } => {
                verified += 1;
                impact_of_reports = impact_of_reports.max(Some(rules.matrix.impact_of_depth(*depth_cm)));
                let weight = per_mille(weights.verified(), faded(*at));
                carried += weight;
                weight
            }
            Evidence::Report { channel, depth_cm, precise, at, .. } => {
                let rank = unverified.min(weights.independence.len() - 1);
                unverified += 1;
                impact_of_reports = impact_of_reports.max(Some(rules.matrix.impact_of_depth(*depth_cm)));
                let own = weights.report(channel) + if *precise && depth_cm.is_some() { weights.precise() } else { 0 };
                let weight = per_mille(per_mille(own, weights.independence[rank]), faded(*at));
                reported += weight;
                weight
            }
        };
        reasons.push(words::reason(evidence, weight_mnat));
    }
    if above == 0 {
        let witnesses = evidence.iter().filter(|evidence| matches!(evidence, Evidence::Below { .. }));
        for witness in witnesses.take(WITNESSES_MAX) {
            against += weights.silent_witness;
            reasons.push(words::reason(witness, weights.silent_witness));
        }
    }
    let base = weights.base(hazard);
    let alone = above == 0 && verified == 0;
    let mut log_odds_mnat = base + carried + reported + against;
    if alone {
        log_odds_mnat = log_odds_mnat.min(weights.reports_alone_max);
    }
    let stage = if verified > 0 || above >= 2 || (above == 1 && unverified >= 1) || unverified >= 3 {
        IncidentStage::Confirmed
    } else {
        IncidentStage::Candidate
    };
    if let Some(impact) = impact_of_reports {
        let told = rules.matrix.level(log_odds_mnat, impact);
        // One voice alone does not colour a zone orange.
        level = level.max(if alone && unverified == 1 { told.min(Level::Yellow) } else { told });
    }
    reasons.sort_by_key(|reason| (-reason.weight_mnat.abs(), reason.at, reason.evidence_id));
    Judgement { log_odds_mnat, level, stage, observed: !alone, reasons }
}

fn per_mille(weight: i32, factor: i32) -> i32 {
    // Weights are within a million and factors within a thousand: i64 can't overflow, and the quotient fits again.
    i32::try_from(i64::from(weight) * i64::from(factor) / 1000).expect("a part of an i32 fits an i32")
}

impl Evidence {
    fn order(&self) -> (Timestamp, uuid::Uuid) {
        match self {
            Self::Above { sensor, at, .. } | Self::Below { sensor, at, .. } => (*at, sensor.0),
            Self::Report { report, at, .. } => (*at, report.0),
        }
    }
}

/// The probability of log-odds, 0 to 1.
pub fn probability(log_odds_mnat: i32) -> f64 {
    1.0 / (1.0 + (-f64::from(log_odds_mnat) / 1000.0).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T04:00:00Z".parse().expect("a time")
    }

    fn report(id: u128, depth_cm: Option<f64>, minutes_ago: i64) -> Evidence {
        Evidence::Report {
            report: ReportId(uuid::Uuid::from_u128(id)),
            number: id.to_string(),
            channel: "web",
            verified: false,
            depth_cm,
            precise: false,
            at: now() - jiff::SignedDuration::from_mins(minutes_ago),
        }
    }

    fn gauge(id: u128, level: Level) -> Evidence {
        Evidence::Above {
            sensor: SensorId(uuid::Uuid::from_u128(id)),
            name: alerts::texts([("fa", "پل"), ("en", "Bridge")]),
            quantity: "stage_m".into(),
            value: 1.9,
            threshold: 1.8,
            level,
            at: now(),
        }
    }

    fn judged(evidence: &[Evidence]) -> Judgement {
        judge(Hazard::Flood, evidence, &Rules::embedded(), now())
    }

    #[test]
    fn reports_give_the_probabilities_they_were_calibrated_to() {
        let one = probability(judged(&[report(1, None, 0)]).log_odds_mnat);
        let two = probability(judged(&[report(1, None, 0), report(2, None, 0)]).log_odds_mnat);
        assert!((one - 0.40).abs() < 0.02, "{one}");
        assert!((two - 0.53).abs() < 0.03, "{two}");
    }

    #[test]
    fn reports_alone_never_make_certain() {
        let many: Vec<_> = (1..=500).map(|id| report(id, Some(200.0), 0)).collect();
        assert_eq!(judged(&many).log_odds_mnat, 1735);
    }

    #[test]
    fn one_voice_alone_colours_no_zone_orange() {
        assert_eq!(judged(&[report(1, Some(200.0), 0)]).level, Level::Yellow);
    }

    #[test]
    fn a_report_beside_a_gauge_confirms_it() {
        assert_eq!(judged(&[gauge(1, Level::Orange)]).stage, IncidentStage::Candidate);
        let both = judged(&[gauge(1, Level::Orange), report(2, None, 1)]);
        assert_eq!(both.stage, IncidentStage::Confirmed);
        assert_eq!(both.level, Level::Orange);
        assert_eq!(both.reasons.len(), 2);
    }

    #[test]
    fn a_gauge_that_fell_after_the_reports_outweighs_them() {
        let mut evidence: Vec<_> = (1..=5).map(|id| report(id, Some(50.0), 10)).collect();
        assert_eq!(judged(&evidence).level, Level::Orange);
        let below = |minutes_ago| Evidence::Below {
            sensor: SensorId(uuid::Uuid::from_u128(9)),
            name: alerts::texts([("fa", "پل"), ("en", "Bridge")]),
            at: now() - jiff::SignedDuration::from_mins(minutes_ago),
        };
        evidence.push(below(20));
        assert!(judged(&evidence).level >= Level::Yellow, "it fell before they were written");
        evidence.push(below(5));
        assert_eq!(judged(&evidence).level, Level::Green);
    }

    #[test]
    fn old_reports_fade() {
        assert!(judged(&[report(1, None, 300)]).log_odds_mnat < judged(&[report(1, None, 0)]).log_odds_mnat);
    }

    proptest! {
        #[test]
        fn the_order_of_evidence_does_not_matter(seed in 0_u64..1000, count in 1_usize..12) {
            let mut evidence: Vec<_> =
                (0..count).map(|index| report(index as u128 + 1, Some(10.0 * index as f64), i64::try_from(index * 7 % 40).expect("small"))).collect();
            evidence.push(gauge(99, Level::Yellow));
            let expected = judged(&evidence);
            let turn = usize::try_from(seed).expect("small") % evidence.len();
            evidence.rotate_left(turn);
            prop_assert_eq!(judged(&evidence), expected);
        }

        #[test]
        fn more_evidence_for_danger_never_lowers_the_level(count in 1_usize..10, depth in 0.0..200.0_f64) {
            let evidence: Vec<_> = (0..count).map(|index| report(index as u128 + 1, Some(depth), 3)).collect();
            let more: Vec<_> = evidence.iter().cloned().chain([report(50, Some(depth), 3)]).collect();
            prop_assert!(judged(&more).level >= judged(&evidence).level);
            prop_assert!(judged(&more).log_odds_mnat >= judged(&evidence).log_odds_mnat);
        }
    }
}
