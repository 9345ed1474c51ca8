//! The loop that reads every byte: Gear hash, a test for each.

/// Gear hash of the bytes so far. Each byte leaves it after 64 more.
pub(super) type Hash = u64;

/// Takes bytes into the hash up to the first that cuts: after which no bit of `mask` is set.
/// Returns the position of that byte, or none if all were taken.
#[inline]
pub(super) fn find(table: &[u64; 256], hash: &mut Hash, bytes: &[u8], mask: u64) -> Option<usize> {
    let (groups, rest) = bytes.as_chunks::<8>();
    let mut state = *hash;
    for (group, start) in groups.iter().zip((0..).step_by(8)) {
        for (&[first, second], pair) in group.as_chunks::<2>().0.iter().zip((0..).step_by(2)) {
            let (first, second) = (table[usize::from(first)], table[usize::from(second)]);
            let half_way = (state << 1).wrapping_add(first);
            // By way of the sum of both: the next pair waits for two additions less than by `half_way`.
            state = (state << 2).wrapping_add((first << 1).wrapping_add(second));
            if half_way & mask == 0 {
                return Some(start + pair);
            }
            if state & mask == 0 {
                return Some(start + pair + 1);
            }
        }
    }
    for (&byte, position) in rest.iter().zip(bytes.len() - rest.len()..) {
        state = (state << 1).wrapping_add(table[usize::from(byte)]);
        if state & mask == 0 {
            return Some(position);
        }
    }
    *hash = state;
    None
}
