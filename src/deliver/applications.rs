//! Takes what helpers' applications answer over MQTT: whatever waits while the store is busy is recorded together, with one commit.
//! Started by `app`, which routes the answers' topic here.
//! An answer is acknowledged after its commit. A thousand helpers who answer within a second hold up the officer's next step by one commit.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde::Deserialize;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::{
    reply::{Answer, AnswerRefusal, answer_within, tell_staff},
    store::Candidate,
};
use crate::{
    ground::Ground,
    id::NoticeId,
    store::{Fault, Tx},
};

/// Answers that one commit takes: some milliseconds of the one writer.
const TOGETHER_MAX: usize = 100;

/// What a helper's application publishes on `…/helpers/{account}/answers`.
#[derive(Deserialize)]
struct MqttAnswer {
    notice: NoticeId,
    answer: Answer,
}

/// An answer that waits to be recorded.
struct Waiting {
    account: String,
    payload: Vec<u8>,
    taken: oneshot::Sender<Result<(), AnswerRefusal>>,
}

/// Takes answers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Applications {
    queue: mpsc::Sender<Waiting>,
}

/// What records them.
#[derive(Debug)]
pub struct Recording {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Recording {
    /// Takes nothing more, records and answers what waits, and ends.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.task.await;
    }
}

impl Applications {
    /// Starts recording.
    pub fn start(ground: &Ground) -> (Self, Recording) {
        let (queue, waiting) = mpsc::channel(4 * TOGETHER_MAX);
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(ground.clone(), waiting, stop.clone()));
        (Self { queue }, Recording { stop, task })
    }

    /// Offers what was published on a helper's answers topic. `account` is the topic's, on which the broker lets only its owner publish.
    ///
    /// Returns after the commit; waits while the queue is full. Errors: a payload that is no answer, one about a notice that did not go to
    /// this account, and a store that failed or is being closed: then it must be sent again.
    pub async fn offer(&self, account: &str, payload: Vec<u8>) -> Result<(), AnswerRefusal> {
        let (taken, answered) = oneshot::channel();
        let closed = || AnswerRefusal::Store(Fault::WorkerCrashed);
        self.queue.send(Waiting { account: account.to_owned(), payload, taken }).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

async fn run(ground: Ground, mut queue: mpsc::Receiver<Waiting>, stop: CancellationToken) {
    loop {
        let first = tokio::select! {
            biased;
            first = queue.recv() => first,
            () = stop.cancelled(), if !queue.is_closed() => {
                // What is in the queue is still taken out and recorded.
                queue.close();
                continue;
            }
        };
        let Some(first) = first else { return };
        // A panic ends this group only: nothing of it is committed, and its senders send it again.
        if AssertUnwindSafe(record(&ground, first, &mut queue)).catch_unwind().await.is_err() {
            error!("recording answers panicked; they are sent again");
        }
    }
}

/// Records the first and what came while the store was busy.
async fn record(ground: &Ground, first: Waiting, queue: &mut mpsc::Receiver<Waiting>) {
    let mut group = vec![first];
    let fault = match together(ground, &mut group, queue).await {
        Ok(answers) => {
            for (waiting, answer) in group.into_iter().zip(answers) {
                // Its sender may have gone; then nobody waits for the answer.
                let _ = waiting.taken.send(answer);
            }
            return;
        }
        Err(fault) => fault,
    };
    // What one of them does to the store is not the others' fault.
    warn!(%fault, answers = group.len(), "answers could not be recorded together: {fault}; each is tried by itself");
    for waiting in group {
        let answer = by_mqtt(ground, &waiting.account, &waiting.payload).await;
        let _ = waiting.taken.send(answer);
    }
}

async fn together(
    ground: &Ground,
    group: &mut Vec<Waiting>,
    queue: &mut mpsc::Receiver<Waiting>,
) -> Result<Vec<Result<(), AnswerRefusal>>, Fault> {
    let mut tx = ground.store.write("answers by MQTT").await?;
    while group.len() < TOGETHER_MAX {
        let Ok(next) = queue.try_recv() else { break };
        group.push(next);
    }
    let (mut answers, mut new) = (Vec::with_capacity(group.len()), Vec::new());
    for waiting in group.iter() {
        match one(ground, &mut tx, &waiting.account, &waiting.payload).await {
            Ok(answered) => {
                new.extend(answered);
                answers.push(Ok(()));
            }
            Err(AnswerRefusal::Store(fault)) => return Err(fault),
            Err(refusal) => answers.push(Err(refusal)),
        }
    }
    tx.commit().await?;
    tell_staff(ground, &new);
    Ok(answers)
}

/// Takes one answer by itself; `account` and errors as for [`Applications::offer`].
pub async fn by_mqtt(ground: &Ground, account: &str, payload: &[u8]) -> Result<(), AnswerRefusal> {
    let mut tx = ground.store.write("answer by MQTT").await?;
    let new = one(ground, &mut tx, account, payload).await?;
    tx.commit().await?;
    tell_staff(ground, new.as_slice());
    Ok(())
}

/// Gives the answer when it is new.
async fn one(
    ground: &Ground,
    tx: &mut Tx,
    account: &str,
    payload: &[u8],
) -> Result<Option<(Candidate, Answer)>, AnswerRefusal> {
    let said: MqttAnswer = serde_json::from_slice(payload).map_err(|_| AnswerRefusal::NotAsked)?;
    if !tx.notice_is_at(said.notice, account).await? {
        return Err(AnswerRefusal::NoNotice);
    }
    let candidate = tx.candidate(said.notice, ground.now()).await?.ok_or(AnswerRefusal::NoNotice)?;
    let new = answer_within(ground, tx, &candidate, said.answer, "mqtt").await?;
    Ok(new.then_some((candidate, said.answer)))
}
