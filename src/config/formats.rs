//! How messages of devices that don't speak our own format are read: `[sensors.formats.NAME]` and `[sensors.mappings.NAME]`.
//! Part of the configuration; `sensors` makes decoders of it and names every fault.
//! Texts here are as the operator wrote them and are not yet checked.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `[sensors.formats.NAME]`: which messages are read how, and whose they are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// Which format: hamyar, mapped, senml, senml_cbor, sensorthings, chirpstack, the_things_stack, sparkplug_b or tasmota.
    pub format: String,
    /// Topic filter of the messages that are read so, beside `{prefix}/readings/…`; empty: none.
    #[serde(default)]
    pub topic: String,
    /// The only account that may bring messages of `topic`; empty: whoever the broker lets publish there.
    #[serde(default)]
    pub account: String,
    /// Sensors whose own `{prefix}/readings/SENSOR` is read so.
    #[serde(default)]
    pub sensors: Vec<String>,
    /// Which `[sensors.mappings.NAME]`; empty: none.
    #[serde(default)]
    pub mapping: String,
    /// IANA zone of local times (Tasmota).
    #[serde(default)]
    pub time_zone: String,
    /// The device's name in its own words (`devEui`, `device_id` …) to the code of our sensor.
    #[serde(default)]
    pub devices: BTreeMap<String, String>,
}

/// `[sensors.mappings.NAME]`: what of a message is which quantity.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What a payload is: "json", or "text" for a bare number.
    #[serde(default = "json")]
    pub payload: String,
    /// Topic template with named levels, such as `sensors/{device}/{quantity}`; empty: the topic says nothing.
    #[serde(default)]
    pub topic: String,
    /// JSON Pointer to a list of records, to which `time` and every `at` are relative; none: the message is one record.
    #[serde(default)]
    pub records: Option<String>,
    /// JSON Pointer to the device's name; none: the payload does not tell.
    #[serde(default)]
    pub device: Option<String>,
    /// JSON Pointer to the number of the message; none: it has none.
    #[serde(default)]
    pub sequence: Option<String>,
    /// JSON Pointer to the time of measurement; none: the format's own, or when the message came.
    #[serde(default)]
    pub time: Option<String>,
    /// How the time is written: rfc3339, epoch_s, epoch_ms, epoch_us, local or none.
    #[serde(default = "rfc3339")]
    pub time_form: String,
    /// IANA zone of a local time.
    #[serde(default)]
    pub time_zone: String,
    /// Whether numbers in texts have a decimal comma.
    #[serde(default)]
    pub decimal_comma: bool,
    /// What is read.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// `[[sensors.mappings.NAME.fields]]`: one value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Where it stands: a JSON Pointer; for Sparkplug B the metric's name, for SensorThings the Datastream's id.
    #[serde(default)]
    pub at: String,
    /// Which word of the template's `{quantity}` means this field; empty: the quantity's own name.
    #[serde(default)]
    pub named: String,
    /// Our quantity.
    pub quantity: String,
    /// The device's unit, as its UCUM code, after scale and offset.
    pub unit: String,
    /// What the device's number is multiplied with.
    #[serde(default = "one")]
    pub scale: f64,
    /// What is added after that.
    #[serde(default)]
    pub offset: f64,
    /// Numbers by which the device says that it has no value.
    #[serde(default)]
    pub missing: Vec<f64>,
}

fn json() -> String {
    "json".into()
}

fn rfc3339() -> String {
    "rfc3339".into()
}

fn one() -> f64 {
    1.0
}
