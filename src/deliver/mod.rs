//! From a decision to a telephone: broadcasts become notices, notices are sent by their channels, answers come back.
//! Rooms put notices and broadcasts inside their own deciding transaction; `app` runs the workers; `http` shows and takes answers.
//! Nothing is sent except from an outbox row, and every row says why this person is told.

mod broadcast; // One alert to its audience.
mod code; // One-time codes for log-in.
mod notice; // One message to one person by one channel.
mod store; // Their SQL.

pub use broadcast::{Audience, NewBroadcast};
pub use code::send_sign_in_code;
pub use notice::{Channel, Message, NewNotice, Priority, Question, Reason};
