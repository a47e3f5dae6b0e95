//! The functional engine: key switch, modulus switch, blind rotation and sample extraction,
//! word for word equal to tfhe-rs 1.8's exact (BNF) path, on the CPU.
//!
//! ```text
//! LWE, k*N, mod 2^64 --key switch--> LWE, n, mod 2^w --modulus switch--> LWE, n, mod 2N
//!   --blind rotation of the look-up table--> GLWE, mod 2^64 --sample extraction--> LWE, k*N
//! ```
//!
//! The arithmetic of the blind rotation is exact: signed digits mod 2^64 times key words that
//! were rounded to mod q = 2^64 - 2^32 + 1, the sum mod q rounded back to mod 2^64. So every
//! [`Kernel`] gives the same words, whatever transform it multiplies polynomials with.
//!
//! [`Engine`] runs batches; the single steps are public for tests and for comparison with
//! hardware: [`keyswitch()`], [`modulus_switch()`], [`EvaluationKey::external_product`],
//! [`EvaluationKey::cmux`], [`EvaluationKey::blind_rotate`], [`sample_extract`], [`Gadget`] and
//! [`NegacyclicNtt`].

mod decompose;
mod engine;
mod error;
mod float_ntt;
mod ifma_ntt;
mod kernel;
mod key;
mod keyswitch;
mod memory;
mod modulus_switch;
mod portable;
mod primes;
mod reference;
mod rotate;
#[cfg(test)]
mod schoolbook;
mod simd;

pub use decompose::Gadget;
pub use engine::{Batch, Engine};
pub use error::ModelError;
pub use gyrus_interface::field as goldilocks;
pub use kernel::Kernel;
pub use key::EvaluationKey;
pub use keyswitch::keyswitch;
pub use modulus_switch::{SmallLwe, modulus_switch};
pub use reference::NegacyclicNtt;
pub use rotate::sample_extract;
