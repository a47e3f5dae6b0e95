//! The bridge alone: bytes in and out without a line, and a core of a few lines of Rust behind it.

use super::support::bench::Bench;
use gyrus_hdl::serial::{Bridge, Settings, command, status};

crate::dut!(Bridge {
    byte_valid, byte_in, byte_wrong, send_ready, lwe_ready, table_ready, key_ready, request_valid, result_valid,
    result, key_idle, start_ready, status
    => send_valid, send_byte, settings, word, lwe_valid, table_valid, key_valid, request_ready, result_ready,
    key_start, key_stop, start, drop, overrun, framing_error
});

/// Places of the outputs in a sample.
const SEND_VALID: usize = 0;
const SEND_BYTE: usize = 1;
const SETTINGS: usize = 2;
const WORD: usize = 3;
const LWE_VALID: usize = 4;
const TABLE_VALID: usize = 5;
const KEY_VALID: usize = 6;
const REQUEST_READY: usize = 7;
const KEY_START: usize = 9;
const KEY_STOP: usize = 10;
const START: usize = 11;
const DROP: usize = 12;
const OVERRUN: usize = 13;
const FRAMING_ERROR: usize = 14;

/// What the core says in a cycle.
#[derive(Clone, Copy, Default)]
struct Core {
    lwe_ready: bool,
    table_ready: bool,
    key_ready: bool,
    request_valid: bool,
    result: Option<u64>,
    key_idle: bool,
    start_ready: bool,
    status: u8,
}

/// Ready for everything.
const READY: Core = Core {
    lwe_ready: true,
    table_ready: true,
    key_ready: true,
    request_valid: true,
    result: Some(0x0123_4567_89ab_cdef),
    key_idle: true,
    start_ready: true,
    status: 0,
};

struct Host {
    bench: Bench<Bridge>,
    core: Core,
    /// Words that the core took: stream and word.
    taken: Vec<(usize, u64)>,
    answers: Vec<u8>,
    /// Cycles of each output.
    high: [usize; FRAMING_ERROR + 1],
    settings: u64,
}

impl Host {
    fn new() -> Self {
        Self {
            bench: Bench::new(Bridge::default()),
            core: READY,
            taken: Vec::new(),
            answers: Vec::new(),
            high: [0; FRAMING_ERROR + 1],
            settings: 0,
        }
    }

    fn cycle(&mut self, byte: Option<u8>, wrong: bool) {
        let core = self.core;
        let sample = self.bench.cycle(&[
            byte.is_some().into(),
            byte.unwrap_or(0).into(),
            wrong.into(),
            1,
            core.lwe_ready.into(),
            core.table_ready.into(),
            core.key_ready.into(),
            core.request_valid.into(),
            core.result.is_some().into(),
            core.result.unwrap_or(0).into(),
            core.key_idle.into(),
            core.start_ready.into(),
            core.status.into(),
        ]);
        for (stream, ready) in [
            (LWE_VALID, core.lwe_ready),
            (TABLE_VALID, core.table_ready),
            (KEY_VALID, core.key_ready),
        ] {
            if sample[stream] == 1 && ready {
                self.taken.push((stream, sample[WORD] as u64));
            }
        }
        if sample[SEND_VALID] == 1 {
            self.answers.push(sample[SEND_BYTE] as u8);
        }
        for (count, &value) in self.high.iter_mut().zip(&sample) {
            *count += usize::from(value == 1);
        }
        self.settings = sample[SETTINGS] as u64;
    }

    fn idle(&mut self, cycles: usize) {
        for _ in 0..cycles {
            self.cycle(None, false);
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.cycle(Some(byte), false);
            self.idle(9);
        }
    }

    fn command(&mut self, letter: u8, argument: u64) {
        self.bytes(&[letter]);
        self.bytes(&argument.to_le_bytes());
    }

    /// The answers since the last time.
    fn answers(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.answers)
    }
}

#[test]
fn each_command_does_what_it_says() {
    let mut host = Host::new();
    let settings = Settings {
        log2_n: 10,
        base_log: 23,
        levels: 2,
        centred: true,
        narrow: false,
        batch: 3,
        lwe_dimension: 879,
        samples: 4000,
        stride: 2047,
    };
    // By the places that the documentation gives.
    let word = 10 | 23 << 4 | 2 << 9 | 1 << 11 | 3 << 13 | 879 << 18 | 2047 << 30 | 4000 << 42;
    host.command(command::CONFIGURE, settings.word());
    assert_eq!(host.settings, word);
    assert_eq!(host.answers(), [command::CONFIGURE]);
    for (letter, output) in [
        (command::KEY, KEY_START),
        (command::START, START),
        (command::DROP, DROP),
        (command::FORGET_KEY, KEY_START),
    ] {
        host.high = [0; FRAMING_ERROR + 1];
        host.command(letter, 0);
        assert_eq!(host.high[output], 1, "{}", letter as char);
        assert_eq!(host.answers(), [letter]);
    }
    // The key store stays stopped until it gets another key.
    host.high[KEY_STOP] = 0;
    host.idle(10);
    assert_eq!(host.high[KEY_STOP], 10);
    host.command(command::KEY, 0);
    host.high[KEY_STOP] = 0;
    host.idle(10);
    assert_eq!(host.high[KEY_STOP], 0);
    assert_eq!(host.answers(), [command::KEY]);

    host.high[REQUEST_READY] = 0;
    for (letter, stream) in [
        (command::LWE, LWE_VALID),
        (command::TABLE, TABLE_VALID),
        (command::SLICE, KEY_VALID),
    ] {
        host.command(letter, 2);
        assert_eq!(host.answers(), [letter]);
        host.bytes(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        let taken = std::mem::take(&mut host.taken);
        assert_eq!(
            taken,
            [
                (stream, 0x0807_0605_0403_0201),
                (stream, 0x100f_0e0d_0c0b_0a09)
            ]
        );
    }
    assert_eq!(host.high[REQUEST_READY], 1);

    host.core.status = status::BUSY | status::OVERRUN;
    host.command(command::STATUS, 0);
    assert_eq!(host.answers(), [status::BUSY | status::OVERRUN]);
    host.command(b'z', 0);
    assert_eq!(host.answers(), [command::UNKNOWN]);

    host.core.result = None;
    host.command(command::RESULTS, 2);
    host.idle(50);
    assert_eq!(host.answers(), [command::RESULTS]);
    host.core.result = READY.result;
    host.idle(1);
    host.core.result = None;
    host.idle(50);
    assert_eq!(host.answers(), 0x0123_4567_89ab_cdef_u64.to_le_bytes());
    host.core.result = Some(u64::MAX);
    host.idle(50);
    assert_eq!(host.answers(), [0xff; 8]);
    host.bench.replay("serial_bridge");
}

/// Commands wait for the core, and no answer comes before.
#[test]
fn commands_wait() {
    let mut host = Host::new();
    let not = |change: fn(&mut Core)| {
        let mut core = READY;
        change(&mut core);
        core
    };
    for (letter, core) in [
        (command::START, not(|core| core.start_ready = false)),
        (command::LWE, not(|core| core.lwe_ready = false)),
        (command::TABLE, not(|core| core.table_ready = false)),
        (command::SLICE, not(|core| core.request_valid = false)),
        (command::SLICE, not(|core| core.key_ready = false)),
        (command::FORGET_KEY, not(|core| core.key_idle = false)),
    ] {
        host.core = core;
        host.command(letter, 0);
        host.idle(100);
        assert!(host.answers().is_empty(), "{}", letter as char);
        host.core = READY;
        host.idle(5);
        assert_eq!(host.answers(), [letter]);
    }
}

/// What the key store has asked for when it is told to forget its key it gets, until it rests.
#[test]
fn a_standing_request_is_met() {
    let mut host = Host::new();
    host.core.key_idle = false;
    host.command(command::FORGET_KEY, 0);
    host.high = [0; FRAMING_ERROR + 1];
    host.idle(50);
    assert_eq!((host.high[KEY_VALID], host.high[REQUEST_READY]), (50, 50));
    assert!(host.answers().is_empty());
    host.core.key_idle = true;
    host.high = [0; FRAMING_ERROR + 1];
    host.idle(5);
    assert_eq!((host.high[KEY_VALID], host.high[REQUEST_READY]), (0, 0));
    assert_eq!(host.answers(), [command::FORGET_KEY]);
}

/// A word that the core has not taken when the next one is there is an overrun; a lost byte ends a command.
#[test]
fn errors() {
    let mut host = Host::new();
    host.command(command::TABLE, 3);
    host.core.table_ready = false;
    host.bytes(&[1; 8]);
    assert_eq!(host.high[OVERRUN], 0);
    host.bytes(&[2; 8]);
    host.core.table_ready = true;
    host.bytes(&[3; 8]);
    let words = [0x0101_0101_0101_0101, 0x0303_0303_0303_0303];
    assert_eq!(host.taken, words.map(|word| (TABLE_VALID, word)));
    assert!(host.high[OVERRUN] > 0);
    assert_eq!(host.answers(), [command::TABLE]);

    assert_eq!(host.high[FRAMING_ERROR], 0);
    host.bytes(&[command::CONFIGURE, 1, 2]);
    host.cycle(None, true);
    host.idle(5);
    host.command(command::KEY, 7);
    assert_eq!(host.answers(), [command::KEY]);
    assert!(host.high[FRAMING_ERROR] > 0);
    host.command(command::DROP, 0);
    host.high = [0; FRAMING_ERROR + 1];
    host.idle(5);
    assert_eq!((host.high[OVERRUN], host.high[FRAMING_ERROR]), (0, 0));
}
