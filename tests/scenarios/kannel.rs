//! Kannel itself between the city and its telephones, with the example of `deploy/kannel.conf`: bearerbox and smsbox.
//! Runs where Debian's `kannel` is installed; the operator is ours and speaks to Kannel's “fake” kind of line, one message a line.
//! What people write arrives whole and once; what we send arrives in its letters; the operator's word on it settles the notice.

use std::collections::BTreeMap;

use axum::{Router, routing::get};
use hamyar::id::Secret;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpStream, tcp::OwnedWriteHalf},
    process::Child,
    sync::watch,
};

use crate::{
    awaited,
    city::{City, GATEWAY, GATEWAY_SECRET},
    programs::{adapted, command, free_ports, here, started},
    staff::{Staff, publish},
};

/// What the example says of Kannel's own ends.
const EXAMPLE: &str = include_str!("../../deploy/kannel.conf");

/// Both boxes and the line to the operator.
struct Kannel {
    operator: OwnedWriteHalf,
    /// What the operator handed to telephones: number and text; grows.
    handed: watch::Receiver<Vec<(String, String)>>,
    _children: [Child; 2],
    _directory: TempDir,
}

/// Where Kannel will be, before it runs.
struct Ports {
    admin: u16,
    smsbox: u16,
    send: u16,
    operator: u16,
    strict: u16,
}

impl Ports {
    fn free() -> Self {
        let [admin, smsbox, send, operator, strict] = free_ports();
        Self { admin, smsbox, send, operator, strict }
    }

    fn send_url(&self) -> String {
        format!("http://127.0.0.1:{}/cgi-bin/sendsms", self.send)
    }
}

impl Kannel {
    /// `None` where Kannel is not installed. Numbers from +98999777 go by an operator who refuses everything.
    async fn start(city: &City, ports: &Ports) -> Option<Self> {
        let [bearerbox, smsbox] = here(["/usr/sbin/bearerbox", "/usr/sbin/smsbox"])?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let place = directory.path().display().to_string();
        let spool = directory.path().join("spool");
        std::fs::create_dir(&spool).expect("a directory");
        let refusing = refusing_operator().await;
        let (start, end) =
            (EXAMPLE.find("group = smsc\n").expect("an operator"), EXAMPLE.find("group = smsbox\n").expect("a box"));
        let operators = format!(
            "group = smsc\nsmsc = fake\nsmsc-id = operator\nhost = 127.0.0.1\nport = {}\nconnect-allow-ip = 127.0.0.1\n\
             denied-prefix = \"+98999777;+98999888\"\n\n\
             group = smsc\nsmsc = http\nsystem-type = generic\nsmsc-id = strict\nport = {}\nconnect-allow-ip = 127.0.0.1\n\
             send-url = \"{refusing}?to=%P\"\nstatus-success-regex = \"^taken\"\nstatus-permfail-regex = \"^refused\"\n\
             allowed-prefix = \"+98999777\"\n\n",
            ports.operator, ports.strict
        );
        let mut escaped: String = format!("secret={}", form(GATEWAY_SECRET)).replace('%', "%%");
        escaped.push('&');
        let hook = format!("{}/hooks/sms/{GATEWAY}?", city.root());
        let number = |port: u16| port.to_string();
        let settings = adapted(
            &EXAMPLE.replace(&EXAMPLE[start..end], &operators),
            &[
                ("admin-port = 13000", &format!("admin-port = {}", number(ports.admin))),
                ("smsbox-port = 13001", &format!("smsbox-port = {}", number(ports.smsbox))),
                ("sendsms-port = 13013", &format!("sendsms-port = {}", number(ports.send))),
                ("CHANGE-ME-admin", "admin"),
                ("CHANGE-ME-send", "the send password"),
                ("http://127.0.0.1:8137/hooks/sms/kannel?", &hook),
                ("secret=CHANGE-ME-hook&", &escaped),
                ("/var/spool/kannel", spool.to_str().expect("a readable path")),
                ("/var/log/kannel", &place),
                // Brought again at once; the story does not wait ten seconds.
                ("http-queue-delay = 10", "http-queue-delay = 1"),
            ],
        );
        assert!(!settings.contains("group = smsc\nsmsc = smpp"), "the line to a real operator is not in the story");
        let file = directory.path().join("kannel.conf");
        std::fs::write(&file, settings).expect("a file");
        let file = file.to_str().expect("a readable path");
        let bearer = started(command(&bearerbox, &[file]), ports.admin).await;
        let boxes = started(command(&smsbox, &[file]), ports.send).await;
        let line = TcpStream::connect(("127.0.0.1", ports.operator)).await.expect("Kannel listens to its operator");
        let (said, operator) = line.into_split();
        let (hand, handed) = watch::channel(Vec::new());
        let mut lines = BufReader::new(said).lines();
        tokio::spawn(async move {
            let mut parts = BTreeMap::new();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(message) = handed_over(&line, &mut parts) {
                    hand.send_modify(|all| all.push(message));
                }
            }
        });
        Some(Self { operator, handed, _children: [bearer, boxes], _directory: directory })
    }

    /// A telephone writes to 137: `kind` and coded text as the line has them.
    async fn brings(&mut self, from: &str, kind: &str, coded: &str) {
        let line = format!("{from} 137 {kind} {coded}\n");
        self.operator.write_all(line.as_bytes()).await.expect("the operator listens");
    }

    /// Waits for a text at this number.
    async fn hands(&mut self, number: &str) -> String {
        let what = format!("a text message at {number}");
        let all = awaited(&what, self.handed.wait_for(|all| all.iter().any(|(to, _)| to == number))).await;
        let all = all.expect("the operator runs");
        all.iter().find(|(to, _)| to == number).expect("just seen").1.clone()
    }
}

/// Waits until staff see that many reports.
async fn reports(staff: &Staff, count: usize) -> Vec<Value> {
    awaited(&format!("{count} reports"), async {
        loop {
            let page = staff.sees("/reports").await;
            let items = page["items"].as_array().expect("reports").clone();
            if items.len() >= count {
                return items;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn coded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn form(text: &str) -> String {
    let mut url = reqwest::Url::parse("http://x/").expect("a constant address");
    url.query_pairs_mut().append_pair("v", text);
    url.query().expect("just written").trim_start_matches("v=").to_owned()
}

/// An operator that takes no message, by HTTP.
async fn refusing_operator() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
    let address = listener.local_addr().expect("a bound port");
    let router = Router::new().route("/take", get(async || "refused"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/take")
}

/// Reads `137 +98999… udh %05… data %06%33…`; parts of one text are put together.
fn handed_over(line: &str, parts: &mut BTreeMap<(String, u8), BTreeMap<u8, String>>) -> Option<(String, String)> {
    let mut words = line.splitn(3, ' ');
    let (_, to, mut rest) = (words.next()?, words.next()?.to_owned(), words.next()?);
    let mut header = None;
    if let Some(after) = rest.strip_prefix("udh ") {
        let (udh, after) = after.split_once(' ')?;
        header = Some(uncoded(udh));
        rest = after;
    }
    let (kind, text) = rest.split_once(' ')?;
    let bytes = uncoded(text);
    let text = if kind == "text" {
        String::from_utf8(bytes).expect("a text is UTF-8")
    } else {
        let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        String::from_utf16(&units).expect("letters of two bytes")
    };
    // 05 00 03 reference, parts, part (3GPP 23.040 §9.2.3.24.1).
    let Some([5, 0, 3, reference, count, part]) = header.as_deref() else { return Some((to, text)) };
    let known = parts.entry((to.clone(), *reference)).or_default();
    known.insert(*part, text);
    (known.len() == usize::from(*count)).then(|| (to, known.values().cloned().collect()))
}

fn uncoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        match (first, tail.get(..2)) {
            (b'%', Some(digits)) => {
                let digits = std::str::from_utf8(digits).expect("digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal digits"));
                rest = &tail[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = tail;
            }
            (other, _) => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    bytes
}

#[tokio::test]
async fn what_people_write_comes_through_kannel_in_any_letters_and_from_any_form_of_a_number() {
    let ports = Ports::free();
    let url = ports.send_url();
    let city = City::sample().with(move |config| sending_by(config, url)).start().await;
    let operator = city.operator("soraya").await;
    let Some(mut kannel) = Kannel::start(&city, &ports).await else { return };

    kannel.brings("09991000001", "ucs2", &coded(&wide("سیل توی میدان امام،\nعمق ۴۰ سانت"))).await;
    reports(&operator, 1).await;
    kannel.brings("9991000002", "text", "flood at Imam square, 30 cm").await;
    reports(&operator, 2).await;
    // A long one comes in two parts, the second first, and by a number with another beginning.
    let long = "آب میدان امام را گرفته و تا زانو بالا آمده است؛ ماشین‌ها گیر کرده‌اند و چند خانواده در خانه مانده‌اند. لطفاً کمک بفرستید.";
    let letters = wide(long);
    let (first, second) = letters.split_at(134);
    for (part, text) in [(2, second), (1, first)] {
        let both = format!("{} {}", coded(&[5, 0, 3, 7, 2, part]), coded(text));
        kannel.brings("00989991000003", "udh-data", &both).await;
    }
    let reports = reports(&operator, 3).await;
    // A line's end is a space in what staff read.
    for (end, words, depth_cm) in [
        ("0001", "سیل توی میدان امام، عمق ۴۰ سانت", json!(40.0)),
        ("0002", "flood at Imam square, 30 cm", json!(30.0)),
        ("0003", long, json!(50.0)), // “up to the knees”
    ] {
        let is_theirs = |report: &&Value| report["sender_masked"].as_str().is_some_and(|masked| masked.ends_with(end));
        let report = reports.iter().find(is_theirs).unwrap_or_else(|| panic!("nothing from …{end} in {reports:#?}"));
        assert_eq!((&report["words"], &report["depth_cm"]), (&json!(words), &depth_cm), "{report:#}");
        assert_eq!((&report["channel"], &report["hazard"]), (&json!("sms"), &json!("flood")), "{report:#}");
        assert_eq!(report["marks"], json!([]), "{report:#}");
    }

    // Whoever wrote is thanked, each at their own number in one form.
    city.settle().await;
    for number in ["+989991000001", "+989991000002", "+989991000003"] {
        let thanks = kannel.hands(number).await;
        assert!(thanks.contains("گزارش"), "{thanks}");
    }
}

#[tokio::test]
async fn a_warning_goes_out_by_kannel_and_the_operator_s_word_on_it_settles_the_notice() {
    let ports = Ports::free();
    let url = ports.send_url();
    let city = City::sample().at("2026-03-01 10:00").with(move |config| sending_by(config, url)).start().await;
    let (maryam, naser) = (city.officer("maryam").await, city.approver("naser").await);
    let sara = city.newcomer("sara in bu-ali").with_the_number("+989991000001").joins().await;
    // The operator refuses her number after Kannel has taken the message; for his, Kannel knows no way at all.
    let leila = city.newcomer("leila in bu-ali").with_the_number("+989997770002").with_a_mailbox().joins().await;
    let reza = city.newcomer("reza in bu-ali").with_the_number("+989998880003").with_a_mailbox().joins().await;
    let Some(mut kannel) = Kannel::start(&city, &ports).await else { return };

    let draft = maryam.drafts("flood", "orange", &["bu-ali"]).await.unwrap();
    let alert = publish(&draft, &maryam, &naser).await;
    let text = kannel.hands(&sara.phone).await;
    assert!(text.contains("سیل") && text.contains("http"), "a text of several parts comes whole: {text}");
    let sms = by_sms(&maryam, &alert, |sms| sms["delivered"] == 1 && sms["failed"] == 2).await;
    assert_eq!(sms["waiting"], 0, "{sms}");
    city.settle().await;
    leila.receives_mail("سیل");
    reza.receives_mail("سیل");

    kannel.brings("09991000001", "ucs2", &coded(&wide("۱"))).await;
    let sms = by_sms(&maryam, &alert, |sms| sms["answered"] == 1).await;
    assert_eq!(sms["delivered"], 1, "{sms}");
}

/// What staff see of text messages, once it is so.
async fn by_sms(staff: &Staff, alert: &crate::staff::Alert, so: impl Fn(&Value) -> bool) -> Value {
    awaited("what Kannel says of its messages", async {
        loop {
            let delivery = staff.sees_delivery(alert).await;
            let channels = delivery["by_channel"].as_array().expect("channels");
            let sms = channels.iter().find(|channel| channel["channel"] == "sms");
            if let Some(sms) = sms.filter(|sms| so(sms)) {
                return sms.clone();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

fn sending_by(config: &mut hamyar::config::Config, url: String) {
    let gateway = config.sms.gateways.get_mut(GATEWAY).expect("the city's gateway");
    gateway.send_url = url;
    gateway.user = "hamyar".into();
    gateway.password = Secret::new("the send password");
}
