//! Everything that is asked over HTTP: all routes stand here, each room's handlers in a file of its own.
//! Built by `app`; a handler is: extract (with its right), one call into a room, present.
//! GET shows and POST acts; nothing is changed by opening a link.

pub mod alert_steps;
pub mod alerts;
pub mod assess;
pub mod cap;
pub mod delivery;
pub mod demo;
pub mod health;
pub mod helpers;
pub mod hooks;
pub mod live;
pub mod map;
pub mod mentors;
pub mod notices;
pub mod people;
pub mod problem;
pub mod reports;
pub mod rights;
pub mod sensors;
pub mod session;
pub mod squads;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::FromRef,
    http::{HeaderName, HeaderValue, StatusCode, header},
    routing::{any, get},
};
use tower_http::{
    catch_panic::CatchPanicLayer, compression::CompressionLayer, limit::RequestBodyLimitLayer,
    set_header::SetResponseHeaderLayer, timeout::TimeoutLayer, trace::TraceLayer,
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::ground::Ground;

/// What every handler may use.
#[derive(Clone, Debug)]
pub struct App {
    /// The ground.
    pub ground: Ground,
    /// Assessment, for who watches what.
    pub assess: crate::assess::Assess,
    /// The broker, for /readyz.
    pub outlet: crate::broker::Outlet,
    /// Rendered by /metrics.
    pub metrics: Arc<metrics_exporter_prometheus::PrometheusHandle>,
    /// The places for pages that are open for live events.
    pub live_pages: Arc<live::LivePages>,
    /// Ends open streams when the service stops.
    pub stop: tokio_util::sync::CancellationToken,
}

impl FromRef<App> for Ground {
    fn from_ref(app: &App) -> Self {
        app.ground.clone()
    }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Hamyar",
    description = "Crisis management and disaster alerts of a city. Times are RFC 3339 UTC, positions lon, lat in WGS 84, errors RFC 9457 problem+json.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Document;

/// What is documented: the API under `/api/v1` and the CAP feeds.
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .nest(
            "/api/v1",
            OpenApiRouter::new()
                .routes(routes!(session::sign_in, session::who_am_i, session::sign_out))
                .routes(routes!(session::ask_code))
                .routes(routes!(session::sign_in_by_code))
                .routes(routes!(alerts::list, alerts::draft))
                .routes(routes!(alerts::public))
                .routes(routes!(alerts::show))
                .routes(routes!(alerts::adopt))
                .routes(routes!(alerts::edit))
                .routes(routes!(alerts::approve))
                .routes(routes!(alerts::publish))
                .routes(routes!(alerts::update))
                .routes(routes!(alerts::all_clear))
                .routes(routes!(alerts::cancel))
                .routes(routes!(alerts::discard))
                .routes(routes!(delivery::delivery))
                .routes(routes!(notices::my_notices))
                .routes(routes!(notices::answer))
                .routes(routes!(demo::inbox))
                .routes(routes!(live::live))
                // One line a room; each room lists its own routes.
                .merge(map::routes())
                .merge(assess::routes())
                .merge(reports::routes())
                .merge(helpers::routes())
                .merge(mentors::routes())
                .merge(squads::routes())
                .merge(people::routes())
                .merge(sensors::routes()),
        )
        .merge(hooks::routes())
        .routes(routes!(notices::show_link, notices::answer_link))
        .routes(routes!(cap::atom))
        .routes(routes!(cap::rss))
        .routes(routes!(cap::exercise))
        .routes(routes!(cap::document))
}

/// The API's own document, OpenAPI 3.1, as stored in `docs/openapi.json` and compared by a test.
pub fn document() -> utoipa::openapi::OpenApi {
    api().split_for_parts().1
}

/// Everything that is served to people, programs and pages.
pub fn router(app: App) -> Router {
    let (api, document) = api().split_for_parts();
    let document = Arc::new(document);
    let config = &app.ground.config.server;
    let (body_bytes_max, request_max) = (config.body_bytes_max, Duration::from_secs(config.request_secs_max));
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    // Elsewhere they have a listener of their own (`server.admin_listen`), or none.
    let health = if config.admin_listen.is_empty() && config.listen.ip().is_loopback() {
        health::router(app.clone())
    } else {
        Router::new()
    };
    Router::new()
        .merge(api)
        .route("/api/openapi.json", get(move || async move { Json(document.as_ref().clone()) }))
        .route("/api/{*rest}", any(no_such_path))
        .route("/hooks/receipts/{gateway}", get(notices::receipt))
        .route("/demo/gateway/sendsms", get(demo::send_sms))
        .route("/demo/gateway/webhook", axum::routing::post(demo::webhook))
        .with_state(app)
        .merge(health)
        .merge(pages())
        .layer((
            TraceLayer::new_for_http().make_span_with(span),
            CatchPanicLayer::custom(panicked),
            TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, request_max),
            CompressionLayer::new(),
            RequestBodyLimitLayer::new(body_bytes_max),
            header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            header(header::REFERRER_POLICY, "same-origin"),
            header(header::X_FRAME_OPTIONS, "DENY"),
            header(
                header::CONTENT_SECURITY_POLICY,
                // MapLibre's worker is a file of ours; its images are blobs. Nothing from outside is loaded.
                "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; \
                 connect-src 'self'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'",
            ),
        ))
}

/// A span names the route, never the path or the query: the secrets of links and the numbers of people travel there.
fn span<B>(request: &axum::http::Request<B>) -> tracing::Span {
    let route = request.extensions().get::<axum::extract::MatchedPath>().map_or("(page)", |route| route.as_str());
    tracing::debug_span!("request", method = %request.method(), route)
}

/// A program that mistypes a path is told so; without this it would be given the console's page.
async fn no_such_path() -> problem::Problem {
    problem::Problem::not_found("path of the API")
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    use axum::response::IntoResponse;
    problem::Problem::fault(&"a handler panicked").into_response()
}

/// The web part inside the binary: the console at `/`, the report page, the helper's page; unknown paths show the console.
fn pages() -> Router {
    memory_serve::load!()
        .index_file(Some("/index.html"))
        .fallback(Some("/index.html"))
        .fallback_status(StatusCode::OK)
        .into_router()
}
