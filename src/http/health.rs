//! Whether the service lives, whether it can work, and its metrics.
//! Asked by supervisors and by Prometheus, on `server.admin_listen` or, when that is not set, on the main listener if it is loopback.
//! Nothing personal and nothing secret is in any answer.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};

use super::App;

/// The three routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// 200 when decisions can be stored and messages can come and go; else 503 with every reason.
async fn ready(State(app): State<App>) -> impl IntoResponse {
    let mut faults = Vec::new();
    if let Err(fault) = store_answers(&app).await {
        faults.push(format!("store: {fault}\n"));
    }
    if !app.outlet.connected() {
        faults.push("mqtt: the external broker is not connected\n".to_owned());
    }
    if faults.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, faults.concat())
    }
}

async fn store_answers(app: &App) -> Result<(), crate::store::Fault> {
    let mut tx = app.ground.store.read("readiness").await?;
    tx.meta("kind").await?;
    let mut tx = app.ground.store.read_readings("readiness").await?;
    tx.latest(&[]).await.map(drop)
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    app.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render())
}
