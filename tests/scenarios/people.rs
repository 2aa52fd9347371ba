//! Helpers, mentors and minors with their telephones and mailboxes.
//! Made by stories through `City::helper` and its sisters; registered by the room that registers everybody.
//! What reaches them is read in order, once; what was not expected is a failure of the story.

use hamyar::{
    helpers::{NewHelper, Standing, put_helper},
    id::PersonId,
    staff::contact::ContactKind,
};
use maps::ZoneCode;
use serde_json::json;

use crate::{city::City, phone::Sms, web::Browser};

/// Somebody with a telephone, and perhaps a mailbox.
#[derive(Clone)]
pub struct Person {
    city: City,
    /// How they are called.
    pub name: String,
    /// Who they are to the service.
    pub id: PersonId,
    /// Their number.
    pub phone: String,
    mailbox: String,
}

/// A helper who is about to be registered.
pub struct Newcomer {
    city: City,
    name: String,
    phone: String,
    helper: NewHelper,
}

impl City {
    /// "sara in julan": a helper of age with a telephone of her own.
    pub async fn helper(&self, who: &str) -> Person {
        self.newcomer(who).joins().await
    }

    /// "parvin in bazaar": a helper who looks after minors.
    pub async fn mentor(&self, who: &str) -> Person {
        let mut newcomer = self.newcomer(who);
        newcomer.helper.is_mentor = true;
        newcomer.joins().await
    }

    /// "nima in julan": a helper under 18.
    pub async fn minor(&self, who: &str, mentor: &Person) -> Person {
        let mut newcomer = self.newcomer(who);
        (newcomer.helper.minor, newcomer.helper.mentor) = (true, Some(mentor.id));
        newcomer.joins().await
    }

    /// Somebody who is registered once the story has said how they are reached.
    pub fn newcomer(&self, who: &str) -> Newcomer {
        let (name, zone) = who.split_once(" in ").expect("“sara in julan”");
        let phone = self.new_number();
        let helper = NewHelper {
            name: name.to_owned(),
            language: "fa".into(),
            contacts: vec![(ContactKind::Phone, phone.clone())],
            zones: vec![ZoneCode::new(zone).expect("a zone's code")],
            ..NewHelper::default()
        };
        Newcomer { city: self.clone(), name: name.to_owned(), phone, helper }
    }
}

impl Newcomer {
    /// Uses the telephone of somebody else.
    #[must_use]
    pub fn with_the_phone_of(mut self, other: &Person) -> Self {
        self.phone.clone_from(&other.phone);
        self.helper.contacts[0].1.clone_from(&other.phone);
        self
    }

    /// Has this number.
    #[must_use]
    pub fn with_the_number(mut self, number: &str) -> Self {
        number.clone_into(&mut self.phone);
        number.clone_into(&mut self.helper.contacts[0].1);
        self
    }

    /// Has a mailbox, to be tried after the telephone.
    #[must_use]
    pub fn with_a_mailbox(mut self) -> Self {
        self.helper.contacts.push((ContactKind::Email, format!("{}@mail.example", self.name)));
        self
    }

    /// Has a mailbox, to be tried before the telephone.
    #[must_use]
    pub fn reached_by_mail_first(self) -> Self {
        let mut newcomer = self.with_a_mailbox();
        newcomer.helper.contacts.reverse();
        newcomer
    }

    /// Is registered.
    pub async fn joins(self) -> Person {
        let ground = self.city.ground();
        let mut tx = ground.store.write("register helper").await.expect("a transaction");
        let registered = put_helper(ground, &mut tx, &self.helper, None, Standing::CHECKED).await;
        let id = registered.unwrap_or_else(|fault| panic!("{}: {fault}", self.name)).person;
        tx.commit().await.expect("a helper is registered");
        let mailbox = format!("{}@mail.example", self.name);
        Person { city: self.city, name: self.name, id, phone: self.phone, mailbox }
    }
}

impl Person {
    /// The next text message says this (any part of it).
    #[track_caller]
    pub fn receives_sms(&self, words: &str) -> Received {
        let sms = self.city.gateway().next(&self.phone);
        let sms = sms.unwrap_or_else(|| panic!("{} received no text message; expected “{words}”", self.name));
        assert!(sms.text.contains(words), "{} reads “{}”; expected “{words}”", self.name, sms.text);
        Received { person: self.clone(), sms }
    }

    /// The next mail says this (any part of it).
    #[track_caller]
    pub fn receives_mail(&self, words: &str) -> String {
        let mail = self.city.relay().next(&self.mailbox);
        let mail = mail.unwrap_or_else(|| panic!("{} received no mail; expected “{words}”", self.name));
        assert!(mail.contains(words), "{} reads “{mail}”; expected “{words}”", self.name);
        mail
    }

    /// Nothing new, on the telephone and in the mailbox.
    #[track_caller]
    pub fn receives_nothing(&self) {
        let sms = self.city.gateway().next(&self.phone);
        assert!(sms.is_none(), "{} received {sms:?}", self.name);
        let mail = self.city.relay().next(&self.mailbox);
        assert!(mail.is_none(), "{} received {mail:?}", self.name);
    }

    /// Signs in with a one-time code that comes to the telephone.
    pub async fn signs_in(&self) -> Browser {
        let browser = self.city.anybody();
        let contact = json!({ "kind": "phone", "address": self.phone });
        browser.post("/session/code", contact.clone()).await.expect("a code is asked for");
        self.city.settle().await;
        let text = self.receives_sms("همیار").text().to_owned();
        let digits = maps::latin_digits(&text);
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        let code = digits.split(|letter: char| !letter.is_ascii_digit()).find(is_code);
        let mut proof = contact;
        proof["code"] = json!(code.unwrap_or_else(|| panic!("no code in “{text}”")));
        browser.signed_in("/session/code/verify", proof).await
    }

    /// From now on their home is in this zone.
    pub async fn moves_to(&self, zone: &str) {
        let browser = self.signs_in().await;
        browser.post("/me/zones", json!({ "zones": [zone] })).await.expect("their own zones");
    }

    /// Sends a text message to the city.
    pub async fn writes(&self, text: &str) {
        self.city.sms_from(&self.phone, text).await;
    }
}

/// A text message that was read.
pub struct Received {
    person: Person,
    sms: Sms,
}

impl Received {
    /// Answers it.
    pub async fn then_replies(&self, text: &str) {
        self.person.writes(text).await;
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.sms.text
    }

    /// The link in it.
    #[track_caller]
    pub fn link(&self) -> String {
        let start = self.sms.text.find("http://").unwrap_or_else(|| panic!("no link in “{}”", self.sms.text));
        self.sms.text[start..].split_whitespace().next().expect("the link itself").to_owned()
    }
}
