//! A butterfly's exponent: bits of the cycle number and constants, in an order that the lane and the
//! stage decide. Combinational.
//!
//! Each instance has a selection of its own, which no type can carry: hence the written-out Verilog,
//! one concatenation.

use super::Time;
use super::arrangement::{INDEX_BITS, IndexBit, IndexSource};
use rust_hdl::prelude::*;

/// Fine bits that a smaller polynomial may lack: 3, 4 and 5, of N = 2^9, 2^10 and 2^11.
pub(super) const OPTIONAL_FINE_BITS: usize = 3;

/// The least of them.
pub(super) const FIRST_OPTIONAL_FINE_BIT: usize = 3;

/// `index` = the exponent of the lane's butterfly at `time`.
#[derive(LogicBlock)]
pub struct ButterflyIndex {
    /// The number of the cycle within the pass.
    pub cycle: Signal<In, Time>,
    /// Which of fine bits 3, 4, 5 the polynomial has.
    pub fine_bits: Signal<In, Bits<OPTIONAL_FINE_BITS>>,
    /// The exponent.
    pub index: Signal<Out, Bits<INDEX_BITS>>,
    _terms: [Term; INDEX_BITS],
}

/// One bit: a cycle bit or a constant, and which of `fine_bits` must be set for it to count.
#[derive(Clone, Copy)]
struct Term {
    value: Result<usize, bool>,
    only_with: Option<usize>,
}

impl ButterflyIndex {
    /// For the butterfly whose lane with the index bit clear is `lane`.
    #[must_use]
    pub fn new(sources: &[IndexSource; INDEX_BITS], lane: usize) -> Self {
        let only_with = |bit| match bit {
            IndexBit::Fine(i) => i.checked_sub(FIRST_OPTIONAL_FINE_BIT),
            IndexBit::Row | IndexBit::Coarse(_) => None,
        };
        Self {
            cycle: Signal::default(),
            fine_bits: Signal::default(),
            index: Signal::default(),
            _terms: sources.map(|source| match source {
                IndexSource::Constant(value) => Term {
                    value: Err(value),
                    only_with: None,
                },
                IndexSource::Lane(position, bit) => Term {
                    value: Err((lane >> position) & 1 == 1),
                    only_with: only_with(bit),
                },
                IndexSource::Time(position, bit) => Term {
                    value: Ok(position),
                    only_with: only_with(bit),
                },
            }),
        }
    }

    /// Whether it is 0 in all lanes and cycles.
    #[must_use]
    pub fn is_zero(sources: &[IndexSource; INDEX_BITS]) -> bool {
        sources
            .iter()
            .all(|&source| source == IndexSource::Constant(false))
    }

    /// Whether it changes from cycle to cycle.
    #[must_use]
    pub fn varies(sources: &[IndexSource; INDEX_BITS]) -> bool {
        sources
            .iter()
            .any(|source| matches!(source, IndexSource::Time(..)))
    }
}

impl Logic for ButterflyIndex {
    fn update(&mut self) {
        let (cycle, fine_bits) = (self.cycle.val(), self.fine_bits.val());
        let mut index = Bits::default();
        for (place, term) in self._terms.iter().enumerate() {
            let value = match term.value {
                Ok(position) => cycle.get_bit(position),
                Err(value) => value,
            };
            let counts = term.only_with.is_none_or(|bit| fine_bits.get_bit(bit));
            index = index.replace_bit(place, value && counts);
        }
        self.index.next = index;
    }

    fn connect(&mut self) {
        self.index.connect();
    }

    fn hdl(&self) -> Verilog {
        let terms: Vec<String> = self
            ._terms
            .iter()
            .rev()
            .map(|term| match (term.value, term.only_with) {
                (Err(false), _) => "1'b0".to_owned(),
                (Err(true), None) => "1'b1".to_owned(),
                (Err(true), Some(bit)) => format!("fine_bits[{bit}]"),
                (Ok(position), None) => format!("cycle[{position}]"),
                (Ok(position), Some(bit)) => format!("cycle[{position}] & fine_bits[{bit}]"),
            })
            .collect();
        let terms = terms.join(", ");
        // Terms may all be constants: `always @(*)` would wait for a change for ever.
        Verilog::Custom(format!("assign index = {{{terms}}};\n"))
    }
}
