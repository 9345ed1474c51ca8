//! The layout of columns: each kind of number and the literals apart, compressed with zstd.
//!
//! ```text
//! layout    1 byte   0 split, 1 paired
//! heads              of six columns (`column`): aligned lengths, literal lengths, seeks, gaps,
//!                    differences, literals
//! contents           of the six, in the same order, to the end of the body
//! ```
//!
//! In the paired layout each difference stands behind its gap, and the column of differences is
//! empty. Which of the two is shorter depends on what zstd finds, so both are tried.
//!
//! A seek is the old position of a piece minus the end of the last aligned bytes, at first the
//! start of the group; it is missing where nothing is aligned.

use super::column::{self, BufferedReader, Coded, Head};
use super::{Fault, Group, MAX_GROUP_LEN, Piece, sparse};
use crate::format::varint::{self, unzigzag, zigzag};

/// First bytes of bodies.
pub(crate) const SPLIT: u8 = 0;
pub(crate) const PAIRED: u8 = 1;

const COLUMNS: usize = 6;
/// What is in them.
const NAMES: [&str; COLUMNS] =
    ["aligned lengths", "literal lengths", "seeks", "gaps", "differences", "literals"];
/// Places of two of them.
const GAPS: usize = 3;
const VALUES: usize = 4;

/// zstd's level for the choice between the layouts.
const TRIAL_LEVEL: i32 = 3;

/// Base 2 logarithms of the windows: all of them together are the decoder's memory.
const MAX_WINDOW_LOGS: [u32; COLUMNS] = [20, 20, 20, 23, 23, 23];

/// Longest varint of a length or gap of a group.
const MAX_NUMBER_LEN: usize = 4;

/// Most raw bytes of each column: there are at most as many pieces or differences as bytes.
const MAX_RAW_LENS: [usize; COLUMNS] = {
    let group = MAX_GROUP_LEN as usize;
    let numbers = group * MAX_NUMBER_LEN;
    [numbers, numbers, group * varint::MAX_LEN, numbers + group, group, group]
};

#[derive(Debug)]
pub(crate) struct Encoder {
    zstd_level: i32,
    aligned_lens: Vec<u8>,
    literal_lens: Vec<u8>,
    seeks: Vec<u8>,
    differences: sparse::Encoder,
    literals: Vec<u8>,
    /// Where the last aligned bytes end in the old file.
    old_end: u64,
}

impl Encoder {
    pub(crate) fn new(zstd_level: i32, group: Group) -> Self {
        Encoder {
            zstd_level,
            aligned_lens: Vec::new(),
            literal_lens: Vec::new(),
            seeks: Vec::new(),
            differences: sparse::Encoder::default(),
            literals: Vec::new(),
            old_end: group.start,
        }
    }

    pub(crate) fn piece(&mut self, piece: &Piece) {
        varint::push(&mut self.aligned_lens, piece.aligned_len.into());
        varint::push(&mut self.literal_lens, piece.literal_len.into());
        if piece.aligned_len > 0 {
            let seek = piece.old.wrapping_sub(self.old_end) as i64;
            varint::push(&mut self.seeks, zigzag(seek));
            self.old_end = piece.old + u64::from(piece.aligned_len);
        }
    }

    pub(crate) fn aligned(&mut self, old: &[u8], new: &[u8]) {
        self.differences.append(old, new);
    }

    pub(crate) fn literals(&mut self, new: &[u8]) {
        self.literals.extend_from_slice(new);
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, Fault> {
        let code =
            |raw: &[u8], column: usize| Coded::new(raw, self.zstd_level, MAX_WINDOW_LOGS[column]);
        let sparse::Encoder { gaps, values, .. } = &self.differences;
        let paired = self.differences.paired();
        let (layout, gaps, values) = if self.pairs_are_shorter(&paired)? {
            (PAIRED, code(&paired, GAPS)?, code(&[], VALUES)?)
        } else {
            (SPLIT, code(gaps, GAPS)?, code(values, VALUES)?)
        };
        let columns = [
            code(&self.aligned_lens, 0)?,
            code(&self.literal_lens, 1)?,
            code(&self.seeks, 2)?,
            gaps,
            values,
            code(&self.literals, 5)?,
        ];
        let mut body = vec![layout];
        for column in &columns {
            column.push_head(&mut body);
        }
        let len = columns.iter().map(|column| column.contents.len()).sum();
        body.try_reserve_exact(len).map_err(|_| Fault::OutOfMemory)?;
        for column in columns {
            body.extend_from_slice(&column.contents);
        }
        Ok(body)
    }

    /// Tries both layouts at a fast level: what is better there mostly is at all.
    fn pairs_are_shorter(&self, paired: &[u8]) -> Result<bool, Fault> {
        let len = |raw: &[u8]| {
            let level = self.zstd_level.min(TRIAL_LEVEL);
            Ok(Coded::new(raw, level, MAX_WINDOW_LOGS[GAPS])?.contents.len())
        };
        Ok(len(paired)? < len(&self.differences.gaps)? + len(&self.differences.values)?)
    }
}

/// The heads with the names of their columns.
pub(crate) type Heads = [(&'static str, Head); COLUMNS];

/// Parses the heads of a body, with the names of the columns, and returns where the contents begin.
pub(crate) fn heads(body: &[u8]) -> Result<(Heads, usize), Fault> {
    let mut position = 1;
    let mut heads = NAMES.map(|name| (name, Head::default()));
    for ((_, head), max_raw_len) in heads.iter_mut().zip(MAX_RAW_LENS) {
        let len;
        (*head, len) = Head::parse(&body[position..], max_raw_len)?;
        position += len;
    }
    Ok((heads, position))
}

#[derive(Debug)]
pub(crate) struct Decoder {
    body: Vec<u8>,
    aligned_lens: BufferedReader,
    literal_lens: BufferedReader,
    seeks: BufferedReader,
    differences: sparse::Decoder,
    literals: column::Reader,
    old_end: u64,
}

impl Decoder {
    pub(crate) fn new(body: Vec<u8>, group: Group) -> Result<Self, Fault> {
        let is_paired = body[0] == PAIRED;
        let (heads, mut position) = heads(&body)?;
        let mut readers = Vec::with_capacity(COLUMNS);
        for ((_, head), max_window_log) in heads.into_iter().zip(MAX_WINDOW_LOGS) {
            if head.coded_len() > body.len() - position {
                return Err(Fault::Ended);
            }
            readers.push(column::Reader::new(head, position, max_window_log)?);
            position += head.coded_len();
        }
        if position < body.len() {
            return Err(Fault::Stray);
        }
        let readers: [column::Reader; COLUMNS] = readers.try_into().expect("one for each head");
        let [aligned_lens, literal_lens, seeks, gaps, values, literals] = readers;
        let [gaps, values] = [gaps, values].map(BufferedReader::new);
        let differences = sparse::Decoder::new(&body, gaps, values, is_paired)?;
        Ok(Decoder {
            body,
            aligned_lens: BufferedReader::new(aligned_lens),
            literal_lens: BufferedReader::new(literal_lens),
            seeks: BufferedReader::new(seeks),
            differences,
            literals,
            old_end: group.start,
        })
    }

    pub(crate) fn piece(&mut self) -> Result<Piece, Fault> {
        let aligned_len = self.aligned_lens.number(&self.body)?;
        let literal_len = self.literal_lens.number(&self.body)?;
        let aligned_len = u32::try_from(aligned_len).map_err(|_| Fault::Number)?;
        let literal_len = u32::try_from(literal_len).map_err(|_| Fault::Number)?;
        if aligned_len > 0 {
            let seek = unzigzag(self.seeks.number(&self.body)?);
            self.old_end = self.old_end.wrapping_add(seek as u64);
        }
        let piece = Piece { old: self.old_end, aligned_len, literal_len };
        self.old_end = self.old_end.wrapping_add(aligned_len.into());
        Ok(piece)
    }

    pub(crate) fn aligned(&mut self, old: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        out.copy_from_slice(old);
        self.differences.add(&self.body, out)
    }

    pub(crate) fn literals(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        self.literals.read(&self.body, out)
    }

    pub(crate) fn finish(mut self) -> Result<(), Fault> {
        for lens in [&mut self.aligned_lens, &mut self.literal_lens, &mut self.seeks] {
            lens.finish(&self.body)?;
        }
        self.differences.finish(&self.body)?;
        self.literals.finish(&self.body)
    }
}
