//! The sample extraction behind the blind rotation: the LWE ciphertext of the coefficient at
//! degree 0 of X^-b acc, read out of the accumulator (k = 1) without rotating it.
//!
//! Let p(m), m modulo 2N, be coefficient m of a polynomial, or minus coefficient m - N for m >= N.
//! Coefficient j of X^-b times the polynomial is p(b + j). The LWE's mask word 0 is coefficient 0
//! and word i > 0 is minus coefficient N - i, -p(b + N - i) = p(b - i): so one count down from b
//! serves all N mask words. The body is p(b) of the other polynomial; after N steps the count is
//! b - N, whose p is -p(b).
//!
//! Timing: `start` is heeded while `busy` is low. From the next cycle on there is a request a cycle
//! on `extract_..`, which the memory answers in order on `word`, `memory_latency` edges later. The
//! answer is negated or not and enters a FIFO; it shows on `lwe_word` two edges later. A request
//! is made only if the FIFO has room for its answer beside those that are on their way, and room is
//! enough that a reader who is always ready gets a word a cycle. `busy` falls in the cycle of the
//! last request, so that starts without a gap give words without a gap; the accumulator may be
//! overwritten behind the requests. Latency from `start` to the first word: see
//! [`SampleExtract::latency`].

use crate::memory::{Delay, Fifo};
use rust_hdl::prelude::*;

/// Edges from an answer to its word on `lwe_word`: into the RAM, out of it.
const FIFO_LATENCY: usize = 2;

/// Reads a sample out of an accumulator of two polynomials; the memory's latency is given to
/// [`SampleExtract::new`].
#[derive(LogicBlock)]
pub struct SampleExtract {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Begin; the next three ports hold what to extract.
    pub start: Signal<In, Bit>,
    /// Whose accumulator.
    pub slot: Signal<In, Bits<4>>,
    /// b, below 2N.
    pub body: Signal<In, Bits<12>>,
    /// log2 N, 8..=11.
    pub log2_n: Signal<In, Bits<4>>,
    /// `start` is not heeded.
    pub busy: Signal<Out, Bit>,
    /// The next three ports ask for a word of the accumulator.
    pub extract_valid: Signal<Out, Bit>,
    /// Whose accumulator.
    pub extract_slot: Signal<Out, Bits<4>>,
    /// Which polynomial: low for the mask, high for the body.
    pub extract_row: Signal<Out, Bit>,
    /// Which coefficient.
    pub extract_index: Signal<Out, Bits<11>>,
    /// `word` holds the answer to the request of `memory_latency` edges ago.
    pub word_valid: Signal<In, Bit>,
    /// The coefficient.
    pub word: Signal<In, Bits<64>>,
    /// `lwe_word` holds a word.
    pub lwe_valid: Signal<Out, Bit>,
    /// It is taken at the next edge.
    pub lwe_ready: Signal<In, Bit>,
    /// The next word of the LWE ciphertext: N mask words, then the body.
    pub lwe_word: Signal<Out, Bits<64>>,
    /// It is the body.
    pub lwe_last: Signal<Out, Bit>,
    /// The body is asked for, the mask is done.
    at_body: Signal<Local, Bit>,
    ask: Signal<Local, Bit>,
    finish: Signal<Local, Bit>,
    ready_to_start: Signal<Local, Bit>,
    /// Their lowest bits are bits log2 N of the count of requests and of the position.
    requests_over_n: Signal<Local, Bits<12>>,
    position_over_n: Signal<Local, Bits<12>>,
    index_mask: Signal<Local, Bits<12>>,
    index: Signal<Local, Bits<12>>,
    negate: Signal<Local, Bit>,
    signed_word: Signal<Local, Bits<64>>,
    queue_word: Signal<Local, Bits<65>>,
    walking: DFF<Bit>,
    current_slot: DFF<Bits<4>>,
    size_log: DFF<Bits<4>>,
    /// b minus the requests so far, modulo 4096.
    position: DFF<Bits<12>>,
    requests: DFF<Bits<12>>,
    /// The answer is to be negated (bit 0) and is the body (bit 1).
    flags: Delay<2>,
    queue: Fifo<65>,
    ones: Constant<Bits<12>>,
    zero: Constant<Bits<65>>,
    body_bit: Constant<Bits<65>>,
    negated: Constant<Bits<2>>,
    straight_body: Constant<Bits<2>>,
    negated_body: Constant<Bits<2>>,
    _memory_latency: usize,
}

impl SampleExtract {
    /// For a memory that answers `memory_latency` edges after it is asked, 1 to 1000 (others count
    /// as the nearest of these).
    #[must_use]
    pub fn new(memory_latency: usize) -> Self {
        let memory_latency = memory_latency.clamp(1, 1000);
        // A word occupies its place from the request until the edge after it was taken.
        let capacity = memory_latency + FIFO_LATENCY + 1;
        Self {
            clock: Default::default(),
            start: Default::default(),
            slot: Default::default(),
            body: Default::default(),
            log2_n: Default::default(),
            busy: Default::default(),
            extract_valid: Default::default(),
            extract_slot: Default::default(),
            extract_row: Default::default(),
            extract_index: Default::default(),
            word_valid: Default::default(),
            word: Default::default(),
            lwe_valid: Default::default(),
            lwe_ready: Default::default(),
            lwe_word: Default::default(),
            lwe_last: Default::default(),
            at_body: Default::default(),
            ask: Default::default(),
            finish: Default::default(),
            ready_to_start: Default::default(),
            requests_over_n: Default::default(),
            position_over_n: Default::default(),
            index_mask: Default::default(),
            index: Default::default(),
            negate: Default::default(),
            signed_word: Default::default(),
            queue_word: Default::default(),
            walking: Default::default(),
            current_slot: Default::default(),
            size_log: Default::default(),
            position: Default::default(),
            requests: Default::default(),
            flags: Delay::new(memory_latency),
            queue: Fifo::new(capacity),
            ones: Constant::new(Bits::mask()),
            zero: Constant::new(Default::default()),
            body_bit: Constant::new((1_u128 << 64).to_bits()),
            negated: Constant::new(1.into()),
            straight_body: Constant::new(2.into()),
            negated_body: Constant::new(3.into()),
            _memory_latency: memory_latency,
        }
    }

    /// Rising edges from `start` to the first word on `lwe_word`, in an empty unit.
    #[must_use]
    pub const fn latency(&self) -> usize {
        1 + self._memory_latency + FIFO_LATENCY
    }
}

impl Logic for SampleExtract {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            walking,
            current_slot,
            size_log,
            position,
            requests
        );
        clock!(self, clock, flags, queue);

        self.requests_over_n.next = self.requests.q.val() >> self.size_log.q.val();
        self.position_over_n.next = self.position.q.val() >> self.size_log.q.val();
        self.index_mask.next = self.ones.val() << self.size_log.q.val();
        self.index.next = self.position.q.val() & (!self.index_mask.val());
        self.at_body.next = self.requests_over_n.val().get_bit(0);
        self.ask.next = self.walking.q.val() & self.queue.room.val();
        self.queue.claim.next = self.ask.val();
        self.finish.next = self.ask.val() & self.at_body.val();
        self.ready_to_start.next = !self.walking.q.val() | self.finish.val();
        self.busy.next = !self.ready_to_start.val();

        if self.ask.val() {
            self.requests.d.next = self.requests.q.val() + 1;
            self.position.d.next = self.position.q.val() - 1;
        }
        if self.finish.val() {
            self.walking.d.next = false;
        }
        if self.start.val() & self.ready_to_start.val() {
            self.walking.d.next = true;
            self.current_slot.d.next = self.slot.val();
            self.size_log.d.next = self.log2_n.val();
            self.position.d.next = self.body.val();
            self.requests.d.next = self.zero.val().get_bits::<12>(0);
        }

        self.extract_valid.next = self.ask.val();
        self.extract_slot.next = self.current_slot.q.val();
        self.extract_row.next = self.at_body.val();
        self.extract_index.next = self.index.val().get_bits::<11>(0);
        self.negate.next = self.position_over_n.val().get_bit(0) ^ self.at_body.val();
        self.flags.d.next = self.zero.val().get_bits::<2>(0);
        if self.negate.val() {
            if self.at_body.val() {
                self.flags.d.next = self.negated_body.val();
            } else {
                self.flags.d.next = self.negated.val();
            }
        } else if self.at_body.val() {
            self.flags.d.next = self.straight_body.val();
        }

        self.signed_word.next = self.word.val();
        if self.flags.q.val().get_bit(0) {
            self.signed_word.next = self.zero.val().get_bits::<64>(0) - self.word.val();
        }
        self.queue.put.next = self.word_valid.val();
        self.queue.word_in.next = bit_cast::<65, 64>(self.signed_word.val());
        if self.flags.q.val().get_bit(1) {
            self.queue.word_in.next =
                bit_cast::<65, 64>(self.signed_word.val()) | self.body_bit.val();
        }
        self.queue.ready.next = self.lwe_ready.val();
        self.queue_word.next = self.queue.word.val();
        self.lwe_valid.next = self.queue.valid.val();
        self.lwe_word.next = self.queue_word.val().get_bits::<64>(0);
        self.lwe_last.next = self.queue_word.val().get_bit(64);
    }
}
