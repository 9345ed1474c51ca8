//! Lines on the terminal: plain ones, errors, warnings and hints, in colour where that is wanted.

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use sigdelta::{Error, IoAction, Result};

use crate::cli::Color;

/// Decides about colours for the whole program.
pub fn choose_color(color: Color) {
    match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// Prints a line on standard output.
///
/// # Errors
/// [`Error::File`] if it cannot be written.
pub fn print_line(line: &str) -> Result<()> {
    let mut stdout = anstream::stdout();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).map_err(stdout_failed)
}

/// Returns the error for standard output that cannot be written.
pub fn stdout_failed(cause: io::Error) -> Error {
    Error::Io { action: IoAction::Write, cause }.in_file("standard output")
}

/// Prints a line on standard error. Unlike eprintln, does not panic when nobody listens.
pub fn print_error_line(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Prints a complaint that ends the program.
pub fn error(text: &str) {
    labelled("error", AnsiColor::Red.on_default().bold(), text);
}

/// Prints a complaint that does not.
pub fn warning(text: &str) {
    labelled("warning", AnsiColor::Yellow.on_default().bold(), text);
}

/// Prints what could be done about an error, if anything.
pub fn hint(error: &Error) {
    let text = match error.without_file() {
        Error::Io { cause, .. } if cause.kind() == io::ErrorKind::AlreadyExists => {
            "use --force to replace it"
        }
        Error::BadSignatureMagic { likeness: Some("a delta"), .. } => {
            "the order is: delta SIGNATURE NEW"
        }
        Error::BadDeltaMagic { likeness: Some("a signature"), .. } => {
            "make a delta from the signature first: delta SIGNATURE NEW"
        }
        Error::BadSignatureMagic { .. } => "make one with: signature BASIS -o SIGNATURE",
        Error::BadDeltaMagic { .. } => {
            "make one with: delta SIGNATURE NEW -o DELTA, or a layered patch with: diff OLD NEW -o PATCH"
        }
        Error::BasisEnded { .. } | Error::ResultMismatch { .. } => {
            "the basis must be the very file that the signature was made of"
        }
        Error::WrongBasis { .. } => {
            "the basis must be the very file that the patch was made against"
        }
        Error::TrailerMissing { .. } => {
            "deltas of rdiff have no trailer; those of this program have one"
        }
        _ => return,
    };
    hint_text(text);
}

/// Prints what could be done.
pub fn hint_text(text: &str) {
    labelled("hint", AnsiColor::Cyan.on_default(), text);
}

/// Texts have names of files and words of servers in them, which no terminal shall obey.
fn labelled(label: &str, style: Style, text: &str) {
    let text = text.replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    print_error_line(&format!("{style}{label}:{style:#} {text}"));
}
