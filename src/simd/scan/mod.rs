//! Rolling a window over a stretch of the new file while a filter is asked about each sum.
//!
//! The kernels take sixteen sums at once from the sum before and the bytes that leave and enter,
//! with prefix sums in place of steps that wait for each other (Hillis and Steele, *Data Parallel
//! Algorithms*, 1986).

mod portable;
#[cfg(target_arch = "x86_64")]
mod rabin_karp_avx2;
#[cfg(target_arch = "x86_64")]
mod rabin_karp_avx512;
#[cfg(target_arch = "x86_64")]
mod rollsum_avx2;
#[cfg(target_arch = "x86_64")]
mod rollsum_avx512;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
use super::Level;
use super::Simd;
use crate::filter::Filter;
use crate::weak::RollingSum;

/// Windows that are taken together.
pub(crate) const GROUP: usize = 16;

/// The windows of a stretch: their sums, and which of them may match.
pub(crate) struct Stretch {
    sums: [[u32; GROUP]; Stretch::MAX_LEN / GROUP],
    /// A bit for each window, set if the filter lets it pass.
    passing: [u16; Stretch::MAX_LEN / GROUP],
    len: usize,
}

impl Stretch {
    /// Most windows in a stretch.
    pub(crate) const MAX_LEN: usize = 1024;

    pub(crate) fn new() -> Self {
        Stretch { sums: [[0; GROUP]; _], passing: [0; _], len: 0 }
    }

    /// Rolls the window of a sum on: byte after byte of `leaving` leaves it and one of `entering`
    /// enters. There are as many of each, [`Stretch::MAX_LEN`] at most.
    pub(crate) fn roll<W: RollingSum>(
        &mut self,
        sum: &mut W,
        leaving: &[u8],
        entering: &[u8],
        filter: &Filter,
        simd: Simd,
    ) {
        assert_eq!(leaving.len(), entering.len());
        self.len = leaving.len();
        let (leaving, last_leaving) = leaving.as_chunks();
        let (entering, last_entering) = entering.as_chunks();
        let (sums, last_sums) = self.sums.split_at_mut(leaving.len());
        let (passing, last_passing) = self.passing.split_at_mut(leaving.len());
        let groups = Groups { leaving, entering, sums, passing, filter };
        sum.roll_groups(groups, simd);
        if !last_leaving.is_empty() {
            let sums = &mut last_sums[0];
            last_passing[0] =
                portable::roll(sum, last_leaving, last_entering, sums, filter.look_up());
        }
    }

    /// Returns the position, counted from the first, and the sum of each window that may match.
    pub(crate) fn candidates(&self) -> impl Iterator<Item = (usize, u32)> {
        let passing = &self.passing[..self.len.div_ceil(GROUP)];
        passing.chunks(64 / GROUP).zip((0..).step_by(64)).flat_map(move |(masks, start)| {
            let mut bits =
                masks.iter().rev().fold(0, |bits, &mask| bits << GROUP | u64::from(mask));
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                bits = bits.checked_sub(1)? & bits;
                Some((start + bit, self.sums.as_flattened()[start + bit]))
            })
        })
    }
}

/// Groups of windows that a kernel is to roll over: as many of each slice.
pub(crate) struct Groups<'a> {
    leaving: &'a [[u8; GROUP]],
    entering: &'a [[u8; GROUP]],
    sums: &'a mut [[u32; GROUP]],
    passing: &'a mut [u16],
    filter: &'a Filter,
}

type Group<'a> = (&'a [u8; GROUP], &'a [u8; GROUP], &'a mut [u32; GROUP], &'a mut u16);

impl<'a> Groups<'a> {
    /// Returns the bytes that leave, those that enter, and the places of the sums and the mask.
    #[inline(always)]
    fn each(self) -> impl Iterator<Item = Group<'a>> {
        let bytes = self.leaving.iter().zip(self.entering);
        let places = self.sums.iter_mut().zip(self.passing);
        bytes
            .zip(places)
            .map(|((leaving, entering), (sums, passing))| (leaving, entering, sums, passing))
    }

    /// Rolls over the windows one by one.
    pub(crate) fn roll_each<W: RollingSum>(self, sum: &mut W) {
        let (mut rolling, filter) = (sum.clone(), self.filter.look_up());
        for (leaving, entering, sums, passing) in self.each() {
            *passing = portable::roll(&mut rolling, leaving, entering, sums, filter);
        }
        *sum = rolling;
    }

    /// Rolls with RabinKarp sums from one to the last, if there is a kernel for that. Their seed is
    /// left out, and `power` is the multiplier to the power of the window length.
    pub(crate) fn roll_rabin_karp(self, hash: u32, power: u32, simd: Simd) -> Result<u32, Self> {
        match simd.level {
            // SAFETY: `simd` exists after a check that this machine has the instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Ok(unsafe { rabin_karp_avx512::roll(hash, power, self) }),
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Ok(unsafe { rabin_karp_avx2::roll(hash, power, self) }),
            _ => Err(self),
        }
    }

    /// Rolls with rollsums from the halves of one to those of the last, if there is a kernel for
    /// that. Only the low 16 bits of all of them count.
    pub(crate) fn roll_rollsum(
        self,
        halves: [u32; 2],
        len: u32,
        simd: Simd,
    ) -> Result<[u32; 2], Self> {
        match simd.level {
            // SAFETY: `simd` exists after a check that this machine has the instructions.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => Ok(unsafe { rollsum_avx512::roll(halves, len, self) }),
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => Ok(unsafe { rollsum_avx2::roll(halves, len, self) }),
            _ => Err(self),
        }
    }
}
