//! E-mail by SMTP: text and HTML, UTF-8, right to left where the language is.
//! Used by `Channels::attempt`.
//! The Message-ID holds the notice's id, so that a mailbox can see a repeat; every text is escaped; nothing leaves this machine without TLS
//! to a relay that proves its name, unless the setting says so in as many words.

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
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
    reply_to: Option<Mailbox>,
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
        let want = "want smtp://HOST:PORT, smtp+starttls://…, smtps://… or smtp+plain://…";
        let (scheme, rest) = settings.server.split_once("://").ok_or_else(|| format!("server: {want}"))?;
        let host = host(rest);
        let way = match scheme {
            "smtps" => Way::Tls,
            "smtp+starttls" => Way::StartTls,
            "smtp" if !is_loopback(host) => Way::StartTls,
            "smtp" | "smtp+plain" => Way::Plain,
            other => return Err(format!("server: “{other}://” is not known; {want}")),
        };
        let has_user = !settings.user.is_empty() || authority(rest).contains('@');
        if way == Way::Plain && has_user && !is_loopback(host) {
            return Err(
                "server: the password would go over the network in plain text; use smtp+starttls:// or smtps://".into(),
            );
        }
        let url = format!("{}://{rest}", if way == Way::Tls { "smtps" } else { "smtp" });
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)
            .map_err(|fault| format!("server: {fault}; {want}"))?
            .timeout(Some(std::time::Duration::from_secs(config.deliver.attempt_secs_max)));
        builder = match way {
            Way::Plain => builder.tls(Tls::None),
            Way::StartTls => builder.tls(Tls::Required(trust(host, &settings.ca_file)?)),
            Way::Tls => builder.tls(Tls::Wrapper(trust(host, &settings.ca_file)?)),
        };
        if !settings.user.is_empty() {
            builder =
                builder.credentials(Credentials::new(settings.user.clone(), settings.password.reveal().to_owned()));
        }
        let mailbox = |key: &str, text: &str| text.parse().map_err(|fault| format!("{key} “{text}”: {fault}"));
        let from = mailbox("from", &settings.from)?;
        let reply_to = if settings.reply_to.is_empty() { None } else { Some(mailbox("reply_to", &settings.reply_to)?) };
        Ok(Some(Self { transport: builder.build(), from, reply_to }))
    }
}

/// How the words travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    StartTls,
    Tls,
}

/// `mail.example.org` of `user@mail.example.org:587/?…`; an IPv6 address without its brackets.
fn host(rest: &str) -> &str {
    let server = authority(rest).rsplit('@').next().unwrap_or_default();
    match server.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => server.split(':').next().unwrap_or_default(),
    }
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The system's authorities, and those of a file of the city's own.
fn trust(host: &str, ca_file: &str) -> Result<TlsParameters, String> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if !ca_file.is_empty() {
        let pem = std::fs::read(ca_file).map_err(|fault| format!("ca_file {ca_file}: {fault}"))?;
        let authority = Certificate::from_pem(&pem).map_err(|fault| format!("ca_file {ca_file}: {fault}"))?;
        parameters = parameters.add_root_certificate(authority);
    }
    parameters.build().map_err(|fault| format!("server: {fault}"))
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
    let mut mail = Message::builder().from(relay.from.clone()).to(to);
    if let Some(reply_to) = &relay.reply_to {
        mail = mail.reply_to(reply_to.clone());
    }
    mail.subject(&notice.subject)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(server: &str, user: &str) -> Result<(), String> {
        let mut config = Config::defaults();
        (config.email.server, config.email.user) = (server.into(), user.into());
        config.email.from = "Hamyar <hamyar@example.org>".into();
        let _ = rustls::crypto::ring::default_provider().install_default();
        Relay::of(&config).map(drop)
    }

    #[test]
    fn the_host_is_found_in_every_form_of_the_setting() {
        for (rest, expected) in [
            ("mail.example.org", "mail.example.org"),
            ("mail.example.org:587", "mail.example.org"),
            ("user@127.0.0.1:25/?x=a@b", "127.0.0.1"),
            ("[::1]:25", "::1"),
        ] {
            assert_eq!(host(rest), expected, "{rest}");
        }
        assert!(is_loopback("::1") && is_loopback("127.0.0.9") && is_loopback("localhost"));
        assert!(!is_loopback("127.0.0.1.example.org") && !is_loopback("10.0.0.1"));
    }

    // The relay's connections are kept by tasks of the runtime.
    #[tokio::test]
    async fn a_password_never_goes_over_a_network_in_plain_text() {
        for server in [
            "smtp://127.0.0.1:25",
            "smtp://mail.example.org",
            "smtps://mail.example.org",
            "smtp+starttls://mail.example.org:587",
        ] {
            assert_eq!(opened(server, "hamyar"), Ok(()), "{server}");
        }
        assert_eq!(opened("smtp+plain://relay.internal:25", ""), Ok(()));
        assert_eq!(opened("", "hamyar"), Ok(()), "no mail is no fault");
        for server in ["smtp+plain://relay.internal:25", "http://mail.example.org", "mail.example.org"] {
            assert!(opened(server, "hamyar").is_err(), "{server}");
        }
        assert!(opened("smtp+plain://hamyar:secret@relay.internal", "").is_err());
    }
}
