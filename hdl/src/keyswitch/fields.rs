//! Masks for words that hold several fields, and a word's multiples in them.
//!
//! A 64-bit word of key memory, and of the sums, is one field of 64 bits, two of 32 or three of 21.
//! All are added at once by one adder whose carries are cut between the fields: with H the top bit of each,
//! a + b = ((a & !H) + (b & !H)) ^ ((a ^ b) & H).

use rust_hdl::prelude::*;

/// Masks from the number of fields; static.
#[derive(LogicBlock)]
pub struct Fields {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Fields of a word: 1, 2 or 3.
    pub count: Signal<In, Bits<2>>,
    /// The lowest bit of each field.
    pub lowest: Signal<Out, Bits<64>>,
    /// The highest bit of each field.
    pub highest: Signal<Out, Bits<64>>,
    low: DFF<Bits<64>>,
    high: DFF<Bits<64>>,
    low_1: Constant<Bits<64>>,
    low_2: Constant<Bits<64>>,
    low_3: Constant<Bits<64>>,
    high_1: Constant<Bits<64>>,
    high_2: Constant<Bits<64>>,
    high_3: Constant<Bits<64>>,
}

impl Default for Fields {
    fn default() -> Self {
        let mask = |bits: &[u32]| {
            let word = bits.iter().fold(0_u64, |word, bit| word | 1 << bit);
            Constant::new(word.into())
        };
        Self {
            clock: Default::default(),
            count: Default::default(),
            lowest: Default::default(),
            highest: Default::default(),
            low: Default::default(),
            high: Default::default(),
            low_1: mask(&[0]),
            low_2: mask(&[0, 32]),
            // The bit that is left over is a field of its own, so that nothing reaches it.
            low_3: mask(&[0, 21, 42, 63]),
            high_1: mask(&[63]),
            high_2: mask(&[31, 63]),
            high_3: mask(&[20, 41, 62, 63]),
        }
    }
}

impl Logic for Fields {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low, high);
        self.low.d.next = self.low_1.val();
        self.high.d.next = self.high_1.val();
        if self.count.val() == 2 {
            self.low.d.next = self.low_2.val();
            self.high.d.next = self.high_2.val();
        }
        if self.count.val() == 3 {
            self.low.d.next = self.low_3.val();
            self.high.d.next = self.high_3.val();
        }
        self.lowest.next = self.low.q.val();
        self.highest.next = self.high.q.val();
    }
}

/// What [`super::AddMultiple`] needs of a word of the key, for all ciphertexts.
///
/// Timing: edge 1 registers the word, edge 2 its multiples, field by field. Latency 2.
#[derive(LogicBlock, Default)]
pub struct Multiples {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// See [`Fields::lowest`].
    pub lowest: Signal<In, Bits<64>>,
    /// See [`Fields::highest`].
    pub highest: Signal<In, Bits<64>>,
    /// A word of the key.
    pub key: Signal<In, Bits<64>>,
    /// The word of one edge ago, for the checksum.
    pub raw: Signal<Out, Bits<64>>,
    /// The word of two edges ago.
    pub k1: Signal<Out, Bits<64>>,
    /// Times 2.
    pub k2: Signal<Out, Bits<64>>,
    /// Times 3.
    pub k3: Signal<Out, Bits<64>>,
    /// Times 4.
    pub k4: Signal<Out, Bits<64>>,
    /// Times 8.
    pub k8: Signal<Out, Bits<64>>,
    keep: Signal<Local, Bits<64>>,
    twice: Signal<Local, Bits<64>>,
    four_times: Signal<Local, Bits<64>>,
    word: DFF<Bits<64>>,
    times_1: DFF<Bits<64>>,
    times_2: DFF<Bits<64>>,
    times_3: DFF<Bits<64>>,
    times_4: DFF<Bits<64>>,
    times_8: DFF<Bits<64>>,
}

impl Multiples {
    /// Rising edges from `key` to `k1` and the others.
    pub const LATENCY: usize = 2;
}

impl Logic for Multiples {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, word, times_1, times_2, times_3, times_4, times_8
        );
        self.word.d.next = self.key.val();
        self.raw.next = self.word.q.val();
        self.keep.next = !self.lowest.val();
        self.twice.next = (self.word.q.val() << 1) & self.keep.val();
        self.four_times.next = (self.twice.val() << 1) & self.keep.val();
        self.times_1.d.next = self.word.q.val();
        self.times_2.d.next = self.twice.val();
        self.times_3.d.next = ((self.word.q.val() & !self.highest.val())
            + (self.twice.val() & !self.highest.val()))
            ^ ((self.word.q.val() ^ self.twice.val()) & self.highest.val());
        self.times_4.d.next = self.four_times.val();
        self.times_8.d.next = (self.four_times.val() << 1) & self.keep.val();
        self.k1.next = self.times_1.q.val();
        self.k2.next = self.times_2.q.val();
        self.k3.next = self.times_3.q.val();
        self.k4.next = self.times_4.q.val();
        self.k8.next = self.times_8.q.val();
    }
}
