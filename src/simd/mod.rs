//! Kernels for one instruction set each, and the choice among them.
//!
//! A kernel never changes a result: each has a portable twin that tests compare it with. Kernels are
//! `unsafe` to call without their instructions, so the functions that choose among them ask for a
//! [`Simd`], which exists only after the check.

pub(crate) mod blake2b;
pub(crate) mod md4;
pub(crate) mod pages;
mod queue;
pub(crate) mod rabin_karp;
pub(crate) mod rollsum;
pub(crate) mod scan;
#[cfg(test)]
mod tests;
#[cfg(feature = "layered")]
pub(crate) mod words;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::sync::OnceLock;

pub(crate) use queue::Queue;

/// Instruction sets that kernels are written for, from the slowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// What every machine has.
    Portable,
    /// x86-64 with AVX2 and BMI2.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ, VL and VNNI, and BMI2.
    Avx512,
}

impl Level {
    /// All levels, from the slowest.
    pub const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    /// Returns the fastest level of this machine, but none above the one that the environment
    /// variable `SIGDELTA_SIMD` names: `portable`, `avx2` or `avx512`.
    pub fn best() -> Level {
        static BEST: OnceLock<Level> = OnceLock::new();
        *BEST.get_or_init(|| {
            let named = std::env::var("SIGDELTA_SIMD").ok();
            let highest =
                Level::ALL.into_iter().find(|level| named.as_deref() == Some(level.name()));
            Level::available()
                .filter(|&level| level <= highest.unwrap_or(Level::Avx512))
                .max()
                .unwrap_or(Level::Portable)
        })
    }

    /// Returns the levels of this machine, from the slowest.
    pub fn available() -> impl Iterator<Item = Level> {
        Level::ALL.into_iter().filter(|level| level.is_available())
    }

    /// Returns the name as `SIGDELTA_SIMD` has it.
    pub fn name(self) -> &'static str {
        match self {
            Level::Portable => "portable",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        macro_rules! has {
            ($($feature:tt),*) => { $(std::arch::is_x86_feature_detected!($feature))&&* };
        }
        match self {
            Level::Portable => true,
            Level::Avx2 => has!("avx2", "bmi2"),
            Level::Avx512 => {
                has!("avx2", "bmi2", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vnni")
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_available(self) -> bool {
        self == Level::Portable
    }
}

/// A level that this machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simd {
    /// Private, so that no other module can make one without the check.
    level: Level,
}

impl Simd {
    /// Returns [`Level::best`].
    pub(crate) fn best() -> Simd {
        Simd { level: Level::best() }
    }

    /// Returns the fastest level of this machine that is none above `highest`.
    pub(crate) fn up_to(highest: Level) -> Simd {
        let level = Level::available().filter(|&level| level <= highest).max();
        Simd { level: level.unwrap_or(Level::Portable) }
    }
}
