//! Readings arrive over MQTT, are decoded, identified, checked, kept, and only then acknowledged.
//! Started by `app`; `assess` reads what was kept, `http` shows it, the command line registers sensors.
//! Nothing here judges what a reading means (invariant 2), and nothing that was acknowledged is lost (invariant 1).

mod accept; // Identified, checked, kept in batches.
mod decode; // What a payload claims.
mod judge; // What is thought of what comes.
pub mod quality; // What may be thought of a value.
mod reason; // Why something is not kept.
mod registry;
mod rejected; // What could not be kept, and why.
mod topic; // Whose message it is.
mod watch; // Who fell silent. // Sensors are registered and get their accounts.

mod quantity; // What is measured, and what can be.
mod reading; // One value at one device time.
mod sensor; // What measures at one place.
mod store; // SQL.
mod thin; // Plots without lost peaks.

pub use accept::{Batches, Intake, formats, plausible};
pub use decode::{
    Claim, Decoded, Format, Formats, Memory, Message, Misread, Presence, Rain, RainCounter, Rebirth, Source, decode,
};
pub use judge::{QualityLimits, embedded_limits, read_limits};
pub use quality::Marks;
pub use quantity::{Quantity, UnknownQuantity};
pub use reading::{Arrival, Flag, LaterMarks, Latest, NewReading, Point, Reading};
pub use registry::{
    Refusal, Registered, add, add_by_command, add_gateway, adopt_city, quarantine, release, rotate_secret,
};
pub use rejected::{Reason, Reject, Rejected};
pub use sensor::{BadSensorCode, NewSensor, Sensor, SensorCode, SensorState};
pub use store::{Kept, StateChange};
pub use watch::{Status, run_due};
