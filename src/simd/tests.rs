//! Every kernel of this machine against one block, one byte at a time.

use super::{Level, Simd, rabin_karp, rollsum};
use crate::strong::{MAX_STRONG_LEN, StrongHash};

/// Lengths around the edges of lanes, steps and chunks.
fn lengths() -> impl Iterator<Item = usize> {
    let edges = [511..521, 695..705, 1022..1027, 2047..2050, 4095..4098, 65535..65538];
    (0..=300).chain(edges.into_iter().flatten())
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(0x9e37_79b9) >> 23) as u8).collect()
}

fn check_strong(hash: StrongHash, data: &[u8], block_len: usize, blocks: usize) {
    let each: Vec<_> = (0..blocks).map(|n| hash.sum(&data[n * block_len..][..block_len])).collect();
    for level in Level::available() {
        let mut sums = vec![[0xaa; MAX_STRONG_LEN]; blocks];
        hash.sum_many(Simd::up_to(level), data, block_len, &mut sums);
        assert!(sums == each, "{hash:?} at {level:?}: {blocks} blocks of {block_len}");
    }
}

#[test]
fn strong_sums_of_many_blocks_are_the_sums_of_each() {
    let data = bytes(40 * 2049 + 1);
    for hash in [StrongHash::Md4, StrongHash::Blake2b] {
        for blocks in 0..=40 {
            for block_len in [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 700, 2048] {
                check_strong(hash, &data[blocks % 2..], block_len, blocks);
            }
        }
        for block_len in lengths().filter(|&len| len < 3000) {
            for blocks in [5, 16, 33] {
                check_strong(hash, &data[1..], block_len, blocks);
            }
        }
    }
}

#[test]
fn strong_sums_of_many_long_blocks_are_the_sums_of_each() {
    let data = bytes(33 * 65537 + 3);
    for hash in [StrongHash::Md4, StrongHash::Blake2b] {
        for block_len in lengths().filter(|&len| len > 3000) {
            for blocks in [8, 33] {
                check_strong(hash, &data[3..], block_len, blocks);
            }
        }
    }
}

#[test]
fn rabin_karp_takes_bytes_as_if_one_by_one() {
    let all_ones = vec![0xff; 65540];
    for data in [bytes(65540), all_ones] {
        for len in lengths() {
            for start in [0, 1, 3] {
                let block = &data[start..][..len.min(data.len() - start)];
                let next = |hash: u32, &byte: &u8| {
                    hash.wrapping_mul(rabin_karp::MULT).wrapping_add(u32::from(byte))
                };
                for hash in [0, 1, 0x8000_0001, u32::MAX] {
                    let expected = block.iter().fold(hash, next);
                    for level in Level::available() {
                        let found = rabin_karp::update(Simd::up_to(level), hash, block);
                        assert_eq!(found, expected, "{level:?}, {len} bytes from {start}");
                    }
                }
            }
        }
    }
}

#[test]
fn rollsum_takes_bytes_as_if_one_by_one() {
    let all_ones = vec![0xff; 65540];
    for data in [bytes(65540), all_ones] {
        for len in lengths() {
            for start in [0, 1, 3] {
                let block = &data[start..][..len.min(data.len() - start)];
                let (mut plain, mut weighted) = (0u32, 0u32);
                for &byte in block {
                    plain = plain.wrapping_add(u32::from(byte));
                    weighted = weighted.wrapping_add(plain);
                }
                for level in Level::available() {
                    let found = rollsum::sums(Simd::up_to(level), block);
                    let expected = rollsum::Sums { plain, weighted };
                    assert_eq!(found, expected, "{level:?}, {len} bytes from {start}");
                }
            }
        }
    }
}
