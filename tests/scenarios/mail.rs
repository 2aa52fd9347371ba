//! A mail relay that keeps what it is given, and what each mailbox shows.
//! Started by `city`; the service's mail channel speaks SMTP to it.
//! A mailbox shows each message once: repeats carry the Message-ID of the first.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use hamyar::deliver::sandbox::smtp::{self, Mail};
use tokio_util::sync::CancellationToken;

/// The relay. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay {
    address: SocketAddr,
    mailboxes: Arc<Mutex<Mailboxes>>,
}

#[derive(Debug, Default)]
struct Mailboxes {
    shown: BTreeMap<String, Vec<String>>,
    known: BTreeSet<String>,
    read: BTreeMap<String, usize>,
}

impl Relay {
    /// Listens on a loopback port until `stop`.
    pub async fn start(stop: CancellationToken) -> Self {
        let mailboxes = Arc::<Mutex<Mailboxes>>::default();
        let keep = Arc::clone(&mailboxes);
        let (listener, address) = smtp::bind().await.expect("a loopback port");
        tokio::spawn(smtp::serve(listener, stop, move |mail| {
            keep.lock().expect("no story panics with it").keep(&mail);
            std::future::ready(true)
        }));
        Self { address, mailboxes }
    }

    /// As a setting.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The text of the next message in this mailbox.
    pub fn next(&self, mailbox: &str) -> Option<String> {
        let mut mailboxes = self.mailboxes.lock().expect("no story panics with it");
        let read = mailboxes.read.get(mailbox).copied().unwrap_or_default();
        let mail = mailboxes.shown.get(mailbox)?.get(read)?.clone();
        mailboxes.read.insert(mailbox.to_owned(), read + 1);
        Some(mail)
    }
}

impl Mailboxes {
    fn keep(&mut self, mail: &Mail) {
        let id = mail.notice().map(|id| id.to_string()).unwrap_or_default();
        for to in &mail.to {
            if self.known.insert(format!("{id} {to}")) {
                self.shown.entry(to.clone()).or_default().push(readable(&mail.text));
            }
        }
    }
}

/// The parts of a mail as people read them: base64 and quoted-printable undone.
fn readable(mail: &str) -> String {
    let mut text = String::new();
    // Every part has its own header, which says how its body is coded.
    for part in mail.split("\n--") {
        let Some((head, body)) = part.split_once("\n\n") else { continue };
        let head = head.to_lowercase();
        let bytes = if head.contains("content-transfer-encoding: base64") {
            STANDARD.decode(body.split_whitespace().collect::<String>()).unwrap_or_default()
        } else if head.contains("content-transfer-encoding: quoted-printable") {
            unquoted(body)
        } else {
            body.as_bytes().to_vec()
        };
        text.push_str(&String::from_utf8_lossy(&bytes));
        text.push('\n');
    }
    text
}

fn unquoted(body: &str) -> Vec<u8> {
    let body = body.replace("=\n", "");
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let coded = (*first == b'=').then(|| tail.get(..2)).flatten();
        let byte = coded.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    bytes
}

#[test]
fn a_coded_mail_is_read_as_people_read_it() {
    let coded = STANDARD.encode("سیلاب");
    let mail = format!(
        "To: a\nContent-Type: multipart/alternative\n\n\n--x\nContent-Transfer-Encoding: base64\n\n{coded}\n--x\nContent-Transfer-Encoding: quoted-printable\n\na=20b=\nc\n--x--\n"
    );
    let text = readable(&mail);
    assert!(text.contains("سیلاب") && text.contains("a bc"), "{text}");
}
