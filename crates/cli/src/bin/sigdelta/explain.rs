//! inspect for layered patches.

use std::io::{Read, Write};

use indicatif::HumanBytes;
use serde_json::{Value, json};
use sigdelta::file::{Existing, Names, OutputFile};
use sigdelta::layered::{Explanation, GroupFacts, Stretch, explain};
use sigdelta::{Error, IoAction, ReadAt, Result};
use sigdelta_cli::stream::Input;

use crate::cli::Inspected;
use crate::map::Map;
use crate::message;

/// Bytes of the result by where they come from.
#[derive(Default)]
struct Shares {
    stretches: u64,
    same_bytes: u64,
    changed_bytes: u64,
    literal_bytes: u64,
}

impl Shares {
    fn add(&mut self, stretch: &Stretch) {
        self.stretches += 1;
        match stretch.basis {
            Some(_) => {
                self.same_bytes += stretch.len - stretch.changed_bytes;
                self.changed_bytes += stretch.changed_bytes;
            }
            None => self.literal_bytes += stretch.len,
        }
    }
}

/// Returns what a patch is, as JSON and as lines; prints the stretches on request.
pub fn layered(
    (file, patch): (&Input, impl Read),
    basis: Option<Input>,
    what: &Inspected,
    as_json: bool,
) -> Result<(Value, Vec<String>)> {
    let mut shares = Shares::default();
    let mut map = None;
    let mut inputs = vec![&file.file];
    inputs.extend(basis.as_ref().map(|basis| &basis.file));
    let basis_name = basis.as_ref().map_or(&file.name, |basis| &basis.name);
    let names = Names { input: &file.name, basis: basis_name, output: &file.name };
    let basis: Option<&dyn ReadAt> = basis.as_ref().map(|basis| &basis.file as &dyn ReadAt);
    let explanation = explain(patch, basis, |header, stretch| {
        shares.add(stretch);
        if what.map || what.svg.is_some() {
            map.get_or_insert_with(|| Map::new(header)).add(stretch);
        }
        if what.commands { message::print_line(&line(stretch, as_json)) } else { Ok(()) }
    });
    let explanation = explanation.map_err(|error| names.blame(error))?;
    let is_told = explanation.groups.iter().all(|group| group.is_told);
    if !is_told && (what.map || what.svg.is_some() || what.commands) {
        let cause = std::io::Error::other("this patch tells its stretches with --basis OLD alone");
        return Err(Error::Io { action: IoAction::Read, cause });
    }
    let mut text = lines(&explanation);
    if is_told {
        text.extend(share_lines(&shares, explanation.header.result_len));
    }
    let map = map.unwrap_or_else(|| Map::new(&explanation.header));
    if what.map && !as_json {
        text.extend(map.text());
    }
    if let Some(path) = &what.svg {
        let existing = if what.force { Existing::Replace } else { Existing::Refuse };
        let mut svg = OutputFile::create(path, existing, &inputs)?;
        svg.write_all(map.svg().as_bytes())
            .map_err(|cause| Error::Io { action: IoAction::Write, cause }.in_file(path))?;
        svg.commit()?;
    }
    Ok((facts(&explanation, is_told.then_some(&shares)), text))
}

fn line(stretch: &Stretch, as_json: bool) -> String {
    let Stretch { start, len, basis, changed_bytes, .. } = *stretch;
    match (basis, as_json) {
        (Some(from), false) => {
            format!("{start:>12}  {len} from {from}..{}, {changed_bytes} changed", from + len)
        }
        (None, false) => format!("{start:>12}  {len} literal"),
        (Some(from), true) => json!({
            "start": start, "op": "aligned", "len": len, "position": from, "changed": changed_bytes,
        })
        .to_string(),
        (None, true) => json!({ "start": start, "op": "literal", "len": len }).to_string(),
    }
}

fn lines(explanation: &Explanation) -> Vec<String> {
    let header = &explanation.header;
    let mut lines = vec![
        "layered patch".to_owned(),
        format!("basis: {} bytes, root {}", header.basis_len, header.basis_root),
        format!("result: {} bytes, root {}", header.result_len, explanation.result_root),
        format!("memory to apply it: {} MiB at most", header.memory_mib),
        format!("patch: {} bytes in {} groups", explanation.bytes, explanation.groups.len()),
    ];
    let mut columns: Vec<(&str, u64, u64)> = Vec::new();
    for column in explanation.groups.iter().flat_map(|group| &group.body.columns) {
        match columns.iter_mut().find(|(name, ..)| *name == column.name) {
            Some((_, raw, coded)) => {
                *raw += column.raw_bytes;
                *coded += column.coded_bytes;
            }
            None => columns.push((column.name, column.raw_bytes, column.coded_bytes)),
        }
    }
    let mixed = explanation.groups.iter().filter(|group| group.body.columns.is_empty());
    let (count, bytes) =
        mixed.fold((0, 0), |(count, bytes), group| (count + 1, bytes + group.body.bytes));
    if count > 0 {
        lines.push(format!("mixed contexts: {bytes} bytes in {count} groups"));
    }
    for (name, raw, coded) in columns {
        lines.push(format!("{name}: {raw} bytes, coded in {coded}"));
    }
    lines
}

fn share_lines(shares: &Shares, result_len: u64) -> Vec<String> {
    let line = |name: &str, bytes: u64| {
        let share = 100.0 * bytes as f64 / result_len.max(1) as f64;
        format!("{name}: {bytes} bytes ({}, {share:.2} %)", HumanBytes(bytes))
    };
    vec![
        format!("stretches: {}", shares.stretches),
        line("same as in the basis", shares.same_bytes),
        line("changed", shares.changed_bytes),
        line("literal", shares.literal_bytes),
    ]
}

fn facts(explanation: &Explanation, shares: Option<&Shares>) -> Value {
    let header = &explanation.header;
    json!({
        "type": "layered patch",
        "bytes": explanation.bytes,
        "basis_bytes": header.basis_len,
        "basis_root": header.basis_root.to_string(),
        "result_bytes": header.result_len,
        "result_root": explanation.result_root.to_string(),
        "group_len": header.group_len,
        "memory_mib": header.memory_mib,
        "stretches": shares.map(|shares| shares.stretches),
        "same_bytes": shares.map(|shares| shares.same_bytes),
        "changed_bytes": shares.map(|shares| shares.changed_bytes),
        "literal_bytes": shares.map(|shares| shares.literal_bytes),
        "groups": explanation.groups.iter().map(group_facts).collect::<Vec<_>>(),
    })
}

fn group_facts(group: &GroupFacts) -> Value {
    let columns = group.body.columns.iter().map(|column| {
        json!({
            "name": column.name,
            "codec": column.codec,
            "raw_bytes": column.raw_bytes,
            "bytes": column.coded_bytes,
        })
    });
    json!({
        "offset": group.offset,
        "result_start": group.result_start,
        "result_bytes": group.result_len,
        "layout": group.body.layout,
        "bytes": group.body.bytes,
        "columns": columns.collect::<Vec<_>>(),
    })
}
