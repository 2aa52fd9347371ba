//! Webhooks, signed as Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,BASE64(HMAC-SHA256)`.
//! Used by `Channels::attempt`; each configured target is a lane of its own, helpers' own programs share some.
//! The id is the notice's, the same on every try, so that the target can see a repeat; the timestamp is the attempt's.
//!
//! Source: Standard Webhooks specification 1.0.0, sections "Webhook metadata" and "Signature scheme".

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use ring::hmac;
use serde_json::{Value, json};

use super::{Verdict, reach::Reach, request_fault, retry_after};
use crate::{deliver::store::Claimed, ground::Ground, id::Secret, store::Fault};

/// A system that is told of events.
#[derive(Debug)]
pub(super) struct Target {
    pub url: String,
    pub key: hmac::Key,
}

/// The key in `whsec_…`; `None` when it is not one.
pub(super) fn key(secret: &Secret) -> Option<hmac::Key> {
    let bytes = STANDARD.decode(secret.reveal().strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&bytes.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The body of an event: its type, when it happened, what it is about.
pub(in crate::deliver) fn event_body(event: &str, at: Timestamp, about: &Value) -> Value {
    json!({ "type": event, "timestamp": at, "data": about })
}

fn sign(key: &hmac::Key, id: &str, seconds: i64, body: &str) -> String {
    let tag = hmac::sign(key, format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

pub(super) async fn attempt(http: &reqwest::Client, ground: &Ground, target: &Target, notice: &Claimed) -> Verdict {
    let body = match &notice.payload {
        Some(payload) => payload.0.to_string(),
        None => event_body(
            "notice",
            notice.made_at.0,
            &json!({ "id": notice.id, "subject": notice.subject, "body": notice.body, "exercise": notice.exercise_id.is_some() }),
        )
        .to_string(),
    };
    let (id, seconds) = (notice.id.to_string(), ground.now().as_second());
    let request = http
        .post(&target.url)
        .header("content-type", "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", seconds.to_string())
        .header("webhook-signature", sign(&target.key, &id, seconds, &body));
    match request.body(body).send().await {
        Err(fault) => Verdict::retry(request_fault(fault)),
        Ok(response) if response.status().is_success() => Verdict::Sent { receipt: None },
        // 410: the target does not want this any more; 413: it will never fit. Everything else may be put right on the other side.
        Ok(response) if matches!(response.status().as_u16(), 410 | 413) => Verdict::last(response.status().to_string()),
        Ok(response) => Verdict::Retry { after: retry_after(&response), why: response.status().to_string() },
    }
}

/// A call to a helper's own program, signed with the secret that was shown when it was registered.
pub(super) async fn attempt_own(
    http: &reqwest::Client,
    reach: &Reach,
    ground: &Ground,
    url: &str,
    notice: &Claimed,
) -> Verdict {
    if let Err(why) = reach.check(url) {
        return Verdict::last(why);
    }
    match secret_of(ground, notice).await {
        Err(fault) => Verdict::retry(format!("the secret of this webhook could not be read: {fault}")),
        Ok(secret) => match secret.as_ref().and_then(key) {
            None => Verdict::last("this webhook has no secret to sign with: register it again"),
            Some(key) => attempt(http, ground, &Target { url: url.to_owned(), key }, notice).await,
        },
    }
}

async fn secret_of(ground: &Ground, notice: &Claimed) -> Result<Option<Secret>, Fault> {
    ground.store.read("webhook secret").await?.webhook_secret_of(notice.id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the specification's reference libraries (standard-webhooks, "sign" tests).
        let key = key(&Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).expect("a key");
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_of_the_form_is_refused() {
        for text in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_!"] {
            assert!(key(&Secret::new(text)).is_none(), "{text}");
        }
    }
}
