//! Ranges of bytes (RFC 9110, section 14): one range at a time.

use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};

use crate::protocol::Digest;

/// What part of a content is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it.
    Whole,
    /// So many bytes, at least one, from a position.
    Part { start: u64, len: u64 },
    /// Bytes that it does not have.
    Beyond,
}

/// Reads `Range` and `If-Range`. What is malformed, of another unit or several ranges is not heeded, as
/// the standard allows.
pub(super) fn wanted(headers: &HeaderMap, digest: &Digest, len: u64) -> Wanted {
    let is_current =
        headers.get(IF_RANGE).is_none_or(|tag| tag.as_bytes() == digest.etag().as_bytes());
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    match range.filter(|_| is_current).and_then(|range| range.strip_prefix("bytes=")) {
        Some(range) => parse(range, len).unwrap_or(Wanted::Whole),
        None => Wanted::Whole,
    }
}

fn parse(range: &str, len: u64) -> Option<Wanted> {
    let (first, last) = range.trim().split_once('-')?;
    let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are beyond any content.
        true if !text.is_empty() => Some(text.parse().unwrap_or(u64::MAX)),
        _ => None,
    };
    let (start, end) = if first.is_empty() {
        (len.saturating_sub(number(last)?), len)
    } else {
        let start = number(first)?;
        let end = match last {
            "" => len,
            _ => number(last)?.saturating_add(1),
        };
        if end <= start && !last.is_empty() {
            return None;
        }
        (start, end.min(len))
    };
    if start >= end {
        return Some(Wanted::Beyond);
    }
    Some(Wanted::Part { start, len: end - start })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_end_or_not_heeded() {
        let part = |start, len| Some(Wanted::Part { start, len });
        for (range, expected) in [
            ("0-0", part(0, 1)),
            ("0-9", part(0, 10)),
            ("5-", part(5, 5)),
            ("5-100", part(5, 5)),
            ("0-18446744073709551615", part(0, 10)),
            ("0-99999999999999999999999", part(0, 10)),
            ("-3", part(7, 3)),
            ("-30", part(0, 10)),
            ("-0", Some(Wanted::Beyond)),
            ("10-", Some(Wanted::Beyond)),
            ("10-20", Some(Wanted::Beyond)),
            ("99999999999999999999999-", Some(Wanted::Beyond)),
            ("5-4", None),
            ("-", None),
            ("", None),
            ("1-2,4-5", None),
            ("+1-2", None),
            ("a-b", None),
        ] {
            assert_eq!(parse(range, 10), expected, "{range}");
        }
        assert_eq!(parse("0-", 0), Some(Wanted::Beyond));
        assert_eq!(parse("-1", 0), Some(Wanted::Beyond));
    }
}
