//! The golden vectors, made by C librsync's rdiff 2.3.2 and 2.3.5: identical bytes.
//!
//! `tests/data/librsync-vectors.gen.py` made them and explains the recipes.

mod common;

use common::hex;
use serde_json::Value;
use sigdelta::{SignatureKind, SignatureOptions, StrongHash, StrongLen, WeakHash};

struct Vector {
    name: String,
    options: SignatureOptions,
    old: Vec<u8>,
    new: Vec<u8>,
    json: Value,
}

fn vectors() -> Vec<Vector> {
    let vectors: Vec<_> = include_str!("data/librsync-vectors.jsonl").lines().map(vector).collect();
    assert_eq!(vectors.len(), 144);
    vectors
}

fn vector(line: &str) -> Vector {
    let json: Value = serde_json::from_str(line).unwrap();
    let kind = SignatureKind {
        weak: match json["rollsum"].as_str().unwrap() {
            "rollsum" => WeakHash::Rollsum,
            _ => WeakHash::RabinKarp,
        },
        strong: match json["hash"].as_str().unwrap() {
            "md4" => StrongHash::Md4,
            _ => StrongHash::Blake2b,
        },
    };
    let options = SignatureOptions::new()
        .kind(kind)
        .block_len(json["block"].as_u64().map(|len| len as u32).filter(|&len| len > 0))
        .strong_len(match json["strong"].as_i64().unwrap() {
            0 => StrongLen::Max,
            -1 => StrongLen::Min,
            len => StrongLen::Bytes(len as u32),
        });
    let old = build(&json["old"], &[]);
    let new = build(&json["new"], &old);
    assert_eq!(common::sha256_hex(&old), json["old_sha256"].as_str().unwrap());
    assert_eq!(common::sha256_hex(&new), json["new_sha256"].as_str().unwrap());
    let name = format!("{} {} {}", json["name"], json["hash"], json["rollsum"]);
    Vector { name, options, old, new, json }
}

/// Builds an input from its recipe.
fn build(recipe: &Value, old: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for step in recipe.as_array().unwrap() {
        let number = |i: usize| step[i].as_u64().unwrap() as usize;
        match step[0].as_str().unwrap() {
            "lcg" => {
                let mut x = number(1) as u32;
                bytes.extend((0..number(2)).map(|_| {
                    x = x.wrapping_mul(1_103_515_245).wrapping_add(12345);
                    (x >> 16) as u8
                }));
            }
            "zero" => bytes.resize(bytes.len() + number(1), 0),
            "text" => bytes.extend(step[1].as_str().unwrap().bytes().cycle().take(number(2))),
            "old" => bytes.extend(&old[number(1)..number(2)]),
            other => panic!("unknown step {other}"),
        }
    }
    bytes
}

fn assert_output(actual: &[u8], expected: &Value, what: &str) {
    assert_eq!(actual.len() as u64, expected["len"].as_u64().unwrap(), "length of {what}");
    match expected["hex"].as_str() {
        Some(expected) => assert_eq!(hex(actual), expected, "{what}"),
        None => assert_eq!(
            common::sha256_hex(actual),
            expected["sha256"].as_str().unwrap(),
            "SHA-256 of {what}"
        ),
    }
}

#[test]
fn signatures_deltas_and_results_are_those_of_librsync() {
    for Vector { name, options, old, new, json } in vectors() {
        let signature = sigdelta::signature(&old, &options).unwrap();
        assert_output(&signature, &json["sig"], &format!("signature of {name}"));
        let delta = sigdelta::delta(&signature, &new).unwrap();
        assert_output(&delta, &json["delta"], &format!("delta of {name}"));
        assert!(sigdelta::patch(&old, &delta).unwrap() == new, "result of {name}");
    }
}

#[test]
fn deltas_of_librsync_are_applied() {
    let mut applied = 0;
    for Vector { name, old, new, json, .. } in vectors() {
        for delta in [&json["delta"], &json["delta_2_3_2"]] {
            // The longer ones are in the vectors only as digest.
            if let Some(delta) = delta["hex"].as_str() {
                assert!(sigdelta::patch(&old, &common::unhex(delta)).unwrap() == new, "{name}");
                applied += 1;
            }
        }
    }
    assert!(applied > 80, "{applied}");
}
