//! pull: brings a file or a folder from a server.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use indicatif::HumanBytes;
use sigdelta::Result;
use sigdelta_remote::client::PullOptions;

use crate::cli::{Verbosity, Work};
use crate::exit::Exit;
use crate::remote::{
    Connection, MethodChoice, News, Transfer, block_on, complain, fail, file_json, file_text,
    threads, totals, tree_json,
};
use crate::report::Report;

/// What is pulled to where, and how.
#[derive(Args, Debug)]
pub struct PullArgs {
    /// Where it is: http://HOST:PORT/v1/o/KEY
    #[arg(value_hint = ValueHint::Url)]
    url: String,
    /// The file, which may be there in an older version, or with -r the folder
    #[arg(value_hint = ValueHint::AnyPath)]
    file: PathBuf,
    /// The way
    #[arg(long, value_enum, default_value_t = MethodChoice::Auto)]
    method: MethodChoice,
    #[command(flatten)]
    transfer: Transfer,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    work: Work,
}

/// Pulls and returns the exit status.
pub fn pull(args: &PullArgs, verbosity: Verbosity) -> Result<Exit> {
    let client = match args.connection.client() {
        Ok(client) => client,
        Err(error) => return fail(error),
    };
    let resume_dir = match args.transfer.resume_dir() {
        Ok(folder) => folder,
        Err(exit) => return Ok(exit),
    };
    let options = PullOptions::new()
        .choice(args.method.into())
        .resume_dir(resume_dir)
        .threads(threads(&args.work, &args.file));
    let report = Report::new("pull", verbosity, false);
    let news = News::new("pull", verbosity);
    match args.transfer.recursive {
        false => {
            let pulled = block_on(client.pull(&args.url, &args.file, &options, news.clone()));
            news.end();
            let pulled = match pulled {
                Ok(pulled) => pulled,
                Err(error) => return fail(error),
            };
            report.transfer(file_json(&pulled), &pulled.traffic, &file_text(&pulled))?;
            Ok(Exit::Success)
        }
        true => {
            let jobs = args.transfer.jobs.get();
            let pulled =
                block_on(client.pull_tree(&args.url, &args.file, &options, jobs, news.clone()));
            news.end();
            let tree = match pulled {
                Ok(tree) => tree,
                Err(error) => return fail(error),
            };
            let exit = complain(&tree);
            let (bytes, failed) = totals(&tree);
            let text = format!("{} files of {}", tree.files.len() - failed, HumanBytes(bytes));
            report.transfer(tree_json(&tree), &tree.traffic, &text)?;
            Ok(exit)
        }
    }
}
