//! MQTT: the embedded broker, or a client of an external one, behind one face.
//! Started by `app`; `sensors` takes what comes in (`Inbound`), `deliver` gives what goes out (`Outlet`).
//! Nothing is acknowledged before whoever takes it has kept it (invariant 1).

pub mod accounts;
