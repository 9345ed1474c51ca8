//! Rolling over windows one by one, on any machine.

use super::GROUP;
use crate::filter::LookUp;
use crate::weak::RollingSum;

/// Rolls over a group of windows, or at least one of it, and returns which the filter lets pass.
#[inline(always)]
pub(super) fn roll<W: RollingSum>(
    sum: &mut W,
    leaving: &[u8],
    entering: &[u8],
    sums: &mut [u32; GROUP],
    filter: LookUp<'_>,
) -> u16 {
    let mut passing = 0u32;
    for ((&out, &new), place) in leaving.iter().zip(entering).zip(sums) {
        sum.rotate(out, new);
        *place = sum.digest();
        let passes = filter.may_contain(W::HASH.spread(*place));
        passing = (passing | u32::from(passes) << GROUP) >> 1;
    }
    (passing >> (GROUP - leaving.len())) as u16
}
