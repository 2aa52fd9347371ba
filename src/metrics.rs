//! Metrics in Prometheus' text format, rendered by our own `/metrics` route.
//! Installed once by `app`; every part records through the `metrics` macros under names that start with `hamyar_`.
//! Labels are bounded: names of channels, workers and decisions, never ids or people.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Seconds; wide enough for a commit (1 ms) and for a slow gateway (30 s).
const BUCKETS_SECS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Makes the recorder of this process. A second call in one process (tests) gives a handle of its own that records nothing.
pub fn install() -> PrometheusHandle {
    let builder = || {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS_SECS)
            .expect("the buckets are not empty")
    };
    builder().install_recorder().unwrap_or_else(|_| builder().build_recorder().handle())
}
