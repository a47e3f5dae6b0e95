//! Proofs about the emitted Verilog of `gyrus_hdl::arith` and of the butterflies, at full width and
//! for all operands.
//!
//! What is proved, by Yosys' SAT solver unless it says otherwise:
//!
//! | unit | statement |
//! |---|---|
//! | `Correct` | for s in [-q, 2q), `result` is below q and is s, s + q or s - q |
//! | `AddMod` | for a, b < q, what goes into its `Correct` is a + b, below 2q |
//! | `SubMod` | for a, b < q, `result` is below q and is a - b or a - b + q |
//! | `Fold` | step 1 registers exactly +-(lo - hi) and mid E or q - mid E; step 2 registers their exact sum, in [-q, 2q), for `Correct` |
//! | `Reduce128`, `MulPow2` (8 exponents), `MulRoot64` | `Fold` gets the words of x, of x 2^n, of x 8^index and the sign, and its `hi` is below q |
//! | `Limbs` | every factor is the limb, sum or difference that it is named for |
//! | `Product` | it is the signed product; both sides are Yosys' multiplication, so this says that operands, signs and widths are right, not what a multiplication is |
//! | `MulLazy` | the wiring of its products; each register of edge 3 is its sum as an exact integer; edge 4 is their total modulo 2^72 |
//! | `MulLazy` | the total is congruent to x y modulo q and below 2^67 in absolute value: by polynomial arithmetic in this program, over the table that the lemmas are written from |
//! | `MulMod` | the fold is v - q floor(v / 2^64) exactly, in [-q, 2q), for `Correct` |
//! | `Normalise` | the result is L + H (2^32 - 1) + A of its residue's words, but for at most 2 q |
//! | `SwitchModulus` | `word` + `round_up` is v + floor((v + 2^31 - 1) / 2^32) modulo 2^64 for v = x mod q |
//! | `PairMac` | the wiring of Winograd's product; its sums are exact for products below 2^67 |
//! | `ShiftFold` | the shift is x 8^index, or -x - 1; the result is L + 2^32 M - M - H - q of its words, and 1 more for -x, as an exact integer |
//! | `ForwardButterfly`, `InverseButterfly`, `PlainButterfly` | sums and differences are exact integers for operands within their ranges; the inverse one's sum is reduced by q floor(sum / 2^64) |
//!
//! What joins them and is not in a solver: 2^64 = E and 2^96 = -1 modulo q, so that lo + mid E - hi
//! is `Fold`'s number, and L + 2^32 M - M - H `ShiftFold`'s; and that a product of factors of at most 2^16 - 1 (or 2^17 - 2) in absolute
//! value is at most their square.
//!
//! Likewise by hand, from the ranges in each unit's header: that operands stay within what the lemmas
//! assume from stage to stage (below 2^70 in the forward transform, 2^69 for a product of the shift).
//!
//! What is not proved here: the number of edges and the valid bits. Steps are looked at one by one
//! or with all registers as wires; `tests/arith` checks the timing, in both simulations.
//!
//! No lemma holds for want of a case: the solver must find operands that satisfy its assumptions.
//! And every kind of lemma is also put to a mutated unit, which it must refute.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

mod butterflies;
mod linear;
mod multiplier;
mod polynomial;
mod prover;
mod residues;
mod shifts;
