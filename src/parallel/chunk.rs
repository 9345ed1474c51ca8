//! Chunks of a file in memory by several threads: each cuts a part, and the parts are joined.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

use crate::chunk::Chunker;

/// Longest chunks that a part has at least: a part costs a few chunks more where it is joined.
const PART_CHUNKS: usize = 16;

/// Returns the end of each chunk of a file in memory, found by a number of threads.
pub fn cuts(chunker: &Chunker, file: &[u8], threads: usize) -> Vec<usize> {
    let most_parts = file.len() / (PART_CHUNKS * chunker.params().max_len() as usize);
    cuts_of_parts(chunker, file, threads.min(most_parts))
}

/// Cuts so many parts, all but the first in threads of their own.
fn cuts_of_parts(chunker: &Chunker, file: &[u8], parts: usize) -> Vec<usize> {
    let border = |number: usize| (file.len() as u128 * number as u128 / parts as u128) as usize;
    scope(|threads| {
        let start = |number| {
            let part = border(number)..border(number + 1);
            let thread = Builder::new().name("sigdelta".into());
            thread.spawn_scoped(threads, move || chunker.part(file, part)).ok()
        };
        // A part for which there is no thread is cut where the others are joined.
        let started: Vec<_> = (1..parts).filter_map(start).collect();
        let first = (parts > 1).then(|| chunker.part(file, 0..border(1)));
        let others = started
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        chunker.join(file, first.into_iter().chain(others))
    })
}
