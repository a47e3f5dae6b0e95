//! The last stage: results of the blind rotation into host memory, and the completions of jobs.
//!
//! Messages of [`super::Issue`] are worked through in order. The results of a batch that failed are not
//! written; if the rotation dropped it, as its key was wrong, none will come. A job's status is that of its
//! message or, if that is 0, the first bad one of its batches, or of a write.
//!
//! Timing: results are written a word a cycle; between two of them four cycles and the answer of the bus. A
//! completion is asked for five cycles behind the first word of its message, if all batches are stored.

use super::completion_cursor::CompletionCursor;
use crate::memory::Fifo;
use gyrus_interface::JobStatus;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum State {
    Rest,
    Place,
    Fed,
    Rotated,
    Await,
    Ask,
    Write,
    Finish,
    Skip,
    Counted,
    Tag,
    Detail,
    Began,
    Room,
    AskEntry,
    Entry,
    EntryDone,
    Full,
    Broken,
}

/// Stores results and completes jobs.
#[derive(LogicBlock)]
pub(super) struct Store {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Drop everything.
    pub(super) clear: Signal<In, Bit>,
    /// The completion ring begins anew.
    pub(super) restart: Signal<In, Bit>,
    /// Words of [`super::Issue`].
    pub(super) room: Signal<Out, Bit>,
    pub(super) put: Signal<In, Bit>,
    pub(super) word_in: Signal<In, Bits<64>>,
    /// Nothing is in or under way: all jobs are complete.
    pub(super) idle: Signal<Out, Bit>,
    /// Cycles since power-on.
    pub(super) now: Signal<In, Bits<64>>,
    /// log2 N; with the next ones static.
    pub(super) log2_n: Signal<In, Bits<4>>,
    pub(super) ring: Signal<In, Bits<64>>,
    pub(super) entries: Signal<In, Bits<17>>,
    pub(super) configured: Signal<In, Bit>,
    /// The doorbell of the completion ring is rung.
    pub(super) doorbell: Signal<In, Bit>,
    pub(super) doorbell_index: Signal<In, Bits<32>>,
    /// There is no such entry.
    pub(super) doorbell_bad: Signal<Out, Bit>,
    /// What became of batches, see [`super::Feed`] and [`super::Rotate`].
    pub(super) feed_valid: Signal<In, Bit>,
    pub(super) feed_status: Signal<In, Bits<68>>,
    pub(super) feed_take: Signal<Out, Bit>,
    pub(super) rotate_valid: Signal<In, Bit>,
    pub(super) rotate_status: Signal<In, Bits<68>>,
    pub(super) rotate_take: Signal<Out, Bit>,
    /// The rotation's results, and what to extract of them.
    pub(super) samples: Signal<Out, Bits<16>>,
    pub(super) stride: Signal<Out, Bits<12>>,
    pub(super) extract: Signal<Out, Bit>,
    pub(super) result_valid: Signal<In, Bit>,
    pub(super) result_ready: Signal<Out, Bit>,
    pub(super) result_last: Signal<In, Bit>,
    pub(super) result: Signal<In, Bits<64>>,
    /// The bootstrapping key is wrong; the bus said so.
    pub(super) key_wrong: Signal<In, Bit>,
    pub(super) key_unreadable: Signal<In, Bit>,
    /// The rotation has nothing to hand out any more.
    pub(super) core_busy: Signal<In, Bit>,
    /// The write master.
    pub(super) request_valid: Signal<Out, Bit>,
    pub(super) request_ready: Signal<In, Bit>,
    pub(super) request_address: Signal<Out, Bits<64>>,
    pub(super) request_words: Signal<Out, Bits<24>>,
    pub(super) word_valid: Signal<Out, Bit>,
    pub(super) word_ready: Signal<In, Bit>,
    pub(super) word: Signal<Out, Bits<64>>,
    pub(super) written: Signal<In, Bit>,
    pub(super) write_bad: Signal<In, Bit>,
    /// A job is complete: its status, tag and detail.
    pub(super) completed: Signal<Out, Bit>,
    pub(super) status: Signal<Out, Bits<4>>,
    pub(super) tag: Signal<Out, Bits<64>>,
    pub(super) detail: Signal<Out, Bits<64>>,
    /// A bootstrapped ciphertext is written.
    pub(super) bootstrapped: Signal<Out, Bit>,
    /// A completion has to wait for room (a cycle), or could not be written (until `clear`).
    pub(super) ring_full: Signal<Out, Bit>,
    pub(super) unreachable: Signal<Out, Bit>,
    /// Where.
    pub(super) entry: Signal<Out, Bits<64>>,
    queue: Fifo<64>,
    state: DFF<State>,
    places: CompletionCursor,
    batch_samples: DFF<Bits<16>>,
    batch_stride: DFF<Bits<12>>,
    left: DFF<Bits<32>>,
    sample: DFF<Bits<16>>,
    address: DFF<Bits<64>>,
    /// Of the batch, and of the job so far.
    code: DFF<Bits<4>>,
    job_code: DFF<Bits<4>>,
    job_detail: DFF<Bits<64>>,
    job_tag: DFF<Bits<64>>,
    consumed: DFF<Bits<32>>,
    cycles: DFF<Bits<64>>,
    at_word: DFF<Bits<2>>,
    feed_code: Signal<Local, Bits<4>>,
    rotate_code: Signal<Local, Bits<4>>,
    taking: Signal<Local, Bit>,
    lwe_words: Signal<Local, Bits<24>>,
    product: Signal<Local, Bits<32>>,
    dropped: Signal<Local, Bit>,
    ends: Signal<Local, Bits<64>>,
    one: Constant<Bits<24>>,
    phase_bit: Constant<Bits<64>>,
    bus_error: Constant<Bits<4>>,
    mismatch: Constant<Bits<4>>,
}

impl Default for Store {
    fn default() -> Self {
        let status = |status: JobStatus| Constant::new((status as u64).into());
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            restart: Signal::default(),
            room: Signal::default(),
            put: Signal::default(),
            word_in: Signal::default(),
            idle: Signal::default(),
            now: Signal::default(),
            log2_n: Signal::default(),
            ring: Signal::default(),
            entries: Signal::default(),
            configured: Signal::default(),
            doorbell: Signal::default(),
            doorbell_index: Signal::default(),
            doorbell_bad: Signal::default(),
            feed_valid: Signal::default(),
            feed_status: Signal::default(),
            feed_take: Signal::default(),
            rotate_valid: Signal::default(),
            rotate_status: Signal::default(),
            rotate_take: Signal::default(),
            samples: Signal::default(),
            stride: Signal::default(),
            extract: Signal::default(),
            result_valid: Signal::default(),
            result_ready: Signal::default(),
            result_last: Signal::default(),
            result: Signal::default(),
            key_wrong: Signal::default(),
            key_unreadable: Signal::default(),
            core_busy: Signal::default(),
            request_valid: Signal::default(),
            request_ready: Signal::default(),
            request_address: Signal::default(),
            request_words: Signal::default(),
            word_valid: Signal::default(),
            word_ready: Signal::default(),
            word: Signal::default(),
            written: Signal::default(),
            write_bad: Signal::default(),
            completed: Signal::default(),
            status: Signal::default(),
            tag: Signal::default(),
            detail: Signal::default(),
            bootstrapped: Signal::default(),
            ring_full: Signal::default(),
            unreachable: Signal::default(),
            entry: Signal::default(),
            // Four batches and as many completions.
            queue: Fifo::new(32),
            state: DFF::default(),
            places: CompletionCursor::default(),
            batch_samples: DFF::default(),
            batch_stride: DFF::default(),
            left: DFF::default(),
            sample: DFF::default(),
            address: DFF::default(),
            code: DFF::default(),
            job_code: DFF::default(),
            job_detail: DFF::default(),
            job_tag: DFF::default(),
            consumed: DFF::default(),
            cycles: DFF::default(),
            at_word: DFF::default(),
            feed_code: Signal::default(),
            rotate_code: Signal::default(),
            taking: Signal::default(),
            lwe_words: Signal::default(),
            product: Signal::default(),
            dropped: Signal::default(),
            ends: Signal::default(),
            one: Constant::new(1_u64.into()),
            phase_bit: Constant::new((1_u64 << 16).into()),
            bus_error: status(JobStatus::BusError),
            mismatch: status(JobStatus::ChecksumMismatch),
        }
    }
}

impl Logic for Store {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            batch_samples,
            batch_stride,
            left,
            sample,
            address,
            code,
            job_code,
            job_detail,
            job_tag,
            consumed,
            cycles,
            at_word
        );
        self.queue.clock.next = self.clock.val();
        self.room.next = self.queue.room.val();
        self.queue.claim.next = self.put.val();
        self.queue.put.next = self.put.val();
        self.queue.word_in.next = self.word_in.val();
        self.idle.next = self.queue.empty.val() & (self.state.q.val() == State::Rest);
        self.taking.next = (self.state.q.val() == State::Rest)
            | (self.state.q.val() == State::Place)
            | (self.state.q.val() == State::Tag)
            | (self.state.q.val() == State::Detail)
            | (self.state.q.val() == State::Began);
        self.queue.ready.next = self.taking.val() | self.clear.val();

        self.places.clock.next = self.clock.val();
        self.places.restart.next = self.clear.val() | self.restart.val();
        self.places.ring.next = self.ring.val();
        self.places.entries.next = self.entries.val();
        self.places.configured.next = self.configured.val();
        self.places.doorbell.next = self.doorbell.val();
        self.places.doorbell_index.next = self.doorbell_index.val();
        self.doorbell_bad.next = self.places.doorbell_bad.val();
        self.places.advance.next = false;

        self.feed_take.next = (self.state.q.val() == State::Fed) | self.clear.val();
        self.rotate_take.next = (self.state.q.val() == State::Rotated) | self.clear.val();
        self.feed_code.next = self.feed_status.val().get_bits::<4>(0);
        self.rotate_code.next = self.rotate_status.val().get_bits::<4>(0);
        self.samples.next = self.batch_samples.q.val();
        self.stride.next = self.batch_stride.q.val();
        // Only then: what is extracted next has the samples and stride of this batch.
        self.extract.next = (self.state.q.val() == State::Await) | self.clear.val();
        self.dropped.next = self.key_wrong.val() & !self.core_busy.val();
        self.lwe_words.next = (self.one.val() << self.log2_n.val()) + 1;
        self.product.next = bit_cast::<16, 5>(self.queue.word.val().get_bits::<5>(8))
            * self.queue.word.val().get_bits::<16>(16);

        self.request_valid.next =
            (self.state.q.val() == State::Ask) | (self.state.q.val() == State::AskEntry);
        self.request_address.next = self.address.q.val();
        self.request_words.next = self.lwe_words.val();
        if self.state.q.val() == State::AskEntry {
            self.request_address.next = self.places.entry.val();
            self.request_words.next = 4.into();
        }
        self.word_valid.next = self.result_valid.val() & (self.state.q.val() == State::Write);
        self.word.next = self.result.val();
        self.result_ready.next = (self.word_ready.val() & (self.state.q.val() == State::Write))
            | (self.state.q.val() == State::Skip)
            | self.clear.val();
        self.ends.next = (bit_cast::<64, 32>(self.consumed.q.val()) << 32)
            | bit_cast::<64, 4>(self.job_code.q.val());
        if self.places.phase.val() {
            self.ends.next = (bit_cast::<64, 32>(self.consumed.q.val()) << 32)
                | bit_cast::<64, 4>(self.job_code.q.val())
                | self.phase_bit.val();
        }
        if self.state.q.val() == State::Entry {
            self.word_valid.next = true;
            self.word.next = self.ends.val();
            if self.at_word.q.val() == 0 {
                self.word.next = self.job_tag.q.val();
            }
            if self.at_word.q.val() == 1 {
                self.word.next = self.cycles.q.val();
            }
            if self.at_word.q.val() == 2 {
                self.word.next = self.job_detail.q.val();
            }
        }
        self.completed.next = false;
        self.status.next = self.job_code.q.val();
        self.tag.next = self.job_tag.q.val();
        self.detail.next = self.job_detail.q.val();
        self.bootstrapped.next = false;
        self.ring_full.next = false;
        self.unreachable.next = self.state.q.val() == State::Broken;
        self.entry.next = self.places.entry.val();

        match self.state.q.val() {
            State::Rest => {
                self.batch_samples.d.next = self.queue.word.val().get_bits::<16>(16);
                self.batch_stride.d.next = self.queue.word.val().get_bits::<12>(32);
                self.left.d.next = self.product.val();
                self.sample.d.next = self.queue.word.val().get_bits::<16>(16);
                self.code.d.next = self.queue.word.val().get_bits::<4>(8);
                self.consumed.d.next = self.queue.word.val().get_bits::<32>(32);
                if self.queue.valid.val() {
                    self.state.d.next = State::Place;
                    if self.queue.word.val().get_bit(0) {
                        self.state.d.next = State::Tag;
                    }
                }
            }
            State::Place => {
                self.address.d.next = self.queue.word.val();
                if self.queue.valid.val() {
                    self.state.d.next = State::Fed;
                }
            }
            State::Fed => {
                if self.feed_valid.val() {
                    self.state.d.next = State::Rotated;
                    if self.feed_code.val().any() & !self.job_code.q.val().any() {
                        self.job_code.d.next = self.feed_code.val();
                        self.job_detail.d.next = self.feed_status.val().get_bits::<64>(4);
                    }
                }
            }
            State::Rotated => {
                if self.rotate_valid.val() {
                    self.state.d.next = State::Await;
                    if self.rotate_code.val().any() & !self.job_code.q.val().any() {
                        self.job_code.d.next = self.rotate_code.val();
                        self.job_detail.d.next = self.rotate_status.val().get_bits::<64>(4);
                    }
                }
            }
            State::Await => {
                if self.result_valid.val() {
                    self.state.d.next = State::Ask;
                    if self.job_code.q.val().any() {
                        self.state.d.next = State::Skip;
                    }
                } else if self.dropped.val() {
                    self.state.d.next = State::Rest;
                    if !self.job_code.q.val().any() {
                        self.job_code.d.next = self.mismatch.val();
                        if self.key_unreadable.val() {
                            self.job_code.d.next = self.bus_error.val();
                        }
                    }
                }
            }
            State::Ask => {
                if self.request_ready.val() {
                    self.state.d.next = State::Write;
                }
            }
            State::Write => {
                if self.result_valid.val() & self.word_ready.val() & self.result_last.val() {
                    self.state.d.next = State::Finish;
                }
            }
            State::Finish => {
                if self.written.val() {
                    self.state.d.next = State::Counted;
                    if self.write_bad.val() & !self.job_code.q.val().any() {
                        self.job_code.d.next = self.bus_error.val();
                        self.job_detail.d.next = self.address.q.val();
                    }
                }
            }
            State::Skip => {
                if self.result_valid.val() & self.result_last.val() {
                    self.state.d.next = State::Counted;
                }
            }
            State::Counted => {
                self.address.d.next =
                    self.address.q.val() + (bit_cast::<64, 24>(self.lwe_words.val()) << 3);
                self.left.d.next = self.left.q.val() - 1;
                self.sample.d.next = self.sample.q.val() - 1;
                if self.sample.q.val() == 1 {
                    self.sample.d.next = self.batch_samples.q.val();
                    self.bootstrapped.next = !self.job_code.q.val().any();
                }
                self.state.d.next = State::Await;
                if self.left.q.val() == 1 {
                    self.state.d.next = State::Rest;
                }
            }
            State::Tag => {
                self.job_tag.d.next = self.queue.word.val();
                if self.queue.valid.val() {
                    self.state.d.next = State::Detail;
                }
            }
            State::Detail => {
                if self.queue.valid.val() {
                    self.state.d.next = State::Began;
                    if self.code.q.val().any() {
                        self.job_code.d.next = self.code.q.val();
                        self.job_detail.d.next = self.queue.word.val();
                    }
                }
            }
            State::Began => {
                self.cycles.d.next = self.now.val() - self.queue.word.val();
                if self.queue.valid.val() {
                    self.state.d.next = State::Room;
                }
            }
            State::Room => {
                self.at_word.d.next = 0.into();
                self.state.d.next = State::AskEntry;
                if self.places.full.val() {
                    self.state.d.next = State::Full;
                }
            }
            State::Full => {
                self.ring_full.next = true;
                if !self.places.full.val() {
                    self.state.d.next = State::AskEntry;
                }
            }
            State::AskEntry => {
                if self.request_ready.val() {
                    self.state.d.next = State::Entry;
                }
            }
            State::Entry => {
                if self.word_ready.val() {
                    self.at_word.d.next = self.at_word.q.val() + 1;
                    if self.at_word.q.val() == 3 {
                        self.state.d.next = State::EntryDone;
                    }
                }
            }
            State::EntryDone => {
                if self.written.val() {
                    self.state.d.next = State::Broken;
                    if !self.write_bad.val() {
                        self.state.d.next = State::Rest;
                        self.completed.next = true;
                        self.places.advance.next = true;
                        self.job_code.d.next = 0.into();
                        self.job_detail.d.next = 0.into();
                    }
                }
            }
            State::Broken => {}
        }
        if self.clear.val() {
            self.state.d.next = State::Rest;
            self.job_code.d.next = 0.into();
            self.job_detail.d.next = 0.into();
        }
    }
}
