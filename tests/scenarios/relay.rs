//! A mail relay as a city meets it: STARTTLS, a certificate, a log-in; and how a warning reads in a mailbox.
//! The relay is ours and strict: it takes mail only from who has begun TLS and signed in.
//! A relay that can't prove its name is told nothing: no password, no address, no text.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hamyar::{config::Config, id::Secret};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::{
    certificates::{Authority, Certificate},
    city::City,
    staff::publish,
};

const USER: &str = "hamyar";
const PASSWORD: &str = "گذرواژهٔ رله";

/// What the relay was told: every line of every connection, and whether TLS was on.
type Heard = Arc<Mutex<Vec<(bool, String)>>>;

struct Relay {
    address: SocketAddr,
    heard: Heard,
}

impl Relay {
    async fn start(own: &Certificate) -> Self {
        let chain =
            CertificateDer::pem_file_iter(&own.file).and_then(Iterator::collect::<Result<Vec<_>, _>>).expect("a chain");
        let key = PrivateKeyDer::from_pem_file(&own.key).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate with its key");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let relay = Self { address: listener.local_addr().expect("a bound port"), heard: Heard::default() };
        let heard = Arc::clone(&relay.heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away in the middle is no fault of the relay.
                tokio::spawn(connection(stream, acceptor.clone(), Arc::clone(&heard)));
            }
        });
        relay
    }

    fn heard(&self) -> Vec<(bool, String)> {
        self.heard.lock().expect("no story panics with it").clone()
    }

    /// The mails that came, each from its first header to its end.
    fn mails(&self) -> Vec<String> {
        let lines = self.heard();
        let mut mails = Vec::new();
        let mut rest = lines.as_slice();
        while let Some(start) = rest.iter().position(|(_, line)| line == "DATA") {
            let end = rest[start..].iter().position(|(_, line)| line == ".").expect("a mail has an end") + start;
            let mail: Vec<&str> = rest[start + 1..end].iter().map(|(_, line)| line.as_str()).collect();
            mails.push(mail.join("\n"));
            rest = &rest[end..];
        }
        mails
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, heard: Heard) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay ESMTP\r\n").await?;
    if !session(&mut stream, false, &heard).await? {
        return Ok(());
    }
    let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
    session(&mut stream, true, &heard).await.map(drop)
}

/// True when TLS is to begin.
async fn session(
    stream: &mut (impl AsyncRead + AsyncWrite + AsyncBufReadExt + Unpin),
    tls: bool,
    heard: &Heard,
) -> std::io::Result<bool> {
    let (mut signed_in, mut is_data) = (false, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(false);
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        heard.lock().expect("no story panics with it").push((tls, line.clone()));
        if is_data {
            is_data = line != ".";
            if !is_data {
                stream.write_all(b"250 kept\r\n").await?;
            }
            continue;
        }
        let word = line.split(' ').next().unwrap_or_default().to_uppercase();
        let answer: &str = match (word.as_str(), tls) {
            ("EHLO", false) => "250-relay\r\n250-8BITMIME\r\n250 STARTTLS\r\n",
            ("EHLO", true) => "250-relay\r\n250-8BITMIME\r\n250 AUTH PLAIN\r\n",
            ("STARTTLS", false) => {
                stream.write_all(b"220 go on\r\n").await?;
                return Ok(true);
            }
            ("AUTH", true) => {
                let proof = STANDARD.encode(format!("\0{USER}\0{PASSWORD}"));
                signed_in = line == format!("AUTH PLAIN {proof}");
                if signed_in { "235 welcome\r\n" } else { "535 5.7.8 wrong\r\n" }
            }
            ("MAIL" | "RCPT" | "NOOP" | "RSET", true) if signed_in => "250 ok\r\n",
            ("DATA", true) if signed_in => {
                is_data = true;
                "354 go on\r\n"
            }
            ("QUIT", _) => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(false);
            }
            _ => "530 5.7.0 first STARTTLS and a log-in\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

fn by(server: String, ca_file: &Path) -> impl FnOnce(&mut Config) + 'static {
    let ca_file = ca_file.display().to_string();
    move |config| {
        config.email.server = server;
        config.email.user = USER.into();
        config.email.password = Secret::new(PASSWORD);
        config.email.from = "همیار <hamyar@hamadan.example>".into();
        config.email.reply_to = "desk@hamadan.example".into();
        config.email.ca_file = ca_file;
    }
}

/// A header, with the lines it was folded into.
fn header(mail: &str, name: &str) -> String {
    let head = mail.split("\n\n").next().unwrap_or_default().replace("\n ", " ").replace("\n\t", " ");
    let start = format!("{}:", name.to_lowercase());
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&start));
    line.unwrap_or_else(|| panic!("no {name} in:\n{head}"))
        .split_once(':')
        .expect("a header has a colon")
        .1
        .trim()
        .to_owned()
}

/// RFC 2047 words of UTF-8 in base64, as they are read.
fn read_words(header: &str) -> String {
    let words = header.split(' ').map(|word| {
        let coded = word.strip_prefix("=?utf-8?b?").and_then(|word| word.strip_suffix("?="));
        coded.map_or_else(
            || word.to_owned(),
            |coded| String::from_utf8(STANDARD.decode(coded).expect("base64")).expect("UTF-8"),
        )
    });
    words.collect()
}

#[tokio::test]
async fn a_warning_by_mail_goes_out_by_starttls_and_reads_well_in_a_mailbox() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path(), "authority");
    let relay = Relay::start(&authority.signs(directory.path(), "relay", &["localhost"])).await;
    let server = format!("smtp+starttls://localhost:{}", relay.address.port());
    let city = City::sample().at("2026-03-01 10:00").with(by(server, &authority.file)).start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    city.newcomer("leila in bu-ali").reached_by_mail_first().joins().await;
    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    let alert = publish(&draft, &maryam, &naser).await;

    let heard = relay.heard();
    for (tls, line) in &heard {
        let word = line.split(' ').next().unwrap();
        assert!(*tls || matches!(word, "EHLO" | "STARTTLS"), "“{line}” was said in plain text");
    }
    let mails = relay.mails();
    let [mail] = mails.as_slice() else { panic!("one mail: {mails:#?}") };
    assert!(mail.is_ascii(), "everything travels in seven bits");
    let delivery = maryam.sees_delivery(&alert).await;
    let notices = delivery["notices"]["items"].as_array().unwrap();
    let notice = notices.iter().find(|notice| notice["channel"] == "email").unwrap()["id"].as_str().unwrap();
    assert_eq!(header(mail, "Message-ID"), format!("<{notice}@hamadan.example>"), "a repeat is known by it");
    assert_eq!(header(mail, "Auto-Submitted"), "auto-generated");
    assert_eq!(header(mail, "Reply-To"), "desk@hamadan.example");
    assert_eq!(header(mail, "To"), "leila@mail.example");
    let from = header(mail, "From");
    assert!(from.ends_with("<hamyar@hamadan.example>") && read_words(&from).starts_with("همیار"), "{from}");
    let subject = header(mail, "Subject");
    assert!(
        subject.starts_with("=?utf-8?b?") && read_words(&subject).contains("سیل"),
        "{subject}: {}",
        read_words(&subject)
    );
    header(mail, "Date");
    assert!(header(mail, "Content-Type").starts_with("multipart/alternative"), "text for whoever reads no HTML");
}

#[tokio::test]
async fn a_relay_that_can_t_prove_its_name_is_told_nothing_and_the_mail_waits() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path(), "authority");
    let other = Authority::new(directory.path(), "other");
    let own = authority.signs(directory.path(), "relay", &["localhost"]);
    let named_otherwise = authority.signs(directory.path(), "else", &["mail.elsewhere.example"]);
    for (certificate, believed) in [(&own, &other.file), (&named_otherwise, &authority.file)] {
        let relay = Relay::start(certificate).await;
        let server = format!("smtp+starttls://localhost:{}", relay.address.port());
        let city = City::sample().at("2026-03-01 10:00").with(by(server, believed)).start().await;
        let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
        city.newcomer("leila in bu-ali").reached_by_mail_first().joins().await;
        let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
        let alert = publish(&draft, &maryam, &naser).await;
        let told = relay.heard();
        assert!(!told.is_empty(), "it was asked");
        assert!(told.iter().all(|(tls, line)| !tls && (line.starts_with("EHLO") || line == "STARTTLS")), "{told:?}");
        let delivery = maryam.sees_delivery(&alert).await;
        let notices = delivery["notices"]["items"].as_array().unwrap();
        let notice = notices.iter().find(|notice| notice["channel"] == "email").unwrap();
        assert_eq!(notice["state"], "waiting", "staff may put it right, and it goes out: {notice:#}");
        let why = notice["last_error"].as_str().unwrap();
        assert!(why.contains("certificate"), "{why}");
    }
}
