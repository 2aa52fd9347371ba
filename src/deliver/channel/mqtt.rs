//! Notices by MQTT: to `{prefix}/helpers/{account}/notices` at QoS 1, as JSON that an application can show by itself.
//! Used by `Channels::attempt` and `board`; publishing itself is the broker room's.
//! Published is not read: the notice is published again until the helper's application answers or it is no longer true.

use std::{future::Future, pin::Pin, sync::Arc};

use serde_json::json;

use super::{Verdict, address};
use crate::{deliver::store::Claimed, ground::Ground};

/// What a publish gives.
pub type Published = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Publishes at QoS 1 on our broker: topic, payload, retained or not.
#[derive(Clone)]
pub struct Publish(Arc<dyn Fn(String, Vec<u8>, bool) -> Published + Send + Sync>);

impl std::fmt::Debug for Publish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Publish")
    }
}

impl Publish {
    /// Wraps the broker's outlet.
    pub fn by(publish: impl Fn(String, Vec<u8>, bool) -> Published + Send + Sync + 'static) -> Self {
        Self(Arc::new(publish))
    }

    /// Publishes.
    pub async fn publish(&self, topic: String, payload: Vec<u8>, retain: bool) -> Result<(), String> {
        (self.0)(topic, payload, retain).await
    }
}

pub(super) async fn attempt(ground: &Ground, publish: &Publish, notice: &Claimed) -> Verdict {
    let prefix = &ground.config.mqtt.prefix;
    let (topic, payload, retain) = match (&notice.target, address(notice)) {
        // A system's topic, such as `alerts/{alert}/cap`: the text as it is, kept for whoever comes later.
        (Some(topic), _) => (format!("{prefix}/{topic}"), notice.body.clone().into_bytes(), true),
        (None, Some(account)) => {
            let answers: &[&str] = match notice.question {
                Some(crate::deliver::Question::Receipt) => &["ack", "safe", "need_help"],
                Some(crate::deliver::Question::WhatDoYouSee) => &["0", "1", "2", "3"],
                // The application says that it came, which ends the repetition.
                None => &["ack"],
            };
            let payload = json!({
                "id": notice.id,
                "alert": notice.alert_id,
                "language": notice.language,
                "subject": notice.subject,
                "body": notice.body,
                "answers": answers,
                "made_at": notice.made_at.0,
                "expires_at": notice.expires_at.map(|at| at.0),
                "exercise": notice.exercise_id.is_some(),
            });
            (format!("{prefix}/helpers/{account}/notices"), payload.to_string().into_bytes(), false)
        }
        (None, None) => return Verdict::last("the contact was erased"),
    };
    match publish.publish(topic, payload, retain).await {
        Ok(()) => Verdict::Sent { receipt: None },
        Err(why) => Verdict::retry(why),
    }
}
