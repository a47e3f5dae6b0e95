//! The implementations of the polynomial arithmetic, and which of them this CPU can run.

use std::fmt;
use std::str::FromStr;

use super::error::ModelError;
use super::simd::Dispatch;

/// An implementation of the external product. All give the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kernel {
    /// Textbook number-theoretic transform mod q, written to be read.
    Reference,
    /// Fast scalar number-theoretic transform mod q.
    Portable,
    /// Two 50-bit primes in double precision, 2 lanes: NEON of aarch64.
    Neon,
    /// The same with 4 lanes: AVX2 and FMA.
    Avx2,
    /// The same with 8 lanes: AVX-512 F and DQ.
    Avx512,
    /// The same primes in 52-bit integers, 8 lanes: AVX-512 F, BW, DQ, VL and IFMA.
    Avx512Ifma,
}

impl Kernel {
    /// All kernels, the slowest first.
    pub const ALL: [Self; 6] = [
        Self::Reference,
        Self::Portable,
        Self::Neon,
        Self::Avx2,
        Self::Avx512,
        Self::Avx512Ifma,
    ];

    /// The kernels that this CPU can run, the slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|kernel| kernel.dispatch().is_ok())
            .collect()
    }

    /// The fastest kernel that this CPU can run.
    #[must_use]
    pub fn best() -> Self {
        Self::available()
            .into_iter()
            .max()
            .unwrap_or(Self::Portable)
    }

    /// The instruction set that it needs.
    ///
    /// # Errors
    /// [`ModelError::KernelUnavailable`] when the CPU does not have it.
    pub(super) fn dispatch(self) -> Result<Dispatch, ModelError> {
        match self {
            Self::Reference | Self::Portable => Some(Dispatch::scalar()),
            Self::Neon => Dispatch::neon(),
            Self::Avx2 => Dispatch::avx2(),
            Self::Avx512 => Dispatch::avx512(),
            Self::Avx512Ifma => Dispatch::avx512_ifma(),
        }
        .ok_or(ModelError::KernelUnavailable(self))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Ifma => "avx512ifma",
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kernel {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kernel| kernel.name() == name)
            .ok_or_else(|| ModelError::UnknownKernel(name.to_owned()))
    }
}
