//! What the C libraries of sigdelta share: panics stop here, handles go out and come back, memory
//! of the caller becomes slices, texts are made without the heap.

mod guard;
mod handle;
mod memory;
mod signals;
mod text;

pub use guard::guard;
pub use handle::{Shared, free, give};
pub use memory::{slice, slice_mut};
pub use signals::without_signals;
pub use text::Text;
