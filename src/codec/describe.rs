//! What the body of a group is made of, without decoding it.

use super::column::Head;
use super::{Fault, columns, mixed, shared};

/// How the body of a group is coded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BodyFacts {
    /// As `docs/formats.md` calls it: `split`, `paired`, `mixed`, `mixed, literals by zstd`, or
    /// `shared`.
    pub layout: &'static str,
    /// Bytes of the body, without its check.
    pub bytes: u64,
    /// The columns; none in the mixed layouts and the shared one.
    pub columns: Vec<ColumnFacts>,
}

/// A column of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnFacts {
    /// What it holds.
    pub name: &'static str,
    /// `raw` or `zstd`.
    pub codec: &'static str,
    /// Bytes it holds.
    pub raw_bytes: u64,
    /// Bytes it takes.
    pub coded_bytes: u64,
}

impl BodyFacts {
    /// Returns true if pieces can be decoded without the basis.
    pub(crate) fn is_told_alone(&self) -> bool {
        !self.columns.is_empty()
    }
}

/// Says what a body is made of.
pub(crate) fn describe(body: &[u8]) -> Result<BodyFacts, Fault> {
    let layout = match body.first() {
        None => return Err(Fault::Ended),
        Some(&columns::SPLIT) => "split",
        Some(&columns::PAIRED) => "paired",
        Some(&mixed::LAYOUT) => "mixed",
        Some(&mixed::ZSTD_LITERALS) => "mixed, literals by zstd",
        Some(&shared::LAYOUT) => "shared",
        Some(&found) => return Err(Fault::UnknownLayout { found }),
    };
    let columns = match body[0] {
        columns::SPLIT | columns::PAIRED => columns::heads(body)?.0.map(facts).into(),
        _ => Vec::new(),
    };
    Ok(BodyFacts { layout, bytes: body.len() as u64, columns })
}

fn facts((name, head): (&'static str, Head)) -> ColumnFacts {
    ColumnFacts {
        name,
        codec: head.codec_name(),
        raw_bytes: head.raw_len() as u64,
        coded_bytes: head.coded_len() as u64,
    }
}
