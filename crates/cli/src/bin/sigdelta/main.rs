//! sigdelta: the modern command over signatures, deltas and patches.

mod cli;
mod commands;
mod exit;
mod inspect;
mod message;
mod progress;
mod report;

use std::process::ExitCode;

use clap::Parser;
use cli::Cli;
use exit::Exit;
use sigdelta_cli::interrupt;
use sigdelta_cli::stream::is_broken_pipe;

fn main() -> ExitCode {
    interrupt::watch();
    // A complaint of clap ends the program with status 2, Exit::Usage.
    let cli = Cli::parse();
    message::choose_color(cli.verbosity.color);
    let exit = commands::run(cli).unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            interrupt::die_of_broken_pipe();
        }
        message::error(&error.to_string());
        message::hint(&error);
        Exit::from(&error)
    });
    ExitCode::from(exit as u8)
}
