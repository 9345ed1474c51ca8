//! The loop that reads every byte: Gear hash, a test for each.

/// Takes bytes into a Gear hash up to the first behind which no bit of `mask` is set. Returns the
/// position of that byte, or none if all were taken.
///
/// The hash of bytes is the sum of their numbers in the table, doubled once for each byte that
/// follows. So a byte has left a hash of which 48 bits count when 48 more have come.
#[inline]
pub(super) fn find(table: &[u64; 256], hash: &mut u64, bytes: &[u8], mask: u64) -> Option<usize> {
    let (groups, rest) = bytes.as_chunks::<8>();
    for (group, start) in groups.iter().zip((0..).step_by(8)) {
        for (&[a, b, c, d], start) in group.as_chunks().0.iter().zip([start, start + 4]) {
            let [a, b, c, d] = [a, b, c, d].map(|byte| table[usize::from(byte)]);
            // First sums that do not need the hash before, so that only one step of four bytes waits
            // for another: a step for each byte would take twice the time.
            let ab = (a << 1).wrapping_add(b);
            let abc = (ab << 1).wrapping_add(c);
            let abcd = (abc << 1).wrapping_add(d);
            let first = (*hash << 1).wrapping_add(a);
            let second = (*hash << 2).wrapping_add(ab);
            let third = (*hash << 3).wrapping_add(abc);
            *hash = (*hash << 4).wrapping_add(abcd);
            if first & mask == 0 {
                return Some(start);
            }
            if second & mask == 0 {
                return Some(start + 1);
            }
            if third & mask == 0 {
                return Some(start + 2);
            }
            if *hash & mask == 0 {
                return Some(start + 3);
            }
        }
    }
    let rest_start = bytes.len() - rest.len();
    rest.iter()
        .position(|&byte| {
            *hash = (*hash << 1).wrapping_add(table[usize::from(byte)]);
            *hash & mask == 0
        })
        .map(|position| rest_start + position)
}
