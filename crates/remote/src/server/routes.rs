//! Which request goes where, and what is done around all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;

use super::App;
use super::reply::Problem;
use super::{objects, signatures};
use crate::protocol::Kind;

/// Returns all routes.
pub(super) fn router(app: Arc<App>) -> Router {
    let objects = get(objects::get)
        .put(objects::put)
        .patch(objects::patch)
        .delete(objects::delete)
        .options(objects::options);
    Router::new()
        .route("/v1/o/{*key}", objects)
        .route("/v1/sig/{*key}", get(signatures::get))
        .route("/healthz", get(healthy))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_allowed)
        .with_state(app)
}

async fn healthy(State(_): State<Arc<App>>) -> Response {
    (StatusCode::OK, "ok\n").into_response()
}

async fn nowhere() -> Problem {
    Problem::new(Kind::NotFound, "no such path: see docs/protocol.md")
}

async fn not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "see Allow")
}
