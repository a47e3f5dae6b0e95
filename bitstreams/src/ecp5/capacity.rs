//! What a core takes of the FPGA's memories and multipliers, by calculation, and which cores fit.

use super::Ecp5Error;
use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::catalogue::emit_core;
use gyrus_hdl::emit::Manifest;
use std::collections::BTreeMap;

/// Block RAMs of the LFE5U-85F (DP16KD): 18 kbit each.
pub const BLOCK_RAMS: u64 = 208;

/// Its multipliers (MULT18X18D).
pub const MULTIPLIERS: u64 = 156;

/// Products of 18 bits of a multiplication modulo q, see [`gyrus_hdl::arith::MulLazy`].
const PRODUCTS: u64 = 9;

/// Memories of at most so many words are made of LUTs: a block RAM would be almost empty.
const MOST_LUT_WORDS: u64 = 64;

/// Width and depth of a block RAM in each of its shapes (Lattice TN1264, sysMEM of ECP5).
const SHAPES: [(u64, u64); 6] = [
    (36, 512),
    (18, 1024),
    (9, 2048),
    (4, 4096),
    (2, 8192),
    (1, 16384),
];

/// A memory that occurs so often in a design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Its module.
    pub module: String,
    /// Bits of a word.
    pub width: u64,
    /// Words.
    pub depth: u64,
    /// Instances.
    pub count: u64,
}

impl Memory {
    /// Whether it is made of LUTs.
    #[must_use]
    pub const fn in_luts(&self) -> bool {
        self.depth <= MOST_LUT_WORDS
    }

    /// Block RAMs of one instance.
    #[must_use]
    pub fn block_rams(&self) -> u64 {
        if self.in_luts() {
            return 0;
        }
        let of_shape =
            |(width, depth): (u64, u64)| self.width.div_ceil(width) * self.depth.div_ceil(depth);
        SHAPES.into_iter().map(of_shape).min().unwrap_or(0)
    }
}

/// What a core takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The core's sizes.
    pub parameters: CoreParameters,
    /// Block RAMs.
    pub block_rams: u64,
    /// 18 x 18 multipliers.
    pub multipliers: u64,
    /// Bits of memory by what they are for.
    pub bits: BTreeMap<String, u64>,
    /// Its memories.
    pub memories: Vec<Memory>,
}

/// The memories of a design, out of the names of its modules.
fn memories(manifest: &Manifest) -> Vec<Memory> {
    let memory = |(module, &count): (&String, &u64)| {
        let (kind, shape) = module.strip_prefix("gyrus_")?.split_once('_')?;
        let (width, depth) = shape.split_once('x')?;
        let (width, depth) = (width.parse().ok()?, depth.parse().ok()?);
        matches!(kind, "delay" | "ram" | "rom").then(|| Memory {
            module: module.clone(),
            width,
            depth,
            count,
        })
    };
    manifest.instances_of.iter().filter_map(memory).collect()
}

impl Needs {
    /// Of a core of these sizes behind a serial line.
    ///
    /// # Errors
    /// [`Ecp5Error`] for sizes that there is no core for.
    pub fn of(parameters: &CoreParameters) -> Result<Self, Ecp5Error> {
        let parameters = CoreParameters {
            beat_words: 1,
            ..*parameters
        };
        let manifest = emit_core("gyrus_core", &parameters)?.manifest();
        let memories = memories(&manifest);
        Ok(Self {
            parameters,
            block_rams: memories
                .iter()
                .map(|memory| memory.count * memory.block_rams())
                .sum(),
            multipliers: PRODUCTS * manifest.multipliers,
            bits: manifest.memory_bits.by_purpose,
            memories,
        })
    }

    /// Whether the FPGA has all that.
    ///
    /// # Errors
    /// [`Ecp5Error::Oversized`] if it has not.
    pub fn check(&self) -> Result<(), Ecp5Error> {
        for (what, needed, available) in [
            ("block RAMs", self.block_rams, BLOCK_RAMS),
            ("multipliers", self.multipliers, MULTIPLIERS),
        ] {
            if needed > available {
                return Err(Ecp5Error::Oversized {
                    what,
                    needed,
                    available,
                });
            }
        }
        Ok(())
    }
}

/// Cores of two lanes from the largest on: what each takes.
///
/// # Errors
/// As [`Needs::of`].
pub fn candidates() -> Result<Vec<Needs>, Ecp5Error> {
    let mut all = Vec::new();
    for max_log2_n in [11, 10] {
        for levels in [3, 2, 1] {
            for slots in [4, 2, 1] {
                all.push(Needs::of(&CoreParameters {
                    lanes: 2,
                    max_log2_n,
                    slots,
                    levels,
                    beat_words: 1,
                })?);
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: CoreParameters = CoreParameters {
        lanes: 2,
        max_log2_n: 10,
        slots: 1,
        levels: 2,
        beat_words: 1,
    };

    /// By hand: a block RAM has 18,432 bits, in six shapes.
    #[test]
    fn block_rams_of_a_memory() {
        for (width, depth, expected) in [
            (36, 512, 1),
            (37, 512, 2),
            (64, 1024, 4),
            (64, 2048, 8),
            (72, 1023, 4),
            (12, 2048, 2),
            (1, 16384, 1),
            (16, 1061, 2),
            (72, 64, 0),
        ] {
            let memory = Memory {
                module: String::new(),
                width,
                depth,
                count: 1,
            };
            assert_eq!(memory.block_rams(), expected, "{width} x {depth}");
        }
    }

    /// The largest memories by the formulas of their modules: key store 768 rows bits a pair with l N rows at two
    /// lanes, accumulators three copies of 2 N words, results and tables one each.
    #[test]
    fn bits_by_the_formulas() {
        let needs = Needs::of(&SMALL).unwrap();
        let key: u64 = 768 * 2 * 1024;
        assert!(needs.bits["key_store"] >= key && needs.bits["key_store"] < key + 1000);
        let copy: u64 = 2 * 1024 * 64;
        assert!(
            needs.bits["accumulator"] >= 3 * copy && needs.bits["accumulator"] < 3 * copy + 1000
        );
        for one in ["tables", "results"] {
            assert!(
                needs.bits[one] >= copy && needs.bits[one] < copy + 1000,
                "{one}"
            );
        }
        // Seven multiplications modulo q of nine products each.
        assert_eq!(needs.multipliers, 63);
        needs.check().unwrap();
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let large = CoreParameters {
            max_log2_n: 11,
            ..SMALL
        };
        let refused = Needs::of(&large).unwrap().check();
        assert!(matches!(
            refused,
            Err(Ecp5Error::Oversized {
                what: "block RAMs",
                available: BLOCK_RAMS,
                ..
            })
        ));
        let wide = CoreParameters { lanes: 8, ..SMALL };
        // 28 multiplications: 252 products.
        assert!(Needs::of(&wide).unwrap().multipliers == 252);
        assert!(Needs::of(&wide).unwrap().check().is_err());
    }
}
