//! Sums of products of key bytes and digits, the inner loop of the packed key switch, on the
//! instruction sets that have one for it.

use super::super::kernel::Kernel;
#[cfg(target_arch = "x86_64")]
use super::dot_avx2::{Avx2, AvxVnni};
#[cfg(target_arch = "x86_64")]
use super::dot_avx512::Avx512Vnni;

/// Columns of a [`Vector`].
pub(super) const COLUMNS: usize = 16;
/// Rows of a [`Vector`].
pub(super) const ROWS: usize = 4;
/// Rows of a panel, at most: three byte planes of so many take 24 KiB of a level-1 cache, which
/// leaves room for digits.
pub(super) const PANEL_ROWS: usize = 512;
/// Byte planes of a panel, at most: two ciphertexts' sums of two half vectors then take 12 of 16
/// registers, and eight ciphertexts' of whole vectors 24 of 32.
pub(super) const PANEL_PLANES: usize = 3;
/// Digits are at most `2^(LARGEST_BASE_LOG - 1)` in size, so that a sum of two products with bytes
/// fits 16 bits: `2 * 64 * 255 = 32640 < 2^15`.
pub(super) const LARGEST_BASE_LOG: u32 = 7;

/// One byte of the words of [`ROWS`] rows and [`COLUMNS`] columns: byte `4 c + r` belongs to
/// column c and row r. Aligned, so that no load crosses a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Vector(pub(super) [u8; ROWS * COLUMNS]);

/// A ciphertext's digits for [`ROWS`] rows.
pub(super) type Digits = [i8; ROWS];

/// Sums of products: `[ciphertext][plane][column]`.
pub(super) type Sums<const PLANES: usize, const CIPHERTEXTS: usize> =
    [[[i32; COLUMNS]; PLANES]; CIPHERTEXTS];

/// A value proves that the CPU has the instructions, because it only comes out of a check.
pub(super) trait Dot: Copy {
    /// Ciphertexts whose sums fit the registers, with [`PANEL_PLANES`] planes; a power of two up
    /// to 8.
    const TILE: usize;

    /// `sums[c][p][j] = sum over g, r of panel[g][p].0[4 j + r] * digits[g][c][r]`, where the
    /// digits are at most `2^(base_log - 1)` in size, `base_log <= LARGEST_BASE_LOG`.
    ///
    /// A panel has at most [`PANEL_ROWS`] rows, so that a sum is at most
    /// `512 * 255 * 64 < 2^23` in size.
    fn dot<const PLANES: usize, const CIPHERTEXTS: usize>(
        self,
        panel: &[[Vector; PLANES]],
        digits: &[[Digits; CIPHERTEXTS]],
        base_log: u32,
        sums: &mut Sums<PLANES, CIPHERTEXTS>,
    );
}

/// Asks for what lies as far behind `vectors` as a panel is long, which is most often the panel to
/// be used next. The caches' own prefetchers stop while a panel is used for further ciphertexts.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn prefetch<const PLANES: usize>(
    vectors: &[Vector; PLANES],
    panel: &[[Vector; PLANES]],
) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for vector in vectors {
        let address = std::ptr::from_ref(vector).wrapping_add(PLANES * panel.len());
        // SAFETY: SSE is part of x86-64. Nothing is read, and no address is a fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
    }
}

/// An implementation of [`Dot`] that this CPU can run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(Avx512Vnni),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// By the definition of [`Dot::dot`].
    #[cfg(test)]
    Plain(super::tests::Plain),
}

impl Instructions {
    /// The fastest that this CPU has, of those that `kernel` stands for.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn best(kernel: Kernel) -> Option<Self> {
        let avx512 = || Avx512Vnni::detect().map(Self::Avx512Vnni);
        let avx_vnni = || AvxVnni::detect().map(Self::AvxVnni);
        let avx2 = || Avx2::detect().map(Self::Avx2);
        match kernel {
            Kernel::Reference | Kernel::Portable | Kernel::Neon => None,
            Kernel::Avx2 => avx_vnni().or_else(avx2),
            Kernel::Avx512 | Kernel::Avx512Ifma => avx512().or_else(avx_vnni).or_else(avx2),
        }
    }

    /// None on this CPU.
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) const fn best(_kernel: Kernel) -> Option<Self> {
        None
    }
}
