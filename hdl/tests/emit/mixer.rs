//! A block that uses what the language of Rust-HDL has: it behaves the same as Verilog.

use super::support::{Cycle, Sample, emit, simulate_unit, verilator};
use gyrus_hdl::emit::{Design, verilog};
use gyrus_hdl::memory::{Delay, Ram, Rom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum Phase {
    Sum,
    Select,
    Table,
}

/// Of a and b in 16-bit words, by a phase that goes on with each valid cycle: the sums of
/// neighbours, a choice, or a look-up. The registered answer has its number of valid cycles on top.
#[derive(LogicBlock)]
struct Mixer {
    clock: Signal<In, Clock>,
    valid_in: Signal<In, Bit>,
    a: Signal<In, Bits<64>>,
    b: Signal<In, Bits<64>>,
    valid_out: Signal<Out, Bit>,
    result: Signal<Out, Bits<64>>,
    lane: Vec<DFF<Bits<16>>>,
    sum: Vec<DFF<Bits<16>>>,
    /// The words in `lane`, neighbours exchanged.
    word: Vec<Signal<Local, Bits<16>>>,
    phase: DFF<Phase>,
    /// The phase of the words in `lane`.
    entered: DFF<Phase>,
    other: DFF<Bits<64>>,
    valid: DFF<Bit>,
    answer: DFF<Bits<48>>,
    count: DFF<Bits<16>>,
    done: DFF<Bit>,
    mixed: Signal<Local, Bits<48>>,
    bare: Signal<Local, Bit>,
    line: Delay<1>,
    look_up: Rom<8>,
    store: Ram<16>,
    zero: Constant<Bits<16>>,
    step: Constant<Bits<16>>,
}

impl Default for Mixer {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            a: Default::default(),
            b: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            lane: gyrus_hdl::structure::many(4, |_| DFF::default()),
            sum: gyrus_hdl::structure::many(2, |_| DFF::default()),
            word: gyrus_hdl::structure::many(4, |_| Signal::default()),
            phase: Default::default(),
            entered: Default::default(),
            other: Default::default(),
            valid: Default::default(),
            answer: Default::default(),
            count: Default::default(),
            done: Default::default(),
            mixed: Default::default(),
            bare: Default::default(),
            line: Delay::new(1),
            look_up: Rom::new(TABLE.map(|word| word.to_bits()).to_vec()),
            store: Ram::new(64),
            zero: Constant::new(Default::default()),
            step: Constant::new(1_u8.to_bits()),
        }
    }
}

const TABLE: [u8; 5] = [3, 1, 4, 1, 5];

impl Mixer {
    const LATENCY: usize = 2;
}

impl Logic for Mixer {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, phase, entered, other, valid, answer, count, done
        );
        clock!(self, clock, line, look_up, store);
        for i in 0..4 {
            self.lane[i].clock.next = self.clock.val();
            self.lane[i].d.next = self.a.val().get_bits::<16>(16 * i);
        }
        for i in 0..2 {
            self.sum[i].clock.next = self.clock.val();
            // Sums of 16 bits: the carry is lost.
            self.sum[i].d.next =
                self.a.val().get_bits::<16>(32 * i) + self.a.val().get_bits::<16>(32 * i + 16);
            self.word[2 * i + 1].next = self.lane[2 * i].q.val();
            self.word[2 * i].next = self.lane[2 * i + 1].q.val();
        }
        self.other.d.next = self.b.val();
        self.valid.d.next = self.valid_in.val();
        self.entered.d.next = self.phase.q.val();
        if self.valid_in.val() {
            match self.phase.q.val() {
                Phase::Sum => self.phase.d.next = Phase::Select,
                Phase::Select => self.phase.d.next = Phase::Table,
                Phase::Table => self.phase.d.next = Phase::Sum,
            }
        }
        self.look_up.address.next = bit_cast::<16, 3>(self.b.val().get_bits::<3>(0));
        self.store.read_address.next = bit_cast::<16, 6>(self.a.val().get_bits::<6>(0));
        self.store.write_address.next = bit_cast::<16, 6>(self.b.val().get_bits::<6>(0));
        self.store.write_enable.next = self.valid_in.val();
        self.store.write_data.next = self.a.val().get_bits::<16>(32);

        // Verilog has the comparison first, Rust the masking.
        self.bare.next = self.word[0].val() & self.word[3].val() == self.zero.val();
        self.mixed.next = bit_cast::<48, 16>(self.zero.val());
        match self.entered.q.val() {
            Phase::Sum => {
                // All of it in 16 bits: the carry is lost before the shift, the complement and the
                // widening.
                self.mixed.next = (bit_cast::<48, 16>(self.sum[0].q.val() + self.sum[1].q.val())
                    << 16)
                    | bit_cast::<48, 16>(!((self.sum[0].q.val() + self.sum[1].q.val()) >> 1) + 1);
            }
            Phase::Select => {
                if self.bare.val() {
                    self.mixed.next = bit_cast::<48, 16>(self.lane[0].q.val());
                } else if self
                    .other
                    .q
                    .val()
                    .get_bit(self.lane[3].q.val().get_bits::<6>(0).index())
                {
                    self.mixed.next = bit_cast::<48, 64>(self.other.q.val());
                }
            }
            Phase::Table => {
                self.mixed.next = bit_cast::<48, 16>(self.store.read_data.val())
                    - bit_cast::<48, 8>(self.look_up.data.val());
            }
        }
        self.answer.d.next = self.mixed.val();
        self.done.d.next = self.valid.q.val();
        if self.valid.q.val() {
            self.count.d.next = self.count.q.val() + self.step.val();
        }
        self.line.d.next = bit_cast::<1, 1>(self.other.q.val().get_bits::<1>(0));
        self.valid_out.next = self.done.q.val() & !self.line.q.val().get_bit(0);
        self.result.next = (bit_cast::<64, 16>(self.count.q.val()) << 48)
            | bit_cast::<64, 48>(self.answer.q.val());
    }
}

crate::unit!(Mixer, a: 64, b: 64);

/// The same with integers: a step is one bench cycle.
struct Model {
    phase: u8,
    entered: (bool, u8, u64, u64, u16),
    count: u16,
    store: [u16; 64],
}

impl Model {
    fn step(&mut self, valid: bool, a: u64, b: u64) -> Sample {
        let (was_valid, phase, old_a, old_b, stored) = self.entered;
        let word = |at: u32| u64::from((old_a >> (16 * at)) as u16);
        let mixed = match phase {
            0 => {
                let sum = (word(0) + word(1) + word(2) + word(3)) as u16;
                (u64::from(sum) << 16) | u64::from((!(sum >> 1)).wrapping_add(1))
            }
            1 if word(1) & word(2) == 0 => word(0),
            1 if old_b >> (word(3) % 64) & 1 == 1 => old_b,
            1 => 0,
            _ => {
                let looked_up = TABLE.get((old_b % 8) as usize).copied().unwrap_or(0);
                u64::from(stored).wrapping_sub(looked_up.into())
            }
        } % (1 << 48);
        self.count = self.count.wrapping_add(was_valid.into());
        let stored = self.store[(a % 64) as usize];
        self.entered = (valid, self.phase, a, b, stored);
        if valid {
            self.store[(b % 64) as usize] = (a >> 32) as u16;
            self.phase = (self.phase + 1) % 3;
        }
        Sample {
            valid: was_valid && old_b % 2 == 0,
            result: (u64::from(self.count) << 48) | mixed,
        }
    }
}

pub(crate) fn design() -> Design {
    let mut mixer = Mixer::default();
    mixer.connect_all();
    verilog(&mixer, "mixer").expect("a block that can be written")
}

#[test]
fn the_language_means_the_same_in_verilog() {
    let mut rng = ChaCha8Rng::seed_from_u64(30);
    let cycles: Vec<Cycle> = (0..5_000)
        .map(|_| {
            // Sparse words make the masks and selections take all their branches.
            let sparse = |rng: &mut ChaCha8Rng| rng.random::<u64>() & rng.random::<u64>();
            let b = if rng.random() {
                rng.random()
            } else {
                sparse(&mut rng)
            };
            let a = sparse(&mut rng) & sparse(&mut rng);
            let operands = vec![a.into(), b.into()];
            let valid = rng.random_ratio(3, 4);
            Cycle { valid, operands }
        })
        .collect();
    let mut model = Model {
        phase: 0,
        entered: (false, 0, 0, 0, 0),
        count: 0,
        store: [0; 64],
    };
    let expected: Vec<Sample> = cycles
        .iter()
        .map(|Cycle { valid, operands }| model.step(*valid, operands[0] as u64, operands[1] as u64))
        .collect();
    let text = emit::<Mixer>();
    super::bank::assert_clean_clock(&text);
    assert_eq!(text.matches("default: begin // Phase__Table").count(), 2);
    let simulated = simulate_unit::<Mixer>(&cycles);
    let verilated = verilator::run::<Mixer>("mixer", &text, &cycles);
    for (cycle, sample) in expected.iter().enumerate() {
        assert_eq!(simulated[cycle], *sample, "Rust-HDL in cycle {cycle}");
        assert_eq!(verilated[cycle], *sample, "Verilator in cycle {cycle}");
    }
}
