//! Officers and approvers at their consoles, acting through the HTTP API with the cookie of a real log-in.
//! Made by `City::officer` and its sisters; used by the stories of the desk and by most others.
//! A step that the service refuses gives the problem's word; a step that is taken is followed by everything that comes of it.

use hamyar::{
    ground::Ground,
    id::Secret,
    staff::{NewPerson, Role, add_staff},
};
use serde_json::{Value, json};

use crate::{
    city::City,
    web::{Browser, Refused},
};

/// Everybody's, in the stories.
pub const PASSWORD: &str = "a long enough password";

/// Somebody at a console.
#[derive(Clone)]
pub struct Staff {
    city: City,
    browser: Browser,
}

/// An alert as its page shows it.
#[derive(Clone, Debug)]
pub struct Alert(pub Value);

/// A proposal as its page shows it.
#[derive(Clone, Debug)]
pub struct Proposal(pub Value);

/// Adds somebody to the staff.
pub async fn hire(ground: &Ground, name: &str, roles: &[Role]) {
    let new = NewPerson {
        name: name.to_owned(),
        language: "fa".into(),
        minor: false,
        roles: roles.to_vec(),
        contacts: Vec::new(),
        verified: true,
    };
    add_staff(ground, &new, name, &Secret::new(PASSWORD)).await.expect("somebody of the staff");
}

/// Adds somebody to the staff and signs them in.
pub async fn sign_up(city: &City, name: &str, roles: &[Role]) -> Staff {
    hire(city.ground(), name, roles).await;
    Staff { city: city.clone(), browser: Browser::sign_in(city.root(), name, PASSWORD).await }
}

impl Alert {
    /// Its id.
    pub fn id(&self) -> &str {
        self.0["id"].as_str().expect("an alert has an id")
    }

    /// draft, approved, live or ended.
    pub fn stage(&self) -> &str {
        self.0["stage"].as_str().expect("an alert has a stage")
    }

    fn hash(&self) -> &str {
        self.0["content_hash"].as_str().expect("an alert has a hash")
    }
}

impl Proposal {
    /// The codes of its zones.
    pub fn zones(&self) -> Vec<String> {
        codes(&self.0["content"]["zones"])
    }

    /// yellow, orange or red.
    pub fn level(&self) -> &str {
        self.0["level"].as_str().expect("a proposal has a level")
    }

    /// alert, update or all_clear.
    pub fn kind(&self) -> &str {
        self.0["kind"].as_str().expect("a proposal has a kind")
    }
}

fn codes(zones: &Value) -> Vec<String> {
    let zones = zones.as_array().expect("zones");
    zones.iter().map(|zone| zone["code"].as_str().expect("a zone has a code").to_owned()).collect()
}

impl Staff {
    /// Their browser, for what is no page of the API.
    pub fn browser(&self) -> &Browser {
        &self.browser
    }

    /// What a page of the API shows them.
    pub async fn sees(&self, path: &str) -> Value {
        self.browser.get(path).await
    }

    /// The proposals that wait for a decision, newest first.
    pub async fn proposals(&self) -> Vec<Proposal> {
        let page = self.browser.get("/proposals?state=open").await;
        page["items"].as_array().expect("proposals").iter().cloned().map(Proposal).collect()
    }

    /// The one proposal about this hazard that waits.
    #[track_caller]
    pub fn sees_proposal<'s>(&'s self, hazard: &'s str) -> impl Future<Output = Proposal> + 's {
        let caller = std::panic::Location::caller();
        async move {
            let mut found = self.proposals().await;
            found.retain(|proposal| proposal.0["hazard"] == hazard);
            assert_eq!(found.len(), 1, "one proposal about {hazard} at {caller}: {found:#?}");
            found.remove(0)
        }
    }

    /// Nothing waits for a decision.
    pub async fn sees_no_proposal(&self) {
        let found = self.proposals().await;
        assert!(found.is_empty(), "no proposal: {found:#?}");
    }

    /// Makes a proposal a draft.
    pub async fn adopts(&self, proposal: &Proposal) -> Result<Alert, Refused> {
        let id = proposal.0["id"].as_str().expect("a proposal has an id");
        self.step(&format!("/proposals/{id}/adopt"), json!({})).await
    }

    /// Begins a draft from the template: hazard, level, zones.
    pub async fn drafts(&self, hazard: &str, level: &str, zones: &[&str]) -> Result<Alert, Refused> {
        self.step("/alerts", json!({ "hazard": hazard, "level": level, "zones": zones })).await
    }

    /// Rewrites the Persian headline of the alert as they last saw it.
    pub async fn edits(&self, alert: &Alert, headline: &str) -> Result<Alert, Refused> {
        let mut content = alert.0["content"].clone();
        content["wordings"]["fa"]["headline"] = json!(headline);
        let body = json!({ "content": content, "expected_hash": alert.hash() });
        let edited = self.browser.put(&format!("/alerts/{}/content", alert.id()), body).await?;
        self.city.settle().await;
        Ok(Alert(edited))
    }

    /// Approves the alert as they last saw it.
    pub async fn approves(&self, alert: &Alert) -> Result<Alert, Refused> {
        self.step(&format!("/alerts/{}/approve", alert.id()), json!({ "content_hash": alert.hash() })).await
    }

    /// Publishes it; what follows from that is done.
    pub async fn publishes(&self, alert: &Alert) -> Result<Alert, Refused> {
        self.step(&format!("/alerts/{}/publish", alert.id()), json!({})).await
    }

    /// Begins an update.
    pub async fn updates(&self, alert: &Alert) -> Result<Alert, Refused> {
        self.step(&format!("/alerts/{}/update", alert.id()), json!({ "why": "the water rises further" })).await
    }

    /// Begins the all-clear.
    pub async fn clears(&self, alert: &Alert) -> Result<Alert, Refused> {
        self.step(&format!("/alerts/{}/all-clear", alert.id()), json!({ "why": "the water is back in its bed" })).await
    }

    /// Begins the cancel.
    pub async fn cancels(&self, alert: &Alert) -> Result<Alert, Refused> {
        self.step(&format!("/alerts/{}/cancel", alert.id()), json!({ "why": "the gauge was cleaned" })).await
    }

    /// The alert as it stands now.
    pub async fn looks_at(&self, alert: &Alert) -> Alert {
        Alert(self.browser.get(&format!("/alerts/{}", alert.id())).await)
    }

    /// How far its delivery is.
    pub async fn sees_delivery(&self, alert: &Alert) -> Value {
        self.browser.get(&format!("/alerts/{}/delivery", alert.id())).await
    }

    async fn step(&self, path: &str, body: Value) -> Result<Alert, Refused> {
        let alert = self.browser.post(path, body).await?;
        self.city.settle().await;
        Ok(Alert(alert))
    }
}

/// One drafts, the other approves, the first publishes.
pub async fn publish(alert: &Alert, author: &Staff, approver: &Staff) -> Alert {
    let approved = approver.approves(alert).await.expect("somebody else's draft is approved");
    author.publishes(&approved).await.expect("what is approved is published")
}
