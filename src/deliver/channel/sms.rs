//! SMS by an HTTP gateway in Kannel's words: `GET sendsms?username&password&from&to&text&coding&charset&dlr-mask&dlr-url`.
//! Used by `Channels::attempt`; the gateway is the one that `sms.send_by` names.
//! Accepted is what the gateway says in its body, not only its status: `0: Accepted for delivery`, `3: Queued for later delivery`.
//!
//! Source: Kannel 1.4.5 user's guide, chapter "Using the HTTP interface to send SMS messages".

use alerts::message::{Coding, segments};
use reqwest::{StatusCode, Url};

use super::{Verdict, present, request_fault, retry_after};
use crate::{config::Config, deliver::store::Claimed, id::Secret};

/// Where text messages go.
#[derive(Debug)]
pub(super) struct Gateway {
    name: String,
    url: String,
    user: String,
    password: Secret,
    sender: String,
    secret: Secret,
    /// Where it reaches us.
    hooks: String,
    segments_max: usize,
}

impl Gateway {
    pub(super) fn of(config: &Config) -> Option<Self> {
        let settings = config.sms.gateways.get(&config.sms.send_by)?;
        Some(Self {
            name: config.sms.send_by.clone(),
            url: settings.send_url.clone(),
            user: settings.user.clone(),
            password: settings.password.clone(),
            sender: settings.sender.clone(),
            secret: settings.secret.clone(),
            hooks: if settings.hooks_url.is_empty() {
                config.public_url()
            } else {
                settings.hooks_url.trim_end_matches('/').to_owned()
            },
            segments_max: config.sms.segments_max,
        })
    }
}

pub(super) async fn attempt(http: &reqwest::Client, gateway: &Gateway, to: &str, notice: &Claimed) -> Verdict {
    let cost = segments(&notice.sms);
    if cost.count > gateway.segments_max {
        return Verdict::last(format!(
            "the text needs {} messages; at most {} are allowed (sms.segments_max)",
            cost.count, gateway.segments_max
        ));
    }
    let Some(url) = address(gateway, to, notice, cost.coding) else {
        return Verdict::last(format!("[sms.gateways.{}] send_url is not a web address", gateway.name));
    };
    let response = match http.get(url).send().await {
        Ok(response) => response,
        Err(fault) => return Verdict::retry(request_fault(fault)),
    };
    let (status, after) = (response.status(), retry_after(&response));
    // A gateway's word is short; more than this is a page of something else.
    let text: String = match response.text().await {
        Ok(text) => text.trim().chars().take(200).collect(),
        Err(fault) => return Verdict::retry(request_fault(fault)),
    };
    judge(status, text, after)
}

/// The request: the placeholders of `send_url`, or Kannel's parameters.
fn address(gateway: &Gateway, to: &str, notice: &Claimed, coding: Coding) -> Option<Url> {
    let id = notice.id.to_string();
    if gateway.url.contains("{to}") {
        let quoted = |text: &str| -> String { form(text) };
        let filled =
            gateway.url.replace("{to}", &quoted(to)).replace("{text}", &quoted(&notice.sms)).replace("{id}", &id);
        return Url::parse(&filled).ok();
    }
    let mut url = Url::parse(&gateway.url).ok()?;
    {
        let mut query = url.query_pairs_mut();
        if !gateway.user.is_empty() {
            query.append_pair("username", &gateway.user);
        }
        if let Some(password) = present(&gateway.password) {
            query.append_pair("password", password);
        }
        if !gateway.sender.is_empty() {
            query.append_pair("from", &gateway.sender);
        }
        query.append_pair("to", to).append_pair("text", &notice.sms).append_pair("charset", "UTF-8");
        query.append_pair(
            "coding",
            match coding {
                Coding::Gsm7 => "0",
                Coding::Ucs2 => "2",
            },
        );
        // Delivery reports: 1 delivered, 2 not delivered, 16 refused by the operator; of what it queues (4, 8) nobody needs to hear.
        query.append_pair("dlr-mask", "19").append_pair("dlr-url", &report_url(gateway, &id)?);
    }
    Some(url)
}

/// Where the gateway reports delivery. Kannel fills in `%d` and would take any other `%` for one of its own signs (`%C` becomes a
/// charset's name), so that those of the encoding are doubled; it makes one of two.
fn report_url(gateway: &Gateway, notice: &str) -> Option<String> {
    let mut report = Url::parse(&format!("{}/hooks/receipts/{}", gateway.hooks, gateway.name)).ok()?;
    report.query_pairs_mut().append_pair("secret", gateway.secret.reveal()).append_pair("id", notice);
    Some(format!("{}&status=%d", report.as_str().replace('%', "%%")))
}

/// Percent-encodes one value.
fn form(text: &str) -> String {
    let mut url = Url::parse("http://x/").expect("a constant address");
    url.query_pairs_mut().append_pair("v", text);
    url.query().and_then(|query| query.strip_prefix("v=")).unwrap_or_default().to_owned()
}

fn judge(status: StatusCode, text: String, after: Option<std::time::Duration>) -> Verdict {
    let said = || if text.is_empty() { status.to_string() } else { format!("{}: {text}", status.as_u16()) };
    if status.is_success() {
        // Kannel answers 202 with "0: …" or "3: …"; another number is a refusal. Other gateways say what they like with a 2xx.
        let code: Option<u32> = text.split_once(':').and_then(|(code, _)| code.trim().parse().ok());
        return match code {
            Some(0 | 3) | None => Verdict::Sent { receipt: Some(text).filter(|text| !text.is_empty()) },
            Some(_) => Verdict::last(said()),
        };
    }
    // Kannel says 403 for a wrong password and for a number that none of its ways out takes; only the latter is for good.
    if status == StatusCode::FORBIDDEN && text.contains("Do not try again") {
        return Verdict::last(said());
    }
    // What is ours to put right (log-in, address) or passes by itself is tried again; a wrong password must not burn a warning.
    let passes = status.is_server_error() || matches!(status.as_u16(), 401 | 403 | 404 | 407 | 408 | 425 | 429);
    if passes { Verdict::Retry { after, why: said() } } else { Verdict::last(said()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_s_words_decide() {
        let judge =
            |status: u16, text: &str| judge(StatusCode::from_u16(status).expect("a status"), text.to_owned(), None);
        assert_eq!(
            judge(202, "0: Accepted for delivery"),
            Verdict::Sent { receipt: Some("0: Accepted for delivery".into()) }
        );
        assert!(matches!(judge(202, "3: Queued for later delivery"), Verdict::Sent { .. }));
        assert!(matches!(judge(200, "4: Not routable"), Verdict::Final { .. }));
        assert!(matches!(judge(400, "bad number"), Verdict::Final { .. }));
        assert!(matches!(judge(403, "Authorization failed for sendsms"), Verdict::Retry { .. }));
        assert!(matches!(judge(403, "Not routable. Do not try again."), Verdict::Final { .. }));
        assert!(matches!(judge(503, "Temporal failure"), Verdict::Retry { .. }));
    }

    #[test]
    fn a_secret_comes_back_as_it_was_given_through_the_gateway_s_own_signs() {
        let gateway = Gateway {
            name: "town".into(),
            url: "http://127.0.0.1:13013/cgi-bin/sendsms".into(),
            user: String::new(),
            password: Secret::new(""),
            sender: String::new(),
            secret: Secret::new("راز ما & 100%d"),
            hooks: "http://127.0.0.1:8137".into(),
            segments_max: 4,
        };
        let told = report_url(&gateway, "7").expect("an address");
        // As Kannel does: a pair is one sign, %d is the status, no other sign is left over.
        let filled = told.replace("%%", "\0");
        assert_eq!(filled.matches('%').count(), 1, "{told}");
        let asked = Url::parse(&filled.replace("%d", "1").replace('\0', "%")).expect("an address");
        let parts: Vec<(String, String)> = asked.query_pairs().into_owned().collect();
        let expected = [("secret", "راز ما & 100%d"), ("id", "7"), ("status", "1")];
        assert_eq!(parts, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(asked.path(), "/hooks/receipts/town");
    }

    #[test]
    fn a_text_is_quoted_whole() {
        assert_eq!(form("سیل & 1"), "%D8%B3%DB%8C%D9%84+%26+1");
    }
}
