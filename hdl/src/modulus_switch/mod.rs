//! The modulus switch in front of the blind rotation: a stream of LWE ciphertexts from the key
//! switch's modulus to 2N, word for word that of tfhe-rs.
//!
//! In: ciphertexts one after the other, each n mask words and the body, over valid/ready. A word of
//! 32 bits (`narrow`) lies in the upper half of `lwe_word`; the lower half is not looked at. Out, in
//! the same order: each word as round(word 2N / 2^w) mod 2N, ties up, w = 64 or 32.
//!
//! # The centred switch
//!
//! tfhe-rs adds to the body sum_i trunc(e_i / 2) - trunc(lost / 2) - h before it is rounded: e_i is
//! the mask's rounding error rounded - word, lost = sum_i (2 trunc(e_i / 2) - e_i), h half a step.
//! -e_i is the word's discarded low part s_i read as a signed number in [-h, h). With Q = sum_i s_i
//! and lost counting the odd s_i with their signs, that sum is -floor(Q / 2) - h, less one more if
//! Q is odd and lost negative. And the h cancels against that of the rounding: the body becomes
//!
//! floor((body - floor(Q / 2) - (Q odd and lost < 0)) 2N / 2^w).
//!
//! Q may wrap; it is kept modulo 2^(w+1), all that counts.
//!
//! Timing: three stages (accept; round, accumulate or take off; align) that all wait while
//! `switched_valid` is high and `switched_ready` low; `lwe_ready` says the same, through a gate.
//! So one word a cycle, also across ciphertexts, and a latency of 3.

use rust_hdl::prelude::*;

/// LWE words mod 2^64 or 2^32 to words mod 2N.
#[derive(LogicBlock)]
pub struct ModulusSwitch {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// log2 N, 8..=11. As the other parameters, static for [`ModulusSwitch::SETTLING`] edges before
    /// the first word and while words are inside.
    pub log2_n: Signal<In, Bits<4>>,
    /// n, at least 1.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// Take the mask's expected rounding error off the body.
    pub centred: Signal<In, Bit>,
    /// Words have 32 bits.
    pub narrow: Signal<In, Bit>,
    /// Forget the words inside; none is taken.
    pub clear: Signal<In, Bit>,
    /// `lwe_word` holds a word.
    pub lwe_valid: Signal<In, Bit>,
    /// It is taken at the next edge.
    pub lwe_ready: Signal<Out, Bit>,
    /// The next word of a ciphertext.
    pub lwe_word: Signal<In, Bits<64>>,
    /// The other outputs hold a switched word.
    pub switched_valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub switched_ready: Signal<In, Bit>,
    /// The word mod 2N.
    pub switched_word: Signal<Out, Bits<12>>,
    /// Which word of the ciphertext; n for the body.
    pub switched_index: Signal<Out, Bits<12>>,
    /// It is the body.
    pub switched_last: Signal<Out, Bit>,
    advance: Signal<Local, Bit>,
    at_body: Signal<Local, Bit>,
    upper_half: Signal<Local, Bits<32>>,
    /// The word's top 13 bits, then those above the rounding bit and this bit; the latter plus one.
    leading: Signal<Local, Bits<13>>,
    kept_bits: Signal<Local, Bits<13>>,
    incremented: Signal<Local, Bits<13>>,
    standard: Signal<Local, Bits<12>>,
    /// s_i, and whether it and Q are odd.
    low_part: Signal<Local, Bits<65>>,
    odd: Signal<Local, Bit>,
    odd_sum: Signal<Local, Bit>,
    /// floor(Q / 2), and whether one more is taken off.
    half_sum: Signal<Local, Bits<64>>,
    borrow: Signal<Local, Bits<64>>,
    centred_body: Signal<Local, Bits<64>>,
    /// Static: 11 - log2 N; 2N - 1; the bits of a low part; the bits above.
    scale: DFF<Bits<4>>,
    result_mask: DFF<Bits<12>>,
    low_mask: DFF<Bits<64>>,
    high_mask: DFF<Bits<65>>,
    /// The index of the next word to come.
    next_index: DFF<Bits<12>>,
    /// First stage.
    valid_1: DFF<Bit>,
    word_1: DFF<Bits<64>>,
    index_1: DFF<Bits<12>>,
    last_1: DFF<Bit>,
    /// Q modulo 2^65, with 32-bit words times 2^32.
    sum: DFF<Bits<65>>,
    lost: DFF<Bits<13>>,
    /// Second stage: the result is in `aligned_2`, or in the top bits of `difference_2`.
    valid_2: DFF<Bit>,
    aligned_2: DFF<Bits<12>>,
    difference_2: DFF<Bits<12>>,
    is_difference_2: DFF<Bit>,
    index_2: DFF<Bits<12>>,
    last_2: DFF<Bit>,
    /// Third stage.
    valid_3: DFF<Bit>,
    word_3: DFF<Bits<12>>,
    index_3: DFF<Bits<12>>,
    last_3: DFF<Bit>,
    eleven: Constant<Bits<4>>,
    ones: Constant<Bits<65>>,
    zero: Constant<Bits<65>>,
    one: Constant<Bits<64>>,
    upper_bits: Constant<Bits<64>>,
}

impl ModulusSwitch {
    /// Rising edges from a word's acceptance to its result, when nothing waits.
    pub const LATENCY: usize = 3;
    /// Rising edges from a change of the parameters to the first word.
    pub const SETTLING: usize = 2;
}

impl Default for ModulusSwitch {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            log2_n: Default::default(),
            lwe_dimension: Default::default(),
            centred: Default::default(),
            narrow: Default::default(),
            clear: Default::default(),
            lwe_valid: Default::default(),
            lwe_ready: Default::default(),
            lwe_word: Default::default(),
            switched_valid: Default::default(),
            switched_ready: Default::default(),
            switched_word: Default::default(),
            switched_index: Default::default(),
            switched_last: Default::default(),
            advance: Default::default(),
            at_body: Default::default(),
            upper_half: Default::default(),
            leading: Default::default(),
            kept_bits: Default::default(),
            incremented: Default::default(),
            standard: Default::default(),
            low_part: Default::default(),
            odd: Default::default(),
            odd_sum: Default::default(),
            half_sum: Default::default(),
            borrow: Default::default(),
            centred_body: Default::default(),
            scale: Default::default(),
            result_mask: Default::default(),
            low_mask: Default::default(),
            high_mask: Default::default(),
            next_index: Default::default(),
            valid_1: Default::default(),
            word_1: Default::default(),
            index_1: Default::default(),
            last_1: Default::default(),
            sum: Default::default(),
            lost: Default::default(),
            valid_2: Default::default(),
            aligned_2: Default::default(),
            difference_2: Default::default(),
            is_difference_2: Default::default(),
            index_2: Default::default(),
            last_2: Default::default(),
            valid_3: Default::default(),
            word_3: Default::default(),
            index_3: Default::default(),
            last_3: Default::default(),
            eleven: Constant::new(11.into()),
            ones: Constant::new(Bits::mask()),
            zero: Constant::new(Default::default()),
            one: Constant::new(1.into()),
            upper_bits: Constant::new((!u64::from(u32::MAX)).into()),
        }
    }
}

impl Logic for ModulusSwitch {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            scale,
            result_mask,
            low_mask,
            high_mask,
            next_index,
            valid_1,
            word_1,
            index_1,
            last_1,
            sum,
            lost,
            valid_2,
            aligned_2,
            difference_2,
            is_difference_2,
            index_2,
            last_2,
            valid_3,
            word_3,
            index_3,
            last_3
        );
        self.scale.d.next = self.eleven.val() - self.log2_n.val();
        self.result_mask.d.next = self.ones.val().get_bits::<12>(0) >> self.scale.q.val();
        self.low_mask.d.next = self.ones.val().get_bits::<64>(1) >> self.log2_n.val() >> 1;
        self.high_mask.d.next = !bit_cast::<65, 64>(self.low_mask.q.val());

        self.advance.next = !self.valid_3.q.val() | self.switched_ready.val();
        self.lwe_ready.next = self.advance.val() & !self.clear.val();
        self.at_body.next = self.next_index.q.val() == self.lwe_dimension.val();
        self.upper_half.next = self.lwe_word.val().get_bits::<32>(32);
        if self.advance.val() {
            self.valid_1.d.next = self.lwe_valid.val();
            self.word_1.d.next = self.lwe_word.val();
            if self.narrow.val() {
                self.word_1.d.next = bit_cast::<64, 32>(self.upper_half.val()) << 32;
            }
            self.index_1.d.next = self.next_index.q.val();
            self.last_1.d.next = self.at_body.val();
            if self.lwe_valid.val() {
                self.next_index.d.next = self.next_index.q.val() + 1;
                if self.at_body.val() {
                    self.next_index.d.next = self.zero.val().get_bits::<12>(0);
                }
            }
        }

        self.leading.next = self.word_1.q.val().get_bits::<13>(51);
        self.kept_bits.next = self.leading.val() >> self.scale.q.val();
        self.incremented.next = self.kept_bits.val() + 1;
        self.standard.next = self.incremented.val().get_bits::<12>(1) & self.result_mask.q.val();
        self.low_part.next = bit_cast::<65, 64>(self.word_1.q.val() & self.low_mask.q.val());
        if self.kept_bits.val().get_bit(0) {
            self.low_part.next = bit_cast::<65, 64>(self.word_1.q.val() & self.low_mask.q.val())
                | self.high_mask.q.val();
        }
        self.half_sum.next = self.sum.q.val().get_bits::<64>(1);
        self.odd.next = self.word_1.q.val().get_bit(0);
        self.odd_sum.next = self.sum.q.val().get_bit(0);
        if self.narrow.val() {
            self.half_sum.next = self.sum.q.val().get_bits::<64>(1) & self.upper_bits.val();
            self.odd.next = self.word_1.q.val().get_bit(32);
            self.odd_sum.next = self.sum.q.val().get_bit(32);
        }
        // A narrow body and half sum have zeros below bit 32, so the borrow gets there from bit 0.
        self.borrow.next = self.zero.val().get_bits::<64>(0);
        if self.odd_sum.val() & self.lost.q.val().get_bit(12) {
            self.borrow.next = self.one.val();
        }
        self.centred_body.next = self.word_1.q.val() - self.half_sum.val() - self.borrow.val();
        if self.advance.val() {
            self.valid_2.d.next = self.valid_1.q.val();
            self.aligned_2.d.next = self.standard.val();
            self.difference_2.d.next = self.centred_body.val().get_bits::<12>(52);
            self.is_difference_2.d.next = self.last_1.q.val() & self.centred.val();
            self.index_2.d.next = self.index_1.q.val();
            self.last_2.d.next = self.last_1.q.val();
            if self.valid_1.q.val() {
                if self.last_1.q.val() {
                    self.sum.d.next = self.zero.val();
                    self.lost.d.next = self.zero.val().get_bits::<13>(0);
                } else {
                    self.sum.d.next = self.sum.q.val() + self.low_part.val();
                    if self.odd.val() {
                        self.lost.d.next = self.lost.q.val() + 1;
                        if self.kept_bits.val().get_bit(0) {
                            self.lost.d.next = self.lost.q.val() - 1;
                        }
                    }
                }
            }
            self.valid_3.d.next = self.valid_2.q.val();
            self.word_3.d.next = self.aligned_2.q.val();
            if self.is_difference_2.q.val() {
                self.word_3.d.next = self.difference_2.q.val() >> self.scale.q.val();
            }
            self.index_3.d.next = self.index_2.q.val();
            self.last_3.d.next = self.last_2.q.val();
        }

        if self.clear.val() {
            self.valid_1.d.next = false;
            self.valid_2.d.next = false;
            self.valid_3.d.next = false;
            self.next_index.d.next = self.zero.val().get_bits::<12>(0);
            self.sum.d.next = self.zero.val();
            self.lost.d.next = self.zero.val().get_bits::<13>(0);
        }

        self.switched_valid.next = self.valid_3.q.val();
        self.switched_word.next = self.word_3.q.val();
        self.switched_index.next = self.index_3.q.val();
        self.switched_last.next = self.last_3.q.val();
    }
}
