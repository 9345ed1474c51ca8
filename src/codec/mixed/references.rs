//! Guesses at addresses: what the four bytes of a reference become when its target has moved.
//!
//! Rebuilt programs and libraries differ from the old ones mostly in addresses. Where bytes look
//! like a reference, the old file says what it pointed at; if another reference to that place, or
//! to one near it, has been seen, it is known how far the place has moved.

use super::differences::Around;
use crate::error::{Result, try_vec};

/// Base 2 logarithms of the sizes of regions whose movement is remembered; the first is one place.
const REGIONS: [u32; 4] = [0, 6, 10, 14];
const TABLE_BITS: u32 = 14;

/// Bytes of a reference.
const LEN: u32 = 4;

/// How far something moved.
#[derive(Clone, Copy, Default)]
struct Movement {
    /// The region, plus one.
    region: u32,
    distance: u32,
    /// How often it was found right in succession.
    hits: u8,
}

/// What has been learnt about references of one kind.
pub(crate) struct References {
    tables: [Vec<Movement>; REGIONS.len()],
    field: Field,
}

/// A reference that is being coded.
#[derive(Clone, Copy)]
struct Field {
    /// Bytes coded; [`LEN`] if there is no reference here.
    done: u32,
    target: u32,
    /// What the reference counts from has moved so far.
    origin_distance: u32,
    old: u32,
    expected: u32,
    new: u32,
    /// What the guess is based on: 0 nothing, else more is better.
    trust: u32,
    matches: bool,
}

const NO_FIELD: Field = Field {
    done: LEN,
    target: 0,
    origin_distance: 0,
    old: 0,
    expected: 0,
    new: 0,
    trust: 0,
    matches: false,
};

/// A guess at one byte.
#[derive(Clone, Copy, Default)]
pub(crate) struct Guess {
    /// The difference, with the place of the byte and the trust in it: 0 if there is none.
    pub(crate) context: u32,
    /// 0 to 7: the trust alone.
    pub(crate) class: u32,
}

impl References {
    pub(crate) fn new() -> Result<Self> {
        let table = || try_vec(Movement::default(), 1 << TABLE_BITS);
        Ok(References { tables: [table()?, table()?, table()?, table()?], field: NO_FIELD })
    }

    /// Forgets a reference that is not coded to its end.
    pub(crate) fn interrupt(&mut self) {
        self.field = NO_FIELD;
    }

    pub(crate) fn is_inside(&self) -> bool {
        self.field.done < LEN
    }

    /// Begins a reference of this value, from an origin that has moved as given.
    pub(crate) fn begin(&mut self, value: u32, origin: u32, origin_distance: u32) {
        let target = origin.wrapping_add(value);
        let mut field = Field {
            done: 0,
            target,
            origin_distance,
            old: value,
            expected: value,
            matches: true,
            ..NO_FIELD
        };
        for (level, bits) in REGIONS.into_iter().enumerate() {
            let region = target >> bits;
            let movement = self.tables[level][slot(region)];
            if movement.region == region.wrapping_add(1) {
                field.expected =
                    value.wrapping_add(movement.distance).wrapping_sub(origin_distance);
                field.trust =
                    1 + 2 * (REGIONS.len() - 1 - level) as u32 + u32::from(movement.hits > 1);
                break;
            }
        }
        self.field = field;
    }

    #[inline]
    pub(crate) fn guess(&self) -> Guess {
        let field = &self.field;
        if field.done == LEN {
            return Guess::default();
        }
        let shift = 8 * field.done;
        let difference = (field.expected >> shift).wrapping_sub(field.old >> shift) & 0xff;
        let trust = field.trust;
        let class = if trust == 0 {
            1
        } else if !field.matches {
            2
        } else {
            3 + (trust - 1) / 2
        };
        Guess {
            context: 1 << 20
                | difference << 8
                | field.done << 6
                | u32::from(field.matches) << 5
                | trust,
            class,
        }
    }

    /// Takes the new byte that the last guess was about.
    #[inline]
    pub(crate) fn learn(&mut self, byte: u8) {
        let field = &mut self.field;
        if field.done == LEN {
            return;
        }
        let shift = 8 * field.done;
        field.new |= u32::from(byte) << shift;
        field.matches &= byte == (field.expected >> shift) as u8;
        field.done += 1;
        if field.done == LEN {
            let distance = field.new.wrapping_sub(field.old).wrapping_add(field.origin_distance);
            let target = field.target;
            for (table, bits) in self.tables.iter_mut().zip(REGIONS) {
                let region = target >> bits;
                let movement = &mut table[slot(region)];
                let marked = region.wrapping_add(1);
                if movement.region == marked && movement.distance == distance {
                    movement.hits = movement.hits.saturating_add(1);
                } else {
                    *movement = Movement { region: marked, distance, hits: 0 };
                }
            }
        }
    }
}

fn slot(region: u32) -> usize {
    (region.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize
}

/// Whether the bytes before look like an x86-64 instruction whose next four bytes are relative.
pub(crate) fn is_relative(around: &Around) -> bool {
    let [_, before3, before2, before1] = around.before;
    match before1 {
        0xe8 | 0xe9 => true,                    // call, jmp
        0x80..=0x8f if before2 == 0x0f => true, // jcc
        // An operand at a distance from the next instruction, behind an opcode that often has one.
        _ if before1 & 0xc7 == 0x05 => {
            OPCODES.contains(&before2) || before3 == 0x0f && OPCODES_0F.contains(&before2)
        }
        _ => false,
    }
}

/// Opcodes of arithmetic, moves, lea and calls.
const OPCODES: [u32; 21] = [
    0x03, 0x2b, 0x33, 0x38, 0x39, 0x3a, 0x3b, 0x63, 0x80, 0x81, 0x83, 0x84, 0x85, 0x88, 0x89, 0x8a,
    0x8b, 0x8d, 0xc6, 0xc7, 0xff,
];

/// Opcodes behind 0x0f: moves and arithmetic of vectors, moves with extension.
const OPCODES_0F: [u32; 23] = [
    0x10, 0x11, 0x28, 0x29, 0x2e, 0x2f, 0x54, 0x57, 0x58, 0x59, 0x5c, 0x5e, 0x6e, 0x6f, 0x7e, 0x7f,
    0xaf, 0xb6, 0xb7, 0xbe, 0xbf, 0xd6, 0xef,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes a reference whose new value is known; returns which bytes were guessed right.
    fn code(references: &mut References, old: u32, new: u32, origin: u32, moved: u32) -> [bool; 4] {
        references.begin(old, origin, moved);
        let bytes = old.to_le_bytes().into_iter().zip(new.to_le_bytes());
        let mut right = [false; 4];
        for (right, (old, new)) in right.iter_mut().zip(bytes) {
            let difference = (references.guess().context >> 8) as u8;
            *right = old.wrapping_add(difference) == new;
            references.learn(new);
        }
        assert!(!references.is_inside());
        right
    }

    #[test]
    fn a_second_reference_to_a_place_is_guessed_from_wherever_it_comes() {
        let mut references = References::new().unwrap();
        // A call at 1000 of a function at 5000 that has moved to 5300; the call has moved by 16.
        let first = code(&mut references, 4000, 4284, 1000, 16);
        assert_eq!(first, [false, false, true, true]);
        // From behind it at 90000, moved by 500.
        let old = 5000u32.wrapping_sub(90_000);
        let new = 5300u32.wrapping_sub(90_500);
        assert_eq!(code(&mut references, old, new, 90_000, 500), [true; 4]);
        // To a neighbour of the function.
        assert_eq!(code(&mut references, 4100, 4400, 1000, 0), [true; 4]);
        // To a place of which nothing is known.
        assert_eq!(code(&mut references, 400_000, 400_300, 1000, 0)[..2], [false; 2]);
    }

    #[test]
    fn calls_jumps_and_operands_relative_to_the_instruction_are_seen() {
        let before = |bytes: [u32; 4]| is_relative(&Around { before: bytes, from: [0; 4] });
        assert!(before([0, 0, 0, 0xe8])); // call
        assert!(before([0, 0, 0x0f, 0x84])); // je
        assert!(before([0, 0x48, 0x8d, 0x05])); // lea rax, [rip + ...]
        assert!(before([0, 0x0f, 0x10, 0x0d])); // movups xmm1, [rip + ...]
        assert!(!before([0, 0, 0, 0x84]));
        assert!(!before([0, 0x48, 0x8d, 0x45])); // lea rax, [rbp + ...]
    }
}
