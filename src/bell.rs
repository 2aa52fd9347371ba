//! Bells wake workers; live events wake open pages. Both are hints: the tables are the truth.
//! Rung by whoever committed a change; heard by workers (`worker`) and by `http::live`, on PostgreSQL those of every node (`across`).
//! A missed bell costs one idle period, a missed live event a reload; neither loses anything.

mod across; // To the other nodes and back.

pub use across::Across;

use std::{
    borrow::Cow,
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, watch};

use across::Outward;

/// What there may be work for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    /// Readings were kept, reports received: `assess` looks.
    Facts,
    /// An alert was published or ended: `deliver` expands broadcasts and the zone topics are written.
    Broadcasts,
    /// Notices are due: `deliver` sends.
    Outbox,
    /// MQTT accounts changed: the broker reads them again.
    Accounts,
}

const BELLS: [Bell; 4] = [Bell::Facts, Bell::Broadcasts, Bell::Outbox, Bell::Accounts];

impl Bell {
    fn index(self) -> usize {
        BELLS.iter().position(|known| *known == self).expect("every bell is in BELLS")
    }

    /// The word by which nodes know it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Broadcasts => "broadcasts",
            Self::Outbox => "outbox",
            Self::Accounts => "accounts",
        }
    }
}

/// Tells a page to load everything again: what it shows may have changed without its being told.
pub const RESET: &str = "reset";

/// What open pages are told. `kind` is one of the names in docs/architecture.md; `id` says which thing changed.
#[derive(Clone, Debug, Serialize)]
pub struct LiveEvent {
    /// Which stream: another process, or this one started anew, counts from one again. An event of another node is told, with a
    /// number of its own, in the stream of each node that hears it.
    pub stream: u64,
    /// Position in that stream.
    pub seq: u64,
    /// "zone.changed", "reading.kept", "report.received", "incident.changed", "proposal.changed", "alert.changed", "delivery.changed",
    /// or [`RESET`].
    pub kind: Cow<'static, str>,
    /// Who may see it.
    #[serde(skip)]
    pub audience: LiveAudience,
    /// What changed: ids and public facts only. Pages fetch the rest with their own rights.
    pub about: serde_json::Value,
}

/// Who may see a live event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveAudience {
    /// Everybody: public alerts, zone levels.
    Public,
    /// Staff only.
    Staff,
}

/// Every bell and the live stream of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bells(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bells: [watch::Sender<u64>; BELLS.len()],
    live: Mutex<Recent>,
    live_sender: broadcast::Sender<LiveEvent>,
    outward: Outward,
}

#[derive(Debug)]
struct Recent {
    stream: u64,
    next_seq: u64,
    kept: VecDeque<LiveEvent>,
    kept_max: usize,
}

/// Listens to one bell.
#[derive(Debug)]
pub struct Ear(watch::Receiver<u64>);

impl Ear {
    /// Waits for the next ring; returns at once when there was one since the last time.
    pub async fn heard(&mut self) {
        if self.0.changed().await.is_err() {
            // Every bell is gone with the service: nothing will ring again.
            std::future::pending::<()>().await;
        }
    }
}

impl Bells {
    /// `kept_max` events are kept for pages that come back after a broken connection.
    pub fn new(kept_max: usize) -> Self {
        Self(Arc::new(Inner {
            bells: std::array::from_fn(|_| watch::Sender::new(0)),
            live: Mutex::new(Recent { stream: 0, next_seq: 1, kept: VecDeque::new(), kept_max }),
            live_sender: broadcast::Sender::new(kept_max.max(16)),
            outward: Outward::default(),
        }))
    }

    fn bell(&self, bell: Bell) -> &watch::Sender<u64> {
        &self.0.bells[bell.index()]
    }

    /// Rings, after a commit. Every ear of every node hears it; several rings before an ear listens again are one.
    pub fn ring(&self, bell: Bell) {
        self.ring_here(bell);
        self.0.outward.ring(bell);
    }

    fn ring_here(&self, bell: Bell) {
        self.bell(bell).send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    /// An ear that hears every ring from now on, also those while nobody waits at it.
    pub fn ear(&self, bell: Bell) -> Ear {
        Ear(self.bell(bell).subscribe())
    }

    /// Gives this process's stream a number of its own, so that a page that comes back from an earlier one is noticed.
    pub fn name_stream(&self, stream: u64) {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner).stream = stream;
    }

    fn stream(&self) -> u64 {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner).stream
    }

    /// Tells open pages, after a commit, those of every node.
    pub fn tell(&self, audience: LiveAudience, kind: &'static str, about: serde_json::Value) {
        self.0.outward.tell(audience, kind, &about);
        self.tell_here(audience, Cow::Borrowed(kind), about);
    }

    fn tell_here(&self, audience: LiveAudience, kind: Cow<'static, str>, about: serde_json::Value) {
        let mut recent = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        let event = LiveEvent { stream: recent.stream, seq: recent.next_seq, kind, audience, about };
        recent.next_seq += 1;
        recent.kept.push_back(event.clone());
        while recent.kept.len() > recent.kept_max {
            recent.kept.pop_front();
        }
        // Sent under the lock, so that subscribers see the order of `seq`. No subscriber is no fault.
        let _ = self.0.live_sender.send(event);
    }

    /// What came after an event (its stream and position), and what comes from now on. `None` when that is no longer kept, or of
    /// another stream: the page has to load everything again.
    pub fn listen(&self, after: Option<(u64, u64)>) -> (Option<Vec<LiveEvent>>, broadcast::Receiver<LiveEvent>) {
        let recent = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.0.live_sender.subscribe();
        let missed = match after {
            None => Some(Vec::new()),
            Some((stream, seq)) if stream != recent.stream || seq >= recent.next_seq => None,
            Some((_, seq)) => {
                let oldest = recent.kept.front().map_or(recent.next_seq, |event| event.seq);
                (seq + 1 >= oldest).then(|| recent.kept.iter().filter(|event| event.seq > seq).cloned().collect())
            }
        };
        (missed, receiver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_comes_back_gets_what_it_missed_or_is_told_to_start_anew() {
        let bells = Bells::new(3);
        bells.name_stream(7);
        for id in 1..=5 {
            bells.tell(LiveAudience::Public, "zone.changed", serde_json::json!({ "id": id }));
        }
        let seqs = |after| bells.listen(after).0.map(|missed| missed.iter().map(|event| event.seq).collect::<Vec<_>>());
        assert_eq!(seqs(None), Some(vec![]));
        assert_eq!(seqs(Some((7, 3))), Some(vec![4, 5]));
        assert_eq!(seqs(Some((7, 5))), Some(vec![]));
        assert_eq!(seqs(Some((7, 1))), None, "event 2 is no longer kept");
        assert_eq!(seqs(Some((7, 6))), None, "there never was one");
        assert_eq!(seqs(Some((8, 5))), None, "another process's stream");
    }
}
