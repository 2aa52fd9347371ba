//! E-mail by SMTP: text and HTML, UTF-8, right to left where the language is.
//! Used by `Channels::attempt`.
//! The Message-ID holds the notice's id, so that a mailbox can see a repeat; every text is escaped.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
    transport::smtp::authentication::Credentials,
};

use super::Verdict;
use crate::{
    config::Config,
    deliver::{page, store::Claimed},
};

/// Where mail goes.
pub(super) struct Relay {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Relay from {}", self.from)
    }
}

impl Relay {
    /// `None` when no mail is configured. Errors: a sentence about the setting that is wrong.
    pub(super) fn of(config: &Config) -> Result<Option<Self>, String> {
        let settings = &config.email;
        if settings.server.is_empty() {
            return Ok(None);
        }
        let url = match settings.server.strip_prefix("smtp+starttls://") {
            Some(rest) => format!("smtp://{rest}?tls=required"),
            None => settings.server.clone(),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)
            .map_err(|fault| format!("server: {fault}; want smtp://HOST:PORT, smtps://… or smtp+starttls://…"))?
            .timeout(Some(std::time::Duration::from_secs(config.deliver.attempt_secs_max)));
        if !settings.user.is_empty() {
            builder =
                builder.credentials(Credentials::new(settings.user.clone(), settings.password.reveal().to_owned()));
        }
        let from = settings.from.parse().map_err(|fault| format!("from “{}”: {fault}", settings.from))?;
        Ok(Some(Self { transport: builder.build(), from }))
    }
}

pub(super) async fn attempt(relay: &Relay, to: &str, notice: &Claimed) -> Verdict {
    let mail = match compose(relay, to, notice) {
        Ok(mail) => mail,
        Err(why) => return Verdict::last(why),
    };
    match relay.transport.send(mail).await {
        Ok(response) => {
            Verdict::Sent { receipt: response.message().next().map(|line| line.chars().take(200).collect()) }
        }
        Err(fault) if fault.is_permanent() && !is_ours_to_put_right(&fault) => Verdict::last(fault.to_string()),
        Err(fault) => Verdict::retry(fault.to_string()),
    }
}

/// Log-in wanted, too weak, wrong, or to be encrypted (RFC 4954 §6): a wrong password must not burn a warning.
fn is_ours_to_put_right(fault: &lettre::transport::smtp::Error) -> bool {
    fault.status().is_some_and(|code| matches!(u16::from(code), 530 | 534 | 535 | 538))
}

fn compose(relay: &Relay, to: &str, notice: &Claimed) -> Result<Message, String> {
    let to: Mailbox = to.parse().map_err(|fault| format!("the address can't be used: {fault}"))?;
    let domain = relay.from.email.domain();
    let html = page::mail(&notice.language, &notice.subject, &notice.body);
    Message::builder()
        .from(relay.from.clone())
        .to(to)
        .subject(&notice.subject)
        .message_id(Some(format!("<{}@{domain}>", notice.id)))
        .header(header::MIME_VERSION_1_0)
        .raw_header(header::HeaderValue::new(
            header::HeaderName::new_from_ascii_str("Auto-Submitted"),
            // RFC 3834: nobody's absence note should answer a warning.
            "auto-generated".to_owned(),
        ))
        .multipart(MultiPart::alternative_plain_html(notice.body.clone(), html))
        .map_err(|fault| format!("the mail can't be made: {fault}"))
}
