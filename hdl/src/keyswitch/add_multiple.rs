//! A word of one ciphertext's sums: adds v times a word of the key, |v| <= 8, field by field.
//!
//! v = 4 h + l with l in 0..=3 and h in -2..=2, which are v's bits in two's complement. l and h pick
//! a multiple each; a negative one is inverted, and its 1 is the carries' free lowest bit. So a row
//! of full adders and one adder with its carries cut ([`super::Fields`]) do all.
//!
//! Timing: with the read address in cycle 0, the word, the key's multiples and v in cycle 1, the
//! sum is written in cycle 3: [`AddMultiple::LATENCY`]. A word's next read may be 4 cycles after
//! its last.

use crate::memory::{Address, Ram};
use rust_hdl::prelude::*;

/// The RAM of a word of the sums, and its adder.
#[derive(LogicBlock)]
pub struct AddMultiple {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// See [`Fields::lowest`](super::Fields::lowest).
    pub lowest: Signal<In, Bits<64>>,
    /// See [`Fields::highest`](super::Fields::highest).
    pub highest: Signal<In, Bits<64>>,
    /// Where to read.
    pub read_address: Signal<In, Address>,
    /// One cycle later: the sum is 0, whatever is read.
    pub fresh: Signal<In, Bit>,
    /// One cycle later: the factor.
    pub v: Signal<In, Bits<5>>,
    /// One cycle later: the word of the key, see [`Multiples`](super::Multiples).
    pub k1: Signal<In, Bits<64>>,
    /// Times 2.
    pub k2: Signal<In, Bits<64>>,
    /// Times 3.
    pub k3: Signal<In, Bits<64>>,
    /// Times 4.
    pub k4: Signal<In, Bits<64>>,
    /// Times 8.
    pub k8: Signal<In, Bits<64>>,
    /// Three cycles later: write the new sum.
    pub write_enable: Signal<In, Bit>,
    /// Where: the read address again.
    pub write_address: Signal<In, Address>,
    /// The word that was asked for one edge ago.
    pub word: Signal<Out, Bits<64>>,
    words: Ram<64>,
    old: Signal<Local, Bits<64>>,
    by_low: Signal<Local, Bits<64>>,
    by_high: Signal<Local, Bits<64>>,
    ones: Signal<Local, Bits<64>>,
    sums: Signal<Local, Bits<64>>,
    carries: Signal<Local, Bits<64>>,
    low_sums: DFF<Bits<64>>,
    low_carries: DFF<Bits<64>>,
    high_sums: DFF<Bits<64>>,
    total: DFF<Bits<64>>,
    zero: Constant<Bits<64>>,
}

impl AddMultiple {
    /// Rising edges from `read_address` to the write.
    pub const LATENCY: usize = 3;

    /// Words at so many addresses.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self {
            clock: Default::default(),
            lowest: Default::default(),
            highest: Default::default(),
            read_address: Default::default(),
            fresh: Default::default(),
            v: Default::default(),
            k1: Default::default(),
            k2: Default::default(),
            k3: Default::default(),
            k4: Default::default(),
            k8: Default::default(),
            write_enable: Default::default(),
            write_address: Default::default(),
            word: Default::default(),
            words: Ram::new(depth),
            old: Default::default(),
            by_low: Default::default(),
            by_high: Default::default(),
            ones: Default::default(),
            sums: Default::default(),
            carries: Default::default(),
            low_sums: Default::default(),
            low_carries: Default::default(),
            high_sums: Default::default(),
            total: Default::default(),
            zero: Constant::new(Default::default()),
        }
    }
}

impl Logic for AddMultiple {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, low_sums, low_carries, high_sums, total);
        self.words.clock.next = self.clock.val();
        self.words.read_address.next = self.read_address.val();
        self.word.next = self.words.read_data.val();

        self.old.next = self.words.read_data.val();
        if self.fresh.val() {
            self.old.next = self.zero.val();
        }
        self.by_low.next = self.zero.val();
        if self.v.val().get_bit(1) {
            self.by_low.next = self.k2.val();
            if self.v.val().get_bit(0) {
                self.by_low.next = self.k3.val();
            }
        } else if self.v.val().get_bit(0) {
            self.by_low.next = self.k1.val();
        }
        // h is 1 or -1 if its lowest bit is set, else 0, 2 or -2.
        self.by_high.next = self.zero.val();
        self.ones.next = self.zero.val();
        if self.v.val().get_bit(2) {
            self.by_high.next = self.k4.val();
        } else if self.v.val().get_bit(3) {
            self.by_high.next = self.k8.val();
        }
        if self.v.val().get_bit(4) {
            self.ones.next = self.lowest.val();
            self.by_high.next = !self.k8.val();
            if self.v.val().get_bit(2) {
                self.by_high.next = !self.k4.val();
            }
        }
        self.sums.next = self.old.val() ^ self.by_low.val() ^ self.by_high.val();
        self.carries.next = ((((self.old.val() & self.by_low.val())
            | (self.old.val() & self.by_high.val())
            | (self.by_low.val() & self.by_high.val()))
            << 1)
            & !self.lowest.val())
            | self.ones.val();
        self.low_sums.d.next = self.sums.val() & !self.highest.val();
        self.low_carries.d.next = self.carries.val() & !self.highest.val();
        self.high_sums.d.next = (self.sums.val() ^ self.carries.val()) & self.highest.val();
        self.total.d.next =
            (self.low_sums.q.val() + self.low_carries.q.val()) ^ self.high_sums.q.val();

        self.words.write_enable.next = self.write_enable.val();
        self.words.write_address.next = self.write_address.val();
        self.words.write_data.next = self.total.q.val();
    }
}
