//! Signatures of contents, made once for each content and choice of parameters; fine sums.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use sigdelta::exchange::{AnswerLimits, ChunkSignatureOptions, answer, sign};
use sigdelta::io::{BufferSizes, signature};
use sigdelta::{SignatureKind, SignatureOptions, SignatureParams, StrongHash, StrongLen, WeakHash};

use super::App;
use super::apply::refusal;
use super::body::{ContentReader, check_length, receive, send};
use super::objects::key_of;
use super::operation::conditions_of;
use super::options::Limits;
use super::pool::Watch;
use super::reply::{Problem, Result, header_value};
use crate::protocol::{Digest, FINE_SUMS, Kind, SIGNATURES, header, media};
use crate::storage::{Content, Facts};

/// Most bytes of a request for fine sums, which is held in memory.
const MAX_REQUEST_LEN: u64 = 4 << 20;
/// Bytes that a chunk takes in a layered signature, beside its sum, at most.
const CHUNK_LEN_BYTES: u64 = 3;
/// Average length of chunks that is chosen for contents so long that limits matter.
const LONG_CHUNK: u64 = 64 << 10;

/// GET and HEAD.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response> {
    let key = key_of(&uri, SIGNATURES)?;
    let parameters = Parameters::of(&uri)?;
    let conditions = conditions_of(&headers)?;
    let content = app.open(key).await?.ok_or_else(Problem::not_found)?;
    let recipe = Recipe::choose(parameters, &content.facts, &app)?;
    let name = recipe.name(&content.facts);
    let tag = format!("\"sig-{name}\"");
    let mut reply = HeaderMap::new();
    reply.insert(ETAG, header_value(&tag));
    reply.insert(header::DELTA_BASE, header_value(&content.facts.digest.etag()));
    reply.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if conditions.if_none_match.is_some_and(|tags| tags.name_weakly(&tag)) {
        return Ok((StatusCode::NOT_MODIFIED, reply).into_response());
    }
    reply.insert(CONTENT_TYPE, HeaderValue::from_static(recipe.media()));
    let make = move |file: &mut File, watch: &mut Watch| recipe.make(&content, file, watch);
    let file = app.derived.find_or_make((&app.pool, app.scratch.folder()), name, make).await?;
    let len = file.metadata()?.len();
    reply.insert(CONTENT_LENGTH, len.into());
    Ok((reply, send(Arc::new(file), 0, len, &method)).into_response())
}

/// POST: the sums of fine blocks in some ranges.
pub(super) async fn fine(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let key = key_of(&uri, FINE_SUMS)?;
    let conditions = conditions_of(&headers)?;
    if conditions.if_match.is_none() {
        let detail = "If-Match says which content the request is for";
        return Err(Problem::new(Kind::PreconditionRequired, detail));
    }
    let content = app.open(key).await?.ok_or_else(Problem::not_found)?;
    let Facts { digest, .. } = content.facts;
    if !conditions.hold(Some(&digest)) {
        return Err(Problem::refused(Some(&digest)));
    }
    check_length(&body, MAX_REQUEST_LEN)?;
    let mut spool = receive(body, app.scratch.spool(), MAX_REQUEST_LEN, &app.timeouts).await?;
    let worker = Arc::clone(&app);
    let job = move |watch: &mut Watch| {
        let mut request = Vec::new();
        spool.reader()?.read_to_end(&mut request)?;
        let limits = AnswerLimits::new().max_sums_bytes(worker.limits.signature_bytes);
        let file = worker.scratch.file()?;
        let (basis, len) = (&*content.bytes, content.facts.len);
        answer(basis, len, &request, limits, BufWriter::new(&file), watch)
            .map_err(|error| refusal(error, watch))?;
        Ok(file)
    };
    let file = app.pool.run(job).await?;
    let len = file.metadata()?.len();
    let mut reply = HeaderMap::new();
    reply.insert(header::DELTA_BASE, header_value(&digest.etag()));
    reply.insert(CONTENT_TYPE, HeaderValue::from_static(media::SUMS));
    reply.insert(CONTENT_LENGTH, len.into());
    Ok((reply, send(Arc::new(file), 0, len, &Method::POST)).into_response())
}

/// How a signature is made.
#[derive(Debug)]
enum Recipe {
    Librsync(SignatureParams),
    Layered { average_len: Option<u32>, sum_len: Option<u8>, salt: [u8; 16] },
}

impl Recipe {
    /// Reads the parameters and refuses what is out of the server's limits.
    fn choose(mut parameters: Parameters, basis: &Facts, app: &App) -> Result<Self> {
        let recipe = match parameters.take("format").as_deref() {
            Some("librsync") => librsync(&mut parameters, basis, &app.limits)?,
            Some("layered") => layered(&mut parameters, basis, app)?,
            _ => return Err(bad("format is librsync or layered")),
        };
        parameters.finish()?;
        Ok(recipe)
    }

    /// Returns the name of what comes of it.
    fn name(&self, basis: &Facts) -> Digest {
        let of = basis.digest;
        let text = match self {
            Recipe::Librsync(params) => {
                let (magic, block) = (params.kind().magic(), params.block_len());
                format!("signature {magic:08x} {block} {} of {of}", params.strong_len())
            }
            Recipe::Layered { average_len, sum_len, salt } => {
                format!("layered signature {average_len:?} {sum_len:?} {salt:?} of {of}")
            }
        };
        Digest::of(text.as_bytes())
    }

    fn media(&self) -> &'static str {
        match self {
            Recipe::Librsync(_) => media::LIBRSYNC_SIGNATURE,
            Recipe::Layered { .. } => media::SIGNATURE,
        }
    }

    fn make(&self, content: &Content, file: &mut File, watch: &mut Watch) -> Result<()> {
        let output = BufWriter::new(file);
        let made = match self {
            Recipe::Librsync(params) => {
                let basis = ContentReader::new(content);
                signature(basis, output, *params, BufferSizes::default(), watch).map(drop)
            }
            Recipe::Layered { average_len, sum_len, salt } => {
                let options = ChunkSignatureOptions::new()
                    .average_len(*average_len)
                    .sum_len(*sum_len)
                    .salt(*salt);
                sign(&*content.bytes, content.facts.len, options, output, watch).map(drop)
            }
        };
        made.map_err(|error| refusal(error, watch))
    }
}

fn librsync(query: &mut Parameters, basis: &Facts, limits: &Limits) -> Result<Recipe> {
    let (weak, strong) = match query.take("hash").as_deref() {
        Some("rk-blake2") | None => (WeakHash::RabinKarp, StrongHash::Blake2b),
        Some("rk-md4") => (WeakHash::RabinKarp, StrongHash::Md4),
        Some("blake2") => (WeakHash::Rollsum, StrongHash::Blake2b),
        Some("md4") => (WeakHash::Rollsum, StrongHash::Md4),
        Some(_) => return Err(bad("hash is rk-blake2, rk-md4, blake2 or md4")),
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
    let params = options.params(Some(basis.len)).map_err(bad)?;
    limits.check_block_len(params.block_len())?;
    limits.check_signature_len(params.signature_len(basis.len))?;
    Ok(Recipe::Librsync(params))
}

fn layered(query: &mut Parameters, basis: &Facts, app: &App) -> Result<Recipe> {
    let average_len: Option<u32> =
        query.take("chunk").map(|len| number("chunk", &len)).transpose()?;
    let sum_len: Option<u8> = query.take("sum").map(|len| number("sum", &len)).transpose()?;
    if average_len.is_some_and(|len| !(256..=1 << 20).contains(&len)) {
        return Err(bad("chunk is between 256 and 1048576"));
    }
    if sum_len.is_some_and(|len| !(3..=16).contains(&len)) {
        return Err(bad("sum is between 3 and 16"));
    }
    // So that the signature is the same each time, and nobody knows the salt before.
    let salt = match query.take("salt") {
        Some(salt) => salt_of(&salt).ok_or_else(|| bad("salt is 32 hexadecimal digits"))?,
        None => app.scratch.salt(&basis.digest),
    };
    let chunks = basis.len / average_len.map_or(LONG_CHUNK, u64::from) + 1;
    let chunk_bytes = CHUNK_LEN_BYTES + u64::from(sum_len.unwrap_or(16));
    app.limits.check_block_len(average_len.unwrap_or(app.limits.min_block_bytes))?;
    app.limits.check_signature_len(chunks.saturating_mul(chunk_bytes))?;
    Ok(Recipe::Layered { average_len, sum_len, salt })
}

fn salt_of(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)).flatten()
}

fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T> {
    text.parse().map_err(|_| bad(format!("{name} is no number of bytes")))
}

fn bad(detail: impl ToString) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}

impl Limits {
    /// Refuses blocks that are too short or too long.
    pub(super) fn check_block_len(&self, block_len: u32) -> Result<()> {
        let (min, max) = (self.min_block_bytes, self.max_block_bytes);
        match (min..=max).contains(&block_len) {
            true => Ok(()),
            false => {
                let detail = format!("a block is between {min} and {max} bytes");
                Err(Problem::new(Kind::TooLarge, detail))
            }
        }
    }

    fn check_signature_len(&self, len: u64) -> Result<()> {
        let max = self.signature_bytes;
        match len <= max {
            true => Ok(()),
            false => {
                let detail = format!("the signature has more than {max} bytes: take longer blocks");
                Err(Problem::new(Kind::TooLarge, detail))
            }
        }
    }
}

/// The parameters of a query, each of which must be known.
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn of(uri: &Uri) -> Result<Self> {
        let query = Query::try_from_uri(uri);
        query.map(|Query(all)| Parameters(all)).map_err(|error| bad(error.body_text()))
    }

    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Refuses what was not taken.
    pub(super) fn finish(self) -> Result<()> {
        match self.0.into_keys().next() {
            Some(name) => Err(bad(format!("unknown parameter {name:?}"))),
            None => Ok(()),
        }
    }
}
