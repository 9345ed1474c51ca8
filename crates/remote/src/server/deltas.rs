//! Deltas for those who have something older: what they have is told by a signature, or is a version that is kept.

use std::fs::File;
use std::io::{BufWriter, Read};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use sigdelta::exchange::{ChunkSignature, SignatureFormat, Survey, SurveyOptions};
use sigdelta::io::{BufferSizes, delta, load_signature};
use sigdelta::layered::{self, MakeOptions};
use sigdelta::{DeltaOptions, Index, LoadOptions};

use super::App;
use super::apply::refusal;
use super::body::{ContentReader, check_length, receive, send};
use super::objects::key_of;
use super::options::Limits;
use super::pool::{Watch, blocking};
use super::reply::{Problem, Result, describe, header_value};
use super::scratch::Spool;
use crate::protocol::{DELTAS, Digest, IM_LAYERED, Key, Kind, Tags, header, media};
use crate::storage::Content;

/// Blocks of a signature for which the smallest delta is looked for, which takes memory for each.
const MAX_BLOCKS_OF_SMALLER: usize = 1 << 20;

/// Versions of a client that are looked for.
const MOST_VERSIONS: usize = 8;

/// POST: a delta against a signature of the client.
pub(super) async fn from_signature(
    State(app): State<Arc<App>>,
    uri: Uri,
    body: Body,
) -> Result<Response> {
    let key = key_of(&uri, DELTAS)?;
    let content = app.open(key).await?.ok_or_else(Problem::not_found)?;
    let max_bytes = app.limits.signature_bytes;
    check_length(&body, max_bytes)?;
    let spool = receive(body, app.scratch.spool(), max_bytes, &app.timeouts).await?;
    let (worker, new) = (Arc::clone(&app), content.clone());
    let job = move |watch: &mut Watch| {
        let mut file = worker.scratch.file()?;
        let media = make(spool, &new, &mut file, &worker.limits, watch)?;
        Ok((file, media))
    };
    let (file, media) = app.pool.run(job).await?;
    let len = file.metadata()?.len();
    app.metrics.saved(len, content.facts.len);
    let mut headers = describe(&content.facts);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(CONTENT_LENGTH, len.into());
    Ok((headers, send(Arc::new(file), 0, len, &Method::POST)).into_response())
}

/// Writes the delta from what a signature describes, and returns its media type.
fn make(
    mut signature: Spool,
    new: &Content,
    output: &mut File,
    limits: &Limits,
    watch: &mut Watch,
) -> Result<&'static str> {
    let mut magic = Vec::new();
    signature.reader()?.take(4).read_to_end(&mut magic)?;
    let output = BufWriter::new(output);
    match SignatureFormat::of(&magic) {
        Some(SignatureFormat::Layered) => {
            let mut bytes = Vec::new();
            signature.reader()?.read_to_end(&mut bytes)?;
            let signature =
                ChunkSignature::decode(&bytes).map_err(|error| refusal(error, watch))?;
            drop(bytes);
            let (bytes, len) = (Arc::clone(&new.bytes), new.facts.len);
            let survey = Survey::new(signature, bytes, len, SurveyOptions::new(), watch)
                .map_err(|error| refusal(error, watch))?;
            survey
                .patch(output, MakeOptions::new(), watch)
                .map_err(|error| refusal(error, watch))?;
            Ok(media::PATCH)
        }
        Some(_) => {
            let load = LoadOptions::new().max_bytes(limits.signature_bytes);
            let reader = signature.reader()?;
            let (signature, _) = load_signature(reader, load, BufferSizes::default())
                .map_err(|error| refusal(error, watch))?;
            limits.check_block_len(signature.params().block_len())?;
            let is_few = signature.blocks() <= MAX_BLOCKS_OF_SMALLER;
            let options = DeltaOptions::new().trailer(true).smaller(is_few);
            let index = Index::new(signature).map_err(|error| refusal(error, watch))?;
            let new = ContentReader::new(new);
            delta(&index, new, output, options, BufferSizes::default(), watch)
                .map_err(|error| refusal(error, watch))?;
            Ok(media::LIBRSYNC_DELTA)
        }
        None => Err(Problem::new(Kind::Damaged, "the body is no signature")),
    }
}

/// Returns the patch from a version that the client has, if it wants one and the version is kept.
pub(super) async fn from_version(
    app: &Arc<App>,
    key: &Key,
    new: &Content,
    has: &Tags,
    headers: &HeaderMap,
) -> Result<Option<Response>> {
    let Tags::List(tags) = has else { return Ok(None) };
    if !wants_patch(headers) {
        return Ok(None);
    }
    let digests = tags.iter().filter_map(|tag| Digest::from_etag(tag)).take(MOST_VERSIONS);
    let digests: Vec<Digest> = digests.collect();
    let (worker, of) = (Arc::clone(app), key.clone());
    let find = move || {
        for digest in digests {
            if worker.storage.has_version(&of, &digest)? {
                return Ok(Some(digest));
            }
        }
        Ok(None)
    };
    let Some(from) = blocking(find).await? else { return Ok(None) };
    let to = new.facts.digest;
    let name = Digest::of(format!("patch from {from} to {to}").as_bytes());
    let (worker, key, new_bytes) = (Arc::clone(app), key.clone(), Arc::clone(&new.bytes));
    let new_len = new.facts.len;
    let make = move |file: &mut File, watch: &mut Watch| {
        let basis = worker.storage.version(&key, &from)?.ok_or_else(Problem::not_found)?;
        let basis = (basis.bytes, basis.facts.len);
        layered::make(basis, (new_bytes, new_len), BufWriter::new(file), MakeOptions::new(), watch)
            .map(drop)
            .map_err(|error| refusal(error, watch))
    };
    let made = app.derived.find_or_make((&app.pool, app.scratch.folder()), name, make).await;
    // Who cannot have a patch can have the whole.
    let Ok(file) = made else { return Ok(None) };
    let len = file.metadata()?.len();
    app.metrics.saved(len, new.facts.len);
    let mut reply = describe(&new.facts);
    reply.insert(header::IM, HeaderValue::from_static(IM_LAYERED));
    reply.insert(header::DELTA_BASE, header_value(&from.etag()));
    reply.insert(CONTENT_TYPE, HeaderValue::from_static(media::PATCH));
    reply.insert(CONTENT_LENGTH, len.into());
    let body = send(Arc::new(file), 0, len, &Method::GET);
    Ok(Some((StatusCode::IM_USED, reply, body).into_response()))
}

fn wants_patch(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::A_IM).iter().filter_map(|line| line.to_str().ok());
    let mut named = lines.flat_map(|line| line.split(','));
    named.any(|name| name.split(';').next().unwrap_or_default().trim() == IM_LAYERED)
}
