//! As little of an MQTT 3.1.1 client as a thousand connected telephones need, so that the clients cost next to nothing beside the service.
//! Used by the benchmark only; the service's own client is another one, so that both ends are not the same code.
//! A connection is subscribed, and every message acknowledged, before a function returns.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// One connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

fn refused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// A string with its length in two bytes, as MQTT wants it.
fn text(into: &mut Vec<u8>, text: &str) {
    into.extend(u16::try_from(text.len()).expect("names of a benchmark are short").to_be_bytes());
    into.extend(text.as_bytes());
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![kind];
    let mut rest = body.len();
    loop {
        let low = u8::try_from(rest % 128).expect("below 128");
        rest /= 128;
        packet.push(if rest > 0 { low | 0x80 } else { low });
        if rest == 0 {
            break;
        }
    }
    packet.extend(body);
    packet
}

impl Client {
    /// Connects with a clean session.
    pub async fn connect(to: SocketAddr, id: &str, user: &str, password: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream: BufReader::with_capacity(2048, stream) };
        let mut body = Vec::new();
        text(&mut body, "MQTT");
        // Protocol level 4; user name, password, clean session; keep-alive of ten minutes.
        body.extend([4, 0b1100_0010, 0x02, 0x58]);
        for part in [id, user, password] {
            text(&mut body, part);
        }
        client.send(&packet(0x10, &body)).await?;
        match client.receive().await? {
            (0x20, body) if body.get(1) == Some(&0) => Ok(client),
            (_, body) => Err(refused(&format!("{id}: connection refused, code {:?}", body.get(1)))),
        }
    }

    /// Subscribes at QoS 1.
    pub async fn subscribe(&mut self, topic: &str) -> io::Result<()> {
        let mut body = vec![0, 1];
        text(&mut body, topic);
        body.push(1);
        self.send(&packet(0x82, &body)).await?;
        loop {
            match self.receive().await? {
                (0x90, body) if body.last() == Some(&0x80) => return Err(refused(&format!("{topic}: not granted"))),
                (0x90, _) => return Ok(()),
                // A retained message may come before the answer.
                _ => {}
            }
        }
    }

    /// Publishes at QoS 1 and returns when it is acknowledged.
    pub async fn publish(&mut self, topic: &str, payload: &[u8]) -> io::Result<()> {
        let mut body = Vec::new();
        text(&mut body, topic);
        body.extend([0, 2]);
        body.extend(payload);
        self.send(&packet(0x32, &body)).await?;
        while self.receive().await?.0 != 0x40 {}
        Ok(())
    }

    /// The payload of the next message, acknowledged.
    pub async fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            let (kind, body) = self.receive().await?;
            if kind & 0xf0 != 0x30 {
                continue;
            }
            let length = usize::from(u16::from_be_bytes([body[0], body[1]]));
            let mut start = 2 + length;
            if kind & 0b110 != 0 {
                self.send(&packet(0x40, &body[start..start + 2])).await?;
                start += 2;
            }
            return Ok(body[start..].to_vec());
        }
    }

    async fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(packet).await
    }

    async fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let kind = self.stream.read_u8().await?;
        let mut length = 0_usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.stream.read_u8().await?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok((kind, body))
    }
}
