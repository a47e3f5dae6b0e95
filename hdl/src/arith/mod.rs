//! Arithmetic modulo q = 2^64 - 2^32 + 1, one pipelined unit per operation.
//!
//! | unit | computes | operands | latency |
//! |---|---|---|---|
//! | [`AddMod`] | a + b | below q | 2 |
//! | [`SubMod`] | a - b | below q | 2 |
//! | [`MulPow2`] | x * 2^EXPONENT, EXPONENT a constant below 192 | any 64 bits | 3 |
//! | [`MulRoot64`] | x * 8^index, a 64th root of unity chosen in each cycle | any 64 bits | 5 |
//! | [`Reduce128`] | x | any 128 bits | 3 |
//! | [`MulMod`] | x * y | any 64 bits | 6 |
//! | [`MulLazy`] | a 72-bit lazy residue of x * y | any 64 bits | 4 |
//! | [`Fold`] | +-(lo + 2^64 mid + 2^96 hi): what the shifts and the reduction share | see there | 3 |
//! | [`Correct`] | s mod q for s in [-q, 2q): the last step of most units | see there | 1 |
//! | [`Normalise`] | a lazy residue plus a word, as any 64 bits | any 72 and 64 bits | 2 |
//! | [`Excess`] | what the top of a lazy residue weighs | any 72 bits | 0 |
//! | [`Limbs`] | the factors that a word contributes to [`MulLazy`] | any 64 bits | 1 |
//! | [`Product`] | a * b over the integers: one DSP block | signed 18 bits | 1 |
//!
//! A [`Lazy`] residue is a number of 72 bits, two's complement, that stands for itself modulo q.
//! [`MulLazy`] gives one, [`Normalise`] any word congruent to the value; the other operations give the
//! canonical representative, in [0, q). "Any 64 bits" means that values in [q, 2^64) may enter.
//! The core is built of [`MulLazy`] and [`Normalise`]; the canonical operations are for units that need
//! words to compare.
//!
//! # What makes q cheap
//!
//! With phi = 2^32, q = phi^2 - phi + 1. So phi^2 = phi - 1 and phi^3 = -1: 2^64 = 2^32 - 1,
//! 2^96 = -1, and 2 is a root of unity of order 192. A word above bit 96 is subtracted, a word
//! between bits 64 and 95 is multiplied by E = 2^32 - 1 with one subtraction, and multiplying by a
//! power of two is wiring in front of that.
//!
//! # A trap in the emitted text
//!
//! Rust-HDL wraps each sum to the width of its operands; Verilog computes it in the width of the
//! whole expression. The two agree only if no carry, borrow or complement happens under a
//! widening `bit_cast`. So the kernels here widen plain signals first and compute after, and a
//! complement that is to be widened gets a signal of its own.

mod add;
mod correct;
mod excess;
mod fold;
mod lazy;
mod limbs;
mod mul;
mod normalise;
mod product;
mod reduce;
mod root;
mod shift;
mod sub;

pub use add::AddMod;
pub use correct::Correct;
pub use excess::Excess;
pub use fold::Fold;
pub use lazy::MulLazy;
pub use limbs::Limbs;
pub use mul::MulMod;
pub use normalise::Normalise;
pub use product::Product;
pub use reduce::Reduce128;
pub use root::MulRoot64;
pub use shift::MulPow2;
pub use sub::SubMod;

/// A lazy residue: a number congruent to the value modulo q, in two's complement, |x| < 2^71. Units
/// that take or give one state the range that they need or keep.
pub type Lazy = rust_hdl::prelude::Bits<LAZY_BITS>;

/// Bits of a [`Lazy`].
pub const LAZY_BITS: usize = 72;

pub use gyrus_interface::field::MODULUS as Q;

/// E = 2^32 - 1 = 2^64 mod q, and 2^64 - q.
const E: u64 = 0xffff_ffff;
