//! The key switch as a product of two matrices of bytes: of key words, cut into byte planes, and
//! of the digits of a batch.
//!
//! With `S_p = sum over rows of digit * (byte p of the row's word)`, a plain integer,
//! `sum over rows of digit * word = sum over p of S_p * 2^(8 p)`, and that is all there is to it:
//! no word is ever multiplied.
//!
//! The key lies in memory in the order in which it is used, one sequential stream:
//!
//! ```text
//! [chunk of mask words][16 columns][panel of up to 3 planes][level][4 mask words][plane][Vector]
//! ```
//!
//! A chunk has as many mask words as have [`PANEL_ROWS`] digits. A panel and the digits of two
//! dozen ciphertexts fit a level-1 cache together, so a panel is read from memory once for a batch
//! of any size.

use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use gyrus_interface::ParameterSet;
use rayon::prelude::*;

use super::super::decompose::Gadget;
use super::super::error::ModelError;
use super::super::memory;
use super::super::simd::{Simd, Work};
use super::dot::{
    COLUMNS, Digits, Dot, Instructions, LARGEST_BASE_LOG, PANEL_PLANES, PANEL_ROWS, ROWS, Sums,
    Vector,
};
use super::{Ciphertexts, Word};

/// A key switching key in byte planes.
pub(super) struct PackedKey {
    vectors: Vec<Vector>,
    shape: Shape,
    instructions: Instructions,
}

/// What the order of a key's vectors depends on.
struct Shape {
    gadget: Gadget,
    /// `k*N`.
    mask_words: usize,
    /// Mask words of a chunk, a multiple of [`ROWS`]; the last chunk may have fewer.
    chunk_words: usize,
    /// `n + 1`.
    small_size: usize,
    panels: Vec<Panel>,
}

/// Byte planes that are multiplied together.
#[derive(Clone, Copy)]
struct Panel {
    /// A word's bits below the first plane.
    shift: u32,
    planes: usize,
}

impl Panel {
    /// The planes between a word's lowest and highest bit that is set anywhere in a key, in
    /// panels of much the same size. `union` is the OR of all words.
    fn all(union: u64) -> Vec<Self> {
        let Some(highest) = union.checked_ilog2() else {
            return Vec::new();
        };
        let lowest = union.trailing_zeros();
        let planes = (highest - lowest) as usize / 8 + 1;
        let panels = planes.div_ceil(PANEL_PLANES);
        let mut shift = lowest;
        (0..panels)
            .map(|i| {
                let planes = (planes + i) / panels;
                let panel = Self { shift, planes };
                shift += 8 * planes as u32;
                panel
            })
            .collect()
    }
}

impl Shape {
    /// Blocks of columns; the last may be padded.
    fn blocks(&self) -> usize {
        self.small_size.div_ceil(COLUMNS)
    }

    /// Groups of [`ROWS`] rows that so many mask words have; the last of a level may be padded.
    fn groups(&self, mask_words: usize) -> usize {
        mask_words.div_ceil(ROWS) * self.gadget.levels()
    }

    fn planes(&self) -> usize {
        self.panels.iter().map(|panel| panel.planes).sum()
    }

    /// Vectors of a block of columns of so many mask words.
    fn block_vectors(&self, mask_words: usize) -> usize {
        self.groups(mask_words) * self.planes()
    }

    /// Packs `rows`, those of some mask words, into `vectors`, zero before.
    fn pack<W: Word>(&self, rows: &[W], vectors: &mut [Vector]) {
        let levels = self.gadget.levels();
        let words = rows.len() / (levels * self.small_size);
        let groups = words.div_ceil(ROWS);
        for (block, mut vectors) in vectors
            .chunks_exact_mut(self.block_vectors(words).max(1))
            .enumerate()
        {
            for panel in &self.panels {
                let (of_panel, others) = vectors.split_at_mut(levels * groups * panel.planes);
                vectors = others;
                for (i, row) in rows.chunks_exact(self.small_size).enumerate() {
                    let (word, level) = (i / levels, i % levels);
                    let group = level * groups + word / ROWS;
                    let columns = row.iter().skip(block * COLUMNS).take(COLUMNS);
                    for (plane, vector) in of_panel
                        .iter_mut()
                        .skip(group * panel.planes)
                        .take(panel.planes)
                        .enumerate()
                    {
                        let shift = panel.shift + 8 * plane as u32;
                        let bytes = vector.0.iter_mut().skip(word % ROWS).step_by(ROWS);
                        for (byte, &word) in bytes.zip(columns.clone()) {
                            *byte = (word.into() >> shift) as u8;
                        }
                    }
                }
            }
        }
    }
}

impl PackedKey {
    /// True when the digits of this set are small enough.
    pub(super) const fn fits(set: &ParameterSet) -> bool {
        Gadget::new(set.keyswitch).base_log() <= LARGEST_BASE_LOG
    }

    /// Packs `rows`, whose length fits `set`, in parallel on the current rayon pool. The set
    /// fits, see [`Self::fits`].
    pub(super) fn new<W: Word>(set: &ParameterSet, rows: &[W], instructions: Instructions) -> Self {
        let gadget = Gadget::new(set.keyswitch);
        let union = rows
            .par_iter()
            .map(|&word| word.into())
            .reduce(|| 0, |a, b| a | b);
        let shape = Shape {
            gadget,
            mask_words: set.big_lwe_dimension().0,
            chunk_words: PANEL_ROWS / gadget.levels() / ROWS * ROWS,
            small_size: set.small_lwe_size(),
            panels: Panel::all(union),
        };
        let vectors_of = |words| shape.blocks() * shape.block_vectors(words);
        let zero = Vector([0; ROWS * COLUMNS]);
        let mut vectors = memory::on_huge_pages(zero, vectors_of(shape.mask_words));
        let chunk_rows = shape.chunk_words * gadget.levels() * shape.small_size;
        vectors
            .par_chunks_mut(vectors_of(shape.chunk_words).max(1))
            .zip(rows.par_chunks(chunk_rows))
            .for_each(|(vectors, rows)| shape.pack(rows, vectors));
        Self {
            vectors,
            shape,
            instructions,
        }
    }

    /// Bytes of memory that the key takes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.vectors.as_slice())
    }
}

/// The key switch of a batch; what is around the products is compiled once per instruction set.
pub(super) struct Batch<'a, W> {
    pub(super) key: &'a PackedKey,
    pub(super) ciphertexts: Ciphertexts<'a>,
    pub(super) cancel: &'a AtomicBool,
    pub(super) word: PhantomData<W>,
}

impl<S: Simd, W: Word> Work<S> for Batch<'_, W> {
    type Output = Result<Vec<Vec<W>>, ModelError>;

    #[inline(always)]
    fn run(self, _simd: S) -> Self::Output {
        match self.key.instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512Vnni(dot) => self.switch(dot),
            #[cfg(target_arch = "x86_64")]
            Instructions::AvxVnni(dot) => self.switch(dot),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2(dot) => self.switch(dot),
            #[cfg(test)]
            Instructions::Plain(dot) => self.switch(dot),
        }
    }
}

impl<W: Word> Batch<'_, W> {
    #[inline(always)]
    fn switch<D: Dot>(self, dot: D) -> Result<Vec<Vec<W>>, ModelError> {
        let PackedKey { vectors, shape, .. } = self.key;
        let (blocks, count) = (shape.blocks(), self.ciphertexts.len());
        let tiles = tiles(count, D::TILE);
        let mut digits = vec![[0; ROWS]; count * shape.groups(shape.chunk_words)];
        // `[ciphertext][block][column]`.
        let mut sums = vec![[W::ZERO; COLUMNS]; count * blocks];
        let chunk_vectors = blocks * shape.block_vectors(shape.chunk_words);
        for (i, vectors) in vectors.chunks(chunk_vectors.max(1)).enumerate() {
            let first = i * shape.chunk_words;
            let words = shape.chunk_words.min(shape.mask_words - first);
            let groups = shape.groups(words);
            for tile in &tiles {
                for (lane, ciphertext) in self
                    .ciphertexts
                    .iter()
                    .skip(tile.start)
                    .take(tile.len())
                    .enumerate()
                {
                    let words = ciphertext.iter().skip(first).take(words);
                    let digits = digits.iter_mut().skip(tile.start * groups + lane);
                    decompose(&shape.gadget, words, digits.step_by(tile.len()));
                }
            }
            for (block, mut vectors) in vectors.chunks_exact(shape.block_vectors(words)).enumerate()
            {
                if self.cancel.load(Ordering::Relaxed) {
                    return Err(ModelError::Cancelled);
                }
                for panel in &shape.panels {
                    let (of_panel, others) = vectors.split_at(groups * panel.planes);
                    vectors = others;
                    for tile in &tiles {
                        let digits = &digits[tile.start * groups..tile.end * groups];
                        let sums = sums.iter_mut().skip(tile.start * blocks + block);
                        Product {
                            panel: of_panel,
                            digits,
                            base_log: shape.gadget.base_log(),
                            shift: panel.shift,
                        }
                        .add(
                            dot,
                            (panel.planes, tile.len()),
                            sums.step_by(blocks),
                        );
                    }
                }
            }
        }
        Ok(sums
            .chunks_exact(blocks)
            .map(|sums| sums.iter().flatten().map(|&sum| W::ZERO.wrapping_sub(sum)))
            .map(|words| words.take(shape.small_size).collect())
            .collect())
    }
}

/// Cuts a batch into tiles whose sizes are powers of two.
fn tiles(count: usize, largest: usize) -> Vec<Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(|| {
        let log2 = (count - start).min(largest).checked_ilog2()?;
        let tile = start..start + (1 << log2);
        start = tile.end;
        Some(tile)
    })
    .collect()
}

/// Digits of a ciphertext's `words`, at most [`PANEL_ROWS`] in all, in the order
/// `[level][4 words]`.
#[inline(always)]
fn decompose<'a>(
    gadget: &Gadget,
    words: impl ExactSizeIterator<Item = &'a u64>,
    mut digits: impl Iterator<Item = &'a mut Digits>,
) {
    let groups = words.len().div_ceil(ROWS);
    // Words and digits that pad the last group stay 0.
    let mut states = [0; PANEL_ROWS];
    for (state, &word) in states.iter_mut().zip(words) {
        *state = gadget.state(word);
    }
    let mut level_digits = [0; PANEL_ROWS];
    for level in 1..=gadget.levels() {
        for (digit, state) in level_digits.iter_mut().zip(&mut states).take(groups * ROWS) {
            if level < gadget.levels() {
                let (low, rest) = gadget.split(*state);
                (*digit, *state) = (low as i8, rest);
            } else {
                *digit = *state as i8;
            }
        }
        let fours = level_digits.as_chunks::<ROWS>().0.iter().take(groups);
        for (from, to) in fours.zip(digits.by_ref()) {
            *to = *from;
        }
    }
}

/// A panel times the digits of a tile.
struct Product<'a> {
    /// `[group][plane]`.
    panel: &'a [Vector],
    /// `[group][ciphertext]`.
    digits: &'a [Digits],
    base_log: u32,
    /// Of the panel's words.
    shift: u32,
}

impl Product<'_> {
    /// Adds it to the tile's sums; `size` is the number of planes and of ciphertexts.
    #[inline(always)]
    fn add<'a, W: Word>(
        &self,
        dot: impl Dot,
        size: (usize, usize),
        sums: impl Iterator<Item = &'a mut [W; COLUMNS]>,
    ) {
        match size {
            (1, 1) => self.add_sized::<1, 1, _>(dot, sums),
            (1, 2) => self.add_sized::<1, 2, _>(dot, sums),
            (1, 4) => self.add_sized::<1, 4, _>(dot, sums),
            (1, _) => self.add_sized::<1, 8, _>(dot, sums),
            (2, 1) => self.add_sized::<2, 1, _>(dot, sums),
            (2, 2) => self.add_sized::<2, 2, _>(dot, sums),
            (2, 4) => self.add_sized::<2, 4, _>(dot, sums),
            (2, _) => self.add_sized::<2, 8, _>(dot, sums),
            (_, 1) => self.add_sized::<3, 1, _>(dot, sums),
            (_, 2) => self.add_sized::<3, 2, _>(dot, sums),
            (_, 4) => self.add_sized::<3, 4, _>(dot, sums),
            (_, _) => self.add_sized::<3, 8, _>(dot, sums),
        }
    }

    #[inline(always)]
    fn add_sized<'a, const PLANES: usize, const CIPHERTEXTS: usize, W: Word>(
        &self,
        dot: impl Dot,
        sums: impl Iterator<Item = &'a mut [W; COLUMNS]>,
    ) {
        let mut products: Sums<PLANES, CIPHERTEXTS> = [[[0; COLUMNS]; PLANES]; CIPHERTEXTS];
        let (panel, digits) = (self.panel.as_chunks().0, self.digits.as_chunks().0);
        dot.dot(panel, digits, self.base_log, &mut products);
        for (sum, products) in sums.zip(&products) {
            for (plane, products) in products.iter().enumerate() {
                let shift = self.shift + 8 * plane as u32;
                for (word, &product) in sum.iter_mut().zip(products) {
                    *word = word.wrapping_add(W::from_i32(product) << shift);
                }
            }
        }
    }
}
