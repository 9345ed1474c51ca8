//! Preconditions: `If-Match` and `If-None-Match` (RFC 9110, section 13).

use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};

use super::Digest;

/// The entity tags of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any content.
    Any,
    /// One of these, quotes included; weak ones keep their `W/`.
    List(Vec<String>),
}

/// What must hold of a content for a request to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The content must be one of these.
    pub if_match: Option<Tags>,
    /// The content must be none of these.
    pub if_none_match: Option<Tags>,
}

impl Conditions {
    /// Reads the conditions of a request; None if a header is malformed.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Some(Conditions {
            if_match: Tags::from_headers(headers, &IF_MATCH)?,
            if_none_match: Tags::from_headers(headers, &IF_NONE_MATCH)?,
        })
    }

    /// Returns the condition that the content is this one.
    pub fn is(digest: &Digest) -> Self {
        Conditions { if_match: Some(Tags::List(vec![digest.etag()])), if_none_match: None }
    }

    /// Returns true if the conditions hold of a content, None if there is none.
    pub fn hold(&self, content: Option<&Digest>) -> bool {
        let tag = content.map(Digest::etag);
        let is_one_of = |tags: &Tags| tag.as_ref().is_some_and(|tag| tags.name_tag(tag));
        let may_be_one_of = |tags: &Tags| tag.as_ref().is_some_and(|tag| tags.name_weakly(tag));
        self.if_match.as_ref().is_none_or(is_one_of)
            && !self.if_none_match.as_ref().is_some_and(may_be_one_of)
    }
}

impl Tags {
    /// Returns true if a strong tag, with its quotes, is among them by the strong comparison, as `If-Match`
    /// wants it.
    pub fn name_tag(&self, strong: &str) -> bool {
        match self {
            Tags::Any => true,
            Tags::List(tags) => tags.iter().any(|tag| tag == strong),
        }
    }

    /// Returns true if a strong tag, with its quotes, is among them by the weak comparison, as
    /// `If-None-Match` wants it: a proxy that compresses makes tags weak.
    pub fn name_weakly(&self, strong: &str) -> bool {
        let bare = |tag: &String| tag.strip_prefix("W/").unwrap_or(tag) == strong;
        match self {
            Tags::Any => true,
            Tags::List(tags) => tags.iter().any(bare),
        }
    }

    /// Reads all lines of a header: Some(None) if there are none, None if they are malformed.
    fn from_headers(headers: &HeaderMap, name: &http::HeaderName) -> Option<Option<Self>> {
        let mut lines = headers.get_all(name).iter().peekable();
        if lines.peek().is_none() {
            return Some(None);
        }
        let lines: Result<Vec<&str>, _> = lines.map(|line| line.to_str()).collect();
        Tags::parse(&lines.ok()?.join(",")).map(Some)
    }

    /// Reads a list of tags; None if it is malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        if rest == "*" {
            return Some(Tags::Any);
        }
        let mut tags = Vec::new();
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                return (!tags.is_empty()).then_some(Tags::List(tags));
            }
            let quoted = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?;
            let (_, behind) = quoted.split_once('"')?;
            let (tag, behind) = rest.split_at(rest.len() - behind.len());
            tags.push(tag.to_owned());
            rest = behind.trim_start();
            if !rest.is_empty() && !rest.starts_with(',') {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags_are_read_and_others_refused() {
        let list = |tags: &[&str]| Some(Tags::List(tags.iter().map(ToString::to_string).collect()));
        assert_eq!(Tags::parse(" * "), Some(Tags::Any));
        assert_eq!(Tags::parse("\"a\""), list(&["\"a\""]));
        assert_eq!(Tags::parse("\"a,b\" ,, W/\"c\","), list(&["\"a,b\"", "W/\"c\""]));
        for text in ["", ",", "a", "\"a", "\"a\" \"b\"", "*, \"a\"", "w/\"a\"", "\"a\"b"] {
            assert_eq!(Tags::parse(text), None, "{text}");
        }
    }

    #[test]
    fn weak_tags_are_for_not_sending_again_only() {
        let digest = Digest::of(b"content");
        let strong = Conditions::is(&digest);
        assert!(strong.hold(Some(&digest)));
        assert!(!strong.hold(Some(&Digest::of(b"other"))));
        assert!(!strong.hold(None));
        let weak = Tags::parse(&format!("W/{}", digest.etag()));
        assert!(!Conditions { if_match: weak, if_none_match: None }.hold(Some(&digest)));
        let weak = Tags::parse(&format!("W/{}", digest.etag()));
        assert!(!Conditions { if_match: None, if_none_match: weak }.hold(Some(&digest)));
        let absent = Conditions { if_match: None, if_none_match: Some(Tags::Any) };
        assert!(absent.hold(None) && !absent.hold(Some(&digest)));
    }
}
