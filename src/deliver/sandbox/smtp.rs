//! A mail relay that keeps what it is given and sends nothing: the far end of the mail channel in the demo and in tests.
//! Started by the demo on a loopback port of the system's choosing; the mail channel talks SMTP to it as to any relay.
//! Bounded: so many connections, so long a mail, so long a silence; it says 250 only after the mail is kept.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::{Direction, NewSandboxMessage, keep};
use crate::{deliver::Channel, ground::Ground, id::NoticeId};

const CONNECTIONS_MAX: usize = 32;
const LINE_BYTES_MAX: u64 = 4_096;
const MAIL_BYTES_MAX: usize = 1_000_000;
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// A mail as it came over the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Headers and body, dots unstuffed, lines ended by `\n`.
    pub text: String,
}

impl Mail {
    /// The notice it carries: the left side of its Message-ID.
    pub fn notice(&self) -> Option<NoticeId> {
        let line = self
            .text
            .lines()
            .take_while(|line| !line.is_empty())
            .find_map(|line| line.strip_prefix("Message-ID: <"))?;
        line.split_once('@')?.0.parse().ok()
    }
}

/// A loopback port of the system's choosing.
pub async fn bind() -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Keeps every mail in the demo's inbox, until `stop`.
pub async fn into_inbox(listener: TcpListener, ground: Ground, stop: CancellationToken) {
    serve(listener, stop, move |mail| {
        let ground = ground.clone();
        async move {
            let notice = mail.notice();
            for to in &mail.to {
                let message = NewSandboxMessage {
                    direction: Direction::Out,
                    channel: Channel::Email,
                    address: to,
                    subject: "",
                    body: &mail.text,
                    notice,
                };
                if keep(&ground, &message).await.is_err() {
                    return false;
                }
            }
            true
        }
    })
    .await;
}

/// Each mail is given to `take`, which says whether it is kept (250) or not (451). Ends with `stop`.
pub async fn serve<F>(listener: TcpListener, stop: CancellationToken, take: impl Fn(Mail) -> F + Send + Sync + 'static)
where
    F: Future<Output = bool> + Send,
{
    let (take, places) = (Arc::new(take), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted { Ok((stream, _)) => stream, Err(_) => continue },
        };
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (take, stop) = (Arc::clone(&take), stop.clone());
        // One task per connection, and connections are bounded by their places.
        tokio::spawn(async move {
            let _place = place;
            tokio::select! {
                () = stop.cancelled() => {}
                ended = session(stream, take.as_ref()) => if let Err(fault) = ended { debug!(%fault, "a mail session ended: {fault}") },
            }
        });
    }
}

async fn session<F: Future<Output = bool>>(stream: TcpStream, take: &impl Fn(Mail) -> F) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sandbox ESMTP\r\n").await?;
    let mut mail = Mail::default();
    loop {
        let Some(line) = line(&mut stream).await? else { return Ok(()) };
        let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer: &[u8] = match word.as_str() {
            "EHLO" => b"250-sandbox\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
            "HELO" | "NOOP" => b"250 ok\r\n",
            "RSET" | "MAIL" => {
                mail = Mail::default();
                b"250 ok\r\n"
            }
            "RCPT" if mail.to.len() < 100 => {
                mail.to.push(line.split(['<', '>']).nth(1).unwrap_or_default().to_owned());
                b"250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                match data(&mut stream).await? {
                    None => b"552 too large\r\n",
                    Some(text) => {
                        mail.text = text;
                        if take(std::mem::take(&mut mail)).await {
                            b"250 kept\r\n"
                        } else {
                            b"451 not kept, try again\r\n"
                        }
                    }
                }
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => b"502 not known here\r\n",
        };
        stream.write_all(answer).await?;
    }
}

/// One line without its end; `None` when the other side has gone.
async fn line(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut limited = (&mut *stream).take(LINE_BYTES_MAX);
    let read = tokio::time::timeout(SILENCE_MAX, limited.read_until(b'\n', &mut line)).await??;
    if read == 0 || !line.ends_with(b"\n") {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

/// What follows DATA up to the single dot; `None` when it is too large (it is read to its end all the same).
async fn data(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut text = String::new();
    let mut too_large = false;
    loop {
        let Some(line) = line(stream).await? else { return Err(std::io::ErrorKind::UnexpectedEof.into()) };
        if line == "." {
            return Ok((!too_large).then_some(text));
        }
        too_large |= text.len() + line.len() > MAIL_BYTES_MAX;
        if !too_large {
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
            text.push('\n');
        }
    }
}
