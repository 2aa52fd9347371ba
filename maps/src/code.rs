//! Codes: the stable names of zones, reaches, gauges and places.
//! Every other file of the crate, the service's tables and the MQTT topics use them.
//! A code is 1 to 64 of `a-z`, `0-9` and `-`, so it is safe in a topic, a path and a file name, and stays the same across map versions.

use serde::{Deserialize, Serialize};

/// Longest code, in characters.
pub const CODE_LENGTH_MAX: usize = 64;

/// A text that is not a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} code “{text}” must be 1 to 64 characters of a-z, 0-9 and “-”")]
pub struct BadCode {
    what: &'static str,
    text: String,
}

fn checked(what: &'static str, text: String) -> Result<String, BadCode> {
    let fits = (1..=CODE_LENGTH_MAX).contains(&text.len());
    if fits && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) {
        Ok(text)
    } else {
        // The text may be anything that somebody sent; what is shown of it is bounded.
        Err(BadCode { what, text: text.chars().take(CODE_LENGTH_MAX).collect() })
    }
}

macro_rules! code {
    ($name:ident, $what:literal, $doc:literal) => {
        #[doc = $doc]
        ///
        /// `[a-z0-9-]{1,64}`, checked; in JSON and TOML a plain string.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes a text that is a code, or says why it is none.
            pub fn new(text: impl Into<String>) -> Result<$name, BadCode> {
                checked($what, text.into()).map($name)
            }

            /// The code as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadCode;
            fn try_from(text: String) -> Result<$name, BadCode> {
                $name::new(text)
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadCode;
            fn from_str(text: &str) -> Result<$name, BadCode> {
                $name::new(text)
            }
        }

        impl From<$name> for String {
            fn from(code: $name) -> String {
                code.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

code!(ZoneCode, "zone", "Stable code of a [zone](crate::Zone).");
code!(ReachCode, "reach", "Stable code of a [reach](crate::Reach), a stretch of a waterway.");
code!(GaugeCode, "gauge", "Stable code of a [gauge](crate::Gauge).");
code!(PlaceCode, "place", "Stable code of a [place](crate::Place) of the gazetteer.");
code!(RoadCode, "road", "Stable code of a piece of [road](crate::Road).");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_safe_in_a_topic_and_a_path() {
        assert!(ZoneCode::new("river-east-2").is_ok());
        for bad in ["", "River", "a/b", "a b", "a+", "#", "جولان", &"x".repeat(65)] {
            assert!(ZoneCode::new(bad).is_err(), "“{bad}” was taken");
        }
    }

    #[test]
    fn json_refuses_what_new_refuses() {
        assert_eq!(serde_json::to_string(&ZoneCode::new("julan").unwrap()).unwrap(), "\"julan\"");
        assert!(serde_json::from_str::<GaugeCode>("\"No Code\"").is_err());
    }
}
