//! BAR0 in both simulations: single accesses in any rhythm, what they change and what they read.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

mod support;

use gyrus_hdl::card::CardParameters;
use gyrus_hdl::registers::{Counter, RegisterFile, live, setting};
use gyrus_interface::registers::{Access, BAR_BYTES, MAGIC, REGISTERS, Register};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use support::bench::Bench;

dut!(RegisterFile {
    clear, awaddr, awvalid, wdata, wstrb, wvalid, bready, araddr, arvalid, rready, reset, live
    => awready, wready, bresp, bvalid, arready, rdata, rresp, rvalid, write, write_index,
    write_data, read, read_index, settings
});

dut!(Counter { count, read, read_index => low, high, value });

/// Places of the outputs in a sample.
const AWREADY: usize = 0;
const WREADY: usize = 1;
const BRESP: usize = 2;
const BVALID: usize = 3;
const ARREADY: usize = 4;
const RDATA: usize = 5;
const RRESP: usize = 6;
const RVALID: usize = 7;
const WRITE: usize = 8;
const WRITE_INDEX: usize = 9;
const WRITE_DATA: usize = 10;
const SETTINGS: usize = 13;

/// An answer: all well, or an error.
const OKAY: u128 = 0;
const ERROR: u128 = 2;

/// Registers and a driver of them.
struct Rig {
    bench: Bench<RegisterFile>,
    rng: ChaCha8Rng,
    live: Vec<u128>,
    /// What was said to be written to registers that hold nothing.
    commands: Vec<(u128, u128)>,
}

impl Rig {
    fn new() -> Self {
        let card = CardParameters::for_lanes(8).expect("a card");
        let registers = RegisterFile::new(&card.capabilities(0x1234_5678));
        let listed = |access| matches!(access, Access::Live | Access::Counter);
        let live = Register::ALL.iter().filter(|r| listed(r.access())).count();
        Self {
            bench: Bench::new(registers),
            rng: ChaCha8Rng::seed_from_u64(8),
            live: (0..live).map(|i| 0xa000_0000 + i as u128).collect(),
            commands: Vec::new(),
        }
    }

    /// Inputs with nothing valid.
    fn idle(&self) -> Vec<u128> {
        let mut inputs = vec![0; 11];
        inputs.extend(&self.live);
        inputs
    }

    fn cycle(&mut self, inputs: &[u128]) -> Vec<u128> {
        let sample = self.bench.cycle(inputs);
        if sample[WRITE] == 1 {
            self.commands
                .push((sample[WRITE_INDEX], sample[WRITE_DATA]));
        }
        sample
    }

    /// Address and data come when they like, and the answer is taken when it suits.
    fn write(&mut self, offset: u32, data: u32, strobes: u128) -> u128 {
        let (mut address, mut word) = (true, true);
        for _ in 0..200 {
            let mut inputs = self.idle();
            let mut coin = || u128::from(self.rng.random_ratio(1, 2));
            let (address_now, word_now) = (coin() == 1 && address, coin() == 1 && word);
            inputs[1] = offset.into();
            inputs[2] = address_now.into();
            inputs[3] = data.into();
            inputs[4] = strobes;
            inputs[5] = word_now.into();
            inputs[6] = coin();
            let sample = self.cycle(&inputs);
            address &= !(address_now && sample[AWREADY] == 1);
            word &= !(word_now && sample[WREADY] == 1);
            if inputs[6] == 1 && sample[BVALID] == 1 {
                assert!(!address && !word, "an answer before the question");
                return sample[BRESP];
            }
        }
        panic!("no answer to a write");
    }

    fn read(&mut self, offset: u32) -> (u128, u128) {
        let mut asked = false;
        for _ in 0..200 {
            let mut inputs = self.idle();
            let mut coin = || u128::from(self.rng.random_ratio(1, 2));
            inputs[7] = offset.into();
            inputs[8] = if asked { 0 } else { coin() };
            inputs[9] = coin();
            let sample = self.cycle(&inputs);
            if inputs[9] == 1 && sample[RVALID] == 1 {
                return (sample[RRESP], sample[RDATA]);
            }
            asked |= inputs[8] == 1 && sample[ARREADY] == 1;
        }
        panic!("no answer to a read");
    }
}

#[test]
fn every_register_reads_what_it_is() {
    let mut rig = Rig::new();
    let mut held: HashMap<Register, u32> = HashMap::new();
    for round in 0..3 {
        for &register in Register::ALL {
            let value: u32 = rig.rng.random();
            let commands = rig.commands.len();
            assert_eq!(rig.write(register.offset(), value, 0xf), OKAY);
            assert_eq!(rig.commands.len(), commands + 1, "one write");
            let told = (register.index() as u128, u128::from(value));
            assert_eq!(rig.commands[commands], told);
            if register.access() == Access::Setting {
                held.insert(register, value);
            }
        }
        for &register in Register::ALL {
            let (response, value) = rig.read(register.offset());
            assert_eq!(response, OKAY);
            match register.access() {
                Access::Setting => assert_eq!(value, held[&register].into(), "{register:?}"),
                Access::Live | Access::Counter => {
                    assert_eq!(value, rig.live[live(register)], "{register:?}");
                }
                Access::Command => assert_eq!(value, 0, "{register:?}"),
                Access::Constant => (),
            }
        }
        for value in &mut rig.live {
            *value ^= 0x55 << round;
        }
    }
    assert_eq!(rig.read(Register::Magic.offset()).1, MAGIC.into());
    assert_eq!(rig.read(Register::Build.offset()).1, 0x1234_5678);
    assert_eq!(rig.read(Register::Lanes.offset()).1, 8);
    // They come out all the time, and go with a reset.
    let mut inputs = rig.idle();
    let sample = rig.cycle(&inputs);
    for (&register, &value) in &held {
        assert_eq!(sample[SETTINGS + setting(register)], value.into());
    }
    inputs[0] = 1;
    rig.cycle(&inputs);
    for &register in held.keys() {
        assert_eq!(rig.read(register.offset()), (OKAY, 0), "{register:?}");
    }
    rig.bench.replay("registers");
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    let mut rig = Rig::new();
    let register = Register::LweDimension.offset();
    assert_eq!(rig.write(register, 7, 0xf), OKAY);
    let commands = rig.commands.len();
    for strobes in 0..0xf {
        assert_eq!(
            rig.write(register, 9, strobes),
            ERROR,
            "strobes {strobes:x}"
        );
    }
    for offset in [
        512,
        0x800 + register,
        BAR_BYTES - 4,
        register + 1,
        register + 2,
    ] {
        assert_eq!(rig.write(offset, 9, 0xf), ERROR, "at {offset:x}");
    }
    assert_eq!(rig.commands.len(), commands, "nothing was written");
    for offset in [512, 0x800 + register, BAR_BYTES - 4] {
        assert_eq!(rig.read(offset), (ERROR, 0), "at {offset:x}");
    }
    // Reserved ones read as 0.
    for index in 0..REGISTERS as u32 {
        if Register::at(4 * index).is_none() {
            assert_eq!(rig.read(4 * index), (OKAY, 0), "at {:x}", 4 * index);
        }
    }
    assert_eq!(rig.read(register), (OKAY, 7));
    rig.bench.replay("registers_refused");
}

/// Accesses that a reset of the bus cuts off at any point leave nothing behind.
#[test]
fn a_reset_of_the_bus() {
    let mut rig = Rig::new();
    let register = Register::LweDimension.offset();
    assert_eq!(rig.write(register, 7, 0xf), OKAY);
    for begun in 0..8_usize {
        for cycles in 0..6 {
            let mut inputs = rig.idle();
            inputs[1] = (register + 4).into();
            inputs[2] = (begun & 1) as u128;
            inputs[3] = 9;
            inputs[4] = 0xf;
            // Not address and data both: that is a write.
            inputs[5] = (begun >> 1 & !begun & 1) as u128;
            inputs[7] = register.into();
            inputs[8] = (begun >> 2) as u128;
            rig.cycle(&inputs);
            for _ in 0..cycles {
                rig.cycle(&rig.idle());
            }
            let mut inputs = rig.idle();
            inputs[10] = 1;
            rig.cycle(&inputs);
            let sample = rig.cycle(&inputs);
            assert_eq!((sample[BVALID], sample[RVALID]), (0, 0));
            let ready = [AWREADY, WREADY, ARREADY].map(|place| sample[place]);
            assert_eq!(ready, [0; 3], "what is taken would not be answered");
            let commands = rig.commands.len();
            assert_eq!(rig.write(register, 100 + cycles, 0xf), OKAY);
            assert_eq!(rig.commands.len(), commands + 1, "one write");
            assert_eq!(rig.read(register), (OKAY, (100 + cycles).into()));
        }
    }
    rig.bench.replay("registers_bus_reset");
}

/// The high half stays as it was when the low one was read.
#[test]
fn halves_of_a_counter_belong_together() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    let mut bench = Bench::new(Counter::new(Register::JobsLow));
    let own = Register::JobsLow.index() as u128;
    let (mut count, mut kept) = (0_u128, 0);
    for _ in 0..2000 {
        let counted = rng.random_ratio(2, 3);
        let read = rng.random_ratio(1, 4);
        let index = if rng.random_ratio(1, 2) { own } else { own + 1 };
        let sample = bench.cycle(&[counted.into(), read.into(), index]);
        assert_eq!(sample, [count & 0xffff_ffff, kept, count]);
        if read && index == own {
            kept = count >> 32;
        }
        count += u128::from(counted);
    }
    bench.replay("counter");
}
