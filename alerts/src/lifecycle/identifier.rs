//! Makes the identifier of a message, in the form that the configuration chose.
//! Called at publication, with bytes that the caller drew.
//! Different bytes always give different identifiers, whatever the time: none is derived from the time alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::cap::{Identifier, NameFault};
use crate::content::hex;

/// The form of identifiers, chosen in the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierForm {
    /// `urn:uuid:…`.
    #[default]
    Uuid,
    /// `urn:oid:{prefix}.{seconds of the time}.{number}` with a prefix such as `2.49.0.1.364.0` (WMO register).
    WmoOid {
        /// The arc that was given to the sender, numbers and dots.
        prefix: String,
    },
}

impl IdentifierForm {
    /// The identifier of a message: unique whenever `unique` is, for any number of messages in one second.
    ///
    /// `unique` are the 16 bytes of a UUID that the caller drew. Errors: an OID prefix that is not numbers and dots.
    ///
    /// ```
    /// use alerts::lifecycle::IdentifierForm;
    /// let form = IdentifierForm::WmoOid { prefix: "2.49.0.1.364.0".into() };
    /// let sent = "2026-03-21T00:30:00Z".parse()?;
    /// assert_eq!(form.identifier(sent, 7_u128.to_be_bytes())?.as_str(), "urn:oid:2.49.0.1.364.0.20260321003000.7");
    /// assert_eq!(IdentifierForm::Uuid.identifier(sent, [7; 16])?.as_str(), "urn:uuid:07070707-0707-0707-0707-070707070707");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn identifier(&self, sent: Timestamp, unique: [u8; 16]) -> Result<Identifier, NameFault> {
        match self {
            Self::Uuid => {
                let digits = hex(&unique);
                Identifier::new(&format!(
                    "urn:uuid:{}-{}-{}-{}-{}",
                    &digits[..8],
                    &digits[8..12],
                    &digits[12..16],
                    &digits[16..20],
                    &digits[20..]
                ))
            }
            Self::WmoOid { prefix } => {
                let arcs_are_numbers = prefix.split('.').all(|arc| {
                    !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'))
                });
                if !arcs_are_numbers {
                    return Err(NameFault {
                        what: "OID prefix",
                        text: prefix.chars().take(80).collect(),
                        why: "it must be numbers separated by dots",
                    });
                }
                let utc = jiff::tz::Offset::UTC.to_datetime(sent);
                let second = format!(
                    "{:04}{:02}{:02}{:02}{:02}{:02}",
                    utc.year(),
                    utc.month(),
                    utc.day(),
                    utc.hour(),
                    utc.minute(),
                    utc.second()
                );
                Identifier::new(&format!("urn:oid:{prefix}.{second}.{}", u128::from_be_bytes(unique)))
            }
        }
    }
}
