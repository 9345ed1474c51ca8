//! What server and client both call things: paths, headers, media types, problems (`docs/protocol.md`).

mod condition;
mod digest;
mod key;
mod problem;

pub use condition::{Conditions, Tags};
pub use digest::{Digest, MalformedDigest};
pub use key::{InvalidKey, Key, MAX_KEY_LEN, RESERVED};
pub use problem::{Kind, ProblemBody};

/// Where resources are, before their key.
pub const OBJECTS: &str = "/v1/o/";
/// Where signatures are.
pub const SIGNATURES: &str = "/v1/sig/";
/// Where fine sums are asked for.
pub const FINE_SUMS: &str = "/v1/fine/";
/// Where deltas against a signature of the client are made.
pub const DELTAS: &str = "/v1/delta/";
/// Where uploads in parts begin.
pub const UPLOAD_STARTS: &str = "/v1/up/";
/// Where uploads in parts go on, before their id.
pub const UPLOADS: &str = "/v1/u/";

/// What the server can do and allows.
pub const CAPABILITIES: &str = "/v1/";
/// The list of keys.
pub const LIST: &str = "/v1/l";
/// Whether the server is alive.
pub const HEALTH: &str = "/healthz";
/// Figures for Prometheus.
pub const METRICS: &str = "/metrics";

/// Media types.
pub mod media {
    /// A delta in librsync's format.
    pub const LIBRSYNC_DELTA: &str = "application/vnd.librsync.delta";
    /// A signature in librsync's format.
    pub const LIBRSYNC_SIGNATURE: &str = "application/vnd.librsync.signature";
    /// A layered patch.
    pub const PATCH: &str = "application/vnd.sigdelta.patch";
    /// A layered signature.
    pub const SIGNATURE: &str = "application/vnd.sigdelta.signature";
    /// A request for fine sums.
    pub const REQUEST: &str = "application/vnd.sigdelta.request";
    /// Fine sums.
    pub const SUMS: &str = "application/vnd.sigdelta.sums";
    /// Part of an upload.
    pub const PARTIAL_UPLOAD: &str = "application/partial-upload";
    /// What went wrong.
    pub const PROBLEM: &str = "application/problem+json";
    /// Bytes of a resource.
    pub const BYTES: &str = "application/octet-stream";
    /// What PATCH takes, as in `Accept-Patch`.
    pub const ACCEPT_PATCH: &str = "application/vnd.librsync.delta, application/vnd.sigdelta.patch";
}

/// Names of headers beside those that the crate `http` has.
pub mod header {
    use http::HeaderName;

    /// Instance manipulations that the client takes (RFC 3229).
    pub const A_IM: HeaderName = HeaderName::from_static("a-im");
    /// Media types that PATCH takes (RFC 5789).
    pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
    /// Tag of the content that a delta or signature belongs to (RFC 3229).
    pub const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");
    /// The instance manipulation of a reply (RFC 3229).
    pub const IM: HeaderName = HeaderName::from_static("im");
    /// Digest of the whole content (RFC 9530).
    pub const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");
    /// The method that an upload in parts stands for.
    pub const METHOD: HeaderName = HeaderName::from_static("sigdelta-method");
    /// Root of the content in hexadecimal (`docs/formats.md`, "Root").
    pub const ROOT: HeaderName = HeaderName::from_static("sigdelta-root");
    /// Whether an upload is complete with this request.
    pub const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
    /// Bytes of the whole upload.
    pub const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
    /// Limits of uploads in parts.
    pub const UPLOAD_LIMIT: HeaderName = HeaderName::from_static("upload-limit");
    /// Bytes of an upload that have come.
    pub const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
}

/// The instance manipulation whose replies are layered patches.
pub const IM_LAYERED: &str = "sigdelta";
