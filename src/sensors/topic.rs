//! Reads whose message it is from its topic.
//! Used by `accept`; the prefix is `mqtt.prefix`.
//! A topic that is none of ours is refused by name and never guessed at.

use super::sensor::SensorCode;

/// What a topic is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// `{prefix}/readings/{sensor}`
    Readings(SensorCode),
    /// `{prefix}/sensors/{sensor}/status`
    Status(SensorCode),
}

/// Reads a topic, or says why it is none of ours.
pub(super) fn parse(prefix: &str, topic: &str) -> Result<Address, String> {
    let below = topic.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
    let levels: Vec<&str> = below.map(|below| below.split('/').take(4).collect()).unwrap_or_default();
    match levels.as_slice() {
        ["readings", sensor] => SensorCode::new(*sensor).map(Address::Readings).map_err(|fault| fault.to_string()),
        ["sensors", sensor, "status"] => {
            SensorCode::new(*sensor).map(Address::Status).map_err(|fault| fault.to_string())
        }
        _ => Err(format!("want {prefix}/readings/SENSOR or {prefix}/sensors/SENSOR/status")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_says_whose_message_it_is() {
        let code = |text: &str| SensorCode::new(text).expect("a code");
        assert_eq!(parse("hamyar/v1", "hamyar/v1/readings/bridge-3"), Ok(Address::Readings(code("bridge-3"))));
        assert_eq!(parse("hamyar/v1", "hamyar/v1/sensors/bridge-3/status"), Ok(Address::Status(code("bridge-3"))));
        for topic in [
            "",
            "hamyar/v1",
            "hamyar/v1readings/x",
            "hamyar/v1/readings/X",
            "hamyar/v1/readings/a/b",
            "hamyar/v1/readings/",
        ] {
            assert!(parse("hamyar/v1", topic).is_err(), "{topic}");
        }
    }
}
