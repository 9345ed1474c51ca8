//! inspect: what a file is.

use std::io::{BufWriter, Read, Write};

use indicatif::HumanBytes;
use serde_json::{Value, json};
use sigdelta::exchange::{ChunkSignature, SignatureFormat};
use sigdelta::format::{DELTA_MAGIC, LAYERED_MAGIC, likeness};
use sigdelta::io::BufferSizes;
use sigdelta::{
    AfterEnd, Command, CommandStats, DeltaDecoder, DeltaEvent, Error, IoAction, LoadOptions,
    Result, Trailer,
};
use sigdelta_cli::stream::Input;

use crate::cli::Inspected;
use crate::exit::Exit;
use crate::explain::layered;
use crate::message;
use crate::report::{SCHEMA, command_lines, commands_json, kind_json, merge};

/// Prints what a file is, and what was asked for beside.
pub fn inspect(mut input: Input, what: &Inspected, as_json: bool) -> Result<Exit> {
    let name = input.name.clone();
    let mut start = Vec::new();
    (&mut input.file)
        .take(4)
        .read_to_end(&mut start)
        .map_err(|cause| Error::Io { action: IoAction::Read, cause }.in_file(&name))?;
    let magic = start.iter().fold(0u32, |magic, &byte| magic << 8 | u32::from(byte));
    let file = Input { name: name.clone(), file: input.duplicate()? };
    if what.of_layered() && start != LAYERED_MAGIC {
        message::error(&format!(
            "{} is no layered patch; --map, --svg and --basis are for those",
            name.display()
        ));
        return Ok(Exit::Usage);
    }
    let rest = start.as_slice().chain(&mut input.file);
    let mut exit = Exit::Success;
    let description = if start.len() == 4 && magic == DELTA_MAGIC {
        delta(rest, what.commands, as_json)
    } else if start == LAYERED_MAGIC {
        let basis = what.basis.as_deref().map(|name| Input::open(Some(name))?.into_seekable());
        layered((&file, rest), basis.transpose()?, what, as_json)
            .map(|(json, text)| Description { json, text })
    } else if let Some(format) = SignatureFormat::of(&start) {
        match format {
            SignatureFormat::Layered => layered_signature(rest),
            _ => signature(rest),
        }
    } else {
        exit = Exit::Invalid;
        Ok(Description {
            json: json!({ "type": "unknown", "likeness": likeness(&start) }),
            text: vec![match likeness(&start) {
                Some(likeness) => {
                    format!("neither signature, delta nor layered patch; it looks like {likeness}")
                }
                None => "neither signature, delta nor layered patch".to_owned(),
            }],
        })
    };
    let Description { json, text } = description.map_err(|error| error.in_file(&name))?;
    if as_json {
        let mut object = json!({ "schema": SCHEMA, "command": "inspect" });
        merge(&mut object, json);
        message::print_line(&object.to_string())?;
    } else {
        message::print_line(&format!("{}: {}", name.display(), text.join("\n  ")))?;
    }
    Ok(exit)
}

struct Description {
    json: Value,
    text: Vec<String>,
}

fn signature(input: impl Read) -> Result<Description> {
    let (signature, stats) =
        sigdelta::io::load_signature(input, LoadOptions::new(), BufferSizes::default())?;
    let params = signature.params();
    let blocks = signature.blocks() as u64;
    let block_len = u64::from(params.block_len());
    let most = blocks * block_len;
    let least = if blocks == 0 { 0 } else { most - block_len + 1 };
    Ok(Description {
        json: json!({
            "type": "signature",
            "kind": kind_json(params),
            "block_len": params.block_len(),
            "strong_len": params.strong_len(),
            "blocks": blocks,
            "basis_min_bytes": least,
            "basis_max_bytes": most,
            "bytes": stats.in_bytes,
        }),
        text: vec![
            "librsync signature".to_owned(),
            format!("weak sum: {}", params.kind().weak.name()),
            format!("strong sum: {}, {} bytes", params.kind().strong.name(), params.strong_len()),
            format!("blocks: {blocks} of {block_len} bytes"),
            format!("basis: {least} to {most} bytes ({})", HumanBytes(most)),
        ],
    })
}

fn layered_signature(mut input: impl Read) -> Result<Description> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(|cause| Error::Io { action: IoAction::Read, cause })?;
    let signature = ChunkSignature::decode(&bytes)?;
    let (chunks, basis_len) = (signature.chunks(), signature.basis_len());
    let root = signature.basis_root().to_string();
    Ok(Description {
        json: json!({
            "type": "layered-signature",
            "chunks": chunks,
            "basis_bytes": basis_len,
            "basis_root": root,
            "bytes": bytes.len(),
        }),
        text: vec![
            "layered signature".to_owned(),
            format!("chunks: {chunks}"),
            format!("basis: {basis_len} bytes ({})", HumanBytes(basis_len)),
            format!("root of the basis: {root}"),
        ],
    })
}

fn delta(mut input: impl Read, list_commands: bool, as_json: bool) -> Result<Description> {
    let mut decoder = DeltaDecoder::new(AfterEnd::Check);
    let mut summary = Summary::default();
    let mut buf = vec![0; 256 << 10];
    let mut list = BufWriter::new(std::io::stdout().lock());
    let (mut unread, mut ended) = (0..0, false);
    loop {
        let (consumed, event) = decoder.next_event(&buf[unread.clone()], ended)?;
        unread.start += consumed;
        match event {
            DeltaEvent::NeedsInput => {
                let len = input
                    .read(&mut buf)
                    .map_err(|cause| Error::Io { action: IoAction::Read, cause })?;
                unread = 0..len;
                ended = len == 0;
            }
            DeltaEvent::Command { offset, command, .. } => {
                summary.add(command);
                if list_commands {
                    let line = command_line(offset, command, as_json);
                    writeln!(list, "{line}").map_err(message::stdout_failed)?;
                }
            }
            DeltaEvent::LiteralData => {}
            DeltaEvent::Trailer { trailer, .. } => summary.trailer = Some(trailer),
            DeltaEvent::Done => {
                list.flush().map_err(message::stdout_failed)?;
                return Ok(summary.describe(decoder.offset()));
            }
        }
    }
}

fn command_line(offset: u64, command: Command, as_json: bool) -> String {
    match (command, as_json) {
        (Command::End, false) => format!("{offset:>12}  end"),
        (Command::Literal { len }, false) => format!("{offset:>12}  literal {len}"),
        (Command::Copy { position, len }, false) => {
            format!("{offset:>12}  copy {position}..{} ({len})", position.saturating_add(len))
        }
        (Command::End, true) => json!({ "offset": offset, "op": "end" }).to_string(),
        (Command::Literal { len }, true) => {
            json!({ "offset": offset, "op": "literal", "len": len }).to_string()
        }
        (Command::Copy { position, len }, true) => {
            json!({ "offset": offset, "op": "copy", "position": position, "len": len }).to_string()
        }
    }
}

#[derive(Default)]
struct Summary {
    commands: CommandStats,
    basis_min_bytes: u64,
    trailer: Option<Trailer>,
}

impl Summary {
    fn add(&mut self, command: Command) {
        let commands = &mut self.commands;
        match command {
            Command::End => {}
            Command::Literal { len } => {
                commands.literal_commands += 1;
                commands.literal_bytes = commands.literal_bytes.saturating_add(len);
            }
            Command::Copy { position, len } => {
                commands.copy_commands += 1;
                commands.copy_bytes = commands.copy_bytes.saturating_add(len);
                self.basis_min_bytes = self.basis_min_bytes.max(position.saturating_add(len));
            }
        }
    }

    fn describe(&self, bytes: u64) -> Description {
        let result_bytes = self.commands.result_bytes();
        let digest = self.trailer.map(|trailer| {
            trailer.result_digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        let mut json = json!({
            "type": "delta",
            "result_bytes": result_bytes,
            "basis_min_bytes": self.basis_min_bytes,
            "bytes": bytes,
        });
        merge(&mut json, commands_json(&self.commands));
        json["trailer"] = match (&self.trailer, &digest) {
            (Some(trailer), Some(digest)) => json!({
                "result_bytes": trailer.result_len,
                "blake2b_256": digest,
            }),
            _ => Value::Null,
        };
        let mut text = vec!["librsync delta".to_owned()];
        text.extend(command_lines(&self.commands));
        text.push(format!("result: {result_bytes} bytes ({})", HumanBytes(result_bytes)));
        text.push(format!("basis: at least {} bytes", self.basis_min_bytes));
        text.push(match digest {
            Some(digest) => format!("trailer: BLAKE2b-256 {digest}"),
            None => "trailer: none".to_owned(),
        });
        Description { json, text }
    }
}
