//! Prints every text of the house, filled in, for a person to read: hazard, occasion, language, audience, form, and what it costs by SMS.
//! Run by hand: `cargo run -p hamyar-alerts --example texts` (a language, or a word of an occasion or audience, as arguments narrows it:
//! `-- fa flood_warning minor_helper`; `drill` marks everything as an exercise).
//! It reads the embedded templates and invents the facts; direction marks are printed as ⟨ and ⟩, half-spaces as they are.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]
#![expect(clippy::unwrap_used, reason = "the embedded templates and the facts below are right, or it should stop")]

use alerts::cap::{Certainty, ResponseType, Severity, Urgency};
use alerts::message::{Audience, Extras, Form, notice, segments};
use alerts::{
    Content, Facts, Hazard, Level, Measure, NamedZone, Occasion, Phrase, Templates, Texts, Unit, compose, texts,
};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

fn main() {
    let wishes: Vec<String> = std::env::args().skip(1).collect();
    let exercise = wishes.iter().any(|wish| wish == "drill");
    let wished = |words: &[&str]| {
        let known = |wish: &&String| *wish != "drill";
        wishes.iter().filter(known).all(|wish| words.iter().any(|word| word == wish))
    };
    let templates = Templates::embedded();
    for hazard in Hazard::ALL {
        for occasion in Occasion::ALL.into_iter().filter(|occasion| occasion.fits(hazard)) {
            let content = content(&templates, hazard, occasion, exercise);
            for lang in ["fa", "en"] {
                let wording = &content.wordings[lang];
                if wished(&[lang, occasion.as_str(), hazard.as_str(), "wording"]) {
                    println!("\n━━ {hazard} · {occasion} · {lang} · wording");
                    for (name, text) in wording.texts() {
                        println!("{name:>20}  {}", shown(text));
                    }
                }
                for audience in Audience::ALL {
                    for form in Form::ALL {
                        let (audience_word, form_word) = (word(&audience), word(&form));
                        if !wished(&[lang, occasion.as_str(), hazard.as_str(), &audience_word, &form_word]) {
                            continue;
                        }
                        let extras = Extras {
                            reply: (form == Form::Sms).then_some("1"),
                            link: (form == Form::Full).then_some("https://hamadan.example/n/7Kq2"),
                            minor: (audience == Audience::Mentor).then_some(if lang == "fa" {
                                "سارا"
                            } else {
                                "Sara"
                            }),
                            exercise,
                        };
                        let notice = notice(&templates, &content, audience, lang, form, &extras).unwrap();
                        let cost = segments(&notice.body);
                        let cost = if form == Form::Sms {
                            format!(" · {} × SMS, {} units", cost.count, cost.units)
                        } else {
                            String::new()
                        };
                        println!(
                            "\n── {hazard} · {occasion} · {lang} · {audience_word} · {form_word}{cost}\n{}",
                            shown(&notice.body)
                        );
                    }
                }
            }
        }
    }
    for lang in ["fa", "en"] {
        if wished(&[lang, "phrases"]) {
            phrases(&templates, lang, exercise);
        }
    }
}

fn phrases(templates: &Templates, lang: &str, exercise: bool) {
    let fa = lang == "fa";
    let pick = |persian: &'static str, english: &'static str| if fa { persian } else { english };
    let options = templates.options(lang, &[pick("سارا", "Sara"), pick("رضا", "Reza")]);
    let values = [
        ("number", "40187"),
        ("outcome", pick("رسیدگی شد", "dealt with")),
        ("code", "482913"),
        ("minutes", "10"),
        ("mentor", pick("پروین رضایی", "Parvin Rezaei")),
        ("link", "https://hamadan.example/i/7Kq2"),
        ("zone", pick("بوعلی", "Bu-Ali")),
        ("task", pick("زنگ زدن به همسایهٔ سالمند", "telephone an old neighbour")),
        ("place", pick("کوچهٔ ۱۲", "Alley 12")),
        ("options", options.as_str()),
        ("digit", "1"),
        ("name", pick("سارا", "Sara")),
        ("minor", pick("سارا", "Sara")),
        ("text", pick("در خانه بمان.", "Stay at home.")),
        ("reply", "1"),
        ("contact", "137"),
        ("level", pick("نارنجی", "orange")),
    ];
    println!("\n━━ phrases · {lang}");
    for phrase in Phrase::ALL {
        let for_voice = phrase.key().ends_with("_spoken");
        let text =
            if for_voice { templates.speak(*phrase, lang, &values) } else { templates.say(*phrase, lang, &values) }
                .unwrap();
        let text = match (exercise, for_voice) {
            (true, true) => templates.spoken_as_exercise(lang, &text),
            (true, false) => templates.marked_as_exercise(lang, &text),
            (false, _) => text,
        };
        println!("{:>22} {:>3}  {}", phrase.key(), segments(&text).units, shown(&text));
    }
}

fn content(templates: &Templates, hazard: Hazard, occasion: Occasion, exercise: bool) -> Content {
    let now: Timestamp = "2026-03-21T00:30:00Z".parse().unwrap();
    let zone = |fa, en| texts([("fa", fa), ("en", en)]);
    let (zones, place, measure) = match hazard {
        Hazard::Flood => (
            vec![zone("بوعلی", "Bu-Ali"), zone("جولان", "Julan")],
            zone("سنجهٔ پل تختی", "Takhti Bridge gauge"),
            (1.93, Unit::Metre),
        ),
        Hazard::Snow if occasion == Occasion::SnowDrift => (
            vec![zone("گردنهٔ اسدآباد", "Asadabad Pass")],
            zone("بادسنج گردنه", "Pass wind gauge"),
            (19.5, Unit::MetrePerSecond),
        ),
        Hazard::Snow => (
            vec![zone("گردنهٔ اسدآباد", "Asadabad Pass")],
            zone("برف‌سنج گردنهٔ اسدآباد", "Asadabad Pass snow gauge"),
            (62.0, Unit::Centimetre),
        ),
        Hazard::Ice => {
            (vec![zone("مریانج", "Maryanaj")], zone("دماسنج شهر", "City thermometer"), (-12.0, Unit::DegreeCelsius))
        }
    };
    let facts = Facts {
        hazard,
        level: Level::Orange,
        kind: occasion,
        zones: zones.clone(),
        place: Some(place),
        measure: Some(Measure { value: measure.0, unit: measure.1 }),
        onset: Some(now + 90.minutes()),
        expires: now + 4.hours(),
        tz: TimeZone::get("Asia/Tehran").unwrap(),
        contact: "137".into(),
        exercise,
    };
    let code = |name: &Texts| name["en"].to_lowercase().replace(' ', "-");
    Content {
        hazard,
        level: facts.level,
        wordings: compose(templates, &facts).unwrap(),
        zones: zones.into_iter().map(|name| NamedZone { code: code(&name), name }).collect(),
        polygons: geo_types::MultiPolygon::new(Vec::new()),
        response_types: vec![ResponseType::Monitor],
        urgency: Urgency::Expected,
        severity: Severity::Severe,
        certainty: Certainty::Likely,
        effective: None,
        onset: facts.onset,
        expires: facts.expires,
        contact: facts.contact,
        web: None,
        event_code: alerts::content::event_code(hazard).to_owned(),
    }
}

fn word<T: serde::Serialize>(one: &T) -> String {
    serde_json::to_string(one).unwrap().trim_matches('"').to_owned()
}

fn shown(text: &str) -> String {
    text.replace('\u{2068}', "⟨").replace('\u{2069}', "⟩")
}
