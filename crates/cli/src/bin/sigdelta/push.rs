//! push: brings a file or a folder to a server.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use indicatif::HumanBytes;
use sigdelta::Result;
use sigdelta_remote::client::PushOptions;

use crate::cli::{LevelChoice, Verbosity, Work};
use crate::exit::Exit;
use crate::message;
use crate::remote::{
    Connection, MethodChoice, News, Transfer, block_on, complain, fail, file_json, file_text,
    threads, totals, tree_json,
};
use crate::report::Report;

/// What is pushed where, and how.
#[derive(Args, Debug)]
pub struct PushArgs {
    /// The file, or with -r the folder
    #[arg(value_hint = ValueHint::AnyPath)]
    file: PathBuf,
    /// Where it goes: http://HOST:PORT/v1/o/KEY
    #[arg(value_hint = ValueHint::Url)]
    url: String,
    /// The file that the server has, if it is at hand: nothing need be asked about it. With -r a
    /// folder
    #[arg(long, value_name = "OLD", value_hint = ValueHint::AnyPath)]
    base: Option<PathBuf>,
    /// The way
    #[arg(long, value_enum, default_value_t = MethodChoice::Auto)]
    method: MethodChoice,
    /// Say what would be sent, and send nothing that changes anything
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Replace nothing but the content with this ETag
    #[arg(long, value_name = "ETAG", value_parser = etag, conflicts_with_all = ["force", "recursive"])]
    if_match: Option<String>,
    /// Replace whatever is there when the whole file is sent, even if it was changed meanwhile
    #[arg(short, long)]
    force: bool,
    /// How small a layered patch shall be, and how soon done
    #[arg(long, value_enum, default_value_t = LevelChoice::Default)]
    level: LevelChoice,
    #[command(flatten)]
    transfer: Transfer,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    work: Work,
}

/// Pushes and returns the exit status.
pub fn push(args: &PushArgs, verbosity: Verbosity) -> Result<Exit> {
    let client = match args.connection.client() {
        Ok(client) => client,
        Err(error) => return fail(error),
    };
    let resume_dir = match args.transfer.resume_dir() {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    let options = PushOptions::new()
        .choice(args.method.into())
        .base(args.base.clone())
        .if_match(args.if_match.clone())
        .force(args.force)
        .dry_run(args.dry_run)
        .resume_dir(resume_dir)
        .level(args.level.into())
        .threads(threads(&args.work, &args.file));
    let report = Report::new("push", verbosity, false);
    let news = News::new("push", verbosity);
    match args.transfer.recursive {
        false => {
            let pushed = block_on(client.push(&args.file, &args.url, &options, news.clone()));
            news.end();
            let pushed = match pushed {
                Ok(pushed) => pushed,
                Err(error) => return fail(error),
            };
            let mut facts = file_json(&pushed);
            facts["dry_run"] = args.dry_run.into();
            let text = file_text(&pushed);
            report.transfer(facts, &pushed.traffic, &text)?;
            say_plan(args, &text, verbosity)?;
            Ok(Exit::Success)
        }
        true => {
            let jobs = args.transfer.jobs.get();
            let pushed =
                block_on(client.push_tree(&args.file, &args.url, &options, jobs, news.clone()));
            news.end();
            let tree = match pushed {
                Ok(tree) => tree,
                Err(error) => return fail(error),
            };
            let exit = complain(&tree);
            let mut facts = tree_json(&tree);
            facts["dry_run"] = args.dry_run.into();
            let payloads = tree.files.iter().flat_map(|file| &file.outcome);
            let payload_bytes = payloads.map(|pushed| pushed.payload_bytes).sum();
            let (bytes, failed) = totals(&tree);
            let files = tree.files.len() - failed;
            let text =
                format!("{} for {files} files of {}", HumanBytes(payload_bytes), HumanBytes(bytes));
            report.transfer(facts, &tree.traffic, &text)?;
            say_plan(args, &text, verbosity)?;
            Ok(exit)
        }
    }
}

/// Says what would be sent.
fn say_plan(args: &PushArgs, text: &str, verbosity: Verbosity) -> Result<()> {
    match args.dry_run && !verbosity.json && !verbosity.quiet {
        true => message::print_line(&format!("would send {text}")),
        false => Ok(()),
    }
}

/// Reads an ETag; the quotes, which belong to it, may be left out since shells take them away.
fn etag(text: &str) -> std::result::Result<String, &'static str> {
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    match !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
        true => Ok(format!("\"{bare}\"")),
        false => Err("this is no ETag"),
    }
}
