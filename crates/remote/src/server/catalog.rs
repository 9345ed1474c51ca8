//! What there is and what is allowed: capabilities, the list of keys, health, figures.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::{Value, json};

use super::App;
use super::pool::blocking;
use super::reply::{Problem, Result, header_value};
use super::signatures::Parameters;
use super::uploads;
use crate::protocol::{IM_LAYERED, Kind, header, media};
use crate::storage::{Entry, Wanted};

/// Most keys of a list.
const MAX_LIST: usize = 1000;

/// GET: what the server can do and allows.
pub(super) async fn capabilities(State(app): State<Arc<App>>) -> Response {
    let limits = &app.limits;
    let facts = json!({
        "protocol": 1,
        "accept_patch": [media::LIBRSYNC_DELTA, media::PATCH],
        "signature_formats": ["librsync", "layered"],
        "content_encodings": ["gzip", "zstd"],
        "instance_manipulations": [IM_LAYERED],
        "limits": {
            "max_result_bytes": limits.result_bytes,
            "max_delta_bytes": limits.delta_bytes,
            "max_signature_bytes": limits.signature_bytes,
            "max_commands_per_mib": limits.commands_per_mib,
            "min_block_bytes": limits.min_block_bytes,
            "max_block_bytes": limits.max_block_bytes,
            "upload_expiry_seconds": app.timeouts.upload.as_secs(),
        },
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT_PATCH, HeaderValue::from_static(media::ACCEPT_PATCH));
    headers.insert(header::UPLOAD_LIMIT, header_value(&uploads::limit(&app)));
    (headers, Json(facts)).into_response()
}

/// GET: some keys.
pub(super) async fn list(State(app): State<Arc<App>>, uri: Uri) -> Result<Json<Value>> {
    let mut parameters = Parameters::of(&uri)?;
    let limit = match parameters.take("limit") {
        Some(limit) => match limit.parse() {
            Ok(limit @ 1..=MAX_LIST) => limit,
            _ => {
                let detail = format!("limit is between 1 and {MAX_LIST}");
                return Err(Problem::new(Kind::BadRequest, detail));
            }
        },
        None => MAX_LIST,
    };
    let wanted = Wanted {
        prefix: parameters.take("prefix").unwrap_or_default(),
        start_after: parameters.take("start-after").unwrap_or_default(),
        limit,
    };
    parameters.finish()?;
    let page = blocking(move || Ok(app.storage.list(&wanted)?)).await?;
    let mut reply = json!({ "objects": page.entries.iter().map(describe).collect::<Vec<_>>() });
    if let (true, Some(last)) = (page.more, page.entries.last()) {
        reply["next"] = last.key.as_str().into();
    }
    Ok(Json(reply))
}

fn describe(entry: &Entry) -> Value {
    let mut object = json!({ "key": entry.key.as_str(), "bytes": entry.len });
    if let Some(digest) = entry.digest {
        object["etag"] = digest.etag().into();
    }
    object
}

/// GET: whether the server is alive.
pub(super) async fn health() -> Response {
    (StatusCode::OK, "ok\n").into_response()
}

/// GET: figures.
pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response> {
    let text = app.metrics.text().map_err(Problem::internal)?;
    let media = HeaderValue::from_static("text/plain; version=0.0.4");
    Ok(([(CONTENT_TYPE, media)], text).into_response())
}
