//! The request for fine sums and its answer (`docs/formats.md`, "Fine sums").
//!
//! ```text
//! request    4  magic 8f 's' 'd' 'q'
//!            1  version, 1
//!            1  bytes of a sum, 2 to 7
//!           16  salt
//!          var  block length
//!          var  length of the basis
//!          var  how many ranges
//!               for each: var bytes since the one before, var bytes of it
//!            8  check
//! answer     4  magic 8f 's' 'd' 'f'
//!            1  version, 1
//!               sum of each block
//!            8  check, over the request and the answer
//! ```

use std::ops::{Range, RangeInclusive};

use super::chunks::SALT_LEN;
use super::message::{self, Fields, MAX_LEN, Message};
use super::varint;
use crate::error::{Result, reserve};

/// Bytes of a fine sum.
pub(crate) const SUM_LENS: RangeInclusive<u8> = 2..=7;
/// Bytes of a fine block.
pub(crate) const BLOCK_LENS: RangeInclusive<u32> = 64..=32 << 10;

/// What fine sums are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) sum_len: u8,
    pub(crate) salt: [u8; SALT_LEN],
    pub(crate) block_len: u32,
    pub(crate) basis_len: u64,
    /// Ranges of the basis, in order; they do not touch and are not empty. Each is cut into blocks, of
    /// which the last may be shorter.
    pub(crate) ranges: Vec<Range<u64>>,
}

impl Request {
    /// Returns how many blocks are asked for.
    pub(crate) fn blocks(&self) -> u64 {
        let blocks = |range: &Range<u64>| (range.end - range.start).div_ceil(self.block_len.into());
        self.ranges.iter().map(blocks).sum()
    }

    /// Returns how many bytes are asked for.
    pub(crate) fn bytes(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = message::start(Message::Request);
        bytes.push(self.sum_len);
        bytes.extend_from_slice(&self.salt);
        for number in [self.block_len.into(), self.basis_len, self.ranges.len() as u64] {
            varint::push(&mut bytes, number);
        }
        let mut end = 0;
        for range in &self.ranges {
            varint::push(&mut bytes, range.start - end);
            varint::push(&mut bytes, range.end - range.start);
            end = range.end;
        }
        message::seal(&mut bytes);
        bytes
    }

    /// # Errors
    /// [`Error::MessageMagic`](crate::Error::MessageMagic) and the others of messages,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::open(Message::Request, bytes, &[])?;
        let sum_len = fields.byte()?;
        if !SUM_LENS.contains(&sum_len) {
            return Err(fields.damaged());
        }
        let salt = fields.array()?;
        let block_len = fields.small_number(*BLOCK_LENS.end())?;
        if !BLOCK_LENS.contains(&block_len) {
            return Err(fields.damaged());
        }
        let basis_len = fields.number(MAX_LEN)?;
        let count = fields.number(MAX_LEN)?;
        let mut ranges = Vec::new();
        let mut end = 0;
        for number in 0..count {
            let gap = fields.number(basis_len - end)?;
            let start = end + gap;
            let len = fields.number(basis_len - start)?;
            if len == 0 || gap == 0 && number > 0 {
                return Err(fields.damaged());
            }
            end = start + len;
            reserve(&mut ranges, 1)?;
            ranges.push(start..end);
        }
        fields.end()?;
        Ok(Request { sum_len, salt, block_len, basis_len, ranges })
    }
}

/// Takes the sums, one behind the other, out of the answer to a request.
///
/// # Errors
/// As [`Request::decode`].
pub(crate) fn sums<'a>(request: &Request, encoded: &[u8], answer: &'a [u8]) -> Result<&'a [u8]> {
    let fields = Fields::open(Message::Sums, answer, encoded)?;
    let expected = request.blocks().checked_mul(request.sum_len.into());
    if expected != Some(fields.left() as u64) {
        return Err(fields.damaged());
    }
    Ok(fields.rest())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Error;

    /// Three blocks and eight, of which the last of each are shorter.
    fn request() -> Request {
        Request {
            sum_len: 3,
            salt: *b"sixteen of salt!",
            block_len: 100,
            basis_len: 1000,
            ranges: vec![10..260, 265..1000],
        }
    }

    /// The start of it by hand, and its numbers.
    const HEAD: &[u8] = b"\x8fsdq\x01\x03sixteen of salt!";
    const NUMBERS: &[u8] = b"\x64\xe8\x07\x02\x0a\xfa\x01\x05\xdf\x05";

    fn sealed(parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = parts.concat();
        message::seal(&mut bytes);
        bytes
    }

    fn is_damaged(bytes: &[u8]) -> bool {
        let message = Message::Request;
        matches!(Request::decode(bytes), Err(Error::MessageDamaged { message: m, .. }) if m == message)
    }

    #[test]
    fn a_request_is_laid_out_as_documented() {
        let bytes = sealed(&[HEAD, NUMBERS]);
        assert_eq!(request().encode(), bytes);
        assert_eq!(Request::decode(&bytes).unwrap(), request());
        assert_eq!((request().blocks(), request().bytes()), (11, 985));
    }

    #[test]
    fn fields_that_no_writer_has_are_refused() {
        for sum_len in [0, 1, 8, 255] {
            let mut head = HEAD.to_vec();
            head[5] = sum_len;
            assert!(is_damaged(&sealed(&[&head, NUMBERS])), "{sum_len}");
        }
        let others: [(&str, &[u8]); 11] = [
            ("block too short", b"\x3f\xe8\x07\x02\x0a\xfa\x01\x05\xdf\x05"),
            ("block too long", b"\x81\x80\x02\xe8\x07\x02\x0a\xfa\x01\x05\xdf\x05"),
            ("range behind the end", b"\x64\xe8\x07\x02\x0a\xfa\x01\x05\xe0\x05"),
            ("gap behind the end", b"\x64\xe8\x07\x02\x0a\xfa\x01\xff\x07\x01"),
            ("empty range", b"\x64\xe8\x07\x02\x0a\x00\x05\xdf\x05"),
            ("ranges that touch", b"\x64\xe8\x07\x02\x0a\xfa\x01\x00\xdf\x05"),
            ("fewer ranges than said", b"\x64\xe8\x07\x03\x0a\xfa\x01\x05\xdf\x05"),
            ("more ranges than said", b"\x64\xe8\x07\x01\x0a\xfa\x01\x05\xdf\x05"),
            ("ranges without end", b"\x64\xe8\x07\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x0a\xfa\x01"),
            ("endless basis", b"\x64\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"),
            ("no count", b"\x64\xe8\x07"),
        ];
        for (name, numbers) in others {
            assert!(is_damaged(&sealed(&[HEAD, numbers])), "{name}");
        }
    }

    #[test]
    fn an_answer_has_the_sums_of_all_blocks_and_belongs_to_its_request() {
        let answer = |to: &[u8], sums: usize| {
            let mut bytes = message::start(Message::Sums);
            bytes.extend((0..sums).map(|n| n as u8));
            let mut seal = message::Seal::new(to);
            seal.update(&bytes);
            bytes.extend(seal.finish());
            bytes
        };
        let encoded = request().encode();
        let taken = |answer: &[u8]| sums(&request(), &encoded, answer).map(<[u8]>::to_vec);
        assert_eq!(taken(&answer(&encoded, 33)).unwrap(), (0..33).collect::<Vec<u8>>());
        for sums in [0, 32, 34, 66] {
            assert!(taken(&answer(&encoded, sums)).is_err(), "{sums}");
        }
        let other = Request { basis_len: 1001, ..request() }.encode();
        assert!(taken(&answer(&other, 33)).is_err());
    }

    proptest! {
        #[test]
        fn any_numbers_are_refused_or_are_ranges_in_order(
            numbers in prop::collection::vec(prop_oneof![0..3u8, any::<u8>()], 0..40),
            basis_len in any::<[u8; 2]>(),
        ) {
            // Half of them with a start that is right, so that ranges are reached.
            let [low, high] = basis_len;
            let right = [&[0x64, low | 0x80, high | 0x80, 1][..], &numbers].concat();
            for numbers in [numbers, right] {
                let bytes = sealed(&[HEAD, &numbers]);
                let Ok(request) = Request::decode(&bytes) else { continue };
                prop_assert!(request.bytes() <= request.basis_len);
                prop_assert!(request.ranges.is_sorted_by(|one, next| one.end < next.start));
                prop_assert!(request.ranges.iter().all(|range| range.start < range.end));
                // There is one way to write it.
                prop_assert_eq!(request.encode(), bytes);
            }
        }
    }
}
