//! The only file that draws at random: ids, secrets, one-time codes, jitter.
//! Everything that needs one takes [`Ids`]; tests seed it, so that a story draws the same every time.
//! A secret leaves this file once, in clear, for its owner; the store keeps its digest.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};
use uuid::Uuid;

/// Draws ids and secrets. Cheap to clone; clones share one source.
#[derive(Clone)]
pub struct Ids(Arc<Mutex<StdRng>>);

impl std::fmt::Debug for Ids {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ids")
    }
}

impl Ids {
    /// Seeded by the operating system (ChaCha12, cryptographically secure).
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws at random")]
    pub fn system() -> Self {
        Self(Arc::new(Mutex::new(StdRng::from_os_rng())))
    }

    /// The same draws for the same seed: for tests and drills only.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        // A panic while drawing leaves a valid generator, so a poisoned lock may be used.
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The operating system's chance for ring, which takes no other: signatures of documents. Nothing in a story depends on it.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws at random")]
    pub fn of_the_system() -> ring::rand::SystemRandom {
        ring::rand::SystemRandom::new()
    }

    /// A UUIDv7 of the time `at` (millisecond precision), so that ids sort by birth.
    pub fn uuid(&self, at: Timestamp) -> Uuid {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let random: [u8; 10] = self.draw(Rng::random);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// 256 random bits as 43 URL-safe characters.
    pub fn secret(&self) -> Secret {
        let mut bytes = [0_u8; 32];
        self.draw(|rng| rng.fill_bytes(&mut bytes));
        Secret(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A key for signing webhooks: 256 random bits as `whsec_` and base64 (Standard Webhooks 1.0.0, "Symmetric").
    pub fn signing_key(&self) -> Secret {
        let mut bytes = [0_u8; 32];
        self.draw(|rng| rng.fill_bytes(&mut bytes));
        Secret(format!("whsec_{}", STANDARD.encode(bytes)))
    }

    /// 96 random bits as 16 URL-safe characters, for links in text messages, where every character costs.
    pub fn short_secret(&self) -> Secret {
        let mut bytes = [0_u8; 12];
        self.draw(|rng| rng.fill_bytes(&mut bytes));
        Secret(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// `count` random decimal digits, for one-time codes (at most 19).
    pub fn digits(&self, count: u32) -> Secret {
        let top = 10_u64.pow(count.min(19));
        let number = self.draw(|rng| rng.random_range(0..top));
        Secret(format!("{number:0width$}", width = count as usize))
    }

    /// A number in `0..below`.
    pub fn below(&self, below: u64) -> u64 {
        self.draw(|rng| rng.random_range(0..below.max(1)))
    }

    /// A factor in 0.5..1.5, to spread retries of many targets.
    pub fn jitter(&self) -> f64 {
        self.draw(|rng| rng.random_range(0.5..1.5))
    }
}

/// A secret in clear, on its way to its owner. Neither `Debug` nor a log shows it.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps what a person or a configuration gave us.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself. Whoever calls this answers for where it goes.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// SHA-256, 32 bytes: what is stored of secrets that were drawn here (full entropy, so no slow hash is needed).
    pub fn digest(&self) -> Vec<u8> {
        ring::digest::digest(&ring::digest::SHA256, self.0.as_bytes()).as_ref().to_vec()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Bytes, such as a digest, in lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Makes typed ids over UUIDv7, so that a caller can't swap two.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, sqlx::Type, utoipa::ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Draws a new one, born at `at`.
            pub fn draw(ids: &Ids, at: Timestamp) -> Self {
                Self(ids.uuid(at))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A person: staff, helper, mentor or citizen with a contact.
    PersonId,
    /// An address by which somebody can be reached.
    ContactId,
    /// What measures at one place.
    SensorId,
    /// What a person told us.
    ReportId,
    /// What assessment made of a reading or a report.
    SignalId,
    /// Signals near in space and time.
    IncidentId,
    /// An alert that assessment proposes.
    ProposalId,
    /// An alert from draft to end.
    AlertId,
    /// One alert to its audience.
    BroadcastId,
    /// One message to one person by one channel.
    NoticeId,
    /// One try to send a notice.
    AttemptId,
    /// A log-in.
    SessionId,
    /// A bearer token for a program.
    TokenId,
    /// A mentor's invitation to become a helper.
    InvitationId,
    /// Helpers who act together.
    SquadId,
    /// A drill or the demo: marks everything that is not real.
    ExerciseId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let at = Timestamp::UNIX_EPOCH;
        let (left, right) = (Ids::seeded(7), Ids::seeded(7));
        assert_eq!(left.uuid(at), right.uuid(at));
        assert_eq!(left.secret(), right.secret());
        assert_ne!(left.secret(), left.secret());
    }

    #[test]
    fn a_hundred_thousand_ids_of_one_instant_name_a_hundred_thousand_messages() {
        // What `issue` makes identifiers of, in both forms.
        use alerts::lifecycle::IdentifierForm;
        let (at, ids) = (Timestamp::UNIX_EPOCH, Ids::seeded(7));
        let drawn: Vec<[u8; 16]> = (0..100_000).map(|_| ids.uuid(at).into_bytes()).collect();
        for form in [IdentifierForm::Uuid, IdentifierForm::WmoOid { prefix: "2.49.0.1.364.900".into() }] {
            let names: std::collections::HashSet<String> =
                drawn.iter().map(|unique| form.identifier(at, *unique).unwrap().to_string()).collect();
            assert_eq!(names.len(), drawn.len());
        }
    }

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Ids::seeded(1).secret()), "…");
    }

    #[test]
    fn bytes_are_written_with_all_their_digits() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa5]), "000fa5");
    }

    #[test]
    fn codes_have_exactly_the_digits_asked_for() {
        let ids = Ids::seeded(1);
        for _ in 0..100 {
            let code = ids.digits(6);
            assert_eq!(code.reveal().len(), 6);
            assert!(code.reveal().bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
