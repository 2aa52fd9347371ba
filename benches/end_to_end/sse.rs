//! An open page, as far as the benchmark needs one: a connection that reads server-sent events.
//! Used by the benchmark only.
//! An event is returned when its last line has arrived.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// One open page.
pub struct Page {
    stream: BufReader<TcpStream>,
}

/// One event.
pub struct Event {
    pub kind: String,
    pub data: String,
}

impl Page {
    /// Opens `/api/v1/live`; with a token, as staff.
    pub async fn open(at: SocketAddr, token: Option<&str>) -> io::Result<Self> {
        let mut stream = TcpStream::connect(at).await?;
        stream.set_nodelay(true)?;
        let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request =
            format!("GET /api/v1/live HTTP/1.1\r\nHost: {at}\r\nAccept: text/event-stream\r\n{authorization}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut page = Self { stream: BufReader::with_capacity(2048, stream) };
        let status = page.line().await?;
        if !status.contains(" 200 ") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("live events refused: {status}")));
        }
        while !page.line().await?.is_empty() {}
        Ok(page)
    }

    /// The next event. Sizes of HTTP chunks and comments (keep-alive) are lines that start with neither `event:` nor `data:`.
    pub async fn next(&mut self) -> io::Result<Event> {
        let mut kind = String::new();
        loop {
            let line = self.line().await?;
            if let Some(name) = line.strip_prefix("event:") {
                name.trim().clone_into(&mut kind);
            } else if let Some(data) = line.strip_prefix("data:") {
                return Ok(Event { kind, data: data.trim().to_owned() });
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}
