//! What the two commands share: standard streams as files, outputs, signals.

pub mod interrupt;
pub mod stream;
