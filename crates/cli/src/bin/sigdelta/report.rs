//! What was done, as text for people and JSON for programs.

use std::time::Instant;

use indicatif::HumanBytes;
use serde_json::{Value, json};
use sigdelta::exchange::ChunkSignatureStats;
use sigdelta::layered::{ApplyStats, MakeStats};
use sigdelta::{
    CommandStats, DeltaStats, PatchStats, Result, SearchStats, SignatureParams, SignatureStats,
};
use sigdelta_remote::client::Traffic;

use crate::cli::Verbosity;
use crate::message;

/// Version of the JSON objects; keys are added without a new one.
pub const SCHEMA: u32 = 1;

/// Reports on a command when it is done.
pub struct Report {
    command: &'static str,
    started: Instant,
    verbosity: Verbosity,
    /// True if the result of the command goes to standard output.
    stdout_taken: bool,
}

impl Report {
    pub fn new(command: &'static str, verbosity: Verbosity, stdout_taken: bool) -> Self {
        Report { command, started: Instant::now(), verbosity, stdout_taken }
    }

    pub fn signature(&self, params: &SignatureParams, stats: &SignatureStats) -> Result<()> {
        self.print(
            json!({
                "kind": kind_json(params),
                "block_len": stats.block_len,
                "strong_len": params.strong_len(),
                "blocks": stats.blocks,
                "in_bytes": stats.in_bytes,
                "out_bytes": stats.out_bytes,
            }),
            || vec![format!("{} blocks of {} bytes", stats.blocks, stats.block_len)],
        )
    }

    pub fn layered_signature(&self, stats: &ChunkSignatureStats) -> Result<()> {
        let object = json!({
            "chunks": stats.chunks,
            "in_bytes": stats.in_bytes,
            "out_bytes": stats.out_bytes,
            "root": stats.root.to_string(),
        });
        self.print(object, || vec![format!("{} chunks, root {}", stats.chunks, stats.root)])
    }

    pub fn delta(&self, stats: &DeltaStats) -> Result<()> {
        let SearchStats { searches, matches, strong_sums, .. } = stats.search;
        let mut object = json!({
            "in_bytes": stats.in_bytes,
            "out_bytes": stats.out_bytes,
            "searches": searches,
            "matches": matches,
            "false_matches": strong_sums - matches,
        });
        merge(&mut object, commands_json(&stats.commands));
        self.print(object, || {
            let mut lines = command_lines(&stats.commands);
            lines.push(format!(
                "{searches} windows searched, {matches} matched, {} false weak matches",
                strong_sums - matches
            ));
            lines
        })
    }

    pub fn patch(&self, stats: &PatchStats) -> Result<()> {
        let mut object = json!({
            "in_bytes": stats.in_bytes,
            "out_bytes": stats.out_bytes,
            "verified": stats.verified,
        });
        merge(&mut object, commands_json(&stats.commands));
        self.print(object, || {
            let mut lines = command_lines(&stats.commands);
            lines.push(match stats.verified {
                true => "the result was verified by the trailer".to_owned(),
                false => "the delta has no trailer to verify the result by".to_owned(),
            });
            lines
        })
    }

    pub fn layered_diff(&self, stats: &MakeStats) -> Result<()> {
        let object = json!({
            "basis_bytes": stats.basis_bytes,
            "in_bytes": stats.in_bytes,
            "out_bytes": stats.out_bytes,
            "aligned_pieces": stats.aligned_pieces,
            "aligned_bytes": stats.aligned_bytes,
            "literal_bytes": stats.literal_bytes,
        });
        self.print(object, || {
            let share = |bytes: u64| match stats.in_bytes {
                0 => 0.0,
                all => 100.0 * bytes as f64 / all as f64,
            };
            let (aligned, literal) = (stats.aligned_bytes, stats.literal_bytes);
            vec![
                format!(
                    "{} pieces along the old file, {} ({:.1} %)",
                    stats.aligned_pieces,
                    HumanBytes(aligned),
                    share(aligned)
                ),
                format!("literal bytes, {} ({:.1} %)", HumanBytes(literal), share(literal)),
            ]
        })
    }

    pub fn layered_patch(&self, stats: &ApplyStats) -> Result<()> {
        let object = json!({
            "in_bytes": stats.in_bytes,
            "out_bytes": stats.out_bytes,
            "verified": true,
            "root": stats.root.to_string(),
        });
        self.print(object, || vec![format!("the result was verified, root {}", stats.root)])
    }

    /// Reports on a push or pull; `text` is what there is to say of one for people.
    pub fn transfer(&self, facts: Value, traffic: &Traffic, text: &str) -> Result<()> {
        let seconds = self.print_json(facts)?;
        if self.verbosity.stats {
            message::print_error_line(&format!(
                "{}: {text}, {seconds:.2} s\n  {} sent, {} received, {} requests",
                self.command,
                HumanBytes(traffic.sent_bytes),
                HumanBytes(traffic.received_bytes),
                traffic.requests,
            ));
        }
        Ok(())
    }

    /// Prints a verdict, which is the result of the command itself.
    pub fn verdict(&self, same: bool, details: Value, text: &str) -> Result<()> {
        let mut object = self.head();
        object["same"] = same.into();
        merge(&mut object, details);
        if self.verbosity.json {
            message::print_line(&object.to_string())
        } else if !self.verbosity.quiet {
            message::print_line(text)
        } else {
            Ok(())
        }
    }

    fn head(&self) -> Value {
        json!({ "schema": SCHEMA, "command": self.command })
    }

    fn print(&self, facts: Value, lines: impl FnOnce() -> Vec<String>) -> Result<()> {
        let (in_bytes, out_bytes) = (facts["in_bytes"].as_u64(), facts["out_bytes"].as_u64());
        let seconds = self.print_json(facts)?;
        if self.verbosity.stats {
            let (in_bytes, out_bytes) = (in_bytes.unwrap_or(0), out_bytes.unwrap_or(0));
            let most = in_bytes.max(out_bytes);
            let mut text = format!(
                "{}: {} in, {} out, {seconds:.2} s, {}/s",
                self.command,
                HumanBytes(in_bytes),
                HumanBytes(out_bytes),
                HumanBytes((most as f64 / seconds.max(1e-6)) as u64),
            );
            for line in lines() {
                text += "\n  ";
                text += &line;
            }
            message::print_error_line(&text);
        }
        Ok(())
    }

    /// Prints what was done for programs, if they ask, and returns how many seconds it took.
    fn print_json(&self, facts: Value) -> Result<f64> {
        let seconds = self.started.elapsed().as_secs_f64();
        if self.verbosity.json {
            let mut object = self.head();
            merge(&mut object, facts);
            object["seconds"] = json!((seconds * 1e6).round() / 1e6);
            match self.stdout_taken {
                true => message::print_error_line(&object.to_string()),
                false => message::print_line(&object.to_string())?,
            }
        }
        Ok(seconds)
    }
}

/// Returns the hashes of a signature as JSON.
pub fn kind_json(params: &SignatureParams) -> Value {
    json!({ "weak": params.kind().weak.name(), "strong": params.kind().strong.name() })
}

/// Returns the counts of commands as JSON.
pub fn commands_json(stats: &CommandStats) -> Value {
    json!({
        "literal_commands": stats.literal_commands,
        "literal_bytes": stats.literal_bytes,
        "copy_commands": stats.copy_commands,
        "copy_bytes": stats.copy_bytes,
    })
}

/// Returns the counts of commands as text.
pub fn command_lines(stats: &CommandStats) -> Vec<String> {
    let share = |bytes: u64| match stats.result_bytes() {
        0 => 0.0,
        all => 100.0 * bytes as f64 / all as f64,
    };
    let line = |name, commands, bytes| {
        format!("{commands} {name} commands, {} ({:.1} %)", HumanBytes(bytes), share(bytes))
    };
    vec![
        line("literal", stats.literal_commands, stats.literal_bytes),
        line("copy", stats.copy_commands, stats.copy_bytes),
    ]
}

/// Adds the members of one JSON object to another.
pub fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}
