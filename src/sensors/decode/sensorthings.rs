//! OGC SensorThings API 1.1: an Observation as it is published over MQTT (`v1.1/Datastreams(ID)/Observations`).
//! Used by `format`; a mapping's fields are named by the Datastream's id and tell quantity and unit.
//! The device is the Datastream. Topic and body must name the same one, and a unit in the body must be the mapping's.
//!
//! Source: OGC 18-088, 8.2.7 (Observation) and 14 (creation by MQTT); ids are numbers, or texts in single quotes.

use jiff::Timestamp;

use super::{
    Claim, Decoded, Message, Misread,
    json::short,
    mapping::{Field, Mapping},
    text,
    tree::{self, Node},
    units,
};
use crate::sensors::reason::Reason;

/// Reads one Observation.
pub(super) fn decode(message: Message<'_>, mapping: &Mapping) -> Decoded {
    let in_topic = match datastream_of_topic(message.topic) {
        Ok(id) => id,
        Err(why) => return Decoded::fault(Reason::BadTopic, why),
    };
    let root = match tree::read(message.payload) {
        Ok(root) => root,
        Err(fault) => return Decoded { misread: vec![fault], ..Decoded::default() },
    };
    let in_body = root.path(&["Datastream", "@iot.id"]).and_then(Node::name);
    let id = match (in_topic, in_body) {
        (Some(topic), Some(body)) if topic != body => {
            let (topic, body) = (short(&topic), short(&body));
            let detail = format!("the topic is of Datastream “{topic}”, the Observation of “{body}”");
            return Decoded::fault(Reason::BadPayload, detail);
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => {
            return Decoded::fault(Reason::BadPayload, "neither the topic nor the Observation names a Datastream");
        }
    };
    let mut decoded = Decoded { device: Some(id.clone()), ..Decoded::default() };
    decoded.message_id = root.get("@iot.id").and_then(Node::name);
    let Some(field) = mapping.field(&id) else {
        decoded.misread.push(Misread::quantity(format!("Datastream “{}” is not in the mapping", short(&id))));
        return decoded;
    };
    match claim(&root, mapping, field) {
        Ok(claim) => decoded.claims.extend(claim),
        Err(fault) => decoded.misread.push(fault),
    }
    decoded
}

fn claim(root: &Node, mapping: &Mapping, field: &Field) -> Result<Option<Claim>, Misread> {
    if let Some(unit) = root.path(&["Datastream", "unitOfMeasurement"]) {
        same_unit(unit, field)?;
    }
    let read_at = match root.get("phenomenonTime") {
        None | Some(Node::Null) => None,
        Some(Node::Text(text)) => {
            let fault = |why: String| Misread::payload(format!("phenomenonTime {why}"));
            Some(phenomenon(text).map_err(fault)?)
        }
        Some(other) => return Err(Misread::payload(format!("phenomenonTime is {}, not a text", other.kind()))),
    };
    let result = root.get("result").ok_or_else(|| Misread::payload("there is no result"))?;
    if *result == Node::Null {
        return Ok(None);
    }
    let number = text::number_of(result, mapping.decimal_comma());
    let value = number.map_err(str::to_owned).and_then(|number| field.value(number));
    let value = value.map_err(|why| Misread::payload(format!("result {why}")))?;
    Ok(value.map(|value| Claim { quantity: field.quantity, value, read_at }))
}

/// An instant, or the end of an interval `start/end`: what holds then is what the value says.
fn phenomenon(text: &str) -> Result<Timestamp, String> {
    match text.split_once('/') {
        None => text::rfc3339(text),
        Some((start, end)) => {
            let (start, end) = (text::rfc3339(start)?, text::rfc3339(end)?);
            if start <= end { Ok(end) } else { Err("ends before it starts".into()) }
        }
    }
}

/// A Datastream that is sent along tells its unit; where that is a UCUM code, it must be the mapping's.
fn same_unit(unit: &Node, field: &Field) -> Result<(), Misread> {
    let told = ["definition", "symbol"].into_iter().filter_map(|key| unit.get(key).and_then(Node::text));
    for word in told {
        let code = word.rsplit_once("ucum:").map_or(word, |(_, code)| code);
        if units::of_code(code).is_some() && code != field.unit {
            let (code, known) = (short(code), &field.unit);
            return Err(Misread::quantity(format!("the Datastream's unit is “{code}”, the mapping's “{known}”")));
        }
    }
    Ok(())
}

/// The id in `…/Datastreams(ID)/Observations`; none in `…/Observations`.
fn datastream_of_topic(topic: &str) -> Result<Option<String>, &'static str> {
    let fault = Err("want a topic that ends in Observations or Datastreams(ID)/Observations");
    let mut levels = topic.rsplit('/');
    if levels.next() != Some("Observations") {
        return fault;
    }
    let Some(level) = levels.next() else { return Ok(None) };
    let Some(id) = level.strip_prefix("Datastreams(") else {
        return if level.contains('(') { fault } else { Ok(None) };
    };
    let id = id.strip_suffix(')').map(|id| match id.strip_prefix('\'').and_then(|id| id.strip_suffix('\'')) {
        Some(text) => text.replace("''", "'"),
        None => id.to_owned(),
    });
    id.filter(|id| !id.is_empty()).map_or(fault, |id| Ok(Some(id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::formats as settings, sensors::quantity::Quantity};

    fn read(topic: &str, payload: &str) -> Decoded {
        let text = r#"
            [[fields]]
            at = "999"
            quantity = "stage_m"
            unit = "cm"
            [[fields]]
            at = "well's"
            quantity = "air_temp_c"
            unit = "Cel"
        "#;
        let given: settings::Mapping = toml::from_str(text).expect("a mapping");
        let mapping = Mapping::new(&given, true).expect("a right mapping");
        decode(Message { topic, payload: payload.as_bytes() }, &mapping)
    }

    #[test]
    fn an_observation_is_of_the_datastream_that_topic_or_body_names() {
        let at = Some("2026-03-01T04:00:00Z".parse().expect("a time"));
        for (topic, payload, read_at) in [
            (
                "v1.1/Datastreams(999)/Observations",
                r#"{"phenomenonTime":"2026-03-01T04:00:00.000Z","result":193,"resultTime":null,"parameters":{}}"#,
                at,
            ),
            (
                "v1.1/Observations",
                r#"{"phenomenonTime":"2026-03-01T03:50:00Z/2026-03-01T04:00:00Z","result":"193","Datastream":{"@iot.id":999}}"#,
                at,
            ),
            (
                "frost/v1.1/Datastreams(999)/Observations",
                r#"{"result":193,"Datastream":{"@iot.id":999,"unitOfMeasurement":{"symbol":"cm","definition":"ucum:cm"}}}"#,
                None,
            ),
        ] {
            let decoded = read(topic, payload);
            assert_eq!(decoded.misread, [], "{topic}");
            assert_eq!(decoded.claims, [Claim { quantity: Quantity::StageM, value: 1.93, read_at }], "{topic}");
            assert_eq!(decoded.device.as_deref(), Some("999"));
        }
        let text = read("v1.1/Datastreams('well''s')/Observations", r#"{"@iot.id":7,"result":-1}"#);
        assert_eq!((text.claims[0].value, text.message_id.as_deref()), (-1.0, Some("7")));
    }

    #[test]
    fn contradictions_and_what_is_missing_are_told_by_name() {
        for (topic, payload, told) in [
            ("v1.1/Datastreams(999)/Observations", r#"{"result":1,"Datastream":{"@iot.id":8}}"#, "Datastream “999”"),
            ("v1.1/Observations", r#"{"result":1}"#, "neither"),
            ("v1.1/Datastreams(8)/Observations", r#"{"result":1}"#, "“8” is not in the mapping"),
            ("v1.1/Datastreams(999)/Observations", "{}", "no result"),
            ("v1.1/Datastreams(999)/Observations", r#"{"result":{"x":1}}"#, "result is an object"),
            (
                "v1.1/Datastreams(999)/Observations",
                r#"{"result":1,"phenomenonTime":"2026-03-01T04:00:00Z/2026-03-01T03:00:00Z"}"#,
                "ends before",
            ),
            ("v1.1/Datastreams(999)/Observations", r#"{"result":1,"phenomenonTime":5}"#, "phenomenonTime is a number"),
            (
                "v1.1/Datastreams(999)/Observations",
                r#"{"result":1,"Datastream":{"unitOfMeasurement":{"symbol":"mm"}}}"#,
                "“mm”, the mapping's “cm”",
            ),
            ("v1.1/Datastreams()/Observations", "{}", "want a topic"),
            ("v1.1/Things(1)/Observations", "{}", "want a topic"),
            ("v1.1/Datastreams(999)", "{}", "want a topic"),
        ] {
            let decoded = read(topic, payload);
            assert!(decoded.claims.is_empty(), "{topic} {payload}");
            assert!(decoded.misread[0].detail.contains(told), "{topic} {payload}: {decoded:?}");
        }
        assert!(read("v1.1/Datastreams(999)/Observations", r#"{"result":null}"#).misread.is_empty());
    }
}
