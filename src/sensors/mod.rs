//! Readings arrive over MQTT, are decoded, identified, checked, kept, and only then acknowledged.
//! Started by `app`; `assess` reads what was kept, `http` shows it, the command line registers sensors.
//! Nothing here judges what a reading means (invariant 2), and nothing that was acknowledged is lost (invariant 1).

mod quantity; // What is measured, and what can be.
mod reading; // One value at one device time.
mod registry; // Sensors are registered and get their accounts.
mod sensor; // What measures at one place.
mod store; // SQL.
mod thin; // Plots without lost peaks.

pub use quantity::{Quantity, UnknownQuantity};
pub use reading::{Arrival, Flag, Latest, NewReading, Point, Reading};
pub use registry::{Refusal, Registered, add, add_by_command, adopt_city, quarantine, release, rotate_secret};
pub use sensor::{BadSensorCode, NewSensor, Sensor, SensorCode, SensorState};
pub use store::{Kept, StateChange};
