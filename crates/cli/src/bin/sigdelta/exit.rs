//! Exit status, and the errors that lead to each.

use sigdelta::{Error, ErrorKind};

/// Exit status of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Success = 0,
    Different = 1,
    Usage = 2,
    Io = 3,
    Invalid = 4,
    Limit = 5,
    Mismatch = 6,
    Changed = 7,
    Remote = 8,
}

/// The table in the help.
pub const TABLE: &str = "\
Exit status:
  0  success
  1  verify: the delta or patch does not give the new file
  2  bad command line or parameters
  3  a file cannot be read or written, or exists (see --force)
  4  an input is another kind of file, corrupt or truncated
  5  a limit such as --max-output was reached, or there is no memory
  6  patch, pull: the result is not what was promised, or cannot be verified
  7  push: the server's file is not the one of --if-match, or changes all the time
  8  push, pull: the server cannot be reached, refuses or has no such file
  A signal ends the program as usual (130 for SIGINT in most shells) and leaves
  no unfinished file.";

impl From<&Error> for Exit {
    fn from(error: &Error) -> Exit {
        match (error.without_file(), error.kind()) {
            (
                Error::BasisEnded { .. }
                | Error::ResultMismatch { .. }
                | Error::TrailerMissing { .. }
                | Error::WrongBasis { .. },
                _,
            ) => Exit::Mismatch,
            (_, ErrorKind::Limit) => Exit::Limit,
            (_, ErrorKind::Param) => Exit::Usage,
            (_, ErrorKind::BadMagic | ErrorKind::Corrupt | ErrorKind::InputEnded) => Exit::Invalid,
            _ => Exit::Io,
        }
    }
}
