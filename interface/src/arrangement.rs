//! Which coefficient or value is where: index bits in lanes and in time.
//!
//! A GLWE ciphertext of two polynomials of N coefficients streams through P lanes in 2 N / P
//! cycles. Its elements are numbered by bits: one for the row (mask or body), five "coarse" bits (the
//! top of the coefficient's index) and log2 N - 5 "fine" ones (the rest): j = j1 M + j2 with
//! M = N / 32. Each bit is either a bit of the lane number or a bit of the cycle number. A butterfly
//! combines elements that differ in one bit, which must be a lane bit; so between butterflies time
//! bits are exchanged with lane bits that are done with ([`Step::Exchange`]).
//!
//! After the butterflies of a bit it tells values apart instead of coefficients: see
//! [`Arrangement::point`].
//!
//! The order of work is the same in every build. Coarse bits from the top, the general twiddle
//! factors, fine bits from the top; the inverse goes backwards. A time bit enters the lanes
//! once, so the exchanges wait 2 N / P - 1 cycles in all, the least that a streaming transform can.

use thiserror::Error;

/// Coarse bits of a coefficient's index: 2^5 = 32 rows of a polynomial.
pub const COARSE_BITS: usize = 5;

/// Smallest polynomial: N = 2^8.
pub const MIN_LOG2_N: usize = 8;

/// Largest polynomial: N = 2^11. A fine transform of more than 64 points is no longer shifts alone.
pub const MAX_LOG2_N: usize = 11;

/// What a datapath cannot be built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// Not a number of lanes.
    #[error("{0} lanes: must be a power of two from 2 to 128")]
    Lanes(usize),
    /// Not a polynomial size.
    #[error("N = 2^{0}: must be from 2^8 to 2^11")]
    PolynomialSize(usize),
}

/// One bit of an element's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexBit {
    /// Which polynomial: 0 the mask, 1 the body.
    Row,
    /// A bit of j1, later of k1.
    Coarse(usize),
    /// A bit of j2, later of k2.
    Fine(usize),
}

/// The sizes that a datapath is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    log2_lanes: usize,
    max_log2_n: usize,
}

impl Shape {
    /// A datapath of `lanes` coefficients a cycle for polynomials up to `2^max_log2_n`.
    ///
    /// # Errors
    /// [`ShapeError`] unless lanes are a power of two from 2 to 128 and `max_log2_n` from 8 to 11.
    pub fn new(lanes: usize, max_log2_n: usize) -> Result<Self, ShapeError> {
        if !lanes.is_power_of_two() || !(2..=128).contains(&lanes) {
            return Err(ShapeError::Lanes(lanes));
        }
        if !(MIN_LOG2_N..=MAX_LOG2_N).contains(&max_log2_n) {
            return Err(ShapeError::PolynomialSize(max_log2_n));
        }
        Ok(Self {
            log2_lanes: lanes.ilog2() as usize,
            max_log2_n,
        })
    }

    /// P: coefficients a cycle.
    #[must_use]
    pub const fn lanes(&self) -> usize {
        1 << self.log2_lanes
    }

    /// Pairs of a mask and a body element that the multiply-accumulate takes in a cycle.
    #[must_use]
    pub const fn pairs(&self) -> usize {
        self.lanes() / 2
    }

    /// log2 of the largest N.
    #[must_use]
    pub const fn max_log2_n(&self) -> usize {
        self.max_log2_n
    }

    /// Cycles of one pass over a GLWE ciphertext, 2 N / P.
    #[must_use]
    pub const fn pass_cycles(&self, log2_n: usize) -> usize {
        1 << (log2_n + 1 - self.log2_lanes)
    }

    /// Most fine bits of the build.
    #[must_use]
    pub const fn fine_bits(&self) -> usize {
        self.max_log2_n - COARSE_BITS
    }
}

/// The meaning of each lane bit and each time bit, bit 0 first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// Of the lane number.
    pub lane: Vec<IndexBit>,
    /// Of the cycle number.
    pub time: Vec<IndexBit>,
}

impl Arrangement {
    /// How coefficients enter the forward transform, leave the inverse one and lie in the
    /// accumulators. Fine bits above the polynomial's are zero.
    ///
    /// Rows lie side by side, but for P = 2, where they alternate. Coarse bits fill the lanes from
    /// the top; P = 128 takes a fine bit too.
    #[must_use]
    pub fn of_coefficients(shape: &Shape) -> Self {
        let coarse = (0..COARSE_BITS).map(IndexBit::Coarse);
        let fine = (0..shape.fine_bits()).map(IndexBit::Fine);
        if shape.log2_lanes == 1 {
            let mut time = vec![IndexBit::Row];
            time.extend(coarse.clone().take(COARSE_BITS - 1).chain(fine));
            return Self {
                lane: vec![IndexBit::Coarse(COARSE_BITS - 1)],
                time,
            };
        }
        let in_lanes = shape.log2_lanes - 1;
        let coarse_in_lanes = in_lanes.min(COARSE_BITS);
        let fine_in_lanes = in_lanes - coarse_in_lanes;
        let coarse_in_time = COARSE_BITS - coarse_in_lanes;
        let mut lane: Vec<IndexBit> = fine.clone().take(fine_in_lanes).collect();
        lane.extend(coarse.clone().skip(coarse_in_time));
        lane.push(IndexBit::Row);
        let mut time: Vec<IndexBit> = coarse.take(coarse_in_time).collect();
        time.extend(fine.skip(fine_in_lanes));
        Self { lane, time }
    }

    /// How values reach the multiply-accumulate, for a polynomial of `2^log2_n`.
    #[must_use]
    pub fn of_values(shape: &Shape, log2_n: usize) -> Self {
        let mut arrangement = Self::of_coefficients(shape);
        for step in steps(shape) {
            if let Step::Exchange { time, lane, bit } = step
                && exists(bit, log2_n)
            {
                arrangement.exchange(time, lane);
            }
        }
        arrangement
    }

    fn exchange(&mut self, time: usize, lane: usize) {
        std::mem::swap(&mut self.time[time], &mut self.lane[lane]);
    }

    /// The value of an index bit for the element in `lane` at `time`; `None` when it has no place
    /// here.
    fn bit(&self, wanted: IndexBit, lane: usize, time: usize) -> Option<usize> {
        let in_lane = self.lane.iter().position(|&bit| bit == wanted);
        let in_time = self.time.iter().position(|&bit| bit == wanted);
        in_lane
            .map(|position| (lane >> position) & 1)
            .or_else(|| in_time.map(|position| (time >> position) & 1))
    }

    /// 0 for the mask, 1 for the body.
    #[must_use]
    pub fn row(&self, lane: usize, time: usize) -> usize {
        self.bit(IndexBit::Row, lane, time).unwrap_or(0)
    }

    /// (j1, j2) of the element, each bit of weight 2^its number.
    #[must_use]
    pub fn coarse_fine(&self, lane: usize, time: usize) -> (usize, usize) {
        let sum = |bits: usize, kind: fn(usize) -> IndexBit| {
            (0..bits).fold(0, |sum, i| {
                sum | self.bit(kind(i), lane, time).unwrap_or(0) << i
            })
        };
        (
            sum(COARSE_BITS, IndexBit::Coarse),
            sum(MAX_LOG2_N - COARSE_BITS, IndexBit::Fine),
        )
    }

    /// The coefficient's index in a polynomial of `2^log2_n`.
    #[must_use]
    pub fn coefficient(&self, log2_n: usize, lane: usize, time: usize) -> usize {
        let (coarse, fine) = self.coarse_fine(lane, time);
        (coarse << (log2_n - COARSE_BITS)) | fine
    }

    /// k such that the value is that at psi^(2 k + 1), after all butterflies. Decimation leaves
    /// the bits of k1 and k2 reversed: k = k1 + 32 k2.
    #[must_use]
    pub fn point(&self, log2_n: usize, lane: usize, time: usize) -> usize {
        let (coarse, fine) = self.coarse_fine(lane, time);
        let reversed = |bits: usize, x: usize| {
            (0..bits).fold(0, |sum, i| sum | ((x >> i) & 1) << (bits - 1 - i))
        };
        reversed(COARSE_BITS, coarse) | reversed(log2_n - COARSE_BITS, fine) << COARSE_BITS
    }
}

/// Whether polynomials of `2^log2_n` coefficients have this index bit.
#[must_use]
pub const fn exists(bit: IndexBit, log2_n: usize) -> bool {
    match bit {
        IndexBit::Row | IndexBit::Coarse(_) => true,
        IndexBit::Fine(i) => i + COARSE_BITS < log2_n,
    }
}

/// One step of the forward transform; the inverse takes them backwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Exchange a time bit, which is `bit`, with a lane bit; skipped when the polynomial has no
    /// such bit.
    Exchange {
        /// Position of the time bit.
        time: usize,
        /// Position of the lane bit.
        lane: usize,
        /// What the time bit is before.
        bit: IndexBit,
    },
    /// Butterflies over `bit`, which is at position `lane`; skipped likewise.
    Butterfly {
        /// Position of the lane bit.
        lane: usize,
        /// What it is.
        bit: IndexBit,
        /// Where the exponent of the butterfly's factor 8^index comes from.
        index: [IndexSource; INDEX_BITS],
    },
    /// Multiplication by psi^(j2 (2 k1 + 1)).
    Twiddle {
        /// How elements lie then.
        arrangement: Arrangement,
    },
}

/// Bits of a butterfly's exponent: below 32, a factor 8^32 = -1 never occurs.
pub const INDEX_BITS: usize = 5;

/// Where one bit of a butterfly's exponent comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexSource {
    /// It is always 0 or always 1.
    Constant(bool),
    /// A lane bit, zero where the polynomial has no such index bit.
    Lane(usize, IndexBit),
    /// A time bit, likewise.
    Time(usize, IndexBit),
}

/// The steps of the forward transform in the order of the data's way.
///
/// Splitting X^m - 8^e into X^(m/2) -+ 8^(e/2) leaves exponents e/2 + 32 i, i being the new
/// bit (Cooley and Tukey, with the roots of Poppelmann et al.). The coarse transform starts from
/// X^32 - 8^32, the fine one from X^M - 1: so a butterfly's exponent has the bit done last with weight 16,
/// the one before with 8 and so on, and the coarse ones a constant 1 below all of them.
#[must_use]
pub fn steps(shape: &Shape) -> Vec<Step> {
    let mut arrangement = Arrangement::of_coefficients(shape);
    let mut steps = Vec::new();
    let mut done: Vec<IndexBit> = Vec::new();
    let coarse: Vec<IndexBit> = (0..COARSE_BITS).rev().map(IndexBit::Coarse).collect();
    let fine: Vec<IndexBit> = (0..shape.fine_bits()).rev().map(IndexBit::Fine).collect();
    for (bits, last) in [(&coarse, false), (&fine, true)] {
        for (stage, &bit) in bits.iter().enumerate() {
            if !arrangement.lane.contains(&bit) {
                // And as many of the next bits as there are lane bits done with: the inverse
                // transform gains where no exchange lies between butterflies.
                for &next in &bits[stage..] {
                    let free = arrangement.lane.iter().any(|bit| done.contains(bit));
                    if !free && !arrangement.lane.contains(&next) {
                        break;
                    }
                    bring_into_lane(&mut arrangement, &done, next, &mut steps);
                }
            }
            let lane = position(&arrangement.lane, bit).unwrap_or(0);
            let mut index = [IndexSource::Constant(false); INDEX_BITS];
            for (place, &earlier) in bits[..stage].iter().rev().enumerate() {
                index[INDEX_BITS - 1 - place] = source(&arrangement, earlier);
            }
            if !last {
                index[INDEX_BITS - 1 - stage] = IndexSource::Constant(true);
            }
            steps.push(Step::Butterfly { lane, bit, index });
            done.push(bit);
        }
        if !last {
            let arrangement = arrangement.clone();
            steps.push(Step::Twiddle { arrangement });
        }
    }
    // The multiply-accumulate takes mask and body side by side.
    bring_into_lane(&mut arrangement, &done, IndexBit::Row, &mut steps);
    steps
}

/// The position of an index bit.
fn position(bits: &[IndexBit], bit: IndexBit) -> Option<usize> {
    bits.iter().position(|&candidate| candidate == bit)
}

/// Where an index bit is now.
fn source(arrangement: &Arrangement, bit: IndexBit) -> IndexSource {
    match (
        position(&arrangement.lane, bit),
        position(&arrangement.time, bit),
    ) {
        (Some(lane), _) => IndexSource::Lane(lane, bit),
        (None, Some(time)) => IndexSource::Time(time, bit),
        (None, None) => IndexSource::Constant(false),
    }
}

/// Exchanges `bit`, if it is a time bit, with the lane bit that was done first.
fn bring_into_lane(
    arrangement: &mut Arrangement,
    done: &[IndexBit],
    bit: IndexBit,
    steps: &mut Vec<Step>,
) {
    let free = done
        .iter()
        .find_map(|&done| position(&arrangement.lane, done));
    if let (Some(time), Some(lane)) = (position(&arrangement.time, bit), free) {
        steps.push(Step::Exchange { time, lane, bit });
        arrangement.exchange(time, lane);
    }
}
