//! The reader of key images.

use crate::dut;
use crate::memory::{Pace, ReadMemory, content};
use crate::support::bench::Bench;
use gyrus_hdl::bus::{KeyReader, KeyReaderError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

dut!(KeyReader {
    start, stop, reset, address, beats, ready, arready, rdata, rresp, rvalid
    => idle, valid, bad, bad_address, outstanding, moved, arlen, data, araddr, arvalid, rready
});

/// log2 of the distance of two channels' images.
const BANK_LOG: usize = 28;

/// Sizes of a reader.
#[derive(Clone, Copy)]
struct Shape {
    channels: usize,
    channel_words: usize,
    places: usize,
}

impl Shape {
    const fn new(channels: usize, channel_words: usize, places: usize) -> Self {
        Self {
            channels,
            channel_words,
            places,
        }
    }

    fn burst(&self) -> usize {
        64.min(512 / self.channel_words).min(self.places / 2)
    }
}

/// An image in memory.
#[derive(Clone, Copy)]
struct Image {
    address: u64,
    beats: usize,
}

/// What the test does in a cycle.
#[derive(Clone, Copy, Default)]
struct Drive {
    start: bool,
    stop: bool,
    reset: bool,
    ready: bool,
}

/// What the block says.
struct Said {
    idle: bool,
    valid: bool,
    bad: bool,
    bad_address: u64,
    outstanding: bool,
    data: Vec<u64>,
}

struct Rig {
    bench: Bench<KeyReader>,
    shape: Shape,
    memories: Vec<ReadMemory>,
    image: Image,
    /// Beats that were taken since the start.
    taken: usize,
    rng: ChaCha8Rng,
}

impl Rig {
    fn new(shape: Shape, pace: Pace, seed: u64) -> Self {
        let block = KeyReader::new(shape.channels, shape.channel_words, shape.places, BANK_LOG);
        let memory = |_| ReadMemory::new(shape.channel_words, shape.burst(), pace.clone());
        Self {
            bench: Bench::new(block.expect("a size that can be built")),
            shape,
            memories: (0..shape.channels).map(memory).collect(),
            image: Image {
                address: 0,
                beats: 1,
            },
            taken: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Where a beat of a channel lies.
    fn place(&self, channel: usize, beat: usize) -> u64 {
        let offset = (channel << BANK_LOG) + 8 * beat * self.shape.channel_words;
        self.image.address.wrapping_add(offset as u64)
    }

    /// A beat of the image as it has to come out.
    fn expected(&self, beat: usize) -> Vec<u64> {
        let mut words = Vec::new();
        for (channel, memory) in self.memories.iter().enumerate() {
            let place = self.place(channel, beat);
            for word in 0..self.shape.channel_words {
                let spoilt = word == 0 && memory.errors.contains(&place);
                words.push(content(place.wrapping_add(8 * word as u64)) ^ u64::from(spoilt));
            }
        }
        words
    }

    fn cycle(&mut self, drive: Drive) -> Said {
        let owed = self.memories.iter().any(|memory| !memory.settled());
        let buses: Vec<_> = self
            .memories
            .iter_mut()
            .map(|memory| memory.drive(&mut self.rng))
            .collect();
        let mut inputs: Vec<u128> = vec![
            drive.start.into(),
            drive.stop.into(),
            drive.reset.into(),
            self.image.address.into(),
            self.image.beats as u128,
            drive.ready.into(),
        ];
        inputs.extend(buses.iter().map(|bus| u128::from(bus.arready)));
        inputs.extend(
            buses
                .iter()
                .flat_map(|bus| &bus.rdata)
                .map(|&word| u128::from(word)),
        );
        inputs.extend(buses.iter().map(|bus| u128::from(bus.rresp)));
        inputs.extend(buses.iter().map(|bus| u128::from(bus.rvalid)));
        let said = self.bench.cycle(&inputs);
        let high = |place: usize| said[place] == 1;
        let (channels, words) = (self.shape.channels, buses[0].rdata.len() * buses.len());
        let channel_ports = 7 + words;
        let mut moved = false;
        let mut offered = false;
        for (channel, memory) in self.memories.iter_mut().enumerate() {
            let port = channel_ports + channel;
            let offered_here = high(port + channels) && !drive.reset;
            let offer = (offered_here, said[port] as u64, said[6]);
            assert!(high(port + 2 * channels), "rready is low");
            offered |= offer.0;
            moved |= memory.watch(&mut self.rng, offer, true);
        }
        assert!(drive.reset || high(4) == (owed || offered), "outstanding");
        assert!(drive.reset || high(5) == moved, "moved");
        let said = Said {
            idle: high(0),
            valid: high(1),
            bad: high(2),
            bad_address: said[3] as u64,
            outstanding: high(4),
            data: said[7..channel_ports]
                .iter()
                .map(|&word| word as u64)
                .collect(),
        };
        if said.valid {
            let expected = self.expected(self.taken % self.image.beats);
            assert_eq!(said.data, expected, "beat {}", self.taken);
            self.taken += usize::from(drive.ready);
        }
        for memory in &self.memories {
            assert!(
                memory.asked_beats <= self.taken + self.shape.places,
                "no room"
            );
        }
        assert!(
            !said.idle || !said.outstanding && !said.valid,
            "idle with work"
        );
        said
    }

    /// Begins with an image.
    fn start(&mut self, image: Image) {
        self.image = image;
        self.taken = 0;
        for memory in &mut self.memories {
            memory.asked_beats = 0;
        }
        let said = self.cycle(Drive {
            start: true,
            ..Drive::default()
        });
        assert!(said.idle);
    }

    /// Takes beats until so many have been taken or so many cycles are over; the cycles from the
    /// first to the last, and what was said last.
    fn take(&mut self, beats: usize, taker: &Pace, cycles: usize) -> (usize, Option<Said>) {
        let (mut first, mut last) = (None, None);
        for cycle in 0..cycles {
            let drive = Drive {
                ready: taker.coin(&mut self.rng),
                ..Drive::default()
            };
            let before = self.taken;
            let said = self.cycle(drive);
            assert!(!said.idle);
            last = Some(said);
            if self.taken > before {
                first = first.or(Some(cycle));
            }
            if self.taken >= beats {
                return (cycle - first.unwrap_or(cycle), last);
            }
        }
        (usize::MAX, last)
    }

    /// Resets the buses, whose other sides forget everything.
    fn reset(&mut self) {
        for memory in &mut self.memories {
            let pace = memory.pace.clone();
            *memory = ReadMemory::new(self.shape.channel_words, self.shape.burst(), pace);
        }
        for cycle in 0..8 {
            let said = self.cycle(Drive {
                stop: true,
                reset: true,
                ..Drive::default()
            });
            assert!(cycle == 0 || !said.outstanding, "owed in a reset");
            assert!(cycle < 3 || said.idle, "not idle in a reset");
        }
    }

    /// Stops for so many cycles and until the reader is idle.
    fn stop(&mut self, cycles: usize) {
        let asked = |rig: &Self| -> usize { rig.memories.iter().map(|m| m.asked).sum() };
        let mut most = usize::MAX;
        for cycle in 0..10_000 {
            let drive = Drive {
                stop: cycle < cycles,
                // Not heeded in the first cycle, since it is not idle, and then for the stop.
                start: cycle < cycles && self.rng.random(),
                ready: self.rng.random(),
                reset: false,
            };
            let said = self.cycle(drive);
            assert!(cycle == 0 || !said.valid, "a beat after a stop");
            if cycle == 0 {
                // All channels may still have to take the burst that is offered.
                most = asked(self) + self.shape.channels;
            }
            assert!(asked(self) <= most, "a burst after a stop");
            if said.idle && cycle >= cycles {
                assert!(self.memories.iter().all(ReadMemory::settled));
                return;
            }
        }
        panic!("no end of a stop");
    }
}

const SHAPES: [(Shape, &str); 3] = [
    (Shape::new(1, 1, 16), "1x1"),
    (Shape::new(1, 8, 128), "1x8"),
    (Shape::new(3, 4, 32), "3x4"),
];

/// Images shorter and longer than the queue, many times around.
#[test]
fn images() {
    for (shape, name) in SHAPES {
        let mut rig = Rig::new(shape, Pace::random(2, 3, 1..40), 1);
        let places = shape.places;
        let sizes = [
            1,
            2,
            5,
            places / 2,
            places / 2 + 1,
            places - 1,
            places,
            places + 3,
            333,
        ];
        for (i, beats) in sizes.into_iter().enumerate() {
            let address = [0, 0x12_3456_7000, 0x7_0000_0000][i % 3];
            rig.start(Image { address, beats });
            let taker = [
                Pace::steady(0),
                Pace::random(2, 3, 0..1),
                Pace::random(1, 5, 0..1),
            ];
            let (cycles, _) = rig.take(3 * beats + 200, &taker[i % 3], 20_000);
            assert_ne!(cycles, usize::MAX, "the beats come");
            rig.stop(1 + i);
        }
        rig.bench.replay(&format!("key_reader_{name}"));
    }
}

/// Stopped at any time, it begins with the image's beginning again.
#[test]
fn stops() {
    for (shape, name) in SHAPES {
        let mut rig = Rig::new(shape, Pace::random(2, 3, 1..40), 2);
        for round in 0..60 {
            let some = rig.rng.random_range(1..=3);
            for memory in &mut rig.memories {
                memory.pace = Pace::random(some, 3, 1..40);
            }
            let beats = rig.rng.random_range(1..3 * shape.places);
            let address = rig.rng.random_range(0..1_u64 << 20) << 12;
            rig.start(Image { address, beats });
            let cycles = rig.rng.random_range(0..200);
            let taker = Pace::random(1 + round % 3, 3, 0..1);
            rig.take(usize::MAX, &taker, cycles);
            let cycles = rig.rng.random_range(1..[2, 100][round as usize % 2]);
            rig.stop(cycles);
        }
        rig.bench.replay(&format!("key_reader_stop_{name}"));
    }
}

/// A reset of the buses at any time: nothing is waited for, and the next image is right.
#[test]
fn resets() {
    for (shape, name) in SHAPES {
        let mut rig = Rig::new(shape, Pace::random(1, 2, 1..100), 4);
        let taker = Pace::random(1, 2, 0..1);
        for _ in 0..40 {
            let address = rig.rng.random_range(0..1_u64 << 20) << 12;
            let beats = rig.rng.random_range(1..3 * shape.places);
            rig.start(Image { address, beats });
            let cycles = rig.rng.random_range(0..200);
            rig.take(usize::MAX, &taker, cycles);
            rig.reset();
        }
        rig.start(Image {
            address: 0x5000,
            beats: 100,
        });
        let (cycles, _) = rig.take(200, &taker, 10_000);
        assert_ne!(cycles, usize::MAX, "the beats come");
        rig.bench.replay(&format!("key_reader_reset_{name}"));
    }
}

/// An error spoils its beat, is kept, and is where it is said to be.
#[test]
fn errors() {
    for (shape, name) in SHAPES {
        let mut rig = Rig::new(shape, Pace::random(2, 3, 1..40), 3);
        let taker = Pace::random(2, 3, 0..1);
        for round in 0..12 {
            let beats = rig.rng.random_range(1..100);
            let image = Image {
                address: 0x3_0000_1000,
                beats,
            };
            // None, one, or one in each channel.
            let mut errors = Vec::new();
            for channel in 0..shape.channels {
                rig.memories[channel].errors.clear();
                let chosen = round % 4 == 3 || round % 4 > 0 && channel == round % shape.channels;
                if chosen {
                    rig.image = image;
                    let beat = rig.rng.random_range(0..beats);
                    let place = rig.place(channel, beat);
                    rig.memories[channel].errors.insert(place);
                    errors.push((beat, place));
                }
            }
            rig.start(image);
            let (cycles, said) = rig.take(2 * beats + 20, &taker, 10_000);
            assert_ne!(cycles, usize::MAX, "the beats come");
            let said = said.expect("a cycle");
            assert_eq!(said.bad, !errors.is_empty(), "bad");
            let places: Vec<u64> = errors.iter().map(|&(_, place)| place).collect();
            assert!(!said.bad || places.contains(&said.bad_address));
            rig.stop(1);
            let said = rig.cycle(Drive::default());
            assert_eq!(said.bad, !errors.is_empty(), "bad stays");
        }
        rig.bench.replay(&format!("key_reader_error_{name}"));
    }
}

/// A beat a cycle, from the slowest memory with which a queue of 128 beats and bursts of 64 do it.
#[test]
fn pace() {
    for (channels, channel_words, name) in [(1, 8, "1x8"), (3, 4, "3x4")] {
        let mut rig = Rig::new(
            Shape::new(channels, channel_words, 128),
            Pace::steady(61),
            4,
        );
        rig.start(Image {
            address: 0x1000,
            beats: 640,
        });
        let (cycles, _) = rig.take(2000, &Pace::steady(0), 10_000);
        assert_eq!(cycles, 1999);
        rig.bench.replay(&format!("key_reader_pace_{name}"));
    }
}

/// The sizes that can be built, and the reason where one cannot.
#[test]
fn sizes() {
    let error =
        |channels, words, places, bank_log| KeyReader::new(channels, words, places, bank_log).err();
    for size in [(1, 1, 2, 12), (32, 16, 1 << 15, 63), (2, 2, 100, 28)] {
        assert_eq!(error(size.0, size.1, size.2, size.3), None);
    }
    assert_eq!(error(0, 1, 64, 28), Some(KeyReaderError::Channels(0)));
    assert_eq!(error(33, 1, 64, 28), Some(KeyReaderError::Channels(33)));
    for words in [0, 3, 32] {
        assert_eq!(error(1, words, 64, 28), Some(KeyReaderError::Words(words)));
    }
    for places in [0, 1, (1 << 15) + 1] {
        assert_eq!(
            error(1, 1, places, 28),
            Some(KeyReaderError::Places(places))
        );
    }
    for bank_log in [11, 64] {
        assert_eq!(
            error(1, 1, 64, bank_log),
            Some(KeyReaderError::Bank(bank_log))
        );
    }
}
