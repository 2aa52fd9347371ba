//! The embedded broker's TLS listener, seen by Debian's mosquitto_pub and mosquitto_sub and by clients that mean no good.
//! Certificates are of an authority that lives as long as the story; everything is on loopback, on ports of the system's choice.
//! A silent client costs a place until its deadline and delays nobody.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Output, Stdio},
};

use hamyar::{
    bell::Bell,
    broker::{
        Broker,
        accounts::{AccountKind, NewAccount},
    },
    id::Secret,
    sensors::{Intake, Registered},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};

use crate::{
    certificates::Authority,
    mqtt::{House, in_time, stage, stage_gauge, topic},
};

/// A broker with TLS, and the files of its authority and of one that nobody asked.
struct Tls {
    house: House,
    sensors: Vec<Registered>,
    broker: Broker,
    address: SocketAddr,
    trusted: Authority,
    other: Authority,
    _directory: tempfile::TempDir,
}

impl Tls {
    async fn start(settings: &[(&str, String)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (trusted, other) = (Authority::new(directory.path(), "trusted"), Authority::new(directory.path(), "other"));
        let own = trusted.signs(directory.path(), "broker", &["localhost", "127.0.0.1"]);
        let file = |path: &Path| path.display().to_string();
        let mut all = vec![
            ("HAMYAR_MQTT__TLS_LISTEN", "127.0.0.1:0".to_owned()),
            ("HAMYAR_SERVER__TLS_CERT", file(&own.file)),
            ("HAMYAR_SERVER__TLS_KEY", file(&own.key)),
        ];
        all.extend_from_slice(settings);
        let house = House::new(&all).await;
        let sensors = house.sensors().await;
        let (intake, _batches) = Intake::start(&house.ground);
        let broker = Broker::start(&house.ground, house.inbound(std::sync::Arc::new(intake))).await.expect("a broker");
        let address = broker.tls_address().expect("a TLS listener");
        Self { house, sensors, broker, address, trusted, other, _directory: directory }
    }

    fn gauge(&self) -> &Registered {
        stage_gauge(&self.house, &self.sensors)
    }

    /// A client of mosquitto's, with this account; believes this authority.
    fn client(
        &self,
        program: &str,
        (user, secret): (&str, &str),
        authority: &Authority,
        arguments: &[&str],
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(["-V", "mqttv5", "-q", "1", "-h", "localhost", "-p", &self.address.port().to_string()])
            .args(["-u", user, "-P", secret])
            .arg("--cafile")
            .arg(&authority.file)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// mosquitto_pub with a reading of the stage gauge.
    async fn publishes(&self, authority: &Authority, millis: i64) -> Output {
        let (topic, reading) = (topic(self.gauge()), stage(millis));
        let account = (self.gauge().user.as_str(), self.gauge().secret.reveal());
        let mut client = self.client("mosquitto_pub", account, authority, &["-t", &topic, "-m", &reading]);
        in_time("mosquitto_pub", client.output()).await.expect("mosquitto_pub runs")
    }
}

/// Whether mosquitto's clients are here; under CI=true they must be.
#[expect(clippy::print_stdout, reason = "says what was left out")]
fn clients_are_here() -> bool {
    let here = Path::new("/usr/bin/mosquitto_pub").exists() && Path::new("/usr/bin/mosquitto_sub").exists();
    if !here {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "mosquitto-clients is missing: CI=true wants every story"
        );
        println!("skipped: mosquitto_pub and mosquitto_sub are not here");
    }
    here
}

/// Waits until the other side closes; gives what it said before.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    // A reset is a close as well.
    let _ = in_time("the broker to close", stream.read_to_end(&mut said)).await;
    said
}

#[tokio::test]
async fn a_device_publishes_and_reads_by_tls_and_believes_only_its_own_authority() {
    if !clients_are_here() {
        return;
    }
    let tls = Tls::start(&[]).await;
    let now = tls.house.ground.now().as_millisecond();
    let done = tls.publishes(&tls.trusted, now).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(
        tls.house.kept().await.len(),
        1,
        "mosquitto_pub ends after the acknowledgement, which follows the commit"
    );

    let refused = tls.publishes(&tls.other, now - 1).await;
    assert!(!refused.status.success(), "a client that does not believe our certificate goes away");
    assert_eq!(tls.house.kept().await.len(), 1);

    // A board by the river reads what holds in a zone.
    let board = NewAccount {
        name: "board".into(),
        secret_digest: Secret::new("the board's secret").digest(),
        kind: AccountKind::Service,
        subject: None,
        publish: Vec::new(),
        subscribe: vec!["hamyar/v1/zones/+/alerts".into()],
    };
    let ground = &tls.house.ground;
    let mut tx = ground.store.write("make account").await.expect("a transaction");
    tx.put_mqtt_account(&board, ground.now(), None).await.expect("an account");
    tx.commit().await.expect("an account");
    ground.bells.ring(Bell::Accounts);
    let topic = "hamyar/v1/zones/bu-ali/alerts";
    tls.broker.outlet().publish(topic, b"what holds".to_vec(), true).await.expect("it is published");
    let heard = in_time("mosquitto_sub", async {
        // The account is known to the broker a moment after the bell.
        loop {
            let arguments = ["-t", "hamyar/v1/zones/+/alerts", "-C", "1", "-W", "20"];
            let mut client = tls.client("mosquitto_sub", ("board", "the board's secret"), &tls.trusted, &arguments);
            let heard = client.output().await.expect("mosquitto_sub runs");
            if heard.status.success() {
                return heard;
            }
        }
    })
    .await;
    assert_eq!(String::from_utf8_lossy(&heard.stdout).trim(), "what holds");
    tls.broker.stop().await;
}

#[tokio::test]
async fn plain_bytes_at_the_tls_port_are_closed_and_nobody_else_notices() {
    if !clients_are_here() {
        return;
    }
    let tls = Tls::start(&[]).await;
    // An MQTT CONNECT without TLS, and something that is nothing at all.
    let connect = b"\x10\x11\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x04none";
    for bytes in [connect.as_slice(), &[0xff; 600], b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(tls.address).await.expect("the port is open");
        stream.write_all(bytes).await.expect("bytes go out");
        let said = until_closed(&mut stream).await;
        assert!(said.first().is_none_or(|first| *first == 0x15), "a TLS alert or nothing, never MQTT: {said:?}");
    }
    assert!(tls.house.kept().await.is_empty());
    let done = tls.publishes(&tls.trusted, tls.house.ground.now().as_millisecond()).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    tls.broker.stop().await;
}

#[tokio::test]
async fn a_silent_handshake_ends_at_its_deadline_and_delays_nobody() {
    if !clients_are_here() {
        return;
    }
    let tls = Tls::start(&[("HAMYAR_MQTT__HANDSHAKE_SECS_MAX", "3".into())]).await;
    let mut silent = TcpStream::connect(tls.address).await.expect("a place");
    // Begins a handshake and stops in the middle of a record.
    let mut half = TcpStream::connect(tls.address).await.expect("a place");
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.expect("bytes go out");
    let done = tls.publishes(&tls.trusted, tls.house.ground.now().as_millisecond()).await;
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for stream in [&mut silent, &mut half] {
        let said = until_closed(stream).await;
        assert!(said.is_empty(), "{said:?}");
    }
    tls.broker.stop().await;
}

#[tokio::test]
async fn an_address_has_so_many_places_and_silent_handshakes_take_them() {
    if !clients_are_here() {
        return;
    }
    // No deadline passes in this story, however slow the machine is.
    let tls = Tls::start(&[
        ("HAMYAR_MQTT__HANDSHAKE_SECS_MAX", "600".into()),
        ("HAMYAR_MQTT__CONNECTIONS_PER_ADDRESS_MAX", "3".into()),
    ])
    .await;
    let now = tls.house.ground.now().as_millisecond();
    let mut places = Vec::new();
    for _ in 0..3 {
        places.push(TcpStream::connect(tls.address).await.expect("a place"));
    }
    let mut beyond = TcpStream::connect(tls.address).await.expect("the system accepts it");
    assert!(until_closed(&mut beyond).await.is_empty(), "one more from this address is closed at once");
    let refused = tls.publishes(&tls.trusted, now + 1).await;
    assert!(!refused.status.success(), "no place is left");

    drop(places);
    in_time("a free place", async { while !tls.publishes(&tls.trusted, now + 2).await.status.success() {} }).await;
    assert_eq!(tls.house.kept().await.len(), 1);
    tls.broker.stop().await;
}
