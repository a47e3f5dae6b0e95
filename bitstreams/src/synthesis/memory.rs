//! Memories, by calculation.

use serde::{Deserialize, Serialize};

/// Words and bits of a block RAM of 18 kbit, with a port to write and one to read (UG473, UG573).
const RAM18: [(u64, u64); 6] = [
    (512, 36),
    (1024, 18),
    (2048, 9),
    (4096, 4),
    (8192, 2),
    (16_384, 1),
];

/// Words and bits of an UltraRAM (UG573).
const ULTRARAM: (u64, u64) = (4096, 72);

/// A memory with a port to write and one to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MemoryShape {
    /// Bits of a word.
    pub width: u64,
    /// Words.
    pub depth: u64,
    /// It starts with contents, which an UltraRAM cannot.
    pub rom: bool,
}

/// Blocks of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Block RAMs in halves of 18 kbit.
    pub ram18: u64,
    /// UltraRAMs.
    pub ultraram: u64,
}

impl MemoryShape {
    /// Halves of block RAMs, in the arrangement that takes the fewest.
    #[must_use]
    pub fn ram18(&self) -> u64 {
        let halves =
            |(words, bits): &(u64, u64)| self.depth.div_ceil(*words) * self.width.div_ceil(*bits);
        RAM18.iter().map(halves).min().unwrap_or_default()
    }

    /// UltraRAMs, if it can be made of them.
    #[must_use]
    pub fn ultraram(&self) -> Option<u64> {
        let (words, bits) = ULTRARAM;
        (!self.rom).then(|| self.depth.div_ceil(words) * self.width.div_ceil(bits))
    }
}

impl Blocks {
    /// The blocks of some memories on a part that has so many of each: block RAM as far as there is, and
    /// UltraRAM for those that fill it best, the best first.
    #[must_use]
    pub fn of(
        memories: impl IntoIterator<Item = (MemoryShape, u64)>,
        bram36: u64,
        uram: u64,
    ) -> Self {
        let mut memories: Vec<(MemoryShape, u64)> = memories.into_iter().collect();
        let mut blocks = Self::default();
        for (shape, count) in &memories {
            blocks.ram18 += count * shape.ram18();
        }
        // Block RAM that an UltraRAM takes the place of.
        let worth = |shape: &MemoryShape| {
            let uram = shape.ultraram()?;
            (uram > 0).then(|| shape.ram18() as f64 / uram as f64)
        };
        memories.sort_by(|(a, _), (b, _)| worth(b).partial_cmp(&worth(a)).unwrap_or(a.cmp(b)));
        for (shape, count) in memories {
            let (Some(each), Some(worth)) = (shape.ultraram(), worth(&shape)) else {
                continue;
            };
            for _ in 0..count {
                if blocks.ram18 <= 2 * bram36 || worth < 1.0 || blocks.ultraram + each > uram {
                    break;
                }
                blocks.ram18 -= shape.ram18();
                blocks.ultraram += each;
            }
        }
        blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn shape(width: u64, depth: u64, rom: bool) -> MemoryShape {
        MemoryShape { width, depth, rom }
    }

    /// By hand, from the tables of the user guides.
    #[test]
    fn blocks_of_a_memory() {
        for (memory, ram18, ultraram) in [
            (shape(36, 512, false), 1, Some(1)),
            (shape(37, 512, false), 2, Some(1)),
            (shape(72, 4096, false), 16, Some(1)),
            (shape(12, 2048, true), 2, None),
            (shape(1, 16_384, false), 1, Some(4)),
            (shape(64, 1024, true), 4, None),
        ] {
            assert_eq!(memory.ram18(), ram18, "{memory:?}");
            assert_eq!(memory.ultraram(), ultraram, "{memory:?}");
        }
    }

    #[test]
    fn ultrarams_take_what_fills_them_when_block_ram_runs_out() {
        let memories = [(shape(72, 4096, false), 10), (shape(36, 512, false), 10)];
        let all = Blocks::of(memories, 1000, 1000);
        assert_eq!((all.ram18, all.ultraram), (170, 0));
        // 16 halves each: nine have to go.
        let some = Blocks::of(memories, 13, 1000);
        assert_eq!((some.ram18, some.ultraram), (26, 9));
        let few = Blocks::of(memories, 13, 4);
        assert_eq!((few.ram18, few.ultraram), (106, 4));
    }
}
