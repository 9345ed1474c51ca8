//! sigdelta: the modern command over signatures, deltas and patches.

mod cli;
mod commands;
mod exit;
mod explain;
mod inspect;
mod layered;
mod map;
mod message;
mod peek;
mod progress;
mod pull;
mod push;
mod remote;
mod report;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use exit::Exit;
use sigdelta_cli::interrupt;
use sigdelta_cli::stream::is_broken_pipe;

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => {
            // A server ends by itself when it is told to.
            if !matches!(cli.command, Command::Serve(_)) {
                interrupt::watch();
            }
            message::choose_color(cli.verbosity.color);
            commands::run(cli)
        }
        // Help and version come as errors, too.
        Err(complaint) if complaint.use_stderr() => {
            let _ = complaint.print();
            Ok(Exit::Usage)
        }
        Err(help) => help.print().map(|()| Exit::Success).map_err(message::stdout_failed),
    };
    let exit = exit.unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            interrupt::die_of_broken_pipe();
        }
        message::error(&error.to_string());
        message::hint(&error);
        Exit::from(&error)
    });
    ExitCode::from(exit as u8)
}
