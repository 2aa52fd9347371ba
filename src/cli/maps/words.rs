//! What an import did, in words and a table.
//! Called by `import` with the reports of `maps::import`.
//! Every feature that was left out is in a count with its reason.

use std::{fmt::Write, path::Path};

use ::maps::{City, import::Report};

/// Most notes of the city's own reader that are told one by one.
const NOTES_MAX: usize = 5;

/// The whole report.
pub fn told(file: &Path, reports: &[(&'static str, Report)], city: &City) -> String {
    let mut text = format!("{}", file.display());
    for (layer, report) in reports {
        if report.read == 0 && report.made == 0 && report.noted.is_empty() {
            continue;
        }
        line(
            &mut text,
            &format!("{layer}: {} of {} read, {} left out", report.made, report.read, report.skipped_total()),
        );
        for (reason, count) in &report.skipped {
            line(&mut text, &format!("  {} left out: {reason}{}", count.times, first(&count.first)));
        }
        for (what, count) in &report.noted {
            line(&mut text, &format!("  {} noted: {what}{}", count.times, first(&count.first)));
        }
        text.push_str(&table(&report.preview));
    }
    for note in city.notes().iter().take(NOTES_MAX) {
        line(&mut text, &format!("note: {note}"));
    }
    if city.notes().len() > NOTES_MAX {
        line(&mut text, &format!("and {} more notes: `hamyar maps check`", city.notes().len() - NOTES_MAX));
    }
    let people: u64 = city.leaves().map(|zone| zone.population).sum();
    line(
        &mut text,
        &format!(
            "the city: {} zones with {people} residents, {} reaches, {} gauges, {} places, {} roads",
            city.zones().len(),
            city.reaches().len(),
            city.gauges().len(),
            city.places().len(),
            city.roads().len()
        ),
    );
    text
}

fn line(text: &mut String, line: &str) {
    // Names of a file may hold anything; a control character would steer the terminal.
    let plain: String = line.chars().map(|letter| if letter.is_control() { '·' } else { letter }).collect();
    let _ = write!(text, "\n{plain}");
}

fn first(label: &str) -> String {
    if label.is_empty() { String::new() } else { format!(" (first: {label:.80})") }
}

/// The first features, one a row; columns are as wide as their widest entry.
fn table(rows: &[[String; 4]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).min(40);
    let widths: Vec<usize> = (0..4).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{:<width$}", cell.chars().take(40).collect::<String>()));
        line(&mut text, &format!("    {}", cells.collect::<Vec<_>>().join("  ").trim_end()));
    }
    text
}
