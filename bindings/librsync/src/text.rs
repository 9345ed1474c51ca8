//! Bytes as text: hexadecimal and base64.

use std::ffi::{c_char, c_int, c_uchar, c_void};

use libc::size_t;
use sigdelta_ffi::slice;

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes in lower-case hexadecimal, with a NUL: 2 * `from_len` + 1 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_hexify(to_buf: *mut c_char, from_buf: *const c_void, from_len: c_int) {
    let digits = |byte: u8| [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
    // SAFETY: by contract from_len readable bytes, and room for two each and a NUL.
    unsafe {
        let Some(from) = input(from_buf, from_len) else { return };
        write(to_buf, from.iter().flat_map(|&byte| digits(byte)));
    }
}

/// Writes bytes in base64 without padding, with a NUL: (8 * `n` + 5) / 6 + 1 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_base64(buf: *const c_uchar, n: c_int, out: *mut c_char) {
    // SAFETY: by contract n readable bytes, and the room.
    unsafe {
        let Some(from) = input(buf.cast(), n) else { return };
        let digits = (8 * from.len()).div_ceil(6);
        write(
            out,
            (0..digits).map(|digit| {
                let (byte, bit) = (6 * digit / 8, 6 * digit % 8);
                let next = from.get(byte + 1).copied().unwrap_or(0);
                let pair = u16::from_be_bytes([from[byte], next]);
                BASE64[usize::from(pair >> (10 - bit) & 63)]
            }),
        );
    }
}

/// Replaces base64 by the bytes it stands for and returns their number. Ends at the first character
/// that is not of base64. As in librsync one zero byte too many is counted after an incomplete
/// group of four characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_unbase64(s: *mut c_char) -> size_t {
    if s.is_null() {
        return 0;
    }
    let (mut bits, mut pending, mut len) = (0u32, 0, 0);
    let mut digits = 0;
    loop {
        // SAFETY: by contract a text with a NUL, which is no digit and ends the loop.
        let character = unsafe { *s.add(digits) } as u8;
        let Some(digit) = BASE64.iter().position(|&known| known == character) else { break };
        digits += 1;
        bits = bits << 6 | digit as u32;
        pending += 6;
        if pending >= 8 {
            pending -= 8;
            // SAFETY: bytes are fewer than the characters they came from.
            unsafe { *s.add(len) = (bits >> pending) as c_char };
            len += 1;
        }
    }
    if pending > 0 {
        // SAFETY: as above: an incomplete group has more characters than bytes, this one included.
        unsafe { *s.add(len) = (bits << (8 - pending)) as c_char };
        len += 1;
    }
    len
}

/// Returns the bytes, none for a length that is not positive; None without anything to read.
unsafe fn input<'a>(buf: *const c_void, len: c_int) -> Option<&'a [u8]> {
    // SAFETY: as the caller promises.
    unsafe { slice(buf, usize::try_from(len).unwrap_or(0)) }
}

/// Writes characters and a NUL.
unsafe fn write(to: *mut c_char, characters: impl Iterator<Item = u8>) {
    if to.is_null() {
        return;
    }
    let mut end = to;
    for character in characters {
        // SAFETY: the caller has room for all characters and a NUL.
        unsafe {
            *end = character as c_char;
            end = end.add(1);
        }
    }
    // SAFETY: as above.
    unsafe { *end = 0 };
}
