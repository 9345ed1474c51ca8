//! Rolling over windows one by one, on any machine.

use super::GROUP;
use crate::filter::Filter;
use crate::weak::RollingSum;

/// Rolls over a group of windows, or part of one, and returns which the filter lets pass.
#[inline(always)]
pub(super) fn roll<W: RollingSum>(
    sum: &mut W,
    leaving: &[u8],
    entering: &[u8],
    sums: &mut [u32; GROUP],
    filter: &Filter,
) -> u16 {
    let mut passing = 0;
    for (i, ((&out, &new), place)) in leaving.iter().zip(entering).zip(sums).enumerate() {
        sum.rotate(out, new);
        *place = sum.digest();
        passing |= u16::from(filter.may_contain(W::HASH.mix(*place))) << i;
    }
    passing
}
