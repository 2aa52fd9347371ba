//! What is kept of reports: once per key, one item per sender and place, in the order of arrival, with nothing personal where it can't be erased.
//! Run on both engines by `make test`.
//! The story of two overlapping transactions shows that no report slips past the cursor of assessment.

use std::time::Duration;

use alerts::Hazard;
use hamyar::{
    deliver::{Message, NewNotice, Reason},
    ground::Ground,
    id::{ContactId, NoticeId, Secret},
    reports::{
        self, Channel, Incoming, Judgement, Mark, Number, Receipt, Refusal, Report, Status,
        channel::sms::{self, Kept, Parts},
    },
    staff::{self, NewPerson, Operator, Role, contact::ContactKind, sign_in},
    store::{Arrival, Store},
};
use maps::Position;

use crate::engines::on_both_engines;

const PHONE: &str = "09181234567";

fn water(key: Option<&str>, words: &str) -> Incoming<'static> {
    let mut incoming = Incoming::new(Channel::Web, words);
    incoming.key = key.map(str::to_owned);
    incoming
}

fn from(phone: &str, words: &str) -> Incoming<'static> {
    let mut incoming = water(None, words);
    incoming.sender = Some((ContactKind::Phone, phone.to_owned()));
    incoming
}

async fn receive(ground: &Ground, incoming: Incoming<'_>) -> Receipt {
    reports::receive(ground, incoming).await.expect("a report is taken")
}

async fn report(ground: &Ground, receipt: &Receipt) -> Report {
    let mut tx = ground.store.read("look").await.expect("a transaction");
    tx.report(receipt.id).await.expect("a query").expect("the report")
}

/// Waits until no transaction of another story on the same server holds the cursor back: PostgreSQL numbers them across databases.
async fn settle(ground: &Ground) {
    let Store::Postgres(pool) = &ground.store else { return };
    let statement =
        "select coalesce(max(tx) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint, true) from report_history";
    while !sqlx::query_scalar::<_, bool>(statement).fetch_one(pool).await.expect("a query") {
        tokio::task::yield_now().await;
    }
}

/// What assessment sees once everything has settled.
async fn after(ground: &Ground, arrival: Arrival) -> Vec<Report> {
    settle(ground).await;
    after_now(ground, arrival).await
}

async fn after_now(ground: &Ground, arrival: Arrival) -> Vec<Report> {
    let mut tx = ground.store.read("reports after").await.expect("a transaction");
    tx.reports_after(arrival, 100).await.expect("reports")
}

async fn operator(ground: &Ground) -> Operator {
    let new = NewPerson {
        name: "سارا".into(),
        language: "fa".into(),
        minor: false,
        roles: vec![Role::Operator],
        contacts: Vec::new(),
        verified: false,
    };
    let password = Secret::new("a long password");
    staff::add_staff(ground, &new, "sara", &password).await.expect("staff");
    let signed_in = sign_in::by_password(ground, "sara", &password, "127.0.0.1").await.expect("signed in");
    Operator::try_from_caller(signed_in.caller).expect("an operator")
}

/// Whether the outbox holds the thank-you of a report: a second notice under its key is not taken.
async fn is_thanked(ground: &Ground, receipt: &Receipt) -> bool {
    let mut tx = ground.store.write("is it thanked").await.expect("a transaction");
    let now = ground.now();
    let (id, contact) = (NoticeId::draw(&ground.ids, now), ContactId::draw(&ground.ids, now));
    let key = format!("thanks:{}", receipt.id);
    let reason = Reason::Reported(receipt.id);
    let mut notice = NewNotice::to_contact(id, key, (contact, ContactKind::Phone), reason, Message::default(), now);
    notice.contact = None;
    !tx.put_notice(&notice).await.expect("a query")
}

#[tokio::test]
async fn a_report_gets_a_number_a_secret_a_place_and_thanks() {
    on_both_engines(|ground| async move {
        let receipt = receive(&ground, from(PHONE, "سیل در میدان امام، ۴۰ سانت آب")).await;
        assert_eq!(Number::read(receipt.number.as_str()), Some(receipt.number.clone()));
        assert!(!receipt.again && receipt.marks.is_empty());
        assert!(receipt.thanks["fa"].contains(&receipt.number.in_persian()), "{:?}", receipt.thanks);
        assert!(receipt.thanks["en"].contains(receipt.number.as_str()));

        let kept = report(&ground, &receipt).await;
        assert_eq!((kept.hazard, kept.depth_cm, kept.status), (Some(Hazard::Flood), Some(40.0), Status::New));
        assert!(kept.zone.is_some() && kept.position.is_some(), "the square is in the gazetteer");
        assert!(kept.weighs());

        // The thank-you stands in the outbox by the same transaction.
        assert!(is_thanked(&ground, &receipt).await);
        assert!(!is_thanked(&ground, &receive(&ground, water(None, "سیل")).await).await, "nobody to thank");
    })
    .await;
}

#[tokio::test]
async fn a_repeat_under_one_key_gets_the_same_answer_and_another_text_is_refused() {
    on_both_engines(|ground| async move {
        let first = receive(&ground, water(Some("k-1"), "آب در کوچه")).await;
        let again = receive(&ground, water(Some("k-1"), "آب در کوچه")).await;
        assert!(again.again);
        assert_eq!((again.id, again.number, again.secret), (first.id, first.number, first.secret));
        let refused = reports::receive(&ground, water(Some("k-1"), "چیز دیگر")).await;
        assert!(matches!(refused, Err(Refusal::KeyReused)));
        // The same key from another channel is another key.
        let mut other = water(Some("k-1"), "آب در کوچه");
        other.channel = Channel::App;
        assert!(!receive(&ground, other).await.again);
        assert_eq!(after(&ground, Arrival::BEFORE_ALL).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_reports_of_one_sender_near_each_other_are_one_item_with_history() {
    on_both_engines(|ground| async move {
        let first = receive(&ground, from(PHONE, "آب بالا آمده")).await;
        ground.clock.advance(Duration::from_mins(2));
        let second = receive(&ground, from("+98 918 123 4567", "میدان امام، تا زانو")).await;
        assert_ne!(first.number, second.number);

        let (kept, merged) = (report(&ground, &first).await, report(&ground, &second).await);
        assert_eq!((merged.status, merged.merged_into), (Status::Merged, Some(first.id)));
        // What the second said is known of the first; nothing of either is lost.
        assert_eq!(kept.depth_cm, Some(50.0));
        assert!(kept.position.is_some());
        assert_eq!(merged.words.as_deref(), Some("میدان امام، تا زانو"));
        assert!(!merged.weighs());

        // Assessment sees the one report, once for its arrival and once for the change, and never the merged one.
        let seen = after(&ground, Arrival::BEFORE_ALL).await;
        assert_eq!(seen.iter().map(|report| report.id).collect::<Vec<_>>(), [first.id, first.id]);
        assert_eq!(after(&ground, seen[1].arrival).await, []);
        assert!(seen[0].arrival < seen[1].arrival);

        // Another hazard, another sender, or later: another item.
        assert_eq!(
            report(&ground, &receive(&ground, from(PHONE, "برف سنگین میدان امام")).await).await.status,
            Status::New
        );
        assert_eq!(
            report(&ground, &receive(&ground, from("09187654321", "آب میدان امام")).await).await.status,
            Status::New
        );
        ground.clock.advance(Duration::from_hours(1));
        assert_eq!(report(&ground, &receive(&ground, from(PHONE, "آب میدان امام")).await).await.status, Status::New);
    })
    .await;
}

#[tokio::test]
async fn thanks_end() {
    on_both_engines(|ground| async move {
        let first = receive(&ground, from(PHONE, "آب میدان امام")).await;
        let merged = receive(&ground, from(PHONE, "سپاس! گزارش شما رسید")).await;
        assert_eq!(report(&ground, &merged).await.merged_into, Some(first.id));
        assert!(
            is_thanked(&ground, &first).await && !is_thanked(&ground, &merged).await,
            "it was thanked with the first"
        );

        // Anybody can type in a stranger's number: it rings twice a day and no more.
        let hour = Duration::from_hours(1);
        let mut thanked = Vec::new();
        for _ in 0..3 {
            ground.clock.advance(hour);
            thanked.push(is_thanked(&ground, &receive(&ground, from(PHONE, "آب میدان امام")).await).await);
        }
        assert_eq!(thanked, [true, false, false]);
        ground.clock.advance(hour * 24);
        assert!(is_thanked(&ground, &receive(&ground, from(PHONE, "آب میدان امام")).await).await, "another day");

        let machine = receive(&ground, from("30001234", "آب میدان امام")).await;
        assert!(!is_thanked(&ground, &machine).await, "a short number is a machine, which answers for ever");
    })
    .await;
}

#[tokio::test]
async fn too_many_reports_are_marked_and_never_refused() {
    on_both_engines(|ground| async move {
        let max = ground.config.reports.per_sender_hour_max;
        let mut all = Vec::new();
        for number in 0..=max {
            // Far apart, so that none is joined with another.
            let mut incoming = from(PHONE, "آب");
            incoming.position = Some(Position::new(48.4 + 0.01 * number as f64, 34.8).expect("a position"));
            all.push(receive(&ground, incoming).await);
        }
        let last = all.pop().expect("a report");
        assert!(all.iter().all(|receipt| receipt.marks.is_empty()));
        assert_eq!(last.marks, [Mark::ManyFromSender]);
        let marked = report(&ground, &last).await;
        assert!(!marked.weighs(), "what is marked weighs nothing until it is verified");
        // Nobody can make us write to a stranger again and again.
        assert!(is_thanked(&ground, &all[0]).await && !is_thanked(&ground, &last).await);

        let by = operator(&ground).await;
        reports::judge(&ground, &by, last.id, Judgement::Verified, Some("زنگ زدیم، درست است")).await.expect("verified");
        assert!(report(&ground, &last).await.weighs());

        // A telephone network hides thousands behind one address: theirs are marked too, and all are kept.
        let many = ground.config.reports.per_address_hour_max;
        let mut marks = Vec::new();
        for _ in 0..=many {
            let mut incoming = water(None, "آب");
            incoming.peer = Some("192.0.2.1".into());
            marks = receive(&ground, incoming).await.marks;
        }
        assert_eq!(marks, [Mark::ManyFromAddress]);
    })
    .await;
}

#[tokio::test]
async fn staff_judges_once_and_the_sender_follows_with_the_secret_only() {
    on_both_engines(|ground| async move {
        let receipt = receive(&ground, from(PHONE, "آب میدان امام")).await;
        let by = operator(&ground).await;
        let follow = async |secret: &Secret| {
            let followed = reports::follow(&ground, receipt.number.as_str(), secret).await.expect("an answer");
            followed.map(|followed| followed.status)
        };
        assert_eq!(follow(&receipt.secret).await, Some(Status::New));
        assert_eq!(follow(&Secret::new("wrong")).await, None);

        let cursor = after(&ground, Arrival::BEFORE_ALL).await[0].arrival;
        reports::judge(&ground, &by, receipt.id, Judgement::Rejected, None).await.expect("rejected");
        reports::judge(&ground, &by, receipt.id, Judgement::Verified, None).await.expect("staff learnt better");
        reports::judge(&ground, &by, receipt.id, Judgement::Verified, None)
            .await
            .expect("the same button twice changes nothing");
        assert_eq!(follow(&receipt.secret).await, Some(Status::Verified));
        reports::judge(&ground, &by, receipt.id, Judgement::Closed, Some("پمپ رسید")).await.expect("closed");
        let refused = reports::judge(&ground, &by, receipt.id, Judgement::Verified, None).await;
        assert!(matches!(refused, Err(reports::JudgeRefusal::WrongStatus { now: Status::Closed, .. })));

        let changes = after(&ground, cursor).await;
        assert_eq!(changes.len(), 3, "assessment looks again after each change");
        let mut tx = ground.store.write("look").await.expect("a transaction");
        let history = tx.report_history(receipt.id).await.expect("history");
        let statuses: Vec<_> = history.iter().map(|row| row.status).collect();
        assert_eq!(statuses, [Status::New, Status::Rejected, Status::Verified, Status::Closed]);
        assert!(history[1..].iter().all(|row| row.by_person == Some(by.person())));
        tx.verify_audit().await.expect("an unbroken chain");
    })
    .await;
}

#[tokio::test]
async fn what_is_personal_can_be_erased_and_the_facts_stay() {
    on_both_engines(|ground| async move {
        let receipt = receive(&ground, from(PHONE, "آب میدان امام، خانهٔ علی")).await;
        let by = operator(&ground).await;
        reports::judge(&ground, &by, receipt.id, Judgement::Verified, Some("با علی حرف زدیم")).await.expect("verified");
        let mut tx = ground.store.write("erase").await.expect("a transaction");
        let later = ground.now() + Duration::from_secs(1);
        assert_eq!(tx.erase_reports(later, ground.now(), 10).await.expect("erased"), [receipt.id]);
        let listed = tx.listed_report(receipt.id).await.expect("a query").expect("the report");
        assert_eq!((listed.report.words, listed.sender, listed.report.sender_key), (None, None, None));
        assert!(listed.report.zone.is_some() && listed.report.hazard == Some(Hazard::Flood));
        assert!(tx.report_history(receipt.id).await.expect("history").iter().all(|row| row.note.is_none()));
        tx.verify_audit().await.expect("people are not in the chain");
    })
    .await;
}

#[tokio::test]
async fn a_text_message_is_kept_before_anything_is_made_of_it_and_once() {
    on_both_engines(|ground| async move {
        let request = "from=09181234567&text=%D8%B3%DB%8C%D9%84&charset=UTF-8&id=op-7";
        let message = || sms::read(&Parts::from_form(request.as_bytes()));
        let Kept::New(kept) = sms::keep(&ground, "town", message()).await.expect("kept") else { panic!("it is new") };
        // Until it is settled a repeat is looked at again; a stop in between loses nothing.
        assert!(matches!(sms::keep(&ground, "town", message()).await.expect("kept"), Kept::New(_)));
        assert_eq!(sms::left(&ground).await.expect("a list"), []);
        ground.clock.advance(Duration::from_mins(2));
        assert_eq!(sms::left(&ground).await.expect("a list").len(), 1);

        let mut incoming = Incoming::new(Channel::Sms, kept.words.clone().expect("words"));
        incoming.key = Some(sms::report_key(&kept));
        incoming.sender = Some((ContactKind::Phone, kept.sender.clone().expect("a sender")));
        let receipt = receive(&ground, incoming).await;
        sms::settle(&ground, &kept, Some(receipt.id)).await.expect("settled");
        assert_eq!(sms::keep(&ground, "town", message()).await.expect("kept"), Kept::Again);
        assert!(
            matches!(sms::keep(&ground, "village", message()).await.expect("kept"), Kept::New(_)),
            "another gateway"
        );
        // The same id with another text is another message: nothing is lost to a gateway that counts badly.
        let other = sms::read(&Parts::from_form(b"from=09181234567&text=2&id=op-7"));
        assert!(matches!(sms::keep(&ground, "town", other).await.expect("kept"), Kept::New(_)));
    })
    .await;
}

#[tokio::test]
async fn two_overlapping_transactions_lose_no_report_to_assessment() {
    on_both_engines(|ground| async move {
        // SQLite's only writer can't overlap with itself.
        let Store::Postgres(pool) = &ground.store else { return };
        let first = receive(&ground, water(None, "آب یک")).await;
        // A slow transaction begins and takes its number before a quick one, and commits after it.
        let mut slow = pool.begin().await.expect("a transaction");
        sqlx::query(
            "insert into report_history (report_id, status, action, recorded_at) values ($1, 'new', 'receive', 0)",
        )
        .bind(first.id)
        .execute(&mut *slow)
        .await
        .expect("a row");
        let quick = receive(&ground, water(None, "آب دو")).await;

        let seen = after_now(&ground, Arrival::BEFORE_ALL).await;
        assert!(seen.iter().all(|report| report.id != quick.id), "the quick one waits for the slow one");
        let cursor = seen.last().map_or(Arrival::BEFORE_ALL, |report| report.arrival);
        slow.commit().await.expect("a commit");
        let seen: Vec<_> = after(&ground, cursor).await.into_iter().map(|report| report.id).collect();
        assert_eq!(seen, [first.id, quick.id]);
    })
    .await;
}
