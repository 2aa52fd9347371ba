//! The invented telephones: they report what they see, and some of those who are warned answer.
//! Played by `demo::play`; messages come in by `/hooks/sms/demo` like everybody's.
//! Who answers what, and when, follows from the number alone, so that every demo plays alike.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use uuid::Uuid;

use super::play::Doors;
use crate::{
    deliver::{
        Channel,
        sandbox::{self, Direction, GATEWAY, NewSandboxMessage},
    },
    ground::Ground,
};

/// Messages of the sandbox that are looked at again each second.
const LOOK_BACK: i64 = 300;

/// The `index`th invented number. 0999 000 is in no operator's range.
pub fn number(index: usize) -> String {
    format!("0999000{index:04}")
}

/// Sends a text message to the service number, as a telephone does.
pub async fn send(ground: &Ground, doors: &Doors, from: &str, words: &str, id: &str) -> Result<(), reqwest::Error> {
    let settings = &ground.config.sms.gateways[GATEWAY];
    let to = ground.config.city.service_number.as_str();
    let query = [
        ("secret", settings.secret.reveal()),
        ("from", from),
        ("to", to),
        ("text", words),
        ("charset", "UTF-8"),
        ("id", id),
    ];
    doors.http.get(format!("{}/hooks/sms/{GATEWAY}", doors.url)).query(&query).send().await?.error_for_status()?;
    let message = NewSandboxMessage {
        direction: Direction::In,
        channel: Channel::Sms,
        address: from,
        subject: "",
        body: words,
        notice: None,
    };
    if let Err(fault) = sandbox::keep(ground, &message).await {
        debug!(%fault, "the demo's inbox does not show a message that came in: {fault}");
    }
    Ok(())
}

/// Answers for those who are warned, until the service stops.
pub async fn answer(ground: Ground, doors: Doors, stop: CancellationToken) {
    let mut seen: BTreeSet<Uuid> = BTreeSet::new();
    let mut waiting: Vec<(Timestamp, String, &'static str, Uuid)> = Vec::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = ground.clock.sleep(Duration::from_secs(1)) => {}
        }
        let now = ground.now();
        let Ok(messages) = sandbox::inbox(&ground, None, LOOK_BACK).await else { continue };
        let kept: BTreeSet<Uuid> = messages.iter().map(|message| message.id).collect();
        for message in messages {
            // Nobody answers a thank-you or a one-time code: only what asks.
            let asked = message.direction == Direction::Out && message.channel == Channel::Sms && message.asks;
            if seen.insert(message.id)
                && asked
                && let Some((after, words)) = habit(&message.address)
            {
                waiting.push((now + after, message.address, words, message.id));
            }
        }
        // What the sandbox has let go can't come again.
        seen.retain(|id| kept.contains(id));
        let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(at, ..)| *at <= now);
        waiting = later;
        for (_, from, words, id) in due {
            if let Err(fault) = send(&ground, &doors, &from, words, &format!("answer-{id}")).await {
                debug!(%fault, "an invented telephone could not answer: {fault}");
            }
        }
    }
}

/// How the owner of a number answers a warning: after how long, and with what. A fifth never answers.
fn habit(number: &str) -> Option<(Duration, &'static str)> {
    let digits: u64 =
        number.bytes().rev().take(4).filter(u8::is_ascii_digit).fold(0, |sum, digit| sum * 7 + u64::from(digit));
    let after = Duration::from_millis(1_500 + digits % 9_000);
    match digits % 10 {
        0 | 5 => None,
        3 => Some((after, "۲")),
        _ => Some((after, "1")),
    }
}
