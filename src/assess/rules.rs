//! The rules of assessment, read from files: thresholds, hysteresis, dwell, weights of evidence, the likelihood-impact matrix.
//! Read once at start by `Assess::open`; a directory in the settings overrides the built-in files.
//! Every number has its unit and its source; levels rise monotonically; all faults are listed at once.

use std::collections::BTreeMap;

use alerts::{Hazard, Level};
use serde::Deserialize;

/// The built-in files.
const EMBEDDED: [(&str, &str); 4] = [
    ("flood.toml", include_str!("rules/flood.toml")),
    ("snow.toml", include_str!("rules/snow.toml")),
    ("sources.toml", include_str!("rules/sources.toml")),
    ("matrix.toml", include_str!("rules/matrix.toml")),
];

/// A number with what it means and where it comes from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// In `unit`.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// Who says so.
    pub source: String,
}

/// When a quantity means danger.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThresholdRule {
    /// Its name, as it stands in reasons and in the audit.
    pub id: String,
    /// Of what.
    pub hazard: Hazard,
    /// What is measured, with its unit: `stage_m`.
    pub quantity: String,
    /// The most severe effect expected at each level.
    pub impact: PerLevel<ImpactWord>,
    /// For gauges without thresholds of their own.
    pub thresholds: PerLevel<Number>,
    /// When a level is left.
    pub hysteresis: Hysteresis,
    /// When a level that holds is told again.
    pub again: Again,
    /// How long a level must have been exceeded.
    pub dwell: Dwell,
    /// What an alert gets from this rule.
    pub alert: AlertRule,
}

/// One value per level above green.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerLevel<T> {
    /// Be aware.
    pub yellow: T,
    /// Damage is likely.
    pub orange: T,
    /// Severe damage is likely.
    pub red: T,
}

/// How far below a threshold its level is left.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hysteresis {
    /// In the unit of the quantity.
    pub clear_below: Number,
}

/// How much further a value must have risen while its level holds to be told again: the same level may reach more ground.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Again {
    /// In the unit of the quantity.
    pub rise: Number,
}

/// How long a level must have been exceeded before it holds, and undercut before it is left.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dwell {
    /// At least so many readings in a row.
    pub raise_readings: Number,
    /// Over at least so many minutes.
    pub raise_after: Number,
    /// Minutes below before the level is left.
    pub clear_after: Number,
}

/// What an alert gets from its rule.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// Hours.
    pub expires_after: Number,
}

/// Impact in the words of WMO-No. 1150.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactWord {
    /// Hardly noticed.
    Minimal,
    /// Disturbance.
    Minor,
    /// Damage, danger to some.
    Significant,
    /// Danger to many.
    Severe,
}

impl ImpactWord {
    /// The word that `alerts` uses.
    pub fn impact(self) -> alerts::Impact {
        match self {
            Self::Minimal => alerts::Impact::Minimal,
            Self::Minor => alerts::Impact::Minor,
            Self::Significant => alerts::Impact::Significant,
            Self::Severe => alerts::Impact::Severe,
        }
    }
}

impl<T> PerLevel<T> {
    /// The value of a level; none for green and unknown.
    pub fn of(&self, level: Level) -> Option<&T> {
        match level {
            Level::Unknown | Level::Green => None,
            Level::Yellow => Some(&self.yellow),
            Level::Orange => Some(&self.orange),
            Level::Red => Some(&self.red),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcesFile {
    base: BTreeMap<Hazard, Number>,
    report: BTreeMap<String, Number>,
    sensor: SensorWeights,
    fusion: Fusion,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SensorWeights {
    crossing: Number,
    silent_witness: Number,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fusion {
    independence: Numbers,
    half_life_flood: Number,
    half_life_snow: Number,
    after_clearing: Number,
    reports_alone_max: Number,
    likely: Number,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Numbers {
    values: Vec<i32>,
    unit: String,
    source: String,
}

/// What each kind of evidence weighs, in thousandths of a natural log-odds (mnat).
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    base: BTreeMap<Hazard, i32>,
    report: BTreeMap<String, i32>,
    /// A sensor above a threshold.
    pub crossing: i32,
    /// A working sensor in the footprint, below every threshold.
    pub silent_witness: i32,
    /// Per mille of the first, second … report; the last one for every further.
    pub independence: Vec<i32>,
    /// Minutes in which evidence loses half its weight.
    half_life_minutes: BTreeMap<Hazard, f64>,
    /// Per mille that is left of a report once a gauge that had risen has fallen again after it.
    pub after_clearing: i32,
    /// Reports alone weigh no more than this.
    pub reports_alone_max: i32,
    /// From here on the danger is likely.
    pub likely: i32,
}

impl Weights {
    /// Where the sum starts.
    pub fn base(&self, hazard: Hazard) -> i32 {
        self.base.get(&hazard).copied().unwrap_or_default()
    }

    /// What a report of a channel weighs by itself.
    pub fn report(&self, channel: &str) -> i32 {
        self.report.get(channel).copied().unwrap_or_default()
    }

    /// What place and depth add.
    pub fn precise(&self) -> i32 {
        self.report.get("precise").copied().unwrap_or_default()
    }

    /// What a report weighs that the desk has verified.
    pub fn verified(&self) -> i32 {
        self.report.get("verified").copied().unwrap_or_default()
    }

    /// What is left of a weight after some minutes, in per mille.
    pub fn decay_per_mille(&self, hazard: Hazard, minutes: f64) -> i32 {
        let half_life = self.half_life_minutes.get(&hazard).copied().unwrap_or(60.0);
        let left = 1000.0 * 0.5_f64.powf(minutes.max(0.0) / half_life);
        // Between 0 and 1000, so the cast keeps the value; rounding makes it the same on every machine.
        #[expect(clippy::cast_possible_truncation, reason = "0 to 1000")]
        let left = left.round() as i32;
        left
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatrixFile {
    source: String,
    likelihood: BTreeMap<String, MatrixRow>,
    depth_cm: DepthClasses,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatrixRow {
    below: i32,
    levels: [Level; 4],
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct DepthClasses {
    minor: From,
    significant: From,
    severe: From,
    unknown: ImpactWord,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    from: f64,
    source: String,
}

/// Likelihood by impact to level.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    rows: Vec<MatrixRow>,
    depth: DepthClasses,
}

impl Matrix {
    /// The level of a likelihood (mnat) and an impact.
    pub fn level(&self, log_odds_mnat: i32, impact: ImpactWord) -> Level {
        let row = self.rows.iter().find(|row| log_odds_mnat < row.below).or(self.rows.last());
        row.map_or(Level::Green, |row| row.levels[impact as usize])
    }

    /// What a reported depth means.
    pub fn impact_of_depth(&self, depth_cm: Option<f64>) -> ImpactWord {
        match depth_cm {
            None => self.depth.unknown,
            Some(depth) if depth >= self.depth.severe.from => ImpactWord::Severe,
            Some(depth) if depth >= self.depth.significant.from => ImpactWord::Significant,
            Some(depth) if depth >= self.depth.minor.from => ImpactWord::Minor,
            Some(_) => ImpactWord::Minimal,
        }
    }
}

/// All rules, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    /// By quantity.
    thresholds: BTreeMap<String, ThresholdRule>,
    /// What evidence weighs.
    pub weights: Weights,
    /// Likelihood by impact to level.
    pub matrix: Matrix,
    files: BTreeMap<String, String>,
    hash: String,
}

/// What is wrong with a rule file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFault {
    /// File and key.
    pub at: String,
    /// What, and what it should be.
    pub what: String,
}

impl std::fmt::Display for RuleFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.at, self.what)
    }
}

impl Rules {
    /// The built-in rules.
    pub fn embedded() -> Self {
        let files = EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Self::load(files.collect()).expect("the built-in rules are tested")
    }

    /// Reads rule files. `sources.toml` and `matrix.toml` are needed; every other file is a threshold rule.
    pub fn load(files: BTreeMap<String, String>) -> Result<Self, Vec<RuleFault>> {
        let mut faults = Vec::new();
        let mut thresholds = BTreeMap::new();
        let (mut weights, mut matrix) = (None, None);
        for (name, text) in &files {
            match name.as_str() {
                "sources.toml" => weights = read(name, text, &mut faults).map(|file| sources(name, &file, &mut faults)),
                "matrix.toml" => matrix = read(name, text, &mut faults).map(|file| matrix_of(name, file, &mut faults)),
                _ => {
                    if let Some(rule) = read::<ThresholdRule>(name, text, &mut faults) {
                        check(name, &rule, &mut faults);
                        if let Some(other) = thresholds.insert(rule.quantity.clone(), rule) {
                            faults.push(fault(name, "quantity", format!("rule “{}” already speaks of it", other.id)));
                        }
                    }
                }
            }
        }
        for (needed, there) in [("sources.toml", weights.is_some()), ("matrix.toml", matrix.is_some())] {
            if !there && !files.contains_key(needed) {
                faults.push(fault(needed, "(file)", "is missing"));
            }
        }
        match (weights, matrix) {
            (Some(weights), Some(matrix)) if faults.is_empty() => {
                let hash = hash(&files);
                Ok(Self { thresholds, weights, matrix, files, hash })
            }
            _ => Err(faults),
        }
    }

    /// The rule of a quantity, if it means danger.
    pub fn of_quantity(&self, quantity: &str) -> Option<&ThresholdRule> {
        self.thresholds.get(quantity)
    }

    /// The threshold rule of a hazard.
    pub fn of_hazard(&self, hazard: Hazard) -> Option<&ThresholdRule> {
        self.thresholds.values().find(|rule| rule.hazard == hazard)
    }

    /// Hex SHA-256 of the files.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The files, for the record.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }
}

fn fault(file: &str, key: &str, what: impl Into<String>) -> RuleFault {
    RuleFault { at: format!("{file}: {key}"), what: what.into() }
}

fn read<T: serde::de::DeserializeOwned>(name: &str, text: &str, faults: &mut Vec<RuleFault>) -> Option<T> {
    toml::from_str(text).map_err(|error| faults.push(fault(name, "(file)", error.to_string().trim_end()))).ok()
}

/// A number must have the unit that the code computes in, a source, and a value.
fn number(file: &str, key: &str, number: &Number, unit: &str, faults: &mut Vec<RuleFault>) {
    if number.unit != unit {
        faults.push(fault(file, key, format!("unit “{}”: want “{unit}”", number.unit)));
    }
    if number.source.trim().is_empty() {
        faults.push(fault(file, key, "source is empty: every number says where it comes from"));
    }
    if !number.value.is_finite() {
        faults.push(fault(file, key, "value is not a number"));
    }
}

fn check(file: &str, rule: &ThresholdRule, faults: &mut Vec<RuleFault>) {
    let Some((_, unit)) = rule.quantity.rsplit_once('_') else {
        faults.push(fault(file, "quantity", format!("“{}”: want quantity_unit, like stage_m", rule.quantity)));
        return;
    };
    let PerLevel { yellow, orange, red } = &rule.thresholds;
    for (key, threshold) in [("thresholds.yellow", yellow), ("thresholds.orange", orange), ("thresholds.red", red)] {
        number(file, key, threshold, unit, faults);
    }
    if !(yellow.value < orange.value && orange.value < red.value) {
        faults.push(fault(file, "thresholds", "must rise: yellow < orange < red"));
    }
    if !(rule.impact.yellow <= rule.impact.orange && rule.impact.orange <= rule.impact.red) {
        faults.push(fault(file, "impact", "must not fall: yellow ≤ orange ≤ red"));
    }
    number(file, "hysteresis.clear_below", &rule.hysteresis.clear_below, unit, faults);
    number(file, "again.rise", &rule.again.rise, unit, faults);
    number(file, "dwell.raise_readings", &rule.dwell.raise_readings, "readings", faults);
    number(file, "dwell.raise_after", &rule.dwell.raise_after, "min", faults);
    number(file, "dwell.clear_after", &rule.dwell.clear_after, "min", faults);
    number(file, "alert.expires_after", &rule.alert.expires_after, "h", faults);
    let not_negative = [
        ("hysteresis.clear_below", &rule.hysteresis.clear_below),
        ("dwell.raise_after", &rule.dwell.raise_after),
        ("dwell.clear_after", &rule.dwell.clear_after),
    ];
    for (key, value) in not_negative {
        if value.value < 0.0 {
            faults.push(fault(file, key, "must not be negative"));
        }
    }
    if rule.again.rise.value <= 0.0 {
        faults.push(fault(file, "again.rise", "must be more than 0"));
    }
    if rule.dwell.raise_readings.value < 1.0 {
        faults.push(fault(file, "dwell.raise_readings", "must be at least 1"));
    }
    if !(0.1..=240.0).contains(&rule.alert.expires_after.value) {
        faults.push(fault(file, "alert.expires_after", "must be between 0.1 and 240 hours"));
    }
}

#[expect(clippy::cast_possible_truncation, reason = "weights are checked to be within a million")]
fn sources(file: &str, read: &SourcesFile, faults: &mut Vec<RuleFault>) -> Weights {
    let mut mnat = |key: &str, weight: &Number| {
        number(file, key, weight, "mnat", faults);
        if weight.value.abs() > 1e6 {
            faults.push(fault(file, key, "must be within a million mnat"));
        }
        weight.value.round() as i32
    };
    let base = read
        .base
        .iter()
        .map(|(hazard, weight)| (*hazard, mnat(&format!("base.{}", hazard.as_str()), weight)))
        .collect();
    let report: BTreeMap<_, _> =
        read.report.iter().map(|(name, weight)| (name.clone(), mnat(&format!("report.{name}"), weight))).collect();
    let crossing = mnat("sensor.crossing", &read.sensor.crossing);
    let silent_witness = mnat("sensor.silent_witness", &read.sensor.silent_witness);
    let reports_alone_max = mnat("fusion.reports_alone_max", &read.fusion.reports_alone_max);
    let likely = mnat("fusion.likely", &read.fusion.likely);
    if crossing < 0 || silent_witness > 0 {
        faults.push(fault(file, "sensor", "a crossing must not weigh against danger, nor a silent witness for it"));
    }
    for needed in ["web", "sms", "desk", "app", "open311", "precise", "verified"] {
        match report.get(needed) {
            None => faults.push(fault(file, "report", format!("“{needed}” is missing"))),
            Some(weight) if *weight < 0 => {
                faults.push(fault(file, "report", format!("“{needed}” must not be negative")));
            }
            Some(_) => {}
        }
    }
    let Numbers { values, unit, source } = &read.fusion.independence;
    if values.is_empty()
        || !values.is_sorted_by(|left, right| left >= right)
        || values.iter().any(|value| !(0..=1000).contains(value))
    {
        faults.push(fault(
            file,
            "fusion.independence",
            "want values from 1000 down to 0, none larger than the one before",
        ));
    }
    if unit != "per mille" || source.is_empty() {
        faults.push(fault(file, "fusion.independence", "want unit “per mille” and a source"));
    }
    let cleared = &read.fusion.after_clearing;
    number(file, "fusion.after_clearing", cleared, "per mille", faults);
    if !(0.0..=1000.0).contains(&cleared.value) {
        faults.push(fault(file, "fusion.after_clearing", "must be between 0 and 1000"));
    }
    let (flood, snow) = (&read.fusion.half_life_flood, &read.fusion.half_life_snow);
    for (key, half_life) in [("fusion.half_life_flood", flood), ("fusion.half_life_snow", snow)] {
        number(file, key, half_life, "min", faults);
        if half_life.value <= 0.0 {
            faults.push(fault(file, key, "must be more than 0"));
        }
    }
    Weights {
        base,
        report,
        crossing,
        silent_witness,
        independence: values.clone(),
        half_life_minutes: [(Hazard::Flood, flood.value), (Hazard::Snow, snow.value), (Hazard::Ice, snow.value)].into(),
        after_clearing: cleared.value.round() as i32,
        reports_alone_max,
        likely,
    }
}

fn matrix_of(file: &str, read: MatrixFile, faults: &mut Vec<RuleFault>) -> Matrix {
    if read.source.trim().is_empty() {
        faults.push(fault(file, "source", "is empty"));
    }
    let mut rows: Vec<_> = read.likelihood.into_values().collect();
    rows.sort_by_key(|row| row.below);
    // A matrix that falls gives perverse outcomes (Taggart & Wilke 2025, NHESS 25:2657).
    let rising_right = rows.iter().all(|row| row.levels.is_sorted());
    let rising_down =
        rows.windows(2).all(|pair| pair[0].levels.iter().zip(&pair[1].levels).all(|(upper, lower)| upper <= lower));
    if rows.is_empty() || !rising_right || !rising_down {
        faults.push(fault(file, "likelihood", "levels must not fall with impact nor with likelihood"));
    }
    let depth = read.depth_cm;
    if !(depth.minor.from < depth.significant.from && depth.significant.from < depth.severe.from) {
        faults.push(fault(file, "depth_cm", "must rise: minor < significant < severe"));
    }
    if [&depth.minor, &depth.significant, &depth.severe].iter().any(|class| class.source.trim().is_empty()) {
        faults.push(fault(file, "depth_cm", "every class says where it comes from"));
    }
    Matrix { rows, depth }
}

fn hash(files: &BTreeMap<String, String>) -> String {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for text in files.iter().flat_map(|(name, text)| [name, text]) {
        context.update(&(text.len() as u64).to_be_bytes());
        context.update(text.as_bytes());
    }
    crate::id::hex(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, from: &str, to: &str) -> Result<Rules, Vec<RuleFault>> {
        let mut files = Rules::embedded().files().clone();
        let text = files[name].replace(from, to);
        assert_ne!(files[name], text, "“{from}” is in {name}");
        files.insert(name.into(), text);
        Rules::load(files)
    }

    #[test]
    fn the_built_in_rules_are_right() {
        let rules = Rules::embedded();
        assert_eq!(rules.of_quantity("stage_m").map(|rule| rule.hazard), Some(Hazard::Flood));
        assert_eq!(rules.of_quantity("snow_depth_cm").map(|rule| rule.hazard), Some(Hazard::Snow));
        assert!(rules.of_quantity("battery_v").is_none());
    }

    #[test]
    fn thresholds_that_do_not_rise_are_refused() {
        let faults = with("flood.toml", "value = 1.8", "value = 3.8").expect_err("orange above red");
        assert!(faults[0].to_string().contains("yellow < orange < red"), "{faults:?}");
    }

    #[test]
    fn a_number_without_its_unit_or_source_is_refused() {
        assert!(with("flood.toml", "value = 1.2, unit = \"m\"", "value = 1.2, unit = \"cm\"").is_err());
        assert!(with("snow.toml", "source = \"ultrasonic depth jumps: three in a row\"", "source = \"\"").is_err());
    }

    #[test]
    fn a_matrix_that_falls_is_refused() {
        assert!(
            with(
                "matrix.toml",
                "[\"yellow\", \"yellow\", \"orange\", \"red\"]",
                "[\"yellow\", \"green\", \"orange\", \"red\"]"
            )
            .is_err()
        );
    }

    #[test]
    fn all_faults_come_at_once() {
        let mut files = Rules::embedded().files().clone();
        files.insert("flood.toml".into(), "id = 5".into());
        files.insert(
            "snow.toml".into(),
            files["snow.toml"].replace("value = 20, unit = \"cm\"", "value = 99, unit = \"m\""),
        );
        files.remove("matrix.toml");
        assert!(Rules::load(files).expect_err("many faults").len() >= 4);
    }

    #[test]
    fn a_level_never_falls_when_more_is_known_or_more_is_at_stake() {
        let matrix = Rules::embedded().matrix;
        let impacts = [ImpactWord::Minimal, ImpactWord::Minor, ImpactWord::Significant, ImpactWord::Severe];
        for impact in impacts {
            assert!((-4000..4000).step_by(100).map(|odds| matrix.level(odds, impact)).is_sorted());
        }
        assert!(impacts.map(|impact| matrix.level(500, impact)).is_sorted());
    }
}
