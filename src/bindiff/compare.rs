//! Comparison of two stretches of bytes, several at a time: how far they are equal, and how far
//! they are alike.

/// Bytes that are compared at once.
const WORD: usize = size_of::<u64>();
/// Bytes that are compared at once where much is equal.
const STRIDE: usize = 64;
/// Bytes that are counted at once.
const LANES: usize = 16;
/// A stretch is given up when its score lies so far below its best.
const MAX_DROP: i64 = 1 << 10;

/// Bytes that tests saw compared on their thread.
#[cfg(test)]
pub(crate) mod work {
    thread_local!(static BYTES: std::cell::Cell<u64> = const { std::cell::Cell::new(0) });

    pub(crate) fn add(bytes: usize) {
        BYTES.set(BYTES.get() + bytes as u64 + 1);
    }

    pub(crate) fn take() -> u64 {
        BYTES.take()
    }
}

#[cfg(not(test))]
pub(crate) mod work {
    pub(crate) fn add(_: usize) {}
}

/// Returns how many bytes at the front are equal.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let same = common_prefix_of(a, b);
    work::add(same);
    same
}

fn common_prefix_of(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    // Most stretches end within the first words.
    let mut at = 0;
    while at < STRIDE && at + WORD <= len {
        let different = word(a, at) ^ word(b, at);
        if different != 0 {
            return at + equal_front(different);
        }
        at += WORD;
    }
    if at == STRIDE {
        let strides = a[at..].as_chunks::<STRIDE>().0.iter().zip(b[at..].as_chunks::<STRIDE>().0);
        at += strides.take_while(|(a, b)| a == b).count() * STRIDE;
    }
    while at + WORD <= len {
        let different = word(a, at) ^ word(b, at);
        if different != 0 {
            return at + equal_front(different);
        }
        at += WORD;
    }
    at + a[at..].iter().zip(&b[at..]).take_while(|(a, b)| a == b).count()
}

/// Returns how many bytes at the back are equal.
pub(crate) fn common_suffix(a: &[u8], b: &[u8]) -> usize {
    let same = common_suffix_of(a, b);
    work::add(same);
    same
}

fn common_suffix_of(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[a.len() - len..], &b[b.len() - len..]);
    let mut rest = len;
    while rest >= WORD {
        let different = word(a, rest - WORD) ^ word(b, rest - WORD);
        if different != 0 {
            return len - rest + different.leading_zeros() as usize / 8;
        }
        rest -= WORD;
    }
    len - rest
        + a[..rest].iter().rev().zip(b[..rest].iter().rev()).take_while(|(a, b)| a == b).count()
}

/// Returns true if more than `limit` of the bytes of `a` differ from those of `b`; bytes that `b` does
/// not have differ.
pub(crate) fn differ_by_more(a: &[u8], b: &[u8], limit: usize) -> bool {
    let mut found = a.len().saturating_sub(b.len());
    let (a, b) = (&a[..a.len() - found], &b[..b.len().min(a.len())]);
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        work::add(LANES);
        found += usize::from(a.iter().zip(b).map(|(a, b)| u8::from(a != b)).sum::<u8>());
        if found > limit {
            return true;
        }
    }
    found + a_rest.iter().zip(b_rest).filter(|(a, b)| a != b).count() > limit
}

/// Returns how many bytes at the back are alike, in the sense of [`Alike`].
pub(crate) fn alike_suffix(a: &[u8], b: &[u8]) -> usize {
    let len = a.len().min(b.len());
    let (a, b) = (&a[a.len() - len..], &b[b.len() - len..]);
    let mut alike = Alike::default();
    while alike.seen + WORD <= len && !alike.is_hopeless() {
        let front = len - alike.seen - WORD;
        alike.push_word(equal_bytes(word(a, front) ^ word(b, front)).reverse_bits());
    }
    work::add(alike.seen);
    if alike.seen + WORD > len {
        let rest = len - alike.seen;
        a[..rest].iter().zip(&b[..rest]).rev().for_each(|(a, b)| alike.push_byte(a == b));
    }
    alike.len
}

/// How many bytes at the front of two stretches are alike: the length with the most equal bytes in
/// excess of different ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alike {
    /// The length that is the best so far.
    pub(crate) len: usize,
    /// Bytes seen.
    pub(crate) seen: usize,
    /// Equal ones less different ones.
    score: i64,
    best: i64,
}

impl Alike {
    /// Returns how many more bytes were different than equal since the best length.
    pub(crate) fn lost(&self) -> i64 {
        self.best - self.score
    }

    /// Sees bytes that are equal.
    pub(crate) fn push_equal(&mut self, len: usize) {
        self.seen += len;
        self.score += len as i64;
        if self.score > self.best {
            self.best = self.score;
            self.len = self.seen;
        }
    }

    /// Sees bytes as far as there are both.
    pub(crate) fn push(&mut self, a: &[u8], b: &[u8]) {
        let len = a.len().min(b.len());
        let (a, b) = (&a[..len], &b[..len]);
        work::add(len);
        let mut at = 0;
        while at + WORD <= len {
            self.push_word(equal_bytes(word(a, at) ^ word(b, at)));
            at += WORD;
        }
        a[at..].iter().zip(&b[at..]).for_each(|(a, b)| self.push_byte(a == b));
    }

    fn push_word(&mut self, equal: u8) {
        let steps = Steps::of(equal);
        if self.score + i64::from(steps.peak) > self.best {
            self.best = self.score + i64::from(steps.peak);
            self.len = self.seen + usize::from(steps.peak_len);
        }
        self.score += i64::from(steps.total);
        self.seen += WORD;
    }

    fn push_byte(&mut self, equal: bool) {
        self.seen += 1;
        self.score += if equal { 1 } else { -1 };
        if self.score > self.best {
            self.best = self.score;
            self.len = self.seen;
        }
    }

    fn is_hopeless(&self) -> bool {
        self.score < self.best - MAX_DROP
    }
}

/// The eight bytes at an offset, the first the lowest.
pub(super) fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + WORD].try_into().expect("eight bytes"))
}

fn equal_front(different: u64) -> usize {
    different.trailing_zeros() as usize / 8
}

/// Returns a bit for each byte that is zero, the first byte's the lowest.
fn equal_bytes(different: u64) -> u8 {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let zeros = !(((different & LOW) + LOW) | different | LOW);
    ((zeros >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

/// What eight bytes do to a score: one up for each that is equal, else one down.
#[derive(Clone, Copy)]
struct Steps {
    total: i8,
    /// The highest rise on the way, and after how many bytes it is first reached.
    peak: i8,
    peak_len: u8,
}

impl Steps {
    const TABLE: [Steps; 256] = {
        let mut table = [Steps { total: 0, peak: 0, peak_len: 0 }; 256];
        let mut equal = 0;
        while equal < 256 {
            let mut steps = Steps { total: 0, peak: i8::MIN, peak_len: 0 };
            let mut at = 0;
            while at < 8 {
                steps.total += if equal >> at & 1 == 1 { 1 } else { -1 };
                at += 1;
                if steps.total > steps.peak {
                    steps.peak = steps.total;
                    steps.peak_len = at;
                }
            }
            table[equal] = steps;
            equal += 1;
        }
        table
    };

    fn of(equal: u8) -> Steps {
        Steps::TABLE[usize::from(equal)]
    }
}
