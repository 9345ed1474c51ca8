//! Parameters of a signature, chosen and checked by librsync's rules.

use std::fmt;

use libc::size_t;
use sigdelta::{
    Error, SignatureKind, SignatureOptions, SignatureParams, StrongLen, min_strong_len,
};

use crate::trace::log;
use crate::types::{rs_loglevel, rs_long_t, rs_magic_number, rs_result};

/// What a program asks of a signature.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub magic: rs_magic_number,
    pub block_len: size_t,
    pub strong_len: size_t,
}

/// Why it cannot have that.
#[derive(Clone, Copy, Debug)]
pub enum Refusal {
    Magic { magic: u32 },
    BlockLen { block_len: size_t },
    StrongLen { strong_len: size_t, magic: u32 },
}

impl Refusal {
    pub fn result(self) -> rs_result {
        match self {
            Refusal::Magic { .. } => rs_result::BAD_MAGIC,
            Refusal::BlockLen { .. } | Refusal::StrongLen { .. } => rs_result::PARAM_ERROR,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Magic { magic } => write!(f, "(rs_sig_args) invalid magic {magic:#x}"),
            Refusal::BlockLen { block_len } => {
                write!(f, "(rs_sig_args) invalid block_len={block_len}")
            }
            Refusal::StrongLen { strong_len, magic } => {
                write!(f, "(rs_sig_args) invalid strong_len={strong_len} for magic={magic:#x}")
            }
        }
    }
}

/// Returns the parameters for a basis of some length, negative if unknown.
pub fn resolve(basis_len: rs_long_t, wanted: Wanted) -> Result<SignatureParams, Refusal> {
    let Wanted { magic: rs_magic_number(magic), block_len, strong_len } = wanted;
    let kind = match magic {
        0 => SignatureKind::default(),
        _ => SignatureKind::from_magic(magic).ok_or(Refusal::Magic { magic })?,
    };
    let refused_block_len = Refusal::BlockLen { block_len };
    let refused_strong_len = Refusal::StrongLen { strong_len, magic: kind.magic() };
    let block_len = match block_len {
        0 => None,
        len => Some(u32::try_from(len).map_err(|_| refused_block_len)?),
    };
    let strong_len = match strong_len {
        0 => StrongLen::Max,
        size_t::MAX => StrongLen::Min,
        len => StrongLen::Bytes(u32::try_from(len).map_err(|_| refused_strong_len)?),
    };
    let options = SignatureOptions::new().kind(kind).block_len(block_len).strong_len(strong_len);
    options.params(u64::try_from(basis_len).ok()).map_err(|error| match error {
        Error::InvalidBlockLen { .. } => refused_block_len,
        _ => refused_strong_len,
    })
}

/// As [`resolve`], with a message about what is refused or unwise.
///
/// Runs code of the program, so never inside a guard.
pub fn resolve_aloud(basis_len: rs_long_t, wanted: Wanted) -> Result<SignatureParams, rs_result> {
    let params = resolve(basis_len, wanted).map_err(|refusal| {
        log(rs_loglevel::ERR, refusal);
        refusal.result()
    })?;
    let (block_len, strong_len) = (params.block_len(), params.strong_len());
    let is_chosen = wanted.strong_len == size_t::from(strong_len);
    if let Ok(len) = u64::try_from(basis_len)
        && is_chosen
        && u32::from(strong_len) < min_strong_len(Some(len), block_len)
    {
        let least = min_strong_len(Some(len), block_len);
        log(
            rs_loglevel::WARNING,
            format_args!(
                "(rs_sig_args) strong_len={strong_len} smaller than recommended minimum {least} \
                 for old_fsize={len} with block_len={block_len}"
            ),
        );
    }
    Ok(params)
}

/// Chooses what the caller left open of a signature's parameters, and checks the rest.
///
/// `old_fsize` is the length of the basis in bytes, -1 if unknown. `*magic` 0 becomes
/// RS_RK_BLAKE2_SIG_MAGIC. `*block_len` 0 becomes the recommended length: about the square root of
/// `old_fsize`. `*strong_len` 0 becomes the length of the whole sum, (size_t)-1 the shortest that is
/// safe for `old_fsize`. RS_BAD_MAGIC or RS_PARAM_ERROR if there is no such signature.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_sig_args(
    old_fsize: rs_long_t,
    magic: *mut rs_magic_number,
    block_len: *mut size_t,
    strong_len: *mut size_t,
) -> rs_result {
    if magic.is_null() || block_len.is_null() || strong_len.is_null() {
        return rs_result::PARAM_ERROR;
    }
    // SAFETY: not null, and by contract valid.
    let wanted =
        unsafe { Wanted { magic: *magic, block_len: *block_len, strong_len: *strong_len } };
    // As in librsync, what can be chosen is, even where the strong length is refused.
    if let Ok(params) = resolve(old_fsize, Wanted { strong_len: 0, ..wanted }) {
        // SAFETY: as above.
        unsafe {
            *magic = rs_magic_number(params.kind().magic());
            *block_len = params.block_len() as size_t;
        }
    }
    match resolve_aloud(old_fsize, wanted) {
        Ok(params) => {
            // SAFETY: as above.
            unsafe { *strong_len = params.strong_len().into() };
            rs_result::DONE
        }
        Err(result) => result,
    }
}
