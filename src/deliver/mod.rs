//! From a decision to a telephone: broadcasts become notices, notices are sent by their channels, answers come back.
//! Rooms put notices and broadcasts inside their own deciding transaction; `app` runs the workers; `http` shows and takes answers.
//! Nothing is sent except from an outbox row, and every row says why this person is told.

mod broadcast; // One alert to its audience.
mod code; // One-time codes for log-in.
mod notice; // One message to one person by one channel.

mod expand; // The audience becomes notices, step by step.
mod words; // What one person reads.

mod channel; // The ways out.
mod send; // What is due is sent, lane by lane.

pub mod applications; // What helpers' applications answer.
pub mod board; // What holds now, retained on MQTT for systems.
pub mod events; // Systems hear of reports.
pub mod page; // What a link shows.
pub mod progress; // How far it is, for staff.
pub mod reply; // What comes back.
pub mod sandbox; // The demo's visible inbox.

mod store; // Their SQL.

pub use broadcast::{Audience, NewBroadcast};
pub use channel::{ChannelFault, Channels, Publish, Published, Verdict};
pub use code::{put_code, send_sign_in_code};
pub use expand::expand_due;
pub use notice::{AnswerBy, Channel, Message, NewNotice, Priority, Question, Reason};
pub use send::{run_due, run_lane};
