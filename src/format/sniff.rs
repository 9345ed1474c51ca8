//! Guesses from its first bytes what a file is, for error messages and `inspect`.

/// First bytes of files that are passed by mistake, and what to call them.
const PREFIXES: [(&[u8], &str); 22] = [
    (b"rs\x026", "a delta"),
    (b"rs\x016", "a signature"),
    (b"rs\x017", "a signature"),
    (b"rs\x01F", "a signature"),
    (b"rs\x01G", "a signature"),
    (b"\x8fsdp", "a layered patch"),
    (b"\x8fsds", "a layered signature"),
    (b"\x8fsdq", "a request for fine sums"),
    (b"\x8fsdf", "an answer with fine sums"),
    (b"\xd6\xc3\xc4", "a VCDIFF delta"),
    (b"\x7fELF", "an ELF program or library"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\xfd7zX", "an xz file"),
    (b"BZh", "a bzip2 file"),
    (b"PK\x03\x04", "a zip file"),
    (b"7z\xbc\xaf", "a 7z file"),
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"MZ", "a Windows program"),
    (b"#!", "a script"),
];

/// Returns what a file that starts with these bytes looks like; four are enough.
pub fn likeness(start: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = PREFIXES.iter().find(|(prefix, _)| start.starts_with(prefix)) {
        return Some(name);
    }
    let start = start.get(..4)?;
    if start.iter().all(|&byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
        return Some("text");
    }
    (start == [0; 4]).then_some("zeros")
}
