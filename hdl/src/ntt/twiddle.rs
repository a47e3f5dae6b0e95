//! The general factors between coarse and fine butterflies: psi^(j2 (2 k1 + 1)), or its inverse.
//!
//! A lane's factors depend on the cycle and on N. Its table holds those of every N up to the
//! build's, one after the other: those for N start at address 2 N / P, so address = 2 N / P + time
//! (both halved for P = 2, where two cycles with the same coefficients of mask and body follow each
//! other). Mask and body lanes use the same table. N^-1 is not here but in the key.
//!
//! Elements enter as any lazy residue and leave as one in (-2^67, 2^67).
//!
//! Timing: [`Normalise`], beside it the table, then the multiplier. Latency
//! [`Twiddle::LATENCY`]. P multipliers, P / 2 tables (for P = 2, whose lanes both have mask and body: two) of
//! 4 N / P words.

use super::arrangement::{Arrangement, IndexBit, MIN_LOG2_N, Shape};
use super::{ControlDelay, Direction, Time};
use crate::arith::{Lazy, MulLazy, Normalise};
use crate::memory::{Address, Delay, Rom};
use crate::structure;
use crate::structure::many;
use gyrus_interface::field::{inverse, mul, pow, psi};
use rust_hdl::prelude::*;

/// Each element times its factor.
#[derive(LogicBlock)]
pub struct Twiddle {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// 2 N / P.
    pub pass_cycles: Signal<In, Time>,
    /// `x` holds elements.
    pub valid_in: Signal<In, Bit>,
    /// The number of the cycle within the pass.
    pub time_in: Signal<In, Time>,
    /// An element for each lane.
    pub x: Vec<Signal<In, Lazy>>,
    /// `y` holds elements.
    pub valid_out: Signal<Out, Bit>,
    /// The number of the cycle within the pass.
    pub time_out: Signal<Out, Time>,
    /// `valid_out` of the next cycle.
    pub valid_early: Signal<Out, Bit>,
    /// `time_out` of the next cycle.
    pub time_early: Signal<Out, Time>,
    /// An element for each lane.
    pub y: Vec<Signal<Out, Lazy>>,
    control: ControlDelay,
    address: TableAddress,
    tables: Vec<Rom<64>>,
    factors: Vec<Delay<64>>,
    multipliers: Vec<LaneMultiplier>,
}

impl Twiddle {
    /// Rising edges from `x` to `y`.
    pub const LATENCY: usize = LaneMultiplier::LATENCY;

    /// For elements that lie so, multiplied by the factors or by their inverses.
    #[must_use]
    pub fn new(shape: &Shape, arrangement: &Arrangement, direction: Direction) -> Self {
        let lanes = shape.lanes();
        let alternate = arrangement.time.first() == Some(&IndexBit::Row);
        let tables = if alternate { lanes } else { lanes / 2 };
        Self {
            clock: Signal::default(),
            pass_cycles: Signal::default(),
            valid_in: Signal::default(),
            time_in: Signal::default(),
            x: many(lanes, |_| Signal::default()),
            valid_out: Signal::default(),
            time_out: Signal::default(),
            valid_early: Signal::default(),
            time_early: Signal::default(),
            y: many(lanes, |_| Signal::default()),
            control: ControlDelay::new(Self::LATENCY),
            address: TableAddress::new(alternate),
            tables: many(tables, |lane| {
                Rom::new(table(shape, arrangement, direction, lane, alternate))
            }),
            // Behind the tables, as block RAM answers late in the cycle and the multiplier begins with an adder.
            factors: many(tables, |_| {
                Delay::new(Normalise::LATENCY - Rom::<64>::LATENCY)
            }),
            multipliers: many(lanes, |_| LaneMultiplier::default()),
        }
    }
}

/// The factors of a lane in the order of their addresses; the unused beginning is zero.
fn table(
    shape: &Shape,
    arrangement: &Arrangement,
    direction: Direction,
    lane: usize,
    alternate: bool,
) -> Vec<Bits<64>> {
    let cycles = |log2_n| shape.pass_cycles(log2_n) >> usize::from(alternate);
    let mut words = vec![Bits::default(); cycles(MIN_LOG2_N)];
    for log2_n in MIN_LOG2_N..=shape.max_log2_n() {
        let root = match direction {
            Direction::Forward => psi(log2_n),
            Direction::Inverse => inverse(psi(log2_n)),
        };
        for cycle in 0..cycles(log2_n) {
            let time = cycle << usize::from(alternate);
            let (coarse, fine) = arrangement.coarse_fine(lane, time);
            // The coarse butterflies leave the bits of k1 reversed.
            let k1 = (0..5).fold(0, |k1, i| k1 | ((coarse >> i) & 1) << (4 - i));
            let by_fine = pow(root, fine as u64);
            words.push(mul(by_fine, pow(by_fine, 2 * k1 as u64)).to_bits());
        }
    }
    words
}

impl Logic for Twiddle {
    structure! { this =>
        wire!(control.clock <= clock);
        wire!(control.valid_in <= valid_in);
        wire!(control.time_in <= time_in);
        wire!(valid_out <= control.valid_out);
        wire!(time_out <= control.time_out);
        wire!(valid_early <= control.valid_early);
        wire!(time_early <= control.time_early);
        wire!(address.pass_cycles <= pass_cycles);
        wire!(address.cycle <= time_in);
        for table in 0..this.tables.len() {
            wire!(tables[table].clock <= clock);
            wire!(tables[table].address <= address.address);
            wire!(factors[table].clock <= clock);
            wire!(factors[table].d <= tables[table].data);
        }
        for lane in 0..this.multipliers.len() {
            let table = lane % this.tables.len();
            wire!(multipliers[lane].clock <= clock);
            wire!(multipliers[lane].x <= x[lane]);
            wire!(multipliers[lane].factor <= factors[table].q);
            wire!(y[lane] <= multipliers[lane].y);
        }
    }
}

/// The address of the factors in all tables.
#[derive(LogicBlock)]
struct TableAddress {
    pass_cycles: Signal<In, Time>,
    cycle: Signal<In, Time>,
    address: Signal<Out, Address>,
    shift: Constant<Bits<1>>,
}

impl TableAddress {
    fn new(alternate: bool) -> Self {
        Self {
            pass_cycles: Signal::default(),
            cycle: Signal::default(),
            address: Signal::default(),
            shift: Constant::new(usize::from(alternate).to_bits()),
        }
    }
}

impl Logic for TableAddress {
    #[hdl_gen]
    fn update(&mut self) {
        self.address.next =
            bit_cast::<16, 12>(self.pass_cycles.val() | self.cycle.val()) >> self.shift.val();
    }
}

/// One lane: a lazy residue times a factor that comes [`Normalise::LATENCY`] later.
#[derive(LogicBlock, Default)]
struct LaneMultiplier {
    clock: Signal<In, Clock>,
    x: Signal<In, Lazy>,
    factor: Signal<In, Bits<64>>,
    y: Signal<Out, Lazy>,
    normalise: Normalise,
    multiply: MulLazy,
}

impl LaneMultiplier {
    const LATENCY: usize = Normalise::LATENCY + MulLazy::LATENCY;
}

impl Logic for LaneMultiplier {
    #[hdl_gen]
    fn update(&mut self) {
        self.normalise.clock.next = self.clock.val();
        self.multiply.clock.next = self.clock.val();
        self.normalise.residue.next = self.x.val();
        self.normalise.addend.next = 0.into();
        self.multiply.x.next = self.normalise.result.val();
        self.multiply.y.next = self.factor.val();
        self.y.next = self.multiply.result.val();
    }
}
