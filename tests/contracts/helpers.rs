//! What is kept of helpers: who is reached by which zones, what an invitation is good for, what leaving and erasing leave behind.
//! Run on both engines by `make test`.
//! A minor has a mentor in every one of these stories, because there is no other way to register one.

use std::time::Duration;

use hamyar::{
    ground::Ground,
    helpers::{self, HelperFault, InviteRefusal, NewHelper, NewInvitation, Reason, Recipient},
    id::{PersonId, Secret},
    staff::{self, Mentor, NewPerson, Registrar, Role, StaffMember, contact::ContactKind, sign_in},
};
use maps::ZoneCode;

use crate::engines::on_both_engines;

fn zone(code: &str) -> ZoneCode {
    ZoneCode::new(code).expect("a code")
}

/// Three leaves of the sample city.
fn zones() -> [ZoneCode; 3] {
    [zone("moradbeyg"), zone("bu-ali"), zone("hesar")]
}

fn helper(name: &str, phone: &str, zones: &[ZoneCode]) -> NewHelper {
    NewHelper {
        name: name.into(),
        language: "fa".into(),
        contacts: vec![(ContactKind::Phone, phone.into())],
        zones: zones.to_vec(),
        ..NewHelper::default()
    }
}

async fn sign_in_staff(ground: &Ground, login: &str, role: Role) -> staff::Caller {
    let new = NewPerson {
        name: login.into(),
        language: "fa".into(),
        minor: false,
        roles: vec![role],
        contacts: Vec::new(),
        verified: false,
    };
    let password = Secret::new("a long password");
    staff::add_staff(ground, &new, login, &password).await.expect("staff");
    sign_in::by_password(ground, login, &password, "127.0.0.1").await.expect("signed in").caller
}

async fn registrar(ground: &Ground) -> Registrar {
    Registrar::try_from_caller(sign_in_staff(ground, "maryam", Role::Officer).await).expect("a registrar")
}

async fn mentor(ground: &Ground) -> Mentor {
    Mentor::try_from_caller(sign_in_staff(ground, "reza", Role::Mentor).await).expect("a mentor")
}

async fn register(ground: &Ground, by: &Registrar, new: &NewHelper) -> PersonId {
    // Ids sort by birth, to the millisecond.
    ground.clock.advance(Duration::from_millis(1));
    helpers::register(ground, by, new).await.expect("a helper").person
}

async fn audience(ground: &Ground, zones: &[ZoneCode], after: Option<PersonId>, limit: i64) -> Vec<Recipient> {
    let mut tx = ground.store.read("audience").await.expect("a transaction");
    tx.audience_after(zones, after, limit).await.expect("an audience")
}

fn people(recipients: &[Recipient]) -> Vec<PersonId> {
    recipients.iter().map(|recipient| recipient.person).collect()
}

#[tokio::test]
async fn zones_reach_their_helpers_once_each_and_page_by_page() {
    on_both_engines(|ground| async move {
        let by = registrar(&ground).await;
        let [river, square, hill] = zones();
        let sara = register(&ground, &by, &helper("سارا", "09180000001", &[river.clone(), square.clone()])).await;
        let reza = register(&ground, &by, &helper("رضا", "09180000002", std::slice::from_ref(&hill))).await;
        let mut by_two = helper("لیلا", "leila@example.org", std::slice::from_ref(&square));
        by_two.contacts = vec![(ContactKind::Mqtt, String::new()), (ContactKind::Email, "leila@example.org".into())];
        ground.clock.advance(Duration::from_millis(1));
        let leila = helpers::register(&ground, &by, &by_two).await.expect("a helper");
        let (account, _) = leila.mqtt.clone().expect("an account on our broker");

        let both = audience(&ground, &[river.clone(), square.clone()], None, 10).await;
        assert_eq!(people(&both), [sara, leila.person], "sara lives in both and is told once");
        assert!(matches!(&both[0].reason, Reason::InZone(zone) if *zone == river || *zone == square));
        assert_eq!(both[0].contacts[0].address, "+989180000001");
        let kinds: Vec<_> = both[1].contacts.iter().map(|contact| contact.kind).collect();
        assert_eq!(kinds, [ContactKind::Mqtt, ContactKind::Email], "in order of preference");
        assert_eq!(both[1].contacts[0].address, account);
        assert!(both[0].reason.texts(&ground.city)["fa"].contains("ناحیهٔ شماست"));

        let everybody = zones();
        let first = audience(&ground, &everybody, None, 2).await;
        assert_eq!(people(&first), [sara, reza]);
        assert_eq!(people(&audience(&ground, &everybody, Some(reza), 2).await), [leila.person]);
        assert_eq!(audience(&ground, &[], None, 2).await, []);

        // Zones change, and the audience with them.
        helpers::set_zones(&ground, &by, reza, std::slice::from_ref(&river)).await.expect("changed");
        assert_eq!(people(&audience(&ground, std::slice::from_ref(&hill), None, 10).await), []);
        assert_eq!(people(&audience(&ground, &[river], None, 10).await), [sara, reza]);
        helpers::set_zones(&ground, &by, reza, std::slice::from_ref(&hill)).await.expect("changed back");
        assert_eq!(people(&audience(&ground, &[hill], None, 10).await), [reza]);
    })
    .await;
}

#[tokio::test]
async fn a_minor_has_a_mentor_who_can_t_leave_and_is_warned_without_consent() {
    on_both_engines(|ground| async move {
        let by = registrar(&ground).await;
        let [river, ..] = zones();
        let mut minor = helper("آرش", "09180000003", std::slice::from_ref(&river));
        minor.minor = true;
        assert!(matches!(helpers::register(&ground, &by, &minor).await, Err(HelperFault::MentorNeeded)));
        let adult = register(&ground, &by, &helper("علی", "09180000004", std::slice::from_ref(&river))).await;
        minor.mentor = Some(adult);
        assert!(matches!(helpers::register(&ground, &by, &minor).await, Err(HelperFault::NotAMentor)));
        minor.is_mentor = true;
        assert!(matches!(helpers::register(&ground, &by, &minor).await, Err(HelperFault::MinorMentor)));

        let mut mentor = helper("پروانه", "09180000005", std::slice::from_ref(&river));
        mentor.is_mentor = true;
        let mentor = register(&ground, &by, &mentor).await;
        (minor.is_mentor, minor.mentor) = (false, Some(mentor));
        let minor = register(&ground, &by, &minor).await;

        // No consent is on file: the minor is in the audience of a warning all the same, with the mentor who is told.
        let told = audience(&ground, &[river], None, 10).await;
        let arash = told.iter().find(|recipient| recipient.person == minor).expect("the minor is told");
        assert_eq!((arash.minor, arash.mentor), (true, Some(mentor)));
        let ali = told.iter().find(|recipient| recipient.person == adult).expect("an adult");
        assert_eq!((ali.minor, ali.mentor), (false, None));

        assert!(matches!(helpers::remove(&ground, &by, mentor).await, Err(HelperFault::LooksAfterMinors(1))));
        let until = ground.now() + Duration::from_hours(24);
        helpers::consent(&ground, &by, minor, Some(until)).await.expect("recorded");
        let mut tx = ground.store.read("helper").await.expect("a transaction");
        let known = tx.helper(minor).await.expect("a query").expect("the minor");
        assert_eq!(known.consent_until.map(|at| at.0), Some(until));
        drop(tx);
        helpers::remove(&ground, &by, minor).await.expect("removed");
        helpers::remove(&ground, &by, mentor).await.expect("nobody is left alone");
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_shown_by_looking_and_used_once() {
    on_both_engines(|ground| async move {
        let by = mentor(&ground).await;
        let [river, square, hill] = zones();
        let new = NewInvitation { zones: vec![river.clone(), square.clone()], minor: true, squad: None, expires: None };
        let invited = helpers::invite(&ground, &by, &new).await.expect("an invitation");
        for _ in 0..3 {
            let shown = helpers::show(&ground, &invited.secret).await.expect("opening it changes nothing");
            assert_eq!((shown.mentor.as_str(), shown.minor, shown.zones.len()), ("reza", true, 2));
        }
        let elsewhere = helper("نگار", "09180000006", &[hill]);
        let refused = helpers::accept(&ground, &invited.secret, &elsewhere).await;
        assert!(matches!(refused, Err(InviteRefusal::ZoneNotOffered(_))));
        let mut nobody = helper("نگار", "09180000006", std::slice::from_ref(&river));
        nobody.contacts.clear();
        assert!(matches!(helpers::accept(&ground, &invited.secret, &nobody).await, Err(InviteRefusal::NoContact)));

        let negar = helper("نگار", "09180000006", std::slice::from_ref(&river));
        let registered = helpers::accept(&ground, &invited.secret, &negar).await.expect("registered");
        assert_eq!(registered.zones, std::slice::from_ref(&river));
        for secret in [&invited.secret, &Secret::new("unknown")] {
            assert!(matches!(helpers::accept(&ground, secret, &negar).await, Err(InviteRefusal::Gone)));
            assert!(matches!(helpers::show(&ground, secret).await, Err(InviteRefusal::Gone)));
        }
        let told = audience(&ground, &[river], None, 10).await;
        assert_eq!((told[0].minor, told[0].mentor), (true, Some(by.person())));
        assert_eq!(told[0].contacts, [], "a contact counts only after its code was entered");

        let late = helpers::invite(&ground, &by, &new).await.expect("an invitation");
        let taken_back = helpers::invite(&ground, &by, &new).await.expect("an invitation");
        helpers::revoke(&ground, &by, taken_back.id).await.expect("taken back");
        ground.clock.advance(Duration::from_secs(86_400 * ground.config.helpers.invitation_days.unsigned_abs()));
        for secret in [&late.secret, &taken_back.secret] {
            assert!(matches!(helpers::show(&ground, secret).await, Err(InviteRefusal::Gone)));
        }
    })
    .await;
}

#[tokio::test]
async fn a_contact_is_proved_by_the_code_that_was_sent_to_it() {
    on_both_engines(|ground| async move {
        let by = mentor(&ground).await;
        let [river, ..] = zones();
        let new = NewInvitation { zones: vec![river.clone()], minor: false, squad: None, expires: None };
        let invited = helpers::invite(&ground, &by, &new).await.expect("an invitation");
        let negar = helper("نگار", "09180000007", &[]);
        let person = helpers::accept(&ground, &invited.secret, &negar).await.expect("registered").person;

        // A code is drawn as the room draws it, to know it here; the one that was sent is void by that.
        let mut tx = ground.store.write("draw code").await.expect("a transaction");
        let contact = tx.contacts_of_person(person).await.expect("contacts")[0].contact_id;
        let code = sign_in::code_for(&ground, &mut tx, contact).await.expect("a code");
        tx.commit().await.expect("a commit");
        let prove = async |code: &Secret, person: PersonId| {
            sign_in::prove_contact(&ground, ContactKind::Phone, "۰۹۱۸۰۰۰۰۰۰۷", code, person, "192.0.2.1").await
        };
        let wrong = Secret::new(if code.reveal() == "000000" { "000001" } else { "000000" });
        assert!(prove(&wrong, person).await.is_err());
        assert!(prove(&code, by.person()).await.is_err(), "not the mentor's telephone");
        assert!(audience(&ground, std::slice::from_ref(&river), None, 10).await[0].contacts.is_empty());
        prove(&code, person).await.expect("proved");
        assert!(prove(&code, person).await.is_err(), "a code works once");
        assert_eq!(audience(&ground, &[river], None, 10).await[0].contacts[0].address, "+989180000007");
    })
    .await;
}

#[tokio::test]
async fn who_left_is_told_nothing_and_who_is_erased_leaves_only_an_id() {
    on_both_engines(|ground| async move {
        let by = registrar(&ground).await;
        let [river, ..] = zones();
        let mut family = helper("مادر", "09180000008", std::slice::from_ref(&river));
        family.contacts.push((ContactKind::Mqtt, String::new()));
        let registered = helpers::register(&ground, &by, &family).await.expect("a helper");
        let mother = registered.person;
        let (account, _) = registered.mqtt.expect("an account");
        let son = register(&ground, &by, &helper("پسر", "09180000008", std::slice::from_ref(&river))).await;

        helpers::remove(&ground, &by, mother).await.expect("removed");
        assert_eq!(people(&audience(&ground, std::slice::from_ref(&river), None, 10).await), [son]);
        assert!(matches!(helpers::remove(&ground, &by, mother).await, Err(HelperFault::Unknown)));
        let mut tx = ground.store.read("accounts").await.expect("a transaction");
        assert!(tx.mqtt_accounts().await.expect("accounts").iter().all(|known| known.name != account));
        drop(tx);

        helpers::erase(&ground, &by, mother).await.expect("erased");
        let mut tx = ground.store.write("look").await.expect("a transaction");
        assert_eq!(tx.person(mother).await.expect("a query").expect("the id stays").name, None);
        assert_eq!(tx.contacts_of_person(mother).await.expect("contacts"), []);
        tx.verify_audit().await.expect("an unbroken chain");
        drop(tx);
        // The telephone that both used still serves the son.
        assert_eq!(audience(&ground, &[river], None, 10).await[0].contacts[0].address, "+989180000008");
    })
    .await;
}

#[tokio::test]
async fn a_squad_and_its_faults() {
    on_both_engines(|ground| async move {
        let by = registrar(&ground).await;
        let [river, ..] = zones();
        let sara = register(&ground, &by, &helper("سارا", "09180000009", &[river])).await;
        let squad = helpers::form(&ground, &by, "گروه رود", None).await.expect("a squad");
        helpers::assign(&ground, &by, sara, Some(squad)).await.expect("assigned");
        let mut tx = ground.store.read("helper").await.expect("a transaction");
        assert_eq!(tx.helper(sara).await.expect("a query").expect("sara").squad_id, Some(squad));
        drop(tx);
        let nowhere = helper("کسی", "09180000010", &[zone("atlantis")]);
        assert!(matches!(helpers::register(&ground, &by, &nowhere).await, Err(HelperFault::Zone(_))));
        let homeless = helper("کسی", "09180000010", &[]);
        assert!(matches!(helpers::register(&ground, &by, &homeless).await, Err(HelperFault::Zones)));
    })
    .await;
}

#[tokio::test]
async fn a_mentor_s_rights_end_with_the_last_helper_or_with_the_mentorship_at_once() {
    on_both_engines(|ground| async move {
        let by = registrar(&ground).await;
        let [river, ..] = zones();
        let as_mentor = async |name: &str, phone: &str| {
            let mut new = helper(name, phone, std::slice::from_ref(&river));
            new.is_mentor = true;
            register(&ground, &by, &new).await
        };
        let (parvaneh, reza) = (as_mentor("پروانه", "09180000011").await, as_mentor("رضا", "09180000012").await);
        let mut minor = helper("آرش", "09180000013", std::slice::from_ref(&river));
        (minor.minor, minor.mentor) = (true, Some(parvaneh));
        let arash = register(&ground, &by, &minor).await;
        // She is signed in and has an invitation open.
        let code = {
            let mut tx = ground.store.write("code").await.expect("a transaction");
            let contact = tx.find_contact(ContactKind::Phone, "+989180000011").await.expect("a query").expect("hers");
            let code = sign_in::code_for(&ground, &mut tx, contact).await.expect("a code");
            tx.commit().await.expect("a commit");
            code
        };
        let signed_in = sign_in::by_code(&ground, ContactKind::Phone, "09180000011", &code, None, "127.0.0.1").await;
        let signed_in = signed_in.expect("she is signed in");
        let session = async || {
            let caller = sign_in::caller_of_session(&ground, &signed_in.secret).await.expect("an answer");
            Mentor::try_from_caller(caller.expect("her session stays open"))
        };
        let invitation = NewInvitation { zones: vec![river.clone()], minor: false, squad: None, expires: None };
        let mentor = session().await.expect("a mentor");
        let invited = helpers::invite(&ground, &mentor, &invitation).await.expect("an invitation");

        assert!(matches!(helpers::assign_mentor(&ground, &by, arash, Some(arash)).await, Err(HelperFault::NotAMentor)));
        assert!(helpers::assign_mentor(&ground, &by, arash, Some(reza)).await.expect("assigned"), "it was her last");
        assert!(session().await.is_none(), "her open session has the right no more");
        assert!(matches!(helpers::show(&ground, &invited.secret).await, Err(InviteRefusal::Gone)));
        let told = audience(&ground, std::slice::from_ref(&river), None, 10).await;
        assert_eq!(told.iter().find(|one| one.person == arash).expect("the minor").mentor, Some(reza));
        helpers::appoint(&ground, &by, parvaneh).await.expect("appointed again");
        assert!(session().await.is_some());

        // Reza is no longer to look after anybody, whoever is found for the minor later.
        let alone = helpers::end_mentorship(&ground, &by, reza).await.expect("ended");
        assert_eq!(alone, [arash]);
        assert!(matches!(helpers::end_mentorship(&ground, &by, reza).await, Err(HelperFault::NotAMentor)));
        let staff = StaffMember::try_from_caller(sign_in_staff(&ground, "naser", Role::Operator).await).expect("staff");
        let listed = async || {
            let rows = helpers::minors_without_mentor(&ground, &staff, None, 10).await.expect("a list");
            rows.into_iter().map(|row| row.person_id).collect::<Vec<_>>()
        };
        assert_eq!(listed().await, [arash]);
        let told = audience(&ground, std::slice::from_ref(&river), None, 10).await;
        let warned = told.iter().find(|one| one.person == arash).expect("a warning is withheld from nobody");
        assert_eq!(warned.mentor, None);
        assert!(!helpers::assign_mentor(&ground, &by, arash, Some(parvaneh)).await.expect("found"));
        assert_eq!(listed().await, []);
        ground.store.read("audit").await.expect("a transaction").verify_audit().await.expect("an unbroken chain");
    })
    .await;
}

#[tokio::test]
async fn who_leaves_may_do_nothing_more_as_helper_or_mentor() {
    on_both_engines(|ground| async move {
        let by = registrar(&ground).await;
        let [river, ..] = zones();
        let mut new = helper("پروانه", "09180000021", std::slice::from_ref(&river));
        new.is_mentor = true;
        let parvaneh = register(&ground, &by, &new).await;
        let mut adult = helper("علی", "09180000022", std::slice::from_ref(&river));
        adult.mentor = Some(parvaneh);
        let ali = register(&ground, &by, &adult).await;
        helpers::remove(&ground, &by, parvaneh).await.expect("no minor is left alone");
        let mut tx = ground.store.read("roles").await.expect("a transaction");
        assert_eq!(tx.roles(parvaneh).await.expect("a query"), []);
        assert_eq!(tx.mentor_of(ali).await.expect("a query"), None);
    })
    .await;
}
