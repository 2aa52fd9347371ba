//! What helpers' applications answer over MQTT, many at once.
//! Run by `make test` on both engines.
//! They are offered while the store is busy, so that they are taken together; nothing here depends on how many one commit takes.

use futures_util::future::join_all;
use hamyar::deliver::{applications::Applications, reply::AnswerRefusal};

use super::*;

/// The accounts that were told, each with the notice that went to it.
fn told(city: &City) -> Vec<(String, String)> {
    let published = city.mqtt.lock().unwrap();
    let to_account = |topic: &str| {
        topic.strip_prefix("hamyar/v1/helpers/").and_then(|rest| rest.strip_suffix("/notices")).map(str::to_owned)
    };
    let notices = published.iter().filter_map(|(topic, payload)| Some((to_account(topic)?, payload)));
    notices
        .map(|(account, payload)| {
            let notice: serde_json::Value = serde_json::from_str(payload).unwrap();
            (account, notice["id"].as_str().expect("an id").to_owned())
        })
        .collect()
}

fn says(notice: &str, answer: &str) -> Vec<u8> {
    serde_json::json!({ "notice": notice, "answer": answer }).to_string().into_bytes()
}

/// Offers all of it while an officer decides something, and gives what became of each.
async fn offered(city: &City, said: Vec<(String, Vec<u8>)>) -> Vec<Result<(), AnswerRefusal>> {
    let (applications, recording) = Applications::start(&city.ground);
    let busy = city.ground.store.write("decide").await.unwrap();
    let offers = join_all(said.into_iter().map(|(account, payload)| {
        let applications = applications.clone();
        async move { applications.offer(&account, payload).await }
    }));
    let free = async {
        tokio::task::yield_now().await;
        busy.commit().await.unwrap();
    };
    let (answers, ()) = tokio::join!(offers, free);
    recording.stop().await;
    answers
}

#[tokio::test]
async fn many_who_answer_at_once_are_recorded_together_and_what_is_wrong_with_one_is_its_own() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        for name in ["سارا", "رضا", "مینا", "کاوه", "نرگس"] {
            city.helper(name, "julan", &[(ContactKind::Mqtt, "")]).await;
        }
        let broadcast = city.warns(&["julan"]).await;
        city.works().await;
        let told = told(&city);
        assert_eq!(told.len(), 5);

        let mut said: Vec<_> = told.iter().map(|(account, id)| (account.clone(), says(id, "safe"))).collect();
        // One answers for another, one says what nobody asked, one sends no answer at all, and one says the same twice.
        said[1].1 = says(&told[0].1, "safe");
        said[2].1 = says(&told[2].1, "3");
        said[3].1 = b"\x00 not JSON".to_vec();
        said.push(said[4].clone());
        let answers = offered(&city, said).await;
        assert!(matches!(
            answers[..],
            [
                Ok(()),
                Err(AnswerRefusal::NoNotice),
                Err(AnswerRefusal::NotAsked),
                Err(AnswerRefusal::NotAsked),
                Ok(()),
                Ok(())
            ]
        ));
        let answered = city.answers(&broadcast).await;
        assert_eq!(answered.len(), 2, "{answered:?}");
        assert!(answered.iter().all(|(_, answer)| answer == "safe"));
    })
    .await;
}

#[tokio::test]
async fn what_is_offered_when_it_stops_is_still_recorded_and_afterwards_nothing_is_taken() {
    on_both_engines(async |ground| {
        let city = City::at(ground).await;
        city.helper("سارا", "julan", &[(ContactKind::Mqtt, "")]).await;
        let broadcast = city.warns(&["julan"]).await;
        city.works().await;
        let (account, notice) = told(&city).remove(0);

        let (applications, recording) = Applications::start(&city.ground);
        let busy = city.ground.store.write("decide").await.unwrap();
        let offer = applications.offer(&account, says(&notice, "ack"));
        let stop = async {
            tokio::task::yield_now().await;
            let stopping = tokio::spawn(recording.stop());
            tokio::task::yield_now().await;
            busy.commit().await.unwrap();
            stopping.await.unwrap();
        };
        let (answer, ()) = tokio::join!(offer, stop);
        answer.unwrap();
        assert_eq!(city.answers(&broadcast).await, [("سارا".to_owned(), "ack".to_owned())]);

        // Not acknowledged: the application sends it again to whoever runs next.
        let late = applications.offer(&account, says(&notice, "safe")).await;
        assert!(matches!(late, Err(AnswerRefusal::Store(_))), "{late:?}");
    })
    .await;
}
