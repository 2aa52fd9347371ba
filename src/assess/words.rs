//! Says in words why a level is what it is, in Persian and in English.
//! Called by `fuse` for each addend and by `zones` for each zone.
//! A reason names sensors and numbers of reports, and is for staff; what is said of a zone is for everybody and names no report.
//! People are never named.

use alerts::{Hazard, Level, Texts, calendar, texts};

use super::{fuse::Evidence, incident::Reason};

/// The kind of a reason that rests on a person's report.
const REPORT: &str = "report";

/// The reason that a piece of evidence gives.
pub fn reason(evidence: &Evidence, weight_mnat: i32) -> Reason {
    let both = |fa: String, en: String| texts([("fa", fa.as_str()), ("en", en.as_str())]);
    match evidence {
        Evidence::Above { sensor, name, quantity, value, threshold, level, at } => {
            let say = |lang: &str| {
                let measure = |value| format!("{} {}", calendar::number(lang, round(value)), unit(quantity, lang));
                (named(name, lang), measure(*value), level_word(*level, lang), measure(*threshold))
            };
            let (fa, en) = (say("fa"), say("en"));
            Reason {
                kind: "sensor".into(),
                evidence_id: Some(sensor.0),
                at: *at,
                weight_mnat,
                text: both(
                    format!("{}: {}، بالاتر از آستانهٔ {} ({})", fa.0, fa.1, fa.2, fa.3),
                    format!("{}: {}, above the {} threshold ({})", en.0, en.1, en.2, en.3),
                ),
            }
        }
        Evidence::Below { sensor, name, at } => Reason {
            kind: "silent_witness".into(),
            evidence_id: Some(sensor.0),
            at: *at,
            weight_mnat,
            text: both(
                format!("{}: کار می‌کند و پایین‌تر از همهٔ آستانه‌ها است", named(name, "fa")),
                format!("{}: works and is below every threshold", named(name, "en")),
            ),
        },
        Evidence::Report { report, number, channel, verified, depth_cm, at, .. } => {
            let say = |lang: &str| {
                let depth = depth_cm.map(|depth| calendar::number(lang, round(depth)));
                (calendar::digits(lang, number), channel_word(channel, lang), depth)
            };
            let (fa, en) = (say("fa"), say("en"));
            let fa_depth = fa.2.map(|depth| format!("، عمق {depth} سانتی‌متر")).unwrap_or_default();
            let en_depth = en.2.map(|depth| format!(", {depth} cm deep")).unwrap_or_default();
            let (fa_seal, en_seal) = if *verified { ("، تأییدشده", ", verified") } else { ("", "") };
            Reason {
                kind: REPORT.into(),
                evidence_id: Some(report.0),
                at: *at,
                weight_mnat,
                text: both(
                    format!("گزارش {} ({}){fa_depth}{fa_seal}", fa.0, fa.1),
                    format!("report {} ({}){en_depth}{en_seal}", en.0, en.1),
                ),
            }
        }
    }
}

/// Why a zone has a level from an incident, for everybody: a report's number would let others ask after it, so reports are only counted.
pub fn zone_in_incident(hazard: Hazard, level: Level, reasons: &[Reason]) -> Texts {
    let reports = reasons.iter().filter(|reason| reason.kind == REPORT).count();
    let because = |lang: &str| match (reasons.first(), lang) {
        (None, _) => String::new(),
        (Some(first), "fa") if first.kind == REPORT => {
            format!("{} گزارش مردم", calendar::digits("fa", &reports.to_string()))
        }
        (Some(first), _) if first.kind == REPORT => {
            format!("{reports} {} from people", if reports == 1 { "report" } else { "reports" })
        }
        (Some(first), _) => first.text.get(lang).cloned().unwrap_or_default(),
    };
    texts([
        ("fa", format!("{}، سطح {}: {}", hazard_word(hazard, "fa"), level_word(level, "fa"), because("fa")).as_str()),
        ("en", format!("{}, {}: {}", hazard_word(hazard, "en"), level_word(level, "en"), because("en")).as_str()),
    ])
}

/// Why a zone is green.
pub fn zone_watched(sensors: usize, reports: usize) -> Texts {
    let count = |lang: &str, number: usize| calendar::digits(lang, &number.to_string());
    texts([
        (
            "fa",
            format!("{} حسگر سالم و {} گزارش تازه؛ خطری دیده نمی‌شود", count("fa", sensors), count("fa", reports))
                .as_str(),
        ),
        ("en", format!("{sensors} working sensors and {reports} recent reports; no danger is seen").as_str()),
    ])
}

/// Why a zone is unknown.
pub fn zone_unwatched() -> Texts {
    texts([
        ("fa", "نه حسگر سالمی این‌جا را می‌بیند و نه گزارش تازه‌ای رسیده است؛ وضع معلوم نیست"),
        ("en", "no working sensor watches this zone and nobody has reported lately; its state is not known"),
    ])
}

fn named(name: &Texts, lang: &str) -> String {
    calendar::digits(lang, alerts::text_in(name, lang).unwrap_or("—"))
}

/// Two decimals: what gauges and people can tell apart.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn unit(quantity: &str, lang: &str) -> &'static str {
    let unit = quantity.rsplit_once('_').map_or("", |(_, unit)| unit);
    match (unit, lang) {
        ("m", "fa") => "متر",
        ("m", _) => "m",
        ("cm", "fa") => "سانتی‌متر",
        ("cm", _) => "cm",
        ("mm", "fa") => "میلی‌متر",
        ("mm", _) => "mm",
        ("c", "fa") => "درجه",
        ("c", _) => "°C",
        _ => "",
    }
}

fn level_word(level: Level, lang: &str) -> String {
    alerts::text_in(&level.names(), lang).unwrap_or(level.as_str()).to_lowercase()
}

fn hazard_word(hazard: Hazard, lang: &str) -> String {
    alerts::text_in(&hazard.names(), lang).unwrap_or(hazard.as_str()).to_owned()
}

fn channel_word(channel: &str, lang: &str) -> &'static str {
    match (channel, lang) {
        ("sms", "fa") => "پیامک",
        ("sms", _) => "text message",
        ("desk", "fa") => "تماس با میز ۱۳۷",
        ("desk", _) => "call to the desk",
        ("app", "fa") => "برنامهٔ تلفن",
        ("app", _) => "phone app",
        (_, "fa") => "وب",
        (_, _) => "web",
    }
}
