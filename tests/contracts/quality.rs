//! What intake has the tests of quality think of readings, and what is kept of it.
//! Run on both engines by `make test`.
//! Messages are offered as the broker offers them; the tests themselves are judged in `sensors::quality`.

use hamyar::{
    broker::{NotKept, Publish},
    ground::Ground,
    id::SensorId,
    sensors::{
        self, Arrival, Flag, Intake, Marks, Quantity,
        quality::{Mark, Test},
    },
};

use jiff::Timestamp;

use crate::engines::on_both_engines;

fn hour(ground: &Ground) -> Timestamp {
    ground.now() - jiff::SignedDuration::from_hours(1)
}

/// Offers a stage of the first gauge, so many minutes into the hour before the clock's time.
async fn offers(ground: &Ground, intake: &Intake, code: &str, minutes: i64, metres: f64) -> Result<(), NotKept> {
    let at = hour(ground) + jiff::SignedDuration::from_mins(minutes);
    let payload = serde_json::json!({ "t": at.as_millisecond(), "stage_m": metres }).to_string();
    let topic = format!("hamyar/v1/readings/{code}");
    intake.offer(Publish { topic, payload: payload.into_bytes(), account: None }).await
}

async fn opinions(ground: &Ground, of: SensorId) -> Vec<(Marks, i64)> {
    let mut tx = ground.store.read_readings("opinions").await.expect("a transaction");
    let all = tx.marks_since(hour(ground)).await.expect("opinions");
    let own = all.into_iter().filter(|(sensor, quantity, ..)| *sensor == of && *quantity == Quantity::StageM);
    own.map(|(_, _, marks, count)| (Marks::unpacked(marks), count)).collect()
}

async fn flags(ground: &Ground) -> Vec<(f64, Flag)> {
    let mut tx = ground.store.read_readings("readings").await.expect("a transaction");
    let readings = tx.readings_after(Arrival::BEFORE_ALL, 100).await.expect("readings");
    readings.iter().map(|reading| (reading.value, reading.flag)).collect()
}

#[tokio::test]
async fn a_lone_high_value_is_suspect_when_it_comes_and_a_spike_once_the_next_one_tells() {
    on_both_engines(async |ground| {
        let gauge = &sensors::adopt_city(&ground).await.expect("the sample city has gauges")[0];
        let (intake, batches) = Intake::start(&ground);
        let code = gauge.code.as_str();
        for (minutes, metres) in [(0, 0.3), (5, 0.31), (10, 5.0)] {
            offers(&ground, &intake, code, minutes, metres).await.expect("kept");
        }
        // It rose faster than streams do; whether it stands alone nobody can know yet. It may still raise a level.
        assert_eq!(flags(&ground).await.last(), Some(&(5.0, Flag::Suspect)));
        let before = opinions(&ground, gauge.id).await;
        assert!(before.iter().all(|(marks, _)| marks.of(Test::Spike) != Mark::Fail), "{before:?}");

        offers(&ground, &intake, code, 15, 0.32).await.expect("kept");
        let now = opinions(&ground, gauge.id).await;
        let spikes: i64 =
            now.iter().filter(|(marks, _)| marks.of(Test::Spike) == Mark::Fail).map(|(_, count)| count).sum();
        assert_eq!((spikes, now.iter().map(|(_, count)| count).sum::<i64>()), (1, 4), "{now:?}");
        assert_eq!(flags(&ground).await[2], (5.0, Flag::Suspect), "what was thought first is not rewritten");
        batches.stop().await;

        // Another start judges by what was kept, as if it had never been away.
        let (intake, batches) = Intake::start(&ground);
        offers(&ground, &intake, code, 20, 5.0).await.expect("kept");
        offers(&ground, &intake, code, 25, 0.3).await.expect("kept");
        let now = opinions(&ground, gauge.id).await;
        let spikes: i64 =
            now.iter().filter(|(marks, _)| marks.of(Test::Spike) == Mark::Fail).map(|(_, count)| count).sum();
        assert_eq!(spikes, 3, "both high values, and the low one between them: {now:?}");
        batches.stop().await;
    })
    .await;
}
