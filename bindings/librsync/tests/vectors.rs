//! The golden vectors of `tests/data`, through the C interface.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

mod support;

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::json::{self, Value};
use support::{Library, VECTORS, folder, has_tool, ours, peer, run_ok, show};

struct Vector {
    name: String,
    json: Value,
}

fn vectors() -> Vec<Vector> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/librsync-vectors.jsonl");
    let vectors: Vec<_> = std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(json::parse)
        .map(|json| {
            let name = ["name", "hash", "rollsum"].map(|key| json[key].text());
            Vector { name: name.join("-"), json }
        })
        .collect();
    assert_eq!(vectors.len(), 144);
    vectors
}

impl Vector {
    /// The line that the program `vectors` reads.
    fn line(&self) -> String {
        let magic = match (self.json["rollsum"].text(), self.json["hash"].text()) {
            ("rollsum", "md4") => 0x7273_0136,
            ("rollsum", "blake2") => 0x7273_0137,
            ("rabinkarp", "md4") => 0x7273_0146,
            ("rabinkarp", "blake2") => 0x7273_0147,
            other => panic!("{other:?}"),
        };
        let number = |key| self.json[key].number();
        format!("{} {magic:x} {} {}\n", self.name, number("block"), number("strong"))
    }

    fn write_inputs(&self, folder: &Path) {
        let old = build(&self.json["old"], &[]);
        let new = build(&self.json["new"], &old);
        std::fs::write(folder.join(format!("{}.old", self.name)), old).unwrap();
        std::fs::write(folder.join(format!("{}.new", self.name)), new).unwrap();
    }

    fn check(&self, folder: &Path, sums: &HashMap<String, String>, delta: &str) {
        let check_sum = |part: &str, expected: &Value| {
            let file = format!("{}.{part}", self.name);
            assert_eq!(sums[&file], expected.text(), "SHA-256 of {file}");
        };
        check_sum("old", &self.json["old_sha256"]);
        check_sum("new", &self.json["new_sha256"]);
        check_sum("result", &self.json["new_sha256"]);
        for (part, expected) in [("sig", &self.json["sig"]), ("delta", &self.json[delta])] {
            match expected.get("hex") {
                Some(expected) => {
                    let bytes = std::fs::read(folder.join(format!("{}.{part}", self.name)));
                    assert_eq!(hex(&bytes.unwrap()), expected.text(), "{part} of {}", self.name);
                }
                None => check_sum(part, &expected["sha256"]),
            }
        }
    }
}

/// Builds an input from its recipe.
fn build(recipe: &Value, old: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for step in recipe.list() {
        let step = step.list();
        let number = |i: usize| usize::try_from(step[i].number()).unwrap();
        match step[0].text() {
            "lcg" => {
                let mut x = number(1) as u32;
                bytes.extend((0..number(2)).map(|_| {
                    x = x.wrapping_mul(1_103_515_245).wrapping_add(12345);
                    (x >> 16) as u8
                }));
            }
            "zero" => bytes.resize(bytes.len() + number(1), 0),
            "text" => bytes.extend(step[1].text().bytes().cycle().take(number(2))),
            "old" => bytes.extend(&old[number(1)..number(2)]),
            other => panic!("unknown step {other}"),
        }
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Returns the SHA-256 of every file in a folder.
fn sums(folder: &Path) -> HashMap<String, String> {
    let files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let list = run_ok(Command::new("sha256sum").args(files));
    list.lines()
        .map(|line| {
            let (sum, path) = line.split_once("  ").unwrap();
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            (name.to_owned(), sum.to_owned())
        })
        .collect()
}

/// Makes all vectors with a library and compares; `delta` names the deltas to compare with.
fn check_vectors(name: &str, library: &Library, delta: impl Fn(&Vector) -> &'static str) {
    if !has_tool("gcc") || !has_tool("sha256sum") {
        return;
    }
    let program = VECTORS.build(&folder(&format!("{name}-program")), &library.shared());
    let folder = folder(name);
    let vectors = vectors();
    let mut lines = String::new();
    for vector in &vectors {
        vector.write_inputs(&folder);
        lines += &vector.line();
    }
    let mut child = library
        .command(program)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", show(&output));
    let sums = sums(&folder);
    for vector in &vectors {
        vector.check(&folder, &sums, delta(vector));
    }
}

#[test]
fn our_library_makes_the_golden_vectors() {
    check_vectors("ours", ours(), |_| "delta");
}

#[test]
fn debians_library_makes_the_golden_vectors() {
    let Some(library) = peer() else { return };
    // Version 2.3.2, which cuts long literals in another way.
    check_vectors("peer", library, |vector| match vector.json.get("delta_2_3_2") {
        Some(_) => "delta_2_3_2",
        None => "delta",
    });
}
