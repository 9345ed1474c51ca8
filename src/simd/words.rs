//! Numbers that moved together: how many words of new bytes differ from old ones by what is new.

#[cfg(target_arch = "x86_64")]
use super::Level;
use super::Simd;

/// Bytes of a word.
pub(crate) const WORD: usize = size_of::<u32>();
/// A number recurs if one of so many words before has it.
const RECENT: usize = 8;
/// Words that are taken together.
const LANES: usize = 16;
/// Bytes of them.
pub(crate) const GROUP_LEN: usize = LANES * WORD;
/// Bytes before the first group, whose numbers recur there.
pub(crate) const CONTEXT_LEN: usize = RECENT * WORD;

/// A group and the bytes before it.
type Window = [u8; CONTEXT_LEN + GROUP_LEN];

/// Returns how many words differ by what none of those just before them does, and by something. Both
/// sides have [`CONTEXT_LEN`] bytes, which do not count, and whole groups. Ends early once there
/// are more than `most`.
pub(crate) fn count_surprises(new: &[u8], old: &[u8], most: usize, simd: Simd) -> usize {
    let mut found = 0;
    for (new, old) in windows(new).zip(windows(old)) {
        found += match simd.level {
            // SAFETY: `simd` exists after a check that this machine has the instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { x86::surprises_512(new, old) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { x86::surprises_256(new, old) },
            _ => new_numbers(|at| word(new, at).wrapping_sub(word(old, at))),
        };
        if found > most {
            break;
        }
    }
    found
}

/// Returns how many words have an upper half that is not 0 and that none of those just before them
/// has.
pub(crate) fn count_new_halves(bytes: &[u8]) -> usize {
    windows(bytes).map(|window| new_numbers(|at| word(window, at) >> 16)).sum()
}

fn windows(bytes: &[u8]) -> impl Iterator<Item = &Window> {
    let starts = (0..).step_by(GROUP_LEN);
    starts.map_while(|start| bytes.get(start..)?.first_chunk())
}

fn word(window: &Window, at: usize) -> u32 {
    u32::from_le_bytes(window.as_chunks().0[at])
}

/// Counts the numbers of a group that are not 0 and do not recur.
fn new_numbers(number: impl Fn(usize) -> u32) -> usize {
    let numbers: [u32; RECENT + LANES] = std::array::from_fn(number);
    let is_new = |window: &&[u32]| {
        let (&last, before) = window.split_last().expect("not empty");
        last != 0 && !before.contains(&last)
    };
    numbers.windows(RECENT + 1).filter(is_new).count()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    use super::super::x86::{load_256, load_512};
    use super::{CONTEXT_LEN, GROUP_LEN, WORD, Window};

    // The numbers before are made again from what is loaded again: to load them from where they
    // were just stored would take longer.

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    pub(super) fn surprises_512(new: &Window, old: &Window) -> usize {
        let difference =
            |at: usize| _mm512_sub_epi32(load_512(group(new, at)), load_512(group(old, at)));
        let here = difference(CONTEXT_LEN);
        let mut surprises = _mm512_test_epi32_mask(here, here);
        for at in (0..CONTEXT_LEN).step_by(WORD) {
            surprises &= _mm512_cmpneq_epi32_mask(here, difference(at));
        }
        surprises.count_ones() as usize
    }

    #[target_feature(enable = "avx2,bmi2")]
    pub(super) fn surprises_256(new: &Window, old: &Window) -> usize {
        let [first, second] = [0, GROUP_LEN / 2].map(|half| {
            let difference = |at: usize| {
                _mm256_sub_epi32(
                    load_256(half_group(new, half + at)),
                    load_256(half_group(old, half + at)),
                )
            };
            let here = difference(CONTEXT_LEN);
            let mut recurs = _mm256_cmpeq_epi32(here, _mm256_setzero_si256());
            for at in (0..CONTEXT_LEN).step_by(WORD) {
                recurs = _mm256_or_si256(recurs, _mm256_cmpeq_epi32(here, difference(at)));
            }
            !_mm256_movemask_ps(_mm256_castsi256_ps(recurs)) as u8
        });
        (first.count_ones() + second.count_ones()) as usize
    }

    #[inline(always)]
    fn group(window: &Window, at: usize) -> &[u8; GROUP_LEN] {
        window[at..].first_chunk().expect("inside of the window")
    }

    #[inline(always)]
    fn half_group(window: &Window, at: usize) -> &[u8; GROUP_LEN / 2] {
        window[at..].first_chunk().expect("inside of the window")
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Counts word by word.
    fn naive(new: &[u32], old: &[u32]) -> usize {
        let differences: Vec<u32> =
            new.iter().zip(old).map(|(new, old)| new.wrapping_sub(*old)).collect();
        let surprises = |&at: &usize| {
            differences[at] != 0 && !differences[at - RECENT..at].contains(&differences[at])
        };
        (RECENT..differences.len()).filter(surprises).count()
    }

    proptest! {
        #[test]
        fn every_level_counts_as_one_does_by_hand(
            pairs in vec((any::<u32>(), 0..5u32), RECENT + 6 * LANES),
            most in 0..60usize,
        ) {
            let new: Vec<u32> = pairs.iter().map(|&(new, _)| new).collect();
            let old: Vec<u32> =
                pairs.iter().map(|&(new, moved)| new.wrapping_sub(moved * 0x1234_5678)).collect();
            let bytes = |words: &[u32]| -> Vec<u8> {
                words.iter().flat_map(|word| word.to_le_bytes()).collect()
            };
            let expected = naive(&new, &old);
            for level in Level::available() {
                let simd = Simd::up_to(level);
                let count = |most| count_surprises(&bytes(&new), &bytes(&old), most, simd);
                prop_assert_eq!(count(usize::MAX), expected);
                let early = count(most);
                prop_assert!(early == expected || early > most && early < expected);
            }
        }
    }

    #[test]
    fn a_table_that_moved_surprises_once_for_each_column() {
        // Rows of an address, a constant and a number that did not change.
        let row = |number: u32, moved: u32| [0x4000 + 0x130 * number + moved, 7, number * number];
        let rows = |moved: u32, end: u32| -> Vec<u8> {
            (0..24)
                .flat_map(|number| row(number, if number < end { 0 } else { moved }))
                .flat_map(u32::to_le_bytes)
                .collect()
        };
        let count = |new: &[u8], old: &[u8]| count_surprises(new, old, usize::MAX, Simd::best());
        assert_eq!(count(&rows(0, 0), &rows(0, 0)), 0);
        // The first address behind the context is that of row 3.
        assert_eq!(count(&rows(0x240, 0), &rows(0, 0)), 0);
        assert_eq!(count(&rows(0x240, 10), &rows(0, 0)), 1);
        // Against the row before: the addresses differ alike, the squares never.
        let shifted = &rows(0, 0)[12..];
        let len = CONTEXT_LEN + 3 * GROUP_LEN;
        assert_eq!(count(&shifted[..len], &rows(0, 0)[..len]), 16);
    }
}
