//! Says what one telephone gets: the notice's words, and what they cost as text messages.
//! Called by `content` and `template` for lengths, and by the service's `deliver` for each notice.
//! A text message for one person is one segment where at all possible.

mod notice;
mod segments;

pub use notice::{Audience, Extras, Form, Notice, notice};
pub use segments::{Coding, Segments, parts, segments, shortened};
