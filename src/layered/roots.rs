//! Roots of files that are read anywhere, by one thread or several.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use super::report;
use crate::error::{Result, try_vec};
use crate::monitor::{Monitor, Progress};
use crate::parallel::in_order;
use crate::read_at::ReadAt;
use crate::root::{LEAF_LEN, Root, RootHasher, sum_leaves};
use crate::simd::Simd;
use crate::strong::StrongSum;

/// Bytes that are read at once.
const READ_LEN: usize = 16 * LEAF_LEN;
/// Bytes of a segment, whose leaves are hashed by one thread.
const SEGMENT_LEN: u64 = 8 << 20;

/// A root, and how many bytes it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) root: Root,
    pub(crate) len: u64,
}

/// The sums of the leaves of a segment, and how many bytes these are.
type Segment = (Vec<StrongSum>, u64);

/// Takes the root of the first `most` bytes, or of all if there are fewer.
pub(crate) fn measure(
    file: &(impl ReadAt + ?Sized),
    most: u64,
    monitor: &mut dyn Monitor,
) -> Result<Measured> {
    let mut sums = Sums::new();
    for segment in segments(most) {
        sums.push(sum_segment(file, segment)?, monitor)?;
        if sums.ended.get() {
            break;
        }
    }
    Ok(sums.finish())
}

/// As [`measure`], by several threads.
pub(crate) fn measure_by(
    threads: usize,
    file: &Arc<dyn ReadAt>,
    most: u64,
    monitor: &mut dyn Monitor,
) -> Result<Measured> {
    let mut sums = Sums::new();
    let ended = Rc::clone(&sums.ended);
    let mut segments = segments(most);
    let file = Arc::clone(file);
    in_order(
        threads,
        2 * threads,
        move |segment| sum_segment(&*file, segment),
        || Ok(segments.next().filter(|_| !ended.get())),
        |segment| sums.push(segment?, monitor),
    )?;
    Ok(sums.finish())
}

fn segments(most: u64) -> impl Iterator<Item = (u64, u64)> {
    (0..most.div_ceil(SEGMENT_LEN)).map(move |number| {
        let start = number * SEGMENT_LEN;
        (start, (most - start).min(SEGMENT_LEN))
    })
}

fn sum_segment(file: &(impl ReadAt + ?Sized), (start, len): (u64, u64)) -> Result<Segment> {
    let (mut sums, mut found) = (Vec::new(), 0);
    let mut buf = try_vec(0, READ_LEN.min(len as usize))?;
    while found < len {
        let wanted = buf.len().min((len - found) as usize);
        let filled = file.fill_at(start + found, &mut buf[..wanted])?;
        sum_leaves(Simd::best(), &buf[..filled], &mut sums)?;
        found += filled as u64;
        if filled < wanted {
            break;
        }
    }
    Ok((sums, found))
}

/// Segments put together. Nothing counts behind one that is short.
struct Sums {
    hasher: RootHasher,
    len: u64,
    ended: Rc<Cell<bool>>,
}

impl Sums {
    fn new() -> Self {
        Sums { hasher: RootHasher::new(), len: 0, ended: Rc::default() }
    }

    fn push(&mut self, (sums, len): Segment, monitor: &mut dyn Monitor) -> Result<()> {
        if !self.ended.get() {
            self.hasher.push_leaves(&sums, len);
            self.len += len;
            self.ended.set(len < SEGMENT_LEN);
        }
        report(monitor, Progress::default())
    }

    fn finish(self) -> Measured {
        Measured { root: self.hasher.finish(), len: self.len }
    }
}
