//! A card's sizes, and what a parameter set makes of them, in cycles.

use super::TimingError;
use super::slack::Slacks;
use gyrus_hdl::accumulator::{Results, Tables};
use gyrus_hdl::blind_rotate::Latencies;
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::key_store::KeyStore;
use gyrus_hdl::keyswitch::{AddMultiple, Digits, Inputs};
use gyrus_hdl::ntt::Shape;
use gyrus_interface::ParameterSet;
use gyrus_interface::key_slice::slice_words;
use gyrus_interface::ring::RingLayout;
use gyrus_interface::settings::Settings;

/// Steps of a level of the key switch, at least: a sum is read again so many cycles after its last read.
const LEAST_STEPS: u64 = 4;

/// Host memory that settings are made for; where it lies does not matter for timing.
const WINDOW: std::ops::Range<u64> = 0..1 << 40;

/// Rings within it.
const RINGS: RingLayout = RingLayout {
    submission: 4096,
    completion: 8192,
    entries: 64,
};

/// What is constant of a build.
#[derive(Debug, Clone)]
pub(super) struct Build {
    pub(super) parameters: CardParameters,
    pub(super) shape: Shape,
    pub(super) latencies: Latencies,
    /// From a key slice's last beat until it is on offer.
    verify: u64,
}

impl Build {
    pub(super) fn new(parameters: &CardParameters) -> Result<Self, TimingError> {
        let core = parameters.core.build()?;
        Ok(Self {
            parameters: *parameters,
            shape: parameters.core.shape()?,
            latencies: core.latencies(),
            verify: core.verify_latency() as u64,
        })
    }
}

/// Cycles and counts of a parameter set on a build.
#[derive(Debug, Clone)]
pub(super) struct Sizes {
    /// Ciphertexts of a hardware batch.
    pub(super) slots: usize,
    /// n.
    pub(super) iterations: u64,
    /// N.
    pub(super) table_words: u64,
    /// N + 1.
    pub(super) big_words: u64,
    /// n + 1.
    pub(super) small_words: u64,
    /// A pass through the datapath, and a turn, which is l of them.
    pub(super) pass: u64,
    pub(super) turn: u64,
    /// From a read to the first read that sees its result.
    pub(super) datapath: u64,
    /// From a turn's last read until it has read the key's last row too, and a cycle more.
    pub(super) key_read: u64,
    /// From a load turn's last read until its table's place is free.
    pub(super) table_read: u64,
    /// From a result turn's last read until its words can be extracted.
    pub(super) result_shown: u64,
    /// From the start of an extraction to its first word.
    pub(super) extract: u64,
    /// From a key slice's last beat until it is on offer.
    pub(super) verify: u64,
    /// Beats of a slice of the bootstrapping key, and of all of it.
    pub(super) slice_beats: u64,
    pub(super) key_beats: u64,
    /// From a pass over the key switching key is begun to its first step, and from its checksum's beat to
    /// its end.
    pub(super) switch_begin: u64,
    pub(super) switch_end: u64,
    /// Beats of a level of a row of that key, steps of one, and levels of all rows.
    pub(super) groups: u64,
    pub(super) steps: u64,
    pub(super) levels: u64,
    /// Beats of that key.
    pub(super) switch_beats: u64,
    /// How much turns may overlap.
    pub(super) slacks: Slacks,
}

impl Sizes {
    pub(super) fn new(build: &Build, set: &ParameterSet) -> Result<Self, TimingError> {
        let card = build.parameters.capabilities(0);
        let settings = Settings::new(&card, set, RINGS, WINDOW)?;
        let latencies = &build.latencies;
        let log2_n = settings.log2_n as usize;
        let pass = build.shape.pass_cycles(log2_n) as u64;
        let level_count = settings.level_count as usize;
        let beat_words = build.parameters.core.beat_words;
        let groups = u64::from(settings.keyswitch_groups);
        // The levels of the digest's tree, and two.
        let leaves = build.parameters.keyswitch.beat_words().max(1);
        let digest = leaves.next_power_of_two().ilog2() as usize + 2;
        Ok(Self {
            slots: build.parameters.core.slots,
            iterations: settings.lwe_dimension.into(),
            table_words: 1 << log2_n,
            big_words: settings.big_lwe_size(),
            small_words: u64::from(settings.lwe_dimension) + 1,
            pass,
            turn: pass * u64::from(settings.level_count),
            datapath: latencies.total() as u64,
            key_read: (latencies.to_mac() - KeyStore::READ_LATENCY + 1) as u64,
            table_read: (latencies.to_add() + 3 - Tables::LATENCY) as u64,
            result_shown: (latencies.read + 2) as u64,
            extract: (Results::LATENCY + 3) as u64,
            verify: build.verify,
            slice_beats: slice_words(log2_n, level_count).div_ceil(beat_words) as u64 + 1,
            key_beats: settings.key_beats.into(),
            switch_begin: (Inputs::LATENCY + Digits::WORD_LATENCY + 2) as u64,
            switch_end: (AddMultiple::LATENCY + 1).max(digest) as u64 + 1,
            groups,
            steps: groups.max(LEAST_STEPS),
            levels: (1_u64 << log2_n) * u64::from(settings.keyswitch_level_count),
            switch_beats: settings.keyswitch_beats.into(),
            slacks: Slacks::new(&build.shape, log2_n),
        })
    }

    /// Whether so many ciphertexts in flight never wait for their own results, whatever their degrees.
    pub(super) const fn hides_latency(&self, ciphertexts: u64) -> bool {
        ciphertexts * self.turn >= self.turn + self.datapath - 1
    }

    /// Bursts end at this many beats.
    pub(super) fn burst(channel_words: u32, places: u64) -> u64 {
        (4096 / (8 * u64::from(channel_words.max(1))))
            .min(64)
            .min(places / 2)
            .max(1)
    }

    /// Places of a key reader's queue.
    pub(super) const fn places(build: &Build) -> u64 {
        build.parameters.read_ahead.next_power_of_two() as u64
    }
}
