//! Signatures of contents, made once for each content and choice of parameters.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use sigdelta::io::{BufferSizes, signature};
use sigdelta::{SignatureKind, SignatureOptions, SignatureParams, StrongHash, StrongLen, WeakHash};

use super::App;
use super::apply::refusal;
use super::body::{ContentReader, send_file};
use super::objects::{conditions_of, key_of, open};
use super::pool::Watch;
use super::reply::{Problem, Result, header_value};
use crate::protocol::{Digest, Kind, SIGNATURES, header, media};
use crate::storage::{Content, Facts};

/// GET and HEAD.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response> {
    let key = key_of(&uri, SIGNATURES)?;
    let mut query = Parameters::of(&uri)?;
    let conditions = conditions_of(&headers)?;
    let content = open(&app, key).await?.ok_or_else(Problem::not_found)?;
    match query.take("format").as_deref() {
        Some("librsync") => {}
        Some(_) | None => {
            return Err(Problem::new(Kind::BadRequest, "format is librsync"));
        }
    }
    let params = librsync_params(&mut query, &content.facts)?;
    query.finish()?;
    check(&app, &params, &content.facts)?;
    let name = name_of(&params, &content.facts);
    let tag = format!("\"sig-{name}\"");
    let mut reply = HeaderMap::new();
    reply.insert(ETAG, header_value(&tag));
    reply.insert(header::DELTA_BASE, header_value(&content.facts.digest.etag()));
    reply.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if conditions.if_none_match.is_some_and(|tags| tags.name_tag(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, reply).into_response());
    }
    let make = move |file: &mut File, watch: &mut Watch| make(&content, params, file, watch);
    let file = app.derived.find_or_make((&app.pool, app.scratch.folder()), name, make).await?;
    let len = file.metadata()?.len();
    reply.insert(CONTENT_TYPE, HeaderValue::from_static(media::LIBRSYNC_SIGNATURE));
    reply.insert(CONTENT_LENGTH, len.into());
    Ok((reply, send_file(file, len, &method)).into_response())
}

fn librsync_params(query: &mut Parameters, basis: &Facts) -> Result<SignatureParams> {
    let (weak, strong) = match query.take("hash").as_deref() {
        Some("rk-blake2") | None => (WeakHash::RabinKarp, StrongHash::Blake2b),
        Some("rk-md4") => (WeakHash::RabinKarp, StrongHash::Md4),
        Some("blake2") => (WeakHash::Rollsum, StrongHash::Blake2b),
        Some("md4") => (WeakHash::Rollsum, StrongHash::Md4),
        Some(_) => {
            let detail = "hash is rk-blake2, rk-md4, blake2 or md4";
            return Err(Problem::new(Kind::BadRequest, detail));
        }
    };
    let strong_len = match query.take("sum").as_deref() {
        Some("max") | None => StrongLen::Max,
        Some("min") => StrongLen::Min,
        Some(len) => StrongLen::Bytes(number("sum", len)?),
    };
    let block_len = query.take("block").map(|len| number("block", &len)).transpose()?;
    let options = SignatureOptions::new()
        .kind(SignatureKind { weak, strong })
        .block_len(block_len)
        .strong_len(strong_len);
    options.params(Some(basis.len)).map_err(|error| Problem::new(Kind::BadRequest, error))
}

/// Refuses parameters that are out of the server's limits.
fn check(app: &App, params: &SignatureParams, basis: &Facts) -> Result<()> {
    let limits = &app.limits;
    if !(limits.min_block_bytes..=limits.max_block_bytes).contains(&params.block_len()) {
        let (min, max) = (limits.min_block_bytes, limits.max_block_bytes);
        let detail = format!("block is between {min} and {max} bytes");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    if params.signature_len(basis.len) > limits.signature_bytes {
        let max = limits.signature_bytes;
        let detail = format!("the signature has more than {max} bytes: take longer blocks");
        return Err(Problem::new(Kind::TooLarge, detail));
    }
    Ok(())
}

fn make(
    content: &Content,
    params: SignatureParams,
    file: &mut File,
    watch: &mut Watch,
) -> Result<()> {
    let basis = ContentReader::new(content);
    let output = io::BufWriter::new(file);
    signature(basis, output, params, BufferSizes::default(), watch)
        .map_err(|error| refusal(error, watch))?;
    Ok(())
}

fn name_of(params: &SignatureParams, basis: &Facts) -> Digest {
    let (magic, block, sum) = (params.kind().magic(), params.block_len(), params.strong_len());
    let digest = basis.digest;
    Digest::of(format!("signature {magic:08x} {block} {sum} of {digest}").as_bytes())
}

fn number(name: &str, text: &str) -> Result<u32> {
    text.parse()
        .map_err(|_| Problem::new(Kind::BadRequest, format!("{name} is no number of bytes")))
}

/// The parameters of a query, each of which must be known.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn of(uri: &Uri) -> Result<Self> {
        let query = Query::try_from_uri(uri);
        query
            .map(|Query(all)| Parameters(all))
            .map_err(|error| Problem::new(Kind::BadRequest, error))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Refuses what was not taken.
    pub(super) fn finish(self) -> Result<()> {
        match self.0.into_keys().next() {
            Some(name) => {
                Err(Problem::new(Kind::BadRequest, format!("unknown parameter {name:?}")))
            }
            None => Ok(()),
        }
    }
}
