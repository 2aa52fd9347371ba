//! Drafts of zones become zones that a city takes: parts put together, parents found, overlaps cut, gaps filled.
//! Called for zones of any file before they are written.
//! Errs outward: every place that lies in a draft lies in a leaf zone afterwards, and what was changed is noted.

use std::collections::{BTreeMap, BTreeSet};

use geo::{Area, BooleanOps, BoundingRect, Contains};
use geo_types::{Coord, MultiPolygon, Point, Rect};
use serde_json::{Map, Value, json};

use super::Report;
use super::emit::{Kind, Lines, areas_value, rounded};
use super::record::point_of;
use crate::{Texts, overlap, repair};

/// A zone is cut where it overlaps a smaller one by more than this part of that one; the city's own limit is larger.
const OVERLAP_SHARE_MAX: f64 = 0.001;
/// What is left of a parent beside its children becomes a zone when it is more than this part of it.
const REST_SHARE_MIN: f64 = 0.01;
/// Of that, pieces smaller than this part of the parent are seams between borders that do not quite fit.
const SEAM_SHARE_MAX: f64 = 0.001;
/// Most zones of a city that are joined with each other.
const ZONES_MAX: usize = 20_000;

/// A zone before it is one.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) label: String,
    pub(crate) properties: Map<String, Value>,
    pub(crate) shape: MultiPolygon<f64>,
}

impl Draft {
    fn text(&self, property: &str) -> &str {
        self.properties.get(property).and_then(Value::as_str).unwrap_or_default()
    }

    fn code(&self) -> &str {
        self.text("code")
    }

    /// The larger sorts hold the smaller.
    fn rank(&self) -> u8 {
        match self.text("kind") {
            "city" => 0,
            "district" => 1,
            _ => 2,
        }
    }
}

/// The lines of `zones.geojson`.
pub(crate) fn lines(drafts: Vec<Draft>, report: &mut Report) -> Lines {
    let mut drafts = whole(drafts, report);
    if drafts.len() > ZONES_MAX {
        report.note(format!("more than {ZONES_MAX} zones: parents, overlaps and gaps were not looked for"), "");
    } else {
        find_parents(&mut drafts, report);
        cut_overlaps(&mut drafts, report);
        fill_gaps(&mut drafts, report);
    }
    let parents: BTreeSet<String> = drafts.iter().map(|draft| draft.text("parent").to_owned()).collect();
    let mut lines = Lines::default();
    for mut draft in drafts {
        if !parents.contains(draft.code()) && !draft.properties.contains_key("population") {
            report.note("population is not known; 0 unless --residents or buildings tell it", &draft.label);
            draft.properties.insert("population".to_owned(), json!(0));
            draft.properties.insert("population_from".to_owned(), json!("unknown"));
        }
        lines.put(Kind::Zone, draft.properties, &areas_value(&draft.shape), &draft.label, report);
    }
    lines
}

/// Features of one code are parts of one zone; shapes are mended, names and kinds filled in.
fn whole(drafts: Vec<Draft>, report: &mut Report) -> Vec<Draft> {
    let mut by_code: BTreeMap<String, Draft> = BTreeMap::new();
    for mut draft in drafts {
        match repair::mended(draft.shape) {
            Ok((shape, notes)) => {
                draft.shape = shape;
                for note in notes {
                    report.note(note, &draft.label);
                }
            }
            Err(why) => {
                report.skip(format!("the shape is not valid and can't be mended: {why}"), &draft.label);
                continue;
            }
        }
        if !draft.properties.contains_key("name") {
            report.note("has no name; its code is written", &draft.label);
            let name = json!({ "en": draft.code() });
            draft.properties.insert("name".to_owned(), name);
        }
        if draft.text("kind").is_empty() {
            report.note("has no kind; “neighbourhood” was written (--set kind=… or --map kind=…)", &draft.label);
            draft.properties.insert("kind".to_owned(), json!("neighbourhood"));
        }
        let code = draft.code().to_owned();
        match by_code.remove(&code) {
            None => drop(by_code.insert(code, draft)),
            Some(mut first) => {
                report.note("its code stands twice; both are parts of one zone", &draft.label);
                first.shape = first.shape.union(&draft.shape);
                by_code.insert(code, first);
            }
        }
    }
    by_code.into_values().collect()
}

fn rect(shape: &MultiPolygon<f64>) -> Rect<f64> {
    shape.bounding_rect().unwrap_or(Rect::new(Coord::zero(), Coord::zero()))
}

fn apart(one: Rect<f64>, other: Rect<f64>) -> bool {
    one.max().x < other.min().x
        || other.max().x < one.min().x
        || one.max().y < other.min().y
        || other.max().y < one.min().y
}

/// Of the zones of a larger sort, the smallest that holds the middle of this one and most of its area.
fn find_parents(drafts: &mut [Draft], report: &mut Report) {
    if drafts.iter().any(|draft| draft.properties.contains_key("parent")) {
        return;
    }
    let rects: Vec<Rect<f64>> = drafts.iter().map(|draft| rect(&draft.shape)).collect();
    let areas: Vec<f64> = drafts.iter().map(|draft| draft.shape.unsigned_area()).collect();
    let mut found: Vec<(usize, String)> = Vec::new();
    for (number, draft) in drafts.iter().enumerate() {
        let Some(middle) = point_of(&draft.shape.clone().into()) else { continue };
        let larger = drafts.iter().enumerate().filter(|(other, parent)| {
            parent.rank() < draft.rank()
                && areas[*other] > areas[number]
                && !apart(rects[*other], rects[number])
                && parent.shape.contains(&Point(middle))
        });
        let smallest = larger.min_by(|(one, _), (other, _)| areas[*one].total_cmp(&areas[*other]));
        if let Some((_, parent)) = smallest.filter(|(_, parent)| overlap::covered(&draft.shape, &parent.shape) > 0.5) {
            found.push((number, parent.code().to_owned()));
        }
    }
    for (number, parent) in found {
        report.note("its parent is the zone that it lies in", &drafts[number].label);
        drafts[number].properties.insert("parent".to_owned(), json!(parent));
    }
}

fn leaves(drafts: &[Draft]) -> Vec<usize> {
    let parents: BTreeSet<&str> = drafts.iter().map(|draft| draft.text("parent")).collect();
    (0..drafts.len()).filter(|&number| !parents.contains(drafts[number].code())).collect()
}

/// Of two leaves that overlap, the smaller stays whole and the larger is cut, so that every place has one zone.
fn cut_overlaps(drafts: &mut Vec<Draft>, report: &mut Report) {
    let mut order = leaves(drafts);
    order.sort_by(|&one, &other| {
        let area = |number: usize| drafts[number].shape.unsigned_area();
        area(one).total_cmp(&area(other)).then_with(|| drafts[one].code().cmp(drafts[other].code()))
    });
    let rects: Vec<Rect<f64>> = drafts.iter().map(|draft| rect(&draft.shape)).collect();
    let mut gone = BTreeSet::new();
    for (place, &large) in order.iter().enumerate() {
        for &small in order[..place].iter().filter(|&&small| !apart(rects[small], rects[large])) {
            if gone.contains(&small)
                || overlap::covered(&drafts[small].shape, &drafts[large].shape) <= OVERLAP_SHARE_MAX
            {
                continue;
            }
            let before = drafts[large].shape.unsigned_area();
            let cut = drafts[large].shape.difference(&drafts[small].shape);
            if cut.unsigned_area() < before * 0.01 {
                report.skip(format!("lies in zone “{}” and in others", drafts[small].code()), &drafts[large].label);
                gone.insert(large);
                break;
            }
            report.note("was cut where it overlaps a smaller zone", &drafts[large].label);
            drafts[large].shape = tidy(cut);
        }
    }
    let mut number = 0;
    drafts.retain(|_| {
        number += 1;
        !gone.contains(&(number - 1))
    });
}

/// What is left of a parent beside its children would be nobody's zone, and nobody there would be warned.
fn fill_gaps(drafts: &mut Vec<Draft>, report: &mut Report) {
    let mut children: BTreeMap<&str, Vec<&Draft>> = BTreeMap::new();
    for draft in drafts.iter().filter(|draft| draft.properties.contains_key("parent")) {
        children.entry(draft.text("parent")).or_default().push(draft);
    }
    let mut rests = Vec::new();
    for parent in drafts.iter() {
        let Some(children) = children.get(parent.code()) else { continue };
        let area = parent.shape.unsigned_area();
        let mut rest = parent.shape.clone();
        for child in children {
            rest = rest.difference(&child.shape);
        }
        rest.0.retain(|piece| piece.unsigned_area() > area * SEAM_SHARE_MAX);
        if rest.unsigned_area() < area * REST_SHARE_MIN {
            continue;
        }
        let code = format!("{:.55}-rest", parent.code());
        report.note(
            format!(
                "zones beside its children got their own, as “{code}”: {:.0} % of it",
                rest.unsigned_area() / area * 100.0
            ),
            &parent.label,
        );
        let names: Texts = parent
            .properties
            .get("name")
            .and_then(|name| serde_json::from_value(name.clone()).ok())
            .unwrap_or_default();
        let name: Texts = names
            .iter()
            .map(|(language, name)| {
                let rest = if language == "fa" { format!("بقیهٔ {name}") } else { format!("Rest of {name}") };
                (language.clone(), rest)
            })
            .collect();
        let properties = json!({
            "code": code, "name": name, "kind": children[0].text("kind"), "parent": parent.code(),
        });
        let Value::Object(properties) = properties else { continue };
        rests.push(Draft { label: parent.label.clone(), properties, shape: tidy(rest) });
    }
    drafts.extend(rests);
}

/// What cutting leaves may run back along itself; as it is written, so it is mended.
fn tidy(mut shape: MultiPolygon<f64>) -> MultiPolygon<f64> {
    for polygon in &mut shape.0 {
        polygon.exterior_mut(|ring| ring.0.iter_mut().for_each(|coord| *coord = rounded(*coord)));
        polygon.interiors_mut(|rings| {
            rings.iter_mut().flat_map(|ring| &mut ring.0).for_each(|coord| *coord = rounded(*coord));
        });
    }
    match repair::mended(shape.clone()) {
        Ok((mended, _)) => mended,
        Err(_) => shape,
    }
}
