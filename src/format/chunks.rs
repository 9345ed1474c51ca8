//! The layered signature (`docs/formats.md`, "Layered signature"): which chunks a basis has.
//!
//! ```text
//!   4  magic 8f 's' 'd' 's'
//!   1  version, 1
//!   1  bytes of a sum, 3 to 16
//!   1  normalization of the chunks
//!   1  parameter of the lengths
//!  16  salt
//! var  minimum, average and maximum of the chunks
//! var  length of the basis
//!  32  root of the basis
//!      length of each chunk, bit by bit
//!      sum of each chunk
//!   8  check
//! ```

use std::ops::RangeInclusive;

use super::message::{self, Fields, MAX_LEN, Message};
use super::rice;
use crate::chunk::ChunkParams;
use crate::error::{Result, reserve};
use crate::format::varint::{self, unzigzag, zigzag};
use crate::root::Root;

/// Bytes of a salt.
pub(crate) const SALT_LEN: usize = 16;
/// Bytes of a chunk's sum.
pub(crate) const SUM_LENS: RangeInclusive<u8> = 3..=16;
/// Longest chunk: several are in memory at once.
pub(crate) const MAX_CHUNK_LEN: u32 = 4 << 20;

/// A basis as its chunks tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunks {
    pub(crate) params: ChunkParams,
    pub(crate) salt: [u8; SALT_LEN],
    pub(crate) basis_root: Root,
    /// Where each chunk starts, and behind them the length of the basis.
    pub(crate) starts: Vec<u64>,
    pub(crate) sum_len: u8,
    /// The sums one behind the other.
    pub(crate) sums: Vec<u8>,
}

impl Chunks {
    pub(crate) fn basis_len(&self) -> u64 {
        *self.starts.last().expect("there is always one")
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn len_of(&self, number: usize) -> u32 {
        (self.starts[number + 1] - self.starts[number]) as u32
    }

    pub(crate) fn sum(&self, number: usize) -> &[u8] {
        let len = usize::from(self.sum_len);
        &self.sums[number * len..][..len]
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let average = i64::from(self.params.average_len());
        let values =
            (0..self.len()).map(|number| zigzag(i64::from(self.len_of(number)) - average) as u32);
        let parameter = rice::best_parameter(values.clone());
        let mut bytes = message::start(Message::Signature);
        bytes.extend_from_slice(&[self.sum_len, self.params.normalization(), parameter]);
        bytes.extend_from_slice(&self.salt);
        for len in [self.params.min_len(), self.params.average_len(), self.params.max_len()] {
            varint::push(&mut bytes, len.into());
        }
        varint::push(&mut bytes, self.basis_len());
        bytes.extend_from_slice(&self.basis_root.0);
        let mut lens = rice::Writer::default();
        values.for_each(|value| lens.push(value, parameter));
        bytes.extend_from_slice(&lens.finish());
        bytes.extend_from_slice(&self.sums);
        message::seal(&mut bytes);
        bytes
    }

    /// # Errors
    /// [`Error::MessageMagic`](crate::Error::MessageMagic) and the others of messages,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::open(Message::Signature, bytes, &[])?;
        let [sum_len, normalization, parameter] = fields.array()?;
        if !SUM_LENS.contains(&sum_len) || parameter > rice::MAX_PARAMETER {
            return Err(fields.damaged());
        }
        let salt = fields.array()?;
        let mut len = || fields.small_number(MAX_CHUNK_LEN);
        let (min_len, average_len, max_len) = (len()?, len()?, len()?);
        let params = ChunkParams::new(min_len, average_len, max_len, normalization);
        let params = params.map_err(|_| fields.damaged())?;
        let basis_len = fields.number(MAX_LEN)?;
        let basis_root = Root(fields.array()?);
        let starts = read_starts(&mut fields, &params, parameter, basis_len, sum_len)?;
        if fields.left() != (starts.len() - 1) * usize::from(sum_len) {
            return Err(fields.damaged());
        }
        let mut sums = Vec::new();
        reserve(&mut sums, fields.left())?;
        sums.extend_from_slice(fields.rest());
        Ok(Chunks { params, salt, basis_root, starts, sum_len, sums })
    }
}

/// Reads lengths until they make up the basis. There are no more than sums that can follow.
fn read_starts(
    fields: &mut Fields<'_>,
    params: &ChunkParams,
    parameter: u8,
    basis_len: u64,
    sum_len: u8,
) -> Result<Vec<u64>> {
    let most = fields.left() / usize::from(sum_len);
    let mut lens = rice::Reader::new(fields.rest());
    let mut starts = vec![0];
    let mut end = 0;
    while end < basis_len {
        let value = lens.next(parameter, 2 * MAX_CHUNK_LEN).ok_or_else(|| fields.damaged())?;
        let len = unzigzag(value.into()) + i64::from(params.average_len());
        let len = u32::try_from(len).ok().filter(|len| (1..=params.max_len()).contains(len));
        let len = len.ok_or_else(|| fields.damaged())?;
        end += u64::from(len);
        let is_last = end == basis_len;
        if end > basis_len || !is_last && len < params.min_len() || starts.len() > most {
            return Err(fields.damaged());
        }
        reserve(&mut starts, 1)?;
        starts.push(end);
    }
    let len = lens.finish().ok_or_else(|| fields.damaged())?;
    fields.skip(len);
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::Error;

    /// Bytes before the minimum.
    const HEAD_LEN: usize = 24;

    fn sealed(parts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = parts.concat();
        message::seal(&mut bytes);
        bytes
    }

    /// Two chunks, of 200 and 100 bytes.
    fn chunks() -> Chunks {
        Chunks {
            params: ChunkParams::new(128, 256, 1024, 2).unwrap(),
            salt: *b"sixteen of salt!",
            basis_root: Root([0xaa; 32]),
            starts: vec![0, 200, 300],
            sum_len: 3,
            sums: b"onetwo".to_vec(),
        }
    }

    // Zigzag of -56 and -156 is 111 and 311. With 7 low bits that is 0 1111011 and 110 1110110.
    const LENS: &[u8] = &[0b1101_1110, 0b1011_1011, 0b01];

    /// The same by hand: what comes before the numbers, these, and what comes behind them.
    fn by_hand() -> [Vec<u8>; 3] {
        let head = [b"\x8fsds\x01\x03\x02\x07", &b"sixteen of salt!"[..]].concat();
        let numbers = b"\x80\x01\x80\x02\x80\x08\xac\x02".to_vec();
        let rest = [&[0xaa; 32], LENS, b"onetwo"].concat();
        [head, numbers, rest]
    }

    fn is_damaged(bytes: &[u8]) -> bool {
        let message = Message::Signature;
        matches!(Chunks::decode(bytes), Err(Error::MessageDamaged { message: m, .. }) if m == message)
    }

    #[test]
    fn a_signature_is_laid_out_as_documented() {
        let [head, numbers, rest] = by_hand();
        let bytes = sealed(&[&head, &numbers, &rest]);
        assert_eq!(chunks().encode(), bytes);
        assert_eq!(Chunks::decode(&bytes).unwrap(), chunks());
    }

    #[test]
    fn fields_that_no_writer_has_are_refused() {
        let [head, numbers, rest] = by_hand();
        assert_eq!(head.len(), HEAD_LEN);
        for (at, values) in [(5, &[0, 2, 17, 255][..]), (6, &[4, 255]), (7, &[6, 25, 32, 255])] {
            for &value in values {
                let mut head = head.clone();
                head[at] = value;
                assert!(is_damaged(&sealed(&[&head, &numbers, &rest])), "{value} at {at}");
            }
        }
        let others: [(&str, &[u8]); 9] = [
            ("minimum too short", b"\x3f\x80\x02\x80\x08\xac\x02"),
            ("average too short", b"\x80\x01\xff\x01\x80\x08\xac\x02"),
            ("average over the maximum", b"\x80\x01\x80\x02\xff\x01\xac\x02"),
            ("maximum too long", b"\x80\x01\x80\x02\x81\x80\x80\x02\xac\x02"),
            ("first chunk below the minimum", b"\xc9\x01\x80\x02\x80\x08\xac\x02"),
            ("needless byte", b"\x80\x81\x00\x80\x02\x80\x08\xac\x02"),
            ("basis shorter than its chunks", b"\x80\x01\x80\x02\x80\x08\xab\x02"),
            ("basis longer than its chunks", b"\x80\x01\x80\x02\x80\x08\xad\x02"),
            ("endless basis", b"\x80\x01\x80\x02\x80\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ];
        for (name, numbers) in others {
            assert!(is_damaged(&sealed(&[&head, numbers, &rest])), "{name}");
        }
        let root = [0xaa; 32];
        let padded = [LENS[0], LENS[1], LENS[2] | 4];
        for (lens, sums) in
            [(&padded[..], "onetwo"), (LENS, "onetwos"), (LENS, "onetw"), (LENS, "")]
        {
            assert!(
                is_damaged(&sealed(&[&head, &numbers, &root, lens, sums.as_bytes()])),
                "{sums}"
            );
        }
    }

    #[test]
    fn chunks_longer_than_the_maximum_or_empty_are_refused() {
        for starts in [vec![0, 1024, 2049], vec![0, 1025, 1100], vec![0, 200, 200], vec![0, 0, 200]]
        {
            assert!(
                is_damaged(&Chunks { starts: starts.clone(), ..chunks() }.encode()),
                "{starts:?}"
            );
        }
        let longest = Chunks { starts: vec![0, 1024, 2048], ..chunks() };
        assert_eq!(Chunks::decode(&longest.encode()).unwrap(), longest);
    }

    proptest! {
        #[test]
        fn chunks_come_back(
            lens in prop::collection::vec(128..=1024u64, 0..60),
            last in 0..=1024u64,
            sum_len in SUM_LENS,
        ) {
            let mut starts = vec![0];
            for len in lens.iter().copied().chain((last > 0).then_some(last)) {
                starts.push(starts[starts.len() - 1] + len);
            }
            let sums = (0..(starts.len() - 1) * usize::from(sum_len)).map(|n| n as u8).collect();
            let chunks = Chunks { starts, sum_len, sums, ..chunks() };
            prop_assert_eq!(Chunks::decode(&chunks.encode()).unwrap(), chunks);
        }

        #[test]
        fn any_fields_are_decoded_or_refused(
            numbers in prop::collection::vec(any::<u8>(), 0..12),
            rest in prop::collection::vec(any::<u8>(), 0..90),
        ) {
            let [head, right, _] = by_hand();
            for numbers in [numbers, right] {
                if let Ok(chunks) = Chunks::decode(&sealed(&[&head, &numbers, &rest])) {
                    prop_assert_eq!(chunks.sums.len(), 3 * chunks.len());
                    prop_assert_eq!(Chunks::decode(&chunks.encode()).unwrap(), chunks);
                }
            }
        }
    }
}
