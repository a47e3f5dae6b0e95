//! Stimuli for the transforms, and what has to come out.

use super::schoolbook::{forward, inverse_times_size, lazy, psi_powers, residue};
use gyrus_hdl::ntt::{Arrangement, Direction, Shape, Transform};
use rand::{Rng, RngExt};

crate::dut!(Transform { pass_cycles, fine_bits, valid_in, time_in, x => valid_out, time_out, y, valid_early, time_early });

/// A mask and a body polynomial, as they enter.
pub(crate) type Glwe = [Vec<i128>; 2];

/// Ciphertexts of one size through a transform.
pub(crate) struct Passes {
    pub(crate) shape: Shape,
    pub(crate) log2_n: usize,
    pub(crate) direction: Direction,
}

impl Passes {
    /// Where element (row, index) lies: (lane, time).
    fn places(&self, entering: bool) -> Vec<(usize, usize, usize, usize)> {
        let of_coefficients = entering == (self.direction == Direction::Forward);
        let arrangement = if of_coefficients {
            Arrangement::of_coefficients(&self.shape)
        } else {
            Arrangement::of_values(&self.shape, self.log2_n)
        };
        let mut places = Vec::new();
        for time in 0..self.shape.pass_cycles(self.log2_n) {
            for lane in 0..self.shape.lanes() {
                let index = if of_coefficients {
                    arrangement.coefficient(self.log2_n, lane, time)
                } else {
                    arrangement.point(self.log2_n, lane, time)
                };
                places.push((time, lane, arrangement.row(lane, time), index));
            }
        }
        places
    }

    /// The inputs of a cycle: configuration, control, then `x`.
    fn cycle(&self, time: Option<usize>, x: &[u128]) -> Vec<u128> {
        let cycles = self.shape.pass_cycles(self.log2_n) as u128;
        let fine_bits = (1 << (self.log2_n - 8)) - 1;
        let mut words = vec![cycles, fine_bits, time.is_some().into()];
        // What stands beside no element must not matter.
        words.push(time.map_or(0xabc, |time| time as u128));
        words.extend_from_slice(x);
        words
    }

    /// All cycles for these ciphertexts, with gaps in front of some of them and room behind.
    pub(crate) fn stimuli(
        &self,
        glwes: &[Glwe],
        gaps: &[usize],
        room: usize,
        rng: &mut impl Rng,
    ) -> Vec<Vec<u128>> {
        let places = self.places(true);
        let mut stimuli = Vec::new();
        for (glwe, &gap) in glwes.iter().zip(gaps) {
            for _ in 0..gap {
                let x: Vec<u128> = (0..self.shape.lanes())
                    .map(|_| rng.random::<u128>() >> 56)
                    .collect();
                stimuli.push(self.cycle(None, &x));
            }
            for group in places.chunks(self.shape.lanes()) {
                let x: Vec<u128> = group
                    .iter()
                    .map(|&(_, _, row, index)| lazy(glwe[row][index]))
                    .collect();
                stimuli.push(self.cycle(Some(group[0].0), &x));
            }
        }
        for _ in 0..room {
            stimuli.push(self.cycle(None, &vec![0; self.shape.lanes()]));
        }
        stimuli
    }

    /// Every element is congruent to the expected one, `latency` cycles after its place in the stimuli.
    pub(crate) fn check(
        &self,
        glwes: &[Glwe],
        stimuli: &[Vec<u128>],
        latency: usize,
        samples: &[Vec<u128>],
    ) {
        let powers = psi_powers(1 << self.log2_n);
        let mut expected = glwes.iter().map(|glwe| {
            glwe.each_ref().map(|polynomial| {
                let x: Vec<u128> = polynomial.iter().map(|&x| residue(lazy(x))).collect();
                match self.direction {
                    Direction::Forward => forward(&x, &powers),
                    Direction::Inverse => inverse_times_size(&x, &powers),
                }
            })
        });
        let places = self.places(false);
        let limit: u128 = match self.direction {
            Direction::Forward => 1 << 70,
            Direction::Inverse => 1 << 67,
        };
        let lanes = self.shape.lanes();
        for (i, pair) in samples.windows(2).enumerate() {
            assert_eq!(
                pair[0][2 + lanes..],
                pair[1][..2],
                "ahead of cycle {}",
                i + 1
            );
        }
        let mut current = None;
        for (i, sample) in samples.iter().enumerate() {
            let entered = i.checked_sub(latency).and_then(|at| stimuli.get(at));
            let valid = entered.is_some_and(|cycle| cycle[2] == 1);
            assert_eq!(sample[0], valid.into(), "valid in cycle {i}");
            let Some(entered) = entered.filter(|_| valid) else {
                continue;
            };
            let time = entered[3] as usize;
            assert_eq!(sample[1], time as u128, "time in cycle {i}");
            if time == 0 {
                current = expected.next();
            }
            let polynomials = current.as_ref().expect("a ciphertext");
            for &(_, lane, row, index) in &places[time * self.shape.lanes()..][..self.shape.lanes()]
            {
                let y = sample[2 + lane];
                assert_eq!(
                    residue(y),
                    polynomials[row][index],
                    "P = {}, N = 2^{}: row {row}, element {index}, cycle {i}",
                    self.shape.lanes(),
                    self.log2_n
                );
                let magnitude = if y >> 71 == 0 { y } else { (1 << 72) - y };
                assert!(
                    magnitude < limit,
                    "{magnitude:#x} in lane {lane}, cycle {i}"
                );
            }
        }
        assert!(expected.next().is_none(), "all ciphertexts came out");
    }
}

/// What enters: digits, or values in the range of the multiply-accumulate; extremes among them.
pub(crate) fn random_glwe(direction: Direction, size: usize, rng: &mut impl Rng) -> Glwe {
    let limit = match direction {
        Direction::Forward => 1_i128 << 30,
        Direction::Inverse => (1 << 70) - 1,
    };
    [0, 1].map(|_| {
        let extreme = rng.random_ratio(1, 4);
        (0..size)
            .map(|_| {
                if extreme {
                    [-limit, limit, 0, 1 - limit][rng.random_range(0..4)]
                } else {
                    rng.random_range(-limit..=limit)
                }
            })
            .collect()
    })
}
