//! The same story on invented input: the demo today, drills after it.
//! Started by `cli` with `serve --demo`; everything it makes carries the exercise's id.
//! It uses the doors that everybody uses (MQTT, text messages, the API) and never writes a reading, report or alert itself.

pub mod demo;
