//! Which request goes where.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, head, post};

use super::App;
use super::guard::guard;
use super::reply::Problem;
use super::{catalog, deltas, objects, signatures, uploads};
use crate::protocol::{CAPABILITIES, HEALTH, Kind, LIST, METRICS};

/// Returns all routes.
pub(super) fn router(app: Arc<App>) -> Router {
    let objects = get(objects::get)
        .put(objects::change)
        .patch(objects::change)
        .delete(objects::delete)
        .options(objects::options);
    let uploads = head(uploads::look).patch(uploads::continue_with).delete(uploads::cancel);
    Router::new()
        .route("/v1/o/{*key}", objects)
        .route("/v1/sig/{*key}", get(signatures::get))
        .route("/v1/fine/{*key}", post(signatures::fine))
        .route("/v1/delta/{*key}", post(deltas::from_signature))
        .route("/v1/up/{*key}", post(uploads::start))
        .route("/v1/u/{id}", uploads)
        .route(CAPABILITIES, get(catalog::capabilities))
        .route(LIST, get(catalog::list))
        .route(HEALTH, get(catalog::health))
        .route(METRICS, get(catalog::metrics))
        .fallback(nowhere)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), guard))
        .with_state(app)
}

async fn nowhere() -> Problem {
    Problem::new(Kind::NotFound, "no such path")
}

async fn not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "see Allow")
}
