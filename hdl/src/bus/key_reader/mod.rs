//! Reads a key image round and round, ahead of its use, over M channels of W words.
//!
//! Word w of beat b of channel c lies at address + c 2^bank_log + 8 (b W + w). All channels read the
//! same bursts, of min(64, 4096 / 8W, half the queue's places) beats, but for the image's last; each
//! has a queue, and a beat goes out when all have it. Behind the image's last beat follows its first.
//!
//! A beat that the bus answers with an error goes through with bit 0 of its channel's first word
//! inverted, so that a checksum over the image finds it wrong even if the bus gave the right words; and `bad` says so.
//!
//! Timing: `arvalid` rises three edges after `start`; a beat shows two edges after the last channel
//! has delivered it. A beat a cycle goes through if memory answers within as many cycles as the queue
//! has places beyond a burst's, less three. `rready` is always high; `valid` and `data` come from
//! registers and RAMs, whose addresses depend on `ready`. `bad` is up to M + 1 edges behind its beat.

mod channel;
mod control;
mod faults;

use crate::memory::Ram;
use crate::structure;
use crate::structure::many;
use channel::{Channel, Gather};
use control::Control;
use faults::{Faults, Report};
use rust_hdl::prelude::*;
use thiserror::Error;

/// Most channels.
pub const MOST_CHANNELS: usize = 32;

/// Most words of a channel's beat.
pub const MOST_CHANNEL_WORDS: usize = 16;

/// Most places of a queue.
pub const MOST_PLACES: usize = 1 << 15;

/// Most beats of a burst.
const MOST_BEATS: usize = 64;

/// A boundary that bursts may not cross.
const PAGE_BYTES: usize = 4096;

/// Why a key reader cannot be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyReaderError {
    /// The number of channels.
    #[error("{0} channels: must be 1 to {MOST_CHANNELS}")]
    Channels(usize),
    /// The width of a channel.
    #[error("a channel of {0} words: must be a power of two up to {MOST_CHANNEL_WORDS}")]
    Words(usize),
    /// The places of a channel's queue.
    #[error("a queue of {0} beats: must be 2 to {MOST_PLACES}")]
    Places(usize),
    /// The distance of the channels' images.
    #[error("banks of 2^{0} bytes: must be 2^12 to 2^63")]
    Bank(usize),
}

/// A reader of a key image.
#[derive(LogicBlock)]
pub struct KeyReader {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Begin with the image's first beat; heeded while `idle` and not `stop`.
    pub start: Signal<In, Bit>,
    /// Offer no more bursts, drop what comes or is there, then be idle.
    pub stop: Signal<In, Bit>,
    /// The bus is reset: what it owes is not waited for, and beats without sense take its place. To be
    /// followed by a stop.
    pub reset: Signal<In, Bit>,
    /// Nothing is under way or inside.
    pub idle: Signal<Out, Bit>,
    /// Where channel 0's image begins, a multiple of 4096. Static from `start` until `idle`, and for
    /// as long as `bad_address` is of interest.
    pub address: Signal<In, Bits<64>>,
    /// Beats of the image, at least 1; static from `start` until `idle`.
    pub beats: Signal<In, Bits<26>>,
    /// A beat is there.
    pub valid: Signal<Out, Bit>,
    /// It is taken.
    pub ready: Signal<In, Bit>,
    /// The beat: word w of channel c is `data[c * W + w]`.
    pub data: Vec<Signal<Out, Bits<64>>>,
    /// Since `start` the bus has reported an error.
    pub bad: Signal<Out, Bit>,
    /// With `bad`: where the beat lies that was the first, or, of several within M edges, one of them.
    pub bad_address: Signal<Out, Bits<64>>,
    /// A burst is offered or beats are owed, in any channel.
    pub outstanding: Signal<Out, Bit>,
    /// An address or a beat moves in this cycle, in any channel.
    pub moved: Signal<Out, Bit>,
    /// AXI's AR channels.
    pub araddr: Vec<Signal<Out, Bits<64>>>,
    /// Beats of the burst, less one: the same in all channels.
    pub arlen: Signal<Out, Bits<8>>,
    /// See `araddr`.
    pub arvalid: Vec<Signal<Out, Bit>>,
    /// See `araddr`.
    pub arready: Vec<Signal<In, Bit>>,
    /// AXI's R channels: the words of channel c are `rdata[c * W]` and those behind it.
    pub rdata: Vec<Signal<In, Bits<64>>>,
    /// Bit 1: an error.
    pub rresp: Vec<Signal<In, Bits<2>>>,
    /// See `rdata`.
    pub rvalid: Vec<Signal<In, Bit>>,
    /// Always.
    pub rready: Vec<Signal<Out, Bit>>,
    control: Control,
    channels: Vec<Channel>,
    gathers: Vec<Gather>,
    /// Word w of channel c is `words[c * W + w]`.
    words: Vec<Ram<64>>,
    reports: Vec<Report>,
    faults: Faults,
    low: Signal<Local, Bit>,
    high: Signal<Local, Bit>,
    no_beat: Signal<Local, Bits<26>>,
    no_channel: Signal<Local, Bits<5>>,
    _channel_words: usize,
}

impl KeyReader {
    /// For so many channels of so many words, with queues of at least `places` beats each; images
    /// of neighbouring channels lie 2^`bank_log` bytes apart.
    ///
    /// # Errors
    /// [`KeyReaderError`] for a size out of range.
    pub fn new(
        channels: usize,
        channel_words: usize,
        places: usize,
        bank_log: usize,
    ) -> Result<Self, KeyReaderError> {
        if !(1..=MOST_CHANNELS).contains(&channels) {
            return Err(KeyReaderError::Channels(channels));
        }
        if !channel_words.is_power_of_two() || channel_words > MOST_CHANNEL_WORDS {
            return Err(KeyReaderError::Words(channel_words));
        }
        if !(2..=MOST_PLACES).contains(&places) {
            return Err(KeyReaderError::Places(places));
        }
        if !(12..=63).contains(&bank_log) {
            return Err(KeyReaderError::Bank(bank_log));
        }
        let places = places.next_power_of_two();
        let beat_bytes = 8 * channel_words;
        let burst = Self::burst_beats(channel_words, places);
        let words = channels * channel_words;
        Ok(Self {
            clock: Signal::default(),
            start: Signal::default(),
            stop: Signal::default(),
            reset: Signal::default(),
            idle: Signal::default(),
            address: Signal::default(),
            beats: Signal::default(),
            valid: Signal::default(),
            ready: Signal::default(),
            data: many(words, |_| Signal::default()),
            bad: Signal::default(),
            bad_address: Signal::default(),
            outstanding: Signal::default(),
            moved: Signal::default(),
            araddr: many(channels, |_| Signal::default()),
            arlen: Signal::default(),
            arvalid: many(channels, |_| Signal::default()),
            arready: many(channels, |_| Signal::default()),
            rdata: many(words, |_| Signal::default()),
            rresp: many(channels, |_| Signal::default()),
            rvalid: many(channels, |_| Signal::default()),
            rready: many(channels, |_| Signal::default()),
            control: Control::new(burst, beat_bytes, places),
            channels: many(channels, |channel| {
                Channel::new((channel as u64) << bank_log)
            }),
            gathers: many(channels, |_| Gather::default()),
            words: many(words, |_| Ram::new(places)),
            reports: many(channels, Report::new),
            faults: Faults::new(bank_log, beat_bytes.ilog2() as usize),
            low: Signal::default(),
            high: Signal::default(),
            no_beat: Signal::default(),
            no_channel: Signal::default(),
            _channel_words: channel_words,
        })
    }

    /// Beats of a burst, a power of two: bursts end at multiples of it, so that none crosses a page.
    fn burst_beats(channel_words: usize, places: usize) -> usize {
        MOST_BEATS
            .min(PAGE_BYTES / (8 * channel_words))
            .min(places / 2)
    }
}

impl Logic for KeyReader {
    structure! { this =>
        constant!(low <= false);
        constant!(high <= true);
        constant!(no_beat <= Bits::<26>::default());
        constant!(no_channel <= Bits::<5>::default());
        let channels = this.channels.len();
        let width = this._channel_words;
        let last = channels - 1;

        wire!(control.clock <= clock);
        wire!(control.start <= start);
        wire!(control.stop <= stop);
        wire!(control.reset <= reset);
        wire!(idle <= control.idle);
        wire!(control.beats <= beats);
        wire!(control.offered <= gathers[last].any_offered);
        wire!(control.owed <= gathers[last].any_owed);
        wire!(control.complete <= gathers[last].complete);
        wire!(control.ready <= ready);
        wire!(valid <= control.valid);
        wire!(arlen <= control.arlen);
        wire!(outstanding <= gathers[last].any_owed);
        wire!(moved <= gathers[last].any_moved);

        for c in 0..channels {
            wire!(channels[c].clock <= clock);
            wire!(channels[c].address <= address);
            wire!(channels[c].beats <= beats);
            wire!(channels[c].clear <= control.clear);
            wire!(channels[c].reset <= control.dropped);
            wire!(channels[c].offer <= control.offer);
            wire!(channels[c].offset <= control.offset);
            wire!(channels[c].claimed <= control.claimed);
            wire!(channels[c].next_taken <= control.next_taken);
            wire!(araddr[c] <= channels[c].araddr);
            wire!(arvalid[c] <= channels[c].arvalid);
            wire!(channels[c].arready <= arready[c]);
            wire!(channels[c].rdata <= rdata[c * width]);
            wire!(channels[c].rresp <= rresp[c]);
            wire!(channels[c].rvalid <= rvalid[c]);
            wire!(rready[c] <= channels[c].rready);

            for word in c * width..(c + 1) * width {
                wire!(words[word].clock <= clock);
                wire!(words[word].write_enable <= rvalid[c]);
                wire!(words[word].write_address <= channels[c].place);
                if word == c * width {
                    wire!(words[word].write_data <= channels[c].first_word);
                } else {
                    wire!(words[word].write_data <= rdata[word]);
                }
                wire!(words[word].read_address <= control.next_taken);
                wire!(data[word] <= words[word].read_data);
            }

            wire!(gathers[c].offered <= channels[c].arvalid);
            wire!(gathers[c].owed <= channels[c].owed);
            wire!(gathers[c].moved <= channels[c].moved);
            wire!(gathers[c].shown <= channels[c].shown);
            wire!(reports[c].clock <= clock);
            wire!(reports[c].clear <= control.begin_image);
            wire!(reports[c].fault <= channels[c].fault);
            wire!(reports[c].beat <= channels[c].beat);
            if c == 0 {
                wire!(gathers[c].offered_so_far <= low);
                wire!(gathers[c].owed_so_far <= low);
                wire!(gathers[c].moved_so_far <= low);
                wire!(gathers[c].complete_so_far <= high);
                wire!(reports[c].fault_in <= low);
                wire!(reports[c].beat_in <= no_beat);
                wire!(reports[c].channel_in <= no_channel);
            } else {
                wire!(gathers[c].offered_so_far <= gathers[c - 1].any_offered);
                wire!(gathers[c].owed_so_far <= gathers[c - 1].any_owed);
                wire!(gathers[c].moved_so_far <= gathers[c - 1].any_moved);
                wire!(gathers[c].complete_so_far <= gathers[c - 1].complete);
                wire!(reports[c].fault_in <= reports[c - 1].fault_out);
                wire!(reports[c].beat_in <= reports[c - 1].beat_out);
                wire!(reports[c].channel_in <= reports[c - 1].channel_out);
            }
        }

        wire!(faults.clock <= clock);
        wire!(faults.clear <= control.begin_image);
        wire!(faults.address <= address);
        wire!(faults.fault <= reports[last].fault_out);
        wire!(faults.beat <= reports[last].beat_out);
        wire!(faults.channel <= reports[last].channel_out);
        wire!(bad <= faults.bad);
        wire!(bad_address <= faults.bad_address);
    }
}
