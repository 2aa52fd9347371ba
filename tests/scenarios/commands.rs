//! What the binary says and refuses: faulty settings, databases of the other kind, backups while it runs.
//! The binary runs as a child process in a directory of its own.
//! A refusal leaves nothing behind and says what to do.

use alerts::{
    cap::{Alert, CapTime, Identifier, MsgType, Sender, Status},
    xml,
};
use hamyar::{app::Kind, clock::Clock, config::Config, id::Ids, sensors};
use serde_json::json;

use crate::{
    gauge::Device,
    service::{House, argument, words},
    web::Browser,
};

#[tokio::test]
async fn every_fault_of_the_settings_is_listed_at_once_and_nothing_starts() {
    let house = House::new()
        .set("ISSUE__SENDER", "")
        .set("CITY__TIME_ZONE", "Asia/Hamadan")
        .set("MQTT__PREFIX", "hamyar/#")
        .set("SENSORS__BATCH_READINGS_MAX", "many")
        .set("ISSUE__SIGN_KEY", "/nowhere/alerts.key.pem")
        .set("ISSUE__SIGN_CERT", "/nowhere/alerts.cert.pem")
        .set("SERVER__LISSTEN", "127.0.0.1:0");
    let refused = house.runs(&["serve"]).await;
    assert!(!refused.status.success());
    let said = words(&refused);
    for key in [
        "SENSORS__BATCH_READINGS_MAX",
        "SERVER__LISSTEN",
        "issue.sender",
        "issue.sign_key",
        "issue.sign_cert",
        "city.time_zone",
        "mqtt.prefix",
    ] {
        assert!(said.contains(key), "{key} is named in:\n{said}");
    }
    assert!(!house.path("data").exists(), "nothing was started");
}

#[tokio::test]
async fn checking_cap_documents_needs_no_settings_and_answers_by_its_exit_code() {
    const SOUND: &str = "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>a</identifier><sender>b</sender>\
        <sent>2026-03-21T04:00:00+03:30</sent><status>Test</status><msgType>Ack</msgType><scope>Public</scope>\
        <references>c,d,2026-03-21T03:00:00+03:30</references></alert>";
    let house = House::new().set("CITY__TIME_ZONE", "Asia/Hamadan");
    let (sound, faulty) = (house.path("sound.xml"), house.path("faulty.xml"));
    std::fs::write(&sound, SOUND).unwrap();
    std::fs::write(&faulty, SOUND.replace("<msgType>Ack", "<msgType>Error")).unwrap();
    let (sound, faulty) = (argument(&sound), argument(&faulty));
    let cases: [(&[&str], i32, &str); 6] = [
        (&["check", sound], 0, "0 errors"),
        (&["check", sound, faulty], 1, ":/alert/note: error error-unexplained an Error message has no note; "),
        (&["check", "--json", faulty], 1, "\"error-unexplained\""),
        (&["check", faulty, "nowhere.xml"], 2, "nowhere.xml: can't be read"),
        (&["check", "--profile", "nobody", sound], 2, "none of base, ipaws"),
        (&["check"], 2, "required"),
    ];
    for (arguments, code, part) in cases {
        let done = house.runs(&[&["cap"], arguments].concat()).await;
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {}", words(&done));
        assert!(words(&done).contains(part), "{arguments:?}: {}", words(&done));
    }
}

#[tokio::test]
async fn serve_refuses_a_database_of_the_demo_and_the_demo_one_of_a_city() {
    let house = House::new();
    house.ground(Kind::Demo).await.store.close().await;
    let refused = house.runs(&["serve"]).await;
    assert!(!refused.status.success());
    assert!(words(&refused).contains("demo database"), "{}", words(&refused));

    // The demo keeps to a directory of its own below the data directory; here a city's database lies in it.
    let house = House::new();
    let data = house.path("data");
    let city = House::new().set("STORE__DATA_DIR", argument(&data.join("demo")));
    city.ground(Kind::Real).await.store.close().await;
    let refused = house.runs(&["serve", "--demo"]).await;
    assert!(!refused.status.success());
    assert!(words(&refused).contains("not a demo's"), "{}", words(&refused));
    city.ground(Kind::Real).await.store.close().await;
}

#[tokio::test]
async fn a_mistyped_directory_is_named_and_no_new_city_is_made_there() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new();
    let nowhere = house.path("data");
    for arguments in [vec!["doctor"], vec!["backup", argument(&house.path("backup"))]] {
        let refused = house.runs(&arguments).await;
        assert!(!refused.status.success());
        assert!(words(&refused).contains(&format!("no database in {}", nowhere.display())), "{}", words(&refused));
        assert!(!nowhere.exists() && !house.path("backup").exists(), "nothing was made");
    }
    house.ground(Kind::Real).await.store.close().await;
    let mode = std::fs::metadata(&nowhere).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "a city's data is for its own account");
    let healthy = house.runs(&["doctor"]).await;
    assert!(healthy.status.success() && words(&healthy).contains(argument(&nowhere)), "{}", words(&healthy));
}

#[tokio::test]
async fn a_document_is_verified_with_the_certificate_that_one_has_and_with_no_other() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/alerts/tests/keys");
    let house = House::new();
    let mut config = Config::defaults();
    config.issue.sign_key = format!("{keys}/rsa.key.pem");
    config.issue.sign_cert = format!("{keys}/rsa.cert.pem");
    let signer = config.issue.signer().expect("a key and its certificate").expect("both are set");
    let plain = xml::write(&Alert::new(
        Identifier::new("urn:uuid:1").expect("a name"),
        Sender::new("crisis.hamadan.example").expect("a name"),
        CapTime::parse("2026-03-21T04:00:00+03:30").expect("a time"),
        Status::Actual,
        MsgType::Alert,
    ));
    let signed = signer.sign(&plain, &Ids::of_the_system()).expect("a signature");
    let (ours, changed) = (house.path("alert.xml"), house.path("changed.xml"));
    std::fs::write(&changed, signed.replace("Actual", "Test")).expect("a written file");
    std::fs::write(&ours, signed).expect("a written file");
    let (ours, changed) = (argument(&ours), argument(&changed));
    let pinned = format!("{keys}/rsa.cert.pem");

    let good = house.runs(&["cap", "verify", "--pin", &pinned, ours]).await;
    assert!(good.status.success(), "{}", words(&good));
    assert!(words(&good).contains("CN=rsa") && words(&good).contains(signer.pin().fingerprint()), "{}", words(&good));
    let stranger = house.runs(&["cap", "verify", "--pin", &format!("{keys}/stranger.cert.pem"), ours]).await;
    assert!(!stranger.status.success() && words(&stranger).contains("none of the 1 pinned"), "{}", words(&stranger));
    let both = house.runs(&["cap", "verify", "--pin", &pinned, ours, changed]).await;
    assert!(!both.status.success() && words(&both).contains("1 of 2"), "{}", words(&both));
    assert!(words(&both).contains("was changed after it was signed"), "{}", words(&both));
    assert!(!house.runs(&["cap", "verify", ours]).await.status.success(), "no pin, no belief");
}

#[tokio::test]
async fn a_backup_made_while_the_service_runs_restores_readings_and_reports() {
    let house = House::new();
    let ground = house.ground(Kind::Real).await;
    let registered = sensors::adopt_city(&ground).await.unwrap();
    ground.store.close().await;
    let account = registered.iter().find(|one| one.code.as_str() == "moradbeyg-2").unwrap();
    let at = Clock::system().now();

    let service = house.serves().await;
    let mut gauge = Device::connect(service.mqtt, "hamyar/v1", "moradbeyg-2", account, "stage_m");
    gauge.reads(0.5, at).await;
    let browser = Browser::new(&service.root);
    let report = json!({ "hazard": "flood", "words": "آب در کوچه است", "position": [48.515, 34.797] });
    let receipt = browser.post("/reports", report).await.unwrap();
    let backup = house.path("backup");
    let made = house.runs(&["backup", argument(&backup)]).await;
    assert!(made.status.success(), "{}", words(&made));
    let again = house.runs(&["backup", argument(&backup)]).await;
    assert!(!again.status.success() && words(&again).contains("exists"), "a backup is never written over");
    // What comes after the backup is not in it.
    gauge.reads(0.6, at + jiff::ToSpan::minutes(1)).await;
    service.dies().await;

    let restored = House::new();
    let done = restored.runs(&["restore", argument(&backup)]).await;
    assert!(done.status.success(), "{}", words(&done));
    let healthy = restored.runs(&["doctor"]).await;
    assert!(healthy.status.success() && words(&healthy).contains("unbroken"), "{}", words(&healthy));
    let service = restored.serves().await;
    let browser = Browser::new(&service.root);
    let (number, secret) = (receipt["number"].as_str().unwrap(), receipt["secret"].as_str().unwrap());
    let followed = browser.get(&format!("/reports/{number}?secret={secret}")).await;
    assert_eq!(followed["number"], number);
    service.dies().await;
    let ground = restored.ground(Kind::Real).await;
    let mut tx = ground.store.read_readings("what was restored").await.unwrap();
    let latest = tx.latest(&[account.id]).await.unwrap();
    assert_eq!(latest.iter().map(|latest| latest.value).collect::<Vec<_>>(), [0.5]);
    drop(tx);
    ground.store.close().await;

    let over = restored.runs(&["restore", argument(&backup)]).await;
    assert!(!over.status.success(), "a restore never writes over a database: {}", words(&over));
}
