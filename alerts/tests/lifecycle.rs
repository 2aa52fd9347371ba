//! Judges the life cycle by what must hold after any sequence of operations, and by known faults of common tools.
//! Run by the test command.
//! A small model beside the crate remembers who wrote and who approved what, and what was told to the world.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet};

use alerts::cap::{
    Alert, CapTime, Certainty, Identifier, MsgType, Reference, ResponseType, Scope, Sender, Severity, Status, Text,
    Urgency,
};
use alerts::content::event_code;
use alerts::lifecycle::{
    Answer, Case, Ending, IdentifierForm, Publication, Published, Refusal, Release, Stage, answer, references, with_end,
};
use alerts::{
    Checker, Content, Facts, Hazard, Kind, Level, NamedZone, Occasion, Profile, Templates, check, compose, texts, xml,
};
use geo_types::{MultiPolygon, polygon};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

const NOW: Timestamp = Timestamp::constant(1_774_053_000, 0); // 2026-03-21T00:30:00Z, 04:00 in Hamadan

fn tehran() -> TimeZone {
    TimeZone::get("Asia/Tehran").unwrap()
}

fn content() -> Content {
    let zone = texts([("fa", "کنار رود شرقی"), ("en", "River East")]);
    let facts = Facts {
        hazard: Hazard::Flood,
        level: Level::Orange,
        kind: Occasion::FloodWarning,
        zones: vec![zone.clone()],
        place: None,
        measure: None,
        onset: None,
        expires: NOW + 4.hours(),
        tz: tehran(),
        contact: "137".into(),
        exercise: false,
    };
    Content {
        hazard: facts.hazard,
        level: facts.level,
        wordings: compose(&Templates::embedded(), &facts).unwrap(),
        zones: vec![NamedZone { code: "river-east".into(), name: zone }],
        polygons: MultiPolygon::new(vec![polygon![(x: 48.51, y: 34.79), (x: 48.53, y: 34.79), (x: 48.53, y: 34.81)]]),
        response_types: vec![ResponseType::Evacuate],
        urgency: Urgency::Immediate,
        severity: Severity::Severe,
        certainty: Certainty::Observed,
        effective: None,
        onset: None,
        expires: facts.expires,
        contact: facts.contact,
        web: None,
        event_code: event_code(Hazard::Flood).into(),
    }
}

fn publication(at: Timestamp, number: u64) -> Publication {
    Publication {
        identifier: IdentifierForm::Uuid.identifier(at, u128::from(number).to_be_bytes()).unwrap(),
        sender: Sender::new("crisis@hamadan.ir").unwrap(),
        status: Status::Actual,
        note: None,
        incidents: vec![],
        sender_name: texts([("fa", "ستاد بحران همدان"), ("en", "Hamadan crisis office")]),
        tz: tehran(),
        geocode_scheme: "hamyar:zone".into(),
    }
}

fn live(kind: Kind, content: Content, related: Vec<Published>, at: Timestamp, number: u64) -> Release<&'static str> {
    let case = Case::adopt(kind, content, "reza", related, at).unwrap();
    let seen = case.content().hash();
    case.approve("maryam", at, seen).unwrap().publish(&Templates::embedded(), publication(at, number), at).unwrap()
}

/// What somebody tries; people are numbers from 0 to 3, contents differ by their contact.
#[derive(Debug, Clone)]
enum Try {
    Adopt {
        kind: Kind,
        by: u8,
        says: u8,
        hours: i64,
    },
    FollowUp {
        about: prop::sample::Index,
        kind: Kind,
        by: u8,
        says: u8,
        hours: i64,
    },
    Extend {
        about: prop::sample::Index,
        by: u8,
        hours: i64,
    },
    Edit {
        case: prop::sample::Index,
        by: u8,
        says: u8,
        hours: i64,
    },
    Approve {
        case: prop::sample::Index,
        by: u8,
        says: Option<u8>,
    },
    Publish {
        case: prop::sample::Index,
    },
    End {
        case: prop::sample::Index,
        how: Ending,
    },
    /// A case comes back from a store in which an author was named as the approver, or the content was changed.
    Tamper {
        case: prop::sample::Index,
        by: u8,
        says: u8,
    },
    Wait {
        minutes: i64,
    },
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let kind = || prop::sample::select(Kind::ALL.to_vec());
    let any_index = any::<prop::sample::Index>;
    let hours = || prop::sample::select(vec![4_i64, 12]);
    let one = prop_oneof![
        3 => (kind(), 0..4_u8, 0..2_u8, hours()).prop_map(|(kind, by, says, hours)| Try::Adopt { kind, by, says, hours }),
        3 => (any_index(), kind(), 0..4_u8, 0..2_u8, hours())
            .prop_map(|(about, kind, by, says, hours)| Try::FollowUp { about, kind, by, says, hours }),
        1 => (any_index(), 0..4_u8, -2..6_i64).prop_map(|(about, by, hours)| Try::Extend { about, by, hours }),
        2 => (any_index(), 0..4_u8, 0..2_u8, hours()).prop_map(|(case, by, says, hours)| Try::Edit { case, by, says, hours }),
        9 => (any_index(), 0..4_u8, prop_oneof![5 => Just(None), 1 => (0..2_u8).prop_map(Some)])
            .prop_map(|(case, by, says)| Try::Approve { case, by, says }),
        9 => any_index().prop_map(|case| Try::Publish { case }),
        1 => (any_index(), prop::sample::select(Ending::ALL.to_vec())).prop_map(|(case, how)| Try::End { case, how }),
        1 => (any_index(), 0..4_u8, 0..2_u8).prop_map(|(case, by, says)| Try::Tamper { case, by, says }),
        2 => (0..60_i64).prop_map(|minutes| Try::Wait { minutes }),
    ];
    vec(one, 1..80)
}

/// What the model remembers of a case: who wrote the content that it has now, and since when.
struct Watched {
    case: Case<u8>,
    authors: BTreeSet<u8>,
    /// Who approved which content, and it has not been edited since.
    approved: Option<(u8, [u8; 32])>,
    release: Option<Release<u8>>,
}

struct World<'a> {
    base: &'a Content,
    checker: &'a Checker,
    templates: &'a Templates,
    at: Timestamp,
    cases: Vec<Watched>,
    /// Index of the case, as others must know it, in the order of publication.
    told: Vec<(usize, Published)>,
    /// The bytes at the moment of publication.
    bytes: Vec<(usize, String)>,
}

impl World<'_> {
    fn saying(&self, says: u8, hours: i64) -> Content {
        Content { contact: format!("13{says}"), expires: NOW + hours.hours(), ..self.base.clone() }
    }

    fn related(&self) -> Vec<Published> {
        self.told.iter().map(|(_, published)| published.clone()).collect()
    }

    fn watch(&mut self, case: Result<Case<u8>, Refusal>, by: u8) {
        if let Ok(case) = case {
            assert_eq!(case.stage(), &Stage::Draft, "nothing begins further than as a draft");
            self.cases.push(Watched { case, authors: BTreeSet::from([by]), approved: None, release: None });
        }
    }

    fn try_it(&mut self, what: &Try) {
        let at = self.at;
        // Mostly of what was begun last, so that a case often gets to its end.
        let pick = |index: &prop::sample::Index, count: usize| match count {
            0 => None,
            count => Some(count - 1 - index.index(count.min(3))),
        };
        match what {
            Try::Wait { minutes } => self.at += minutes.minutes(),
            Try::Adopt { kind, by, says, hours } => {
                self.watch(Case::adopt(*kind, self.saying(*says, *hours), *by, self.related(), at), *by);
            }
            Try::FollowUp { about, kind, by, says, hours } => {
                let Some(i) = pick(about, self.cases.len()) else { return };
                let begun = self.cases[i].case.follow_up(*kind, self.saying(*says, *hours), *by, self.related(), at);
                self.watch(begun, *by);
            }
            Try::Extend { about, by, hours } => {
                let Some(i) = pick(about, self.cases.len()) else { return };
                let before = self.cases[i].case.content().expires;
                let begun = self.cases[i].case.extension(before + hours.hours(), &tehran(), *by, self.related(), at);
                assert!(begun.is_err() || *hours > 0, "an extension ends later");
                self.watch(begun, *by);
            }
            Try::Edit { case, by, says, hours } => {
                let Some(i) = pick(case, self.cases.len()) else { return };
                let content = self.saying(*says, *hours);
                let watched = &mut self.cases[i];
                if let Ok(edited) = watched.case.clone().edit(content, *by) {
                    assert!(watched.release.is_none(), "what was told is never edited");
                    watched.case = edited;
                    watched.authors.insert(*by);
                    watched.approved = None;
                }
            }
            Try::Approve { case, by, says } => {
                let Some(i) = pick(case, self.cases.len()) else { return };
                let seen = match says {
                    Some(says) => self.saying(*says, 4).hash(),
                    None => self.cases[i].case.content().hash(),
                };
                let watched = &mut self.cases[i];
                if let Ok(approved) = watched.case.clone().approve(*by, at, seen) {
                    assert!(!watched.authors.contains(by), "nobody approves their own work");
                    assert_eq!(seen, watched.case.content().hash(), "nobody approves what they did not see");
                    watched.approved = Some((*by, seen));
                    watched.case = approved;
                }
            }
            Try::Tamper { case, by, says } => {
                let Some(i) = pick(case, self.cases.len()) else { return };
                let content = self.saying(*says, 4);
                let watched = &mut self.cases[i];
                let Stage::Approved { by: approver, content_hash, at: when } = watched.case.stage().clone() else {
                    return;
                };
                let authors = watched.case.authors().to_vec();
                let kind = watched.case.kind();
                let related = watched.case.related().to_vec();
                let (kept_content, kept) =
                    (watched.case.content().clone(), Stage::Approved { by: approver, at: when, content_hash });
                // Either the approver was replaced by an author, or the content by another: neither may be told.
                let as_author =
                    Stage::Approved { by: authors[usize::from(*by) % authors.len()], at: when, content_hash };
                let told = Case::restored(kind, as_author, authors.clone(), kept_content.clone(), related.clone())
                    .publish(self.templates, publication(at, 999_999), at);
                assert!(told.is_err(), "an author stands as the approver");
                if content.hash() != content_hash {
                    let told = Case::restored(kind, kept, authors, content, related).publish(
                        self.templates,
                        publication(at, 999_999),
                        at,
                    );
                    assert!(told.is_err(), "another content was approved");
                }
            }
            Try::Publish { case } => {
                let Some(i) = pick(case, self.cases.len()) else { return };
                let number = self.told.len() as u64;
                // The caller gives what is published by now, as the service does in its transaction.
                let (case, related) = (&self.cases[i].case, self.related());
                let case = Case::restored(
                    case.kind(),
                    case.stage().clone(),
                    case.authors().to_vec(),
                    case.content().clone(),
                    related,
                );
                let Ok(release) = case.publish(self.templates, publication(at, number), at) else { return };
                self.judge(i, &release);
                let kind = release.case.kind();
                if let Some(how) = kind.ends_related_as() {
                    self.end_related(i, how, &release.alert.references);
                }
                self.told.push((i, Published::of(&release.alert)));
                self.bytes.push((i, release.xml.clone()));
                self.cases[i].case = release.case.clone();
                self.cases[i].release = Some(release);
            }
            Try::End { case, how } => {
                let Some(i) = pick(case, self.cases.len()) else { return };
                if let Ok(ended) = self.cases[i].case.clone().end(at, *how) {
                    if *how == Ending::Cancelled {
                        self.withdraw(i);
                    }
                    self.cases[i].case = ended;
                }
            }
        }
    }

    fn withdraw(&mut self, case: usize) {
        for (i, published) in &mut self.told {
            if *i == case {
                *published = published.clone().cancelled();
            }
        }
    }

    /// Ends what a new message references, as the service does.
    fn end_related(&mut self, newer: usize, how: Ending, about: &[Reference]) {
        for i in 0..self.cases.len() {
            let named = self.cases[i].release.as_ref().is_some_and(|told| about.contains(&told.alert.reference()));
            if i != newer
                && named
                && let Ok(ended) = self.cases[i].case.clone().end(self.at, how)
            {
                self.cases[i].case = ended;
                if how == Ending::Cancelled {
                    self.withdraw(i);
                }
            }
        }
    }

    /// What must hold of everything that reaches live.
    fn judge(&self, i: usize, release: &Release<u8>) {
        let watched = &self.cases[i];
        let (approver, hash) = watched.approved.expect("nothing is told that nobody approved");
        assert!(!watched.authors.contains(&approver), "nobody approves their own work");
        assert_eq!(hash, release.case.content().hash(), "what is told is what was approved");
        assert_eq!(release.alert.sent.timestamp(), self.at, "sent is the moment of publication");
        assert!(release.case.content().expires > self.at, "nothing is told that is over");

        // The references, found anew: everything told, of which the time is not over, and which was not withdrawn.
        let mut expected: Vec<Reference> = Vec::new();
        for (other, _) in &self.told {
            let told = self.cases[*other].release.as_ref().unwrap();
            let cancelled = matches!(self.cases[*other].case.stage(), Stage::Ended { how: Ending::Cancelled, .. });
            let over = told.case.content().expires.as_second() <= self.at.as_second();
            if !cancelled && !over && told.alert.msg_type != MsgType::Cancel {
                expected.push(told.alert.reference());
            }
        }
        if release.case.kind() == Kind::Alert {
            expected.clear();
        } else {
            assert!(!expected.is_empty(), "news of nothing");
        }
        let key = |one: &Reference| (one.sent.timestamp(), one.identifier.to_string());
        expected.sort_by_key(key);
        assert_eq!(release.alert.references, expected);
        let own = release.alert.reference();
        assert!(release.alert.references.iter().all(|one| one.identifier != own.identifier), "no message names itself");
        let faults: Vec<_> = self
            .checker
            .check(&release.alert)
            .into_iter()
            .filter(|one| one.gravity == alerts::Gravity::Error)
            .collect();
        assert_eq!(faults, [], "what is told breaks no rule");
        if release.case.kind() == Kind::AllClear {
            assert_eq!(release.alert.msg_type, MsgType::Update);
            assert!(
                release
                    .alert
                    .infos
                    .iter()
                    .all(|info| { info.response_types == [ResponseType::AllClear] && info.urgency == Urgency::Past })
            );
        }
    }

    /// What must hold after every try.
    fn hold(&self) {
        for (i, bytes) in &self.bytes {
            let watched = &self.cases[*i];
            let told = watched.release.as_ref().unwrap();
            assert_eq!(&told.xml, bytes, "what was told never changes");
            assert_eq!(&xml::write(&told.alert), bytes);
            assert_eq!(xml::read(bytes.as_bytes()).unwrap().alert, told.alert);
            assert_eq!(watched.case.content(), told.case.content(), "nor does what it says");
            assert!(
                matches!(watched.case.stage(), Stage::Live { .. } | Stage::Ended { .. }),
                "nor does it become a draft again"
            );
        }
        let names: HashSet<_> = self.told.iter().map(|(_, told)| &told.identifier).collect();
        assert_eq!(names.len(), self.told.len());
    }
}

/// Nothing reaches live without an approver who is no author of exactly that content; references are exactly the related
/// messages that still say something; published bytes never change.
#[test]
fn no_sequence_of_operations_breaks_the_rule_of_two_the_references_or_what_was_told() {
    let (base, checker) = (content(), Checker::of(Profile::City));
    let templates = Templates::embedded();
    // Released, with more than one reference, all-clears, cancels: a property about what never happens is empty when nothing happens.
    let reached = Cell::new([0; 4]);
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let outcome = runner.run(&tries(), |tries| {
        let mut world = World {
            base: &base,
            checker: &checker,
            templates: &templates,
            at: NOW,
            cases: vec![],
            told: vec![],
            bytes: vec![],
        };
        for one in &tries {
            world.try_it(one);
        }
        world.hold();
        let released: Vec<_> = world.cases.iter().filter_map(|watched| watched.release.as_ref()).collect();
        let of_kind = |kind| released.iter().filter(|release| release.case.kind() == kind).count();
        let [told, referencing, cleared, cancelled] = reached.get();
        reached.set([
            told + released.len(),
            referencing + released.iter().filter(|release| release.alert.references.len() > 1).count(),
            cleared + of_kind(Kind::AllClear),
            cancelled + of_kind(Kind::Cancel),
        ]);
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:#?}");
    let [told, referencing, cleared, cancelled] = reached.get();
    assert!(told > 150 && referencing > 10 && cleared > 15 && cancelled > 15, "{:?}", reached.get());
}

#[test]
fn a_hundred_thousand_identifiers_drawn_in_one_second_are_all_different() {
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let draws: Vec<[u8; 16]> = (0..100_000)
        .map(|_| {
            let mut draw = [0; 16];
            rng.fill_bytes(&mut draw);
            draw
        })
        .collect();
    for form in [IdentifierForm::Uuid, IdentifierForm::WmoOid { prefix: "2.49.0.1.364.0".into() }] {
        let names: HashSet<Identifier> = draws.iter().map(|draw| form.identifier(NOW, *draw).unwrap()).collect();
        assert_eq!(names.len(), 100_000, "{form:?}");
        // Draws that differ in one bit, the first or the last, differ as well.
        let near = |draw: u128| form.identifier(NOW, draw.to_be_bytes()).unwrap();
        assert_eq!((0..128).map(|bit| near(1 << bit)).collect::<HashSet<_>>().len(), 128);
        for name in names.iter().take(100) {
            assert_eq!(Identifier::new(name.as_str()).as_ref(), Ok(name), "it fits into a reference");
        }
    }
}

#[test]
fn two_alerts_in_one_minute_do_not_share_an_identifier() {
    // A known composer derives the identifier from the time, cut to the minute.
    for form in [IdentifierForm::Uuid, IdentifierForm::WmoOid { prefix: "2.49.0.1.364.0".into() }] {
        assert_ne!(form.identifier(NOW, [1; 16]), form.identifier(NOW, [2; 16]));
        assert_ne!(form.identifier(NOW, [1; 16]), form.identifier(NOW + 20.seconds(), [2; 16]));
    }
}

#[test]
fn sent_does_not_move_after_publication() {
    // A known composer moved `sent` when a map was drawn later, and every reference to the alert dangled.
    let first = live(Kind::Alert, content(), vec![], NOW, 1);
    let frozen = (first.alert.reference(), first.xml.clone());
    let later = NOW + 90.seconds();
    assert!(matches!(first.case.clone().edit(content(), "reza"), Err(Refusal::WrongStage { stage: "live", .. })));
    let seen = first.case.content().hash();
    assert!(first.case.clone().approve("sara", later, seen).is_err());
    assert!(
        first.case.clone().publish(&Templates::embedded(), publication(later, 2), later).is_err(),
        "nothing is published twice"
    );
    let update = live(Kind::Update, content(), vec![Published::of(&first.alert)], later, 3);
    assert_eq!(update.alert.references, std::slice::from_ref(&frozen.0));
    assert!(update.xml.contains(&format!("<references>{}</references>", frozen.0)));
    assert_eq!((first.alert.reference(), xml::write(&first.alert)), frozen);
}

#[test]
fn a_cancel_drops_no_reference() {
    let first = live(Kind::Alert, content(), vec![], NOW, 1);
    let second = live(Kind::Update, content(), vec![Published::of(&first.alert)], NOW + 1.minute(), 2);
    let related = vec![Published::of(&second.alert), Published::of(&first.alert)];
    let cancel = live(Kind::Cancel, content(), related, NOW + 2.minutes(), 3);
    assert_eq!(cancel.alert.references, [first.alert.reference(), second.alert.reference()]);
    assert_eq!(check(&cancel.alert, Profile::City), []);
}

#[test]
fn an_update_never_references_itself() {
    // Seen in a published file of Macao.
    let first = live(Kind::Alert, content(), vec![], NOW, 1);
    let case = Case::adopt(Kind::Update, content(), "reza", vec![Published::of(&first.alert)], NOW).unwrap();
    let seen = case.content().hash();
    let again = case.approve("maryam", NOW, seen).unwrap().publish(&Templates::embedded(), publication(NOW, 1), NOW);
    assert!(matches!(again, Err(Refusal::Faulty(_))), "the identifier of the first, drawn again");
}

#[test]
fn what_was_cancelled_and_the_cancel_are_not_referenced_again() {
    let first = live(Kind::Alert, content(), vec![], NOW, 1);
    let cancel = live(Kind::Cancel, content(), vec![Published::of(&first.alert)], NOW, 2);
    let second = live(Kind::Alert, content(), vec![], NOW + 1.minute(), 3);
    let related = [
        Published::of(&first.alert).cancelled(),
        Published::of(&cancel.alert),
        Published::of(&second.alert),
        Published::of(&second.alert),
    ];
    assert_eq!(references(&related, NOW + 2.minutes()), [second.alert.reference()]);
    let nothing = Case::adopt(Kind::Update, content(), "reza", related[..2].to_vec(), NOW + 2.minutes());
    assert_eq!(nothing, Err(Refusal::NothingToReference));
}

#[test]
fn an_extension_says_the_same_with_a_later_end_in_every_text() {
    let first = live(Kind::Alert, content(), vec![], NOW, 1);
    let related = || vec![Published::of(&first.alert)];
    let until = NOW + 9.hours();
    let at = NOW + 3.hours();
    let draft = first.case.extension(until, &tehran(), "reza", related(), at).unwrap();
    assert_eq!((draft.kind(), draft.stage()), (Kind::Update, &Stage::Draft));
    let seen = draft.content().hash();
    assert_eq!(draft.clone().approve("reza", at, seen), Err(Refusal::OwnWork), "an extension needs two people as well");
    let release =
        draft.approve("maryam", at, seen).unwrap().publish(&Templates::embedded(), publication(at, 2), at).unwrap();
    assert_eq!(release.alert.references, [first.alert.reference()]);
    for (info, before) in release.alert.infos.iter().zip(&first.alert.infos) {
        assert_eq!(info.expires.as_ref().unwrap().as_str(), "2026-03-21T13:00:00+03:30");
        let (said, had) = (info.description.as_deref().unwrap(), before.description.as_deref().unwrap());
        assert!(had.contains("08:00") || had.contains("۰۸:۰۰"), "the text tells the end: {had}");
        assert!(!said.contains("08:00") && !said.contains("۰۸:۰۰"), "{said}");
        assert!(said.contains("13:00") || said.contains("۱۳:۰۰"), "{said}");
        assert_eq!(said.len(), had.len());
    }
    assert_eq!(with_end(first.case.content(), first.case.content().expires, &tehran()), *first.case.content());

    let refused = |until| first.case.extension(until, &tehran(), "reza", related(), at);
    assert_eq!(refused(NOW + 4.hours()), Err(Refusal::NotLater { until: NOW + 4.hours() }));
    assert_eq!(refused(NOW + 1.hour()), Err(Refusal::NotLater { until: NOW + 4.hours() }));
    let over = first.case.extension(until, &tehran(), "reza", related(), NOW + 4.hours());
    assert_eq!(over, Err(Refusal::NothingToReference), "what is over is not extended but issued anew");
}

#[test]
fn only_a_live_warning_is_followed_up() {
    let first = live(Kind::Alert, content(), vec![], NOW, 1);
    let related = || vec![Published::of(&first.alert)];
    let draft = Case::adopt(Kind::Alert, content(), "reza", vec![], NOW).unwrap();
    assert!(matches!(
        draft.follow_up(Kind::Update, content(), "reza", related(), NOW),
        Err(Refusal::WrongStage { stage: "draft", wanted: "live" })
    ));
    let ended = first.case.clone().end(NOW, Ending::Updated).unwrap();
    assert!(matches!(
        ended.follow_up(Kind::Cancel, content(), "reza", related(), NOW),
        Err(Refusal::WrongStage { stage: "ended", .. })
    ));
    for kind in [Kind::AllClear, Kind::Cancel] {
        let end = live(kind, content(), related(), NOW, 2);
        let more = end.case.follow_up(Kind::Update, content(), "reza", related(), NOW);
        assert_eq!(more, Err(Refusal::NotAWarning { kind }));
        assert!(end.case.extension(NOW + 9.hours(), &tehran(), "reza", related(), NOW).is_err());
        assert!(first.case.follow_up(kind, content(), "reza", related(), NOW).is_ok());
    }
}

#[test]
fn an_approval_by_an_author_that_a_store_gives_back_is_not_published() {
    let stage = Stage::Approved { by: "reza", at: NOW, content_hash: content().hash() };
    let case = Case::restored(Kind::Alert, stage, vec!["sara", "reza"], content(), vec![]);
    assert_eq!(case.publish(&Templates::embedded(), publication(NOW, 1), NOW).unwrap_err(), Refusal::OwnWork);
}

fn theirs() -> Alert {
    Alert::new(
        Identifier::new("2.49.0.1.364.0.20260321003000.007").unwrap(),
        Sender::new("irimo@example.ir").unwrap(),
        CapTime::parse("2026-03-21T04:00:00+03:30").unwrap(),
        Status::Actual,
        MsgType::Alert,
    )
}

fn answered(received: &Alert, what: Answer, at: Timestamp) -> Result<Alert, Refusal> {
    let identifier = IdentifierForm::Uuid.identifier(at, [9; 16]).unwrap();
    let done = answer(received, what, identifier, &Sender::new("crisis@hamadan.ir").unwrap(), &tehran(), at)?;
    assert_eq!(xml::read(done.xml.as_bytes()).unwrap().alert, done.alert);
    assert_eq!(check(&done.alert, Profile::City), [], "an answer is valid by the city's own profile");
    Ok(done.alert)
}

#[test]
fn an_ack_names_the_message_letter_by_letter_and_goes_to_its_sender_alone() {
    let ack = answered(&theirs(), Answer::Ack { note: None }, NOW + 1.minute()).unwrap();
    assert_eq!((ack.msg_type, ack.status, ack.scope), (MsgType::Ack, Status::Actual, Scope::Private));
    assert_eq!(ack.references, [theirs().reference()]);
    assert_eq!(
        ack.references[0].to_string(),
        "irimo@example.ir,2.49.0.1.364.0.20260321003000.007,2026-03-21T04:00:00+03:30"
    );
    assert_eq!(ack.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(), ["irimo@example.ir"]);
    assert!(ack.infos.is_empty() && ack.note.is_none());
}

#[test]
fn an_error_explains_in_its_note() {
    let error = answered(&theirs(), Answer::Error { note: " the polygon is not closed ".into() }, NOW).unwrap();
    assert_eq!((error.msg_type, error.note.as_deref()), (MsgType::Error, Some("the polygon is not closed")));
    for note in ["", "  ", "see <a href='x'>here</a>"] {
        let refused = answered(&theirs(), Answer::Error { note: note.into() }, NOW);
        assert!(
            matches!(refused, Err(Refusal::Faulty(ref faults)) if faults.len() == 1 && faults[0].at == "note"),
            "{note}"
        );
    }
}

#[test]
fn the_answer_to_an_exercise_is_one_and_names_it() {
    let exercise = Alert { status: Status::Exercise, note: Some(Text::new("Drill 7")), ..theirs() };
    let ack = answered(&exercise, Answer::Ack { note: None }, NOW).unwrap();
    assert_eq!((ack.status, ack.note.as_deref()), (Status::Exercise, Some("Drill 7")));
    let error = answered(&exercise, Answer::Error { note: "no area".into() }, NOW).unwrap();
    assert_eq!(error.note.as_deref(), Some("Drill 7: no area"));
    let unnamed = Alert { status: Status::Exercise, ..theirs() };
    let ack = answered(&unnamed, Answer::Ack { note: None }, NOW).unwrap();
    assert_eq!(ack.note.as_deref(), Some("2.49.0.1.364.0.20260321003000.007"));
}

#[test]
fn neither_our_own_messages_nor_answers_are_answered() {
    let ours = Alert { sender: Sender::new("crisis@hamadan.ir").unwrap(), ..theirs() };
    assert_eq!(answered(&ours, Answer::Ack { note: None }, NOW), Err(Refusal::OwnMessage));
    for msg_type in [MsgType::Ack, MsgType::Error] {
        let refused = answered(&Alert { msg_type, ..theirs() }, Answer::Ack { note: None }, NOW);
        assert_eq!(refused, Err(Refusal::AnswerToAnswer { msg_type }));
    }
    for msg_type in [MsgType::Alert, MsgType::Update, MsgType::Cancel] {
        assert!(answered(&Alert { msg_type, ..theirs() }, Answer::Ack { note: None }, NOW).is_ok());
    }
}

#[test]
fn an_answer_is_never_sent_before_what_it_answers_though_clocks_differ() {
    let ack = answered(&theirs(), Answer::Ack { note: None }, NOW - 5.seconds()).unwrap();
    assert_eq!(ack.sent.timestamp(), NOW);
}
