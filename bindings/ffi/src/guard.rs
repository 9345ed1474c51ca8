//! Panics stop at the boundary.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs our own code; a panic in it becomes `on_panic`.
///
/// Nothing that the caller supplied may be called in here: an exception of C++ must pass through
/// and not be caught.
pub fn guard<T>(on_panic: T, run: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or(on_panic)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_panic_becomes_a_value() {
        assert_eq!(super::guard(107, || panic!("provoked")), 107);
        assert_eq!(super::guard(107, || 0), 0);
    }
}
