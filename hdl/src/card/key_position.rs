//! How far the upload of a key is.
//!
//! A key's image lies in the memories of its channels, each of which takes
//! `beats` beats. Its pieces come in order ([`gyrus_interface::job`]): a piece begins at 0 or where the
//! one before ended, and stays within its channel.
//!
//! Timing: `in_order` and `fits` [`KeyPosition::LATENCY`] edges behind `offset` and `bytes`; commands take
//! effect at the next edge.

use gyrus_interface::card::Channels;
use gyrus_interface::layout::WORD_BYTES;
use rust_hdl::prelude::*;

/// The position of a key's upload.
#[derive(LogicBlock)]
pub(super) struct KeyPosition {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Beats of the image; static.
    pub(super) beats: Signal<In, Bits<26>>,
    /// Where the piece lies.
    pub(super) offset: Signal<In, Bits<64>>,
    /// Its bytes, a multiple of 8.
    pub(super) bytes: Signal<In, Bits<64>>,
    /// The piece may come next.
    pub(super) in_order: Signal<Out, Bit>,
    /// It has at least a word and ends within its channel.
    pub(super) fits: Signal<Out, Bit>,
    /// It is being written: if it is the first, the key is not loaded any more.
    pub(super) commence: Signal<In, Bit>,
    /// It is written.
    pub(super) accept: Signal<In, Bit>,
    /// What lies in memory is the key, whatever was written.
    pub(super) adopt: Signal<In, Bit>,
    /// The key is to begin anew.
    pub(super) drop: Signal<In, Bit>,
    /// All pieces are in.
    pub(super) loaded: Signal<Out, Bit>,
    is_first: Signal<Local, Bit>,
    channel_bytes: Signal<Local, Bits<64>>,
    behind: DFF<Bits<64>>,
    limit: DFF<Bits<64>>,
    /// 0 when the next piece is the first.
    expected: DFF<Bits<64>>,
    /// Where the present channel begins.
    base: DFF<Bits<64>>,
    channel: DFF<Bits<8>>,
    complete: DFF<Bit>,
    last_channel: Constant<Bits<8>>,
    bank: Constant<Bits<64>>,
    beat_shift: Constant<Bits<5>>,
}

impl KeyPosition {
    /// Edges from a piece to what is said of it.
    pub(super) const LATENCY: u64 = 1;

    /// For these channels.
    pub(super) fn new(channels: Channels, bank_log2: u32) -> Self {
        let beat_bytes = channels.words as usize * WORD_BYTES;
        Self {
            clock: Signal::default(),
            beats: Signal::default(),
            offset: Signal::default(),
            bytes: Signal::default(),
            in_order: Signal::default(),
            fits: Signal::default(),
            commence: Signal::default(),
            accept: Signal::default(),
            adopt: Signal::default(),
            drop: Signal::default(),
            loaded: Signal::default(),
            is_first: Signal::default(),
            channel_bytes: Signal::default(),
            behind: DFF::default(),
            limit: DFF::default(),
            expected: DFF::default(),
            base: DFF::default(),
            channel: DFF::default(),
            complete: DFF::default(),
            last_channel: Constant::new(u64::from(channels.count.saturating_sub(1)).into()),
            bank: Constant::new((1_u64 << bank_log2).into()),
            beat_shift: Constant::new(u64::from(beat_bytes.ilog2()).into()),
        }
    }
}

impl Logic for KeyPosition {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, behind, limit, expected, base, channel, complete
        );
        self.is_first.next = self.offset.val() == 0;
        self.channel_bytes.next = bit_cast::<64, 26>(self.beats.val()) << self.beat_shift.val();
        self.behind.d.next = self.offset.val() + self.bytes.val();
        self.limit.d.next = self.base.q.val() + self.channel_bytes.val();
        if self.is_first.val() {
            self.limit.d.next = self.channel_bytes.val();
        }
        self.in_order.next = self.is_first.val() | (self.offset.val() == self.expected.q.val());
        // A sum that went round lies below its start.
        self.fits.next = self.bytes.val().any()
            & (self.behind.q.val() > self.offset.val())
            & (self.behind.q.val() <= self.limit.q.val());
        self.loaded.next = self.complete.q.val();
        if self.commence.val() & self.is_first.val() {
            self.complete.d.next = false;
            self.channel.d.next = 0.into();
            self.base.d.next = 0.into();
        }
        if self.accept.val() {
            self.expected.d.next = self.behind.q.val();
            if self.behind.q.val() == self.limit.q.val() {
                self.base.d.next = self.base.q.val() + self.bank.val();
                self.expected.d.next = self.base.q.val() + self.bank.val();
                self.channel.d.next = self.channel.q.val() + 1;
                if self.channel.q.val() == self.last_channel.val() {
                    self.complete.d.next = true;
                    self.expected.d.next = 0.into();
                }
            }
        }
        if self.adopt.val() {
            self.complete.d.next = true;
            self.expected.d.next = 0.into();
        }
        if self.drop.val() {
            self.complete.d.next = false;
            self.expected.d.next = 0.into();
        }
    }
}
