//! Locals that are read between two assignments mean the same in Verilog.

use super::support::{check, emit};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::prelude::*;

/// Words that a loop goes through.
const WORDS: usize = 8;

/// The sum of eight bytes in 8 bits, whether one of them is zero, and the sum of the first four as it stood
/// when half of the loop was done.
#[derive(LogicBlock)]
struct Running {
    clock: Signal<In, Clock>,
    valid_in: Signal<In, Bit>,
    x: Signal<In, Bits<64>>,
    valid_out: Signal<Out, Bit>,
    result: Signal<Out, Bits<64>>,
    valid: DFF<Bit>,
    word: DFF<Bits<64>>,
    byte: Vec<Signal<Local, Bits<8>>>,
    any_zero: Signal<Local, Bit>,
    sum: Signal<Local, Bits<8>>,
    /// `sum` between its assignments; with its own reader behind all of them.
    half_sum: Signal<Local, Bits<8>>,
    /// As `half_sum`, but only for odd words.
    odd_half_sum: Signal<Local, Bits<8>>,
    flag: Constant<Bits<64>>,
}

impl Default for Running {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            x: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            valid: Default::default(),
            word: Default::default(),
            byte: gyrus_hdl::structure::many(WORDS, |_| Signal::default()),
            any_zero: Default::default(),
            sum: Default::default(),
            half_sum: Default::default(),
            odd_half_sum: Default::default(),
            flag: Constant::new((1_u64 << 63).to_bits()),
        }
    }
}

impl Running {
    const LATENCY: usize = 1;
}

impl Logic for Running {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, valid, word);
        self.valid.d.next = self.valid_in.val();
        self.word.d.next = self.x.val();

        for i in 0..8 {
            self.byte[i].next = self.word.q.val().get_bits::<8>(8 * i);
        }
        self.any_zero.next = false;
        self.sum.next = 0.into();
        self.odd_half_sum.next = 0.into();
        for i in 0..4 {
            self.sum.next = self.sum.val() + self.byte[i].val();
        }
        self.half_sum.next = self.sum.val();
        if self.word.q.val().get_bit(0) {
            self.odd_half_sum.next = self.sum.val();
        }
        for i in 4..8 {
            self.sum.next = self.sum.val() + self.byte[i].val();
        }
        for i in 0..8 {
            self.any_zero.next = self.any_zero.val() | (self.byte[i].val() == 0);
        }

        self.valid_out.next = self.valid.q.val();
        self.result.next = (bit_cast::<64, 8>(self.half_sum.val()) << 16)
            | (bit_cast::<64, 8>(self.odd_half_sum.val()) << 32)
            | bit_cast::<64, 8>(self.sum.val());
        if self.any_zero.val() {
            self.result.next = self.flag.val()
                | (bit_cast::<64, 8>(self.half_sum.val()) << 16)
                | (bit_cast::<64, 8>(self.odd_half_sum.val()) << 32)
                | bit_cast::<64, 8>(self.sum.val());
        }
    }
}

crate::unit!(Running, x: 64);

fn expected(word: u128) -> u64 {
    let bytes: Vec<u64> = (0..WORDS).map(|i| (word >> (8 * i)) as u64 & 255).collect();
    // In 8 bits.
    let sum = |bytes: &[u64]| bytes.iter().sum::<u64>() & 255;
    let half = sum(&bytes[..WORDS / 2]);
    let odd_half = if word & 1 == 1 { half } else { 0 };
    let any_zero = u64::from(bytes.contains(&0));
    any_zero << 63 | odd_half << 32 | half << 16 | sum(&bytes)
}

#[test]
fn a_signal_may_be_read_between_its_assignments() {
    let mut rng = ChaCha8Rng::seed_from_u64(31);
    let mut words: Vec<Vec<u128>> = vec![vec![0], vec![u64::MAX.into()]];
    words.extend((0..2_000).map(|_| vec![u128::from(rng.random::<u64>())]));
    // One zero byte, in each place.
    words.extend((0..WORDS).map(|i| vec![u128::from(u64::MAX ^ (255 << (8 * i)))]));
    check::<Running>("running", &words, |x| expected(x[0]));
    // Nothing of the loops is lost: eight additions and eight comparisons.
    let text = emit::<Running>();
    assert_eq!(text.matches("sum = sum + ").count(), WORDS, "{text}");
    assert_eq!(text.matches("any_zero = any_zero | ").count(), WORDS);
}
