//! Command line of rdiff, read as popt reads it: options anywhere, `-b512`, `-b 512`, `-b=512`,
//! clusters, C numbers, and complaints that name the argument.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// What the options say; files and action are left to the caller.
#[derive(Debug, Default)]
pub struct Args {
    pub verbose: bool,
    pub statistics: bool,
    pub force: bool,
    pub hash: Option<OsString>,
    pub rollsum: Option<OsString>,
    pub block_size: i32,
    pub sum_size: i32,
    pub input_size: i32,
    pub output_size: i32,
    /// The action and the files.
    pub words: Vec<OsString>,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    Run(Args),
    Help,
    Version,
}

/// A complaint and the argument it is about.
#[derive(Debug)]
pub struct Complaint {
    pub text: &'static str,
    pub argument: OsString,
}

struct OptionSpec {
    short: u8,
    long: &'static str,
    action: Action,
}

#[derive(Clone, Copy)]
enum Action {
    Help,
    Version,
    Flag(fn(&mut Args) -> &mut bool),
    Text(fn(&mut Args) -> &mut Option<OsString>),
    Number(fn(&mut Args) -> &mut i32),
}

const OPTIONS: [OptionSpec; 13] = [
    option(b'v', "verbose", Action::Flag(|args| &mut args.verbose)),
    option(b'V', "version", Action::Version),
    option(b'?', "help", Action::Help),
    option(b'h', "help", Action::Help),
    option(b's', "statistics", Action::Flag(|args| &mut args.statistics)),
    option(b's', "stats", Action::Flag(|args| &mut args.statistics)),
    option(b'f', "force", Action::Flag(|args| &mut args.force)),
    option(b'H', "hash", Action::Text(|args| &mut args.hash)),
    option(b'R', "rollsum", Action::Text(|args| &mut args.rollsum)),
    option(b'b', "block-size", Action::Number(|args| &mut args.block_size)),
    option(b'S', "sum-size", Action::Number(|args| &mut args.sum_size)),
    option(b'I', "input-size", Action::Number(|args| &mut args.input_size)),
    option(b'O', "output-size", Action::Number(|args| &mut args.output_size)),
];

const fn option(short: u8, long: &'static str, action: Action) -> OptionSpec {
    OptionSpec { short, long, action }
}

/// Reads the arguments behind the program name.
///
/// `options_first` says that the first word ends the options (POSIXLY_CORRECT).
pub fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    options_first: bool,
) -> Result<Request, Complaint> {
    let mut args = Args::default();
    let mut arguments = arguments.into_iter();
    let mut options_ended = false;
    while let Some(argument) = arguments.next() {
        let bytes = argument.as_bytes();
        if options_ended || bytes == b"-" || !bytes.starts_with(b"-") {
            options_ended |= options_first;
            args.words.push(argument);
            continue;
        }
        if bytes == b"--" {
            options_ended = true;
            continue;
        }
        let mut cursor =
            Cursor { argument: &argument, rest: &bytes[1..], following: &mut arguments };
        let special = match bytes.strip_prefix(b"--") {
            Some(long) => cursor.long(long, &mut args)?,
            None => cursor.cluster(&mut args)?,
        };
        if let Some(request) = special {
            return Ok(request);
        }
    }
    Ok(Request::Run(args))
}

/// An argument that holds options, and what may be the value of the last of them.
struct Cursor<'a, I> {
    argument: &'a OsStr,
    rest: &'a [u8],
    following: &'a mut I,
}

impl<'a, I: Iterator<Item = OsString>> Cursor<'a, I> {
    fn long(&mut self, long: &'a [u8], args: &mut Args) -> Result<Option<Request>, Complaint> {
        let name_len = long.iter().position(|&byte| byte == b'=').unwrap_or(long.len());
        let (name, value) = long.split_at(name_len);
        let option = OPTIONS
            .iter()
            .find(|option| option.long.as_bytes() == name)
            .ok_or_else(|| self.complain("unknown option"))?;
        self.rest = value;
        self.apply(option.action, args)
    }

    fn cluster(&mut self, args: &mut Args) -> Result<Option<Request>, Complaint> {
        while let [short, rest @ ..] = self.rest {
            let option = OPTIONS
                .iter()
                .find(|option| option.short == *short)
                .ok_or_else(|| self.complain("unknown option"))?;
            self.rest = rest;
            if let Some(request) = self.apply(option.action, args)? {
                return Ok(Some(request));
            }
        }
        Ok(None)
    }

    fn apply(&mut self, action: Action, args: &mut Args) -> Result<Option<Request>, Complaint> {
        match action {
            Action::Text(field) => {
                let (value, _) = self.value()?;
                *field(args) = Some(value);
            }
            Action::Number(field) => {
                let (value, source) = self.value()?;
                *field(args) = c_number(value.as_bytes())
                    .map_err(|text| Complaint { text, argument: source })?;
            }
            _ if self.rest.starts_with(b"=") => {
                return Err(self.complain("option does not take an argument"));
            }
            Action::Flag(field) => *field(args) = true,
            Action::Help => return Ok(Some(Request::Help)),
            Action::Version => return Ok(Some(Request::Version)),
        }
        Ok(None)
    }

    /// Returns the value of an option and the argument it stands in.
    fn value(&mut self) -> Result<(OsString, OsString), Complaint> {
        let rest = std::mem::take(&mut self.rest);
        if !rest.is_empty() {
            let value = rest.strip_prefix(b"=").unwrap_or(rest);
            return Ok((OsString::from_vec(value.to_vec()), self.argument.to_owned()));
        }
        let value = self.following.next().ok_or_else(|| self.complain("missing argument"))?;
        Ok((value.clone(), value))
    }

    fn complain(&self, text: &'static str) -> Complaint {
        Complaint { text, argument: self.argument.to_owned() }
    }
}

/// Reads a number as C's strtol does with base 0: blanks, sign, then decimal, 0 octal or 0x hex.
fn c_number(text: &[u8]) -> Result<i32, &'static str> {
    const INVALID: &str = "invalid numeric value";
    let text = std::str::from_utf8(text).map_err(|_| INVALID)?;
    if text.is_empty() {
        return Ok(0);
    }
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.strip_prefix("0x") {
        Some(hex) => (16, hex),
        None if lower.starts_with('0') && lower.len() > 1 => (8, &lower[1..]),
        None => (10, lower.as_str()),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(INVALID);
    }
    let magnitude = i64::from_str_radix(digits, radix).unwrap_or(i64::MAX);
    i32::try_from(if negative { -magnitude } else { magnitude })
        .map_err(|_| "number too large or too small")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Args {
        match parse(arguments.iter().map(OsString::from), false) {
            Ok(Request::Run(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    fn complaint(arguments: &[&str]) -> String {
        let Complaint { text, argument } =
            parse(arguments.iter().map(OsString::from), false).unwrap_err();
        format!("{text}: {}", argument.display())
    }

    #[test]
    fn values_may_be_attached_or_separate() {
        for spelling in [
            &["-b512", "s"] as &[_],
            &["-b", "512", "s"],
            &["-b=512", "s"],
            &["-fsb512", "s"],
            &["-fsb", "512", "s"],
            &["s", "--block-size=512"],
            &["s", "--block-size", "512"],
            &["s", "-b", "0x200"],
            &["s", "-b", "01000"],
            &["s", "-b", "+512"],
            &["s", "-b", " 512"],
        ] {
            let args = run(spelling);
            assert_eq!((args.block_size, args.words.len()), (512, 1), "{spelling:?}");
        }
        assert_eq!(run(&["-S", "-1"]).sum_size, -1);
        assert_eq!(run(&["-S-1"]).sum_size, -1);
        assert_eq!(run(&["-b", "0"]).block_size, 0);
        assert_eq!(run(&["--block-size="]).block_size, 0);
    }

    #[test]
    fn words_may_stand_among_options() {
        let args = run(&["sig", "-f", "-", "--", "-f", "--", "-"]);
        assert!(args.force);
        assert_eq!(args.words, ["sig", "-", "-f", "--", "-"]);
        let posix = parse(["s", "-f"].map(OsString::from), true);
        assert!(matches!(posix, Ok(Request::Run(args)) if !args.force && args.words.len() == 2));
    }

    #[test]
    fn complaints_name_the_argument_as_popt_does() {
        assert_eq!(complaint(&["--bogus"]), "unknown option: --bogus");
        assert_eq!(complaint(&["--block", "3"]), "unknown option: --block");
        assert_eq!(complaint(&["-fz", "s"]), "unknown option: -fz");
        assert_eq!(complaint(&["-fb"]), "missing argument: -fb");
        assert_eq!(complaint(&["--hash"]), "missing argument: --hash");
        assert_eq!(complaint(&["-b", "xx"]), "invalid numeric value: xx");
        assert_eq!(complaint(&["-b1x"]), "invalid numeric value: -b1x");
        assert_eq!(complaint(&["-b", "12 "]), "invalid numeric value: 12 ");
        assert_eq!(complaint(&["-b", "08"]), "invalid numeric value: 08");
        let too_large = "number too large or too small: 2147483648";
        assert_eq!(complaint(&["-b", "2147483648"]), too_large);
        assert_eq!(complaint(&["--force=3"]), "option does not take an argument: --force=3");
        assert_eq!(complaint(&["-f=3"]), "option does not take an argument: -f=3");
    }
}
