//! A core on two wires: batches of blind rotations through the serial line of the emitted Verilog, bit for bit as the
//! functional engine does.

use super::batch::{Batch, Sizes};
use super::support::bench::Bench;
use super::wire;
use gyrus_hdl::blind_rotate::CoreParameters;
use gyrus_hdl::serial::{SerialCore, Settings, command, status};

crate::dut!(SerialCore { receive => send, lights });

/// Cycles of a bit.
const BIT: u16 = 4;

/// Cycles in which a command is answered that has to wait for nothing.
const SOON: usize = 30 * BIT as usize;

/// Cycles after which a half of the key store is free again: two turns of the smallest polynomial, and more.
const TURNS: usize = 5000;

/// A host that knows when answers are due and does not look: what it sends, and what has to come back when.
#[derive(Default)]
struct Script {
    line: Vec<bool>,
    /// Bytes, and the cycle in which the last of them has to be through.
    expected: Vec<(Vec<u8>, usize)>,
}

impl Script {
    fn bytes(&mut self, bytes: &[u8]) {
        self.line.extend(wire::send(bytes, BIT.into()));
    }

    /// A command, its argument and its answer.
    fn command(&mut self, letter: u8, argument: u64, answer: u8, within: usize) {
        let mut bytes = vec![letter];
        bytes.extend(argument.to_le_bytes());
        self.bytes(&bytes);
        self.expect(vec![answer], within);
    }

    fn expect(&mut self, bytes: Vec<u8>, within: usize) {
        self.line.extend(vec![true; within]);
        self.expected.push((bytes, self.line.len()));
    }

    fn block(&mut self, letter: u8, words: &[u64], within: usize) {
        self.command(letter, words.len() as u64, letter, within);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.bytes(&bytes);
    }

    fn batch(&mut self, batch: &Batch) {
        let sizes = batch.sizes;
        let settings = Settings {
            log2_n: sizes.log2_n as u8,
            base_log: sizes.base_log as u8,
            levels: sizes.levels as u8,
            centred: sizes.centred,
            narrow: sizes.narrow,
            batch: sizes.ciphertexts as u8,
            lwe_dimension: sizes.n as u16,
            samples: 1,
            stride: 0,
        };
        self.command(
            command::CONFIGURE,
            settings.word(),
            command::CONFIGURE,
            SOON,
        );
        self.command(command::KEY, 0, command::KEY, SOON);
        self.command(command::START, 0, command::START, SOON);
        self.block(command::LWE, &batch.lwe, SOON);
        self.block(command::TABLE, &batch.tables, SOON);
        for slice in batch.key.chunks_exact(batch.key.len() / sizes.n) {
            self.block(command::SLICE, slice, TURNS);
        }
        let words = batch.expected.len();
        self.command(command::RESULTS, words as u64, command::RESULTS, SOON);
        let results: Vec<u8> = batch
            .expected
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        let cycles = 10 * usize::from(BIT) * results.len();
        self.expect(results, cycles + cycles / 10 + sizes.n * TURNS);
        // The line is slower than the core, which waits for every slice but the first.
        let waited = if sizes.n > 1 { status::UNDERRUN } else { 0 };
        self.command(command::STATUS, 0, status::START_READY | waited, SOON);
        self.command(command::FORGET_KEY, 0, command::FORGET_KEY, TURNS);
    }
}

/// Two batches with keys and parameters of their own, at both widths of words.
#[test]
fn batches_over_two_wires() {
    let parameters = CoreParameters {
        lanes: 2,
        max_log2_n: 8,
        slots: 1,
        levels: 2,
        beat_words: 1,
    };
    let shape = parameters.shape().expect("a shape");
    let wide = Sizes {
        log2_n: 8,
        n: 2,
        base_log: 23,
        levels: 1,
        ciphertexts: 1,
        centred: false,
        narrow: false,
    };
    let narrow = Sizes {
        n: 1,
        base_log: 15,
        levels: 2,
        centred: true,
        narrow: true,
        ..wide
    };
    let mut script = Script::default();
    for (seed, sizes) in [(1, wide), (2, narrow)] {
        script.batch(&Batch::random(sizes, &shape, parameters.beat_words, seed));
    }
    let cycles: Vec<Vec<u128>> = script
        .line
        .iter()
        .map(|&level| vec![level.into()])
        .collect();
    let core = SerialCore::new(&parameters, BIT).expect("a core");
    let samples = Bench::new(core).verilog_only("serial_core", &cycles);
    let line: Vec<bool> = samples.iter().map(|sample| sample[0] == 1).collect();
    let mut received = wire::receive(&line, BIT.into()).into_iter();
    for (number, (bytes, end)) in script.expected.iter().enumerate() {
        for (at, &byte) in bytes.iter().enumerate() {
            let Some((cycle, value)) = received.next() else {
                panic!("answer {number} has no byte {at}");
            };
            assert_eq!(value, byte, "byte {at} of answer {number}");
            assert!(
                cycle + 10 * usize::from(BIT) < *end,
                "answer {number} comes in time"
            );
        }
    }
    assert_eq!(received.next(), None);
    let errors = samples.iter().map(|sample| sample[1] & !7).max();
    assert_eq!(errors, Some(0), "no light of an error");
}
