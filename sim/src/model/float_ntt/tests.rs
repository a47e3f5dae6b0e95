//! The two-prime kernel on 8 plain lanes, and on every instruction set of this CPU: against the
//! schoolbook, and the sizes of its residues against the bounds.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::model::schoolbook::{check_external_products, set};
use crate::model::simd::instruction_sets;

#[test]
fn external_product_on_all_lanes() {
    check_external_products(&instruction_sets(), new_key);
}

#[test]
fn sets_beyond_the_range_are_refused() {
    assert!(is_exact(&set(1, 2048, 23, 1)));
    assert!(is_exact(&set(1, 4096, 22, 1)));
    assert!(is_exact(&set(2, 1024, 23, 1)));
    assert!(!is_exact(&set(1, 4096, 23, 1)));
    assert!(!is_exact(&set(1, 2048, 24, 1)));
    assert!(!is_exact(&set(2, 2048, 23, 1)));
    assert!(!is_exact(&set(2, 4096, 31, 2)));
}

/// Transforms forward and back and compares sizes and residues.
struct Sizes<'a> {
    prime: u64,
    coefficients: &'a [f64],
}

impl<S: Simd> Work<S> for Sizes<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let Self {
            prime,
            coefficients,
        } = self;
        let p = prime as f64;
        let size = coefficients.len();
        let plan = Plan::new(s, prime, size);
        let mut data: Vec<S::Float> = coefficients
            .chunks_exact(S::LANES)
            .map(|chunk| s.lanes(|lane| chunk[lane]))
            .collect();
        let doubles = |data: &[S::Float]| -> Vec<f64> {
            let mut words = vec![0; data.len() * S::LANES];
            for (&x, words) in data.iter().zip(S::words(&mut words)) {
                s.int_store(s.bits(x), words);
            }
            words.into_iter().map(f64::from_bits).collect()
        };
        plan.forward(&mut data);
        assert!(doubles(&data).iter().all(|x| x.abs() <= 7.93 * p));
        let modulus = Modulus::new(s, prime);
        for x in &mut data {
            *x = modulus.reduce(*x);
        }
        plan.backward(&mut data);
        for (actual, &expected) in doubles(&data).into_iter().zip(coefficients) {
            assert!(actual.abs() <= 1.16 * p);
            let expected = (expected as i128) * size as i128;
            assert_eq!((actual as i128 - expected).rem_euclid(i128::from(prime)), 0);
        }
    }
}

#[test]
fn transforms_stay_within_their_bounds() {
    for size in [256, 512, 1024, 2048, 4096] {
        for prime in PRIMES {
            let half = ((prime - 1) / 2) as f64;
            let mut random = ChaCha8Rng::seed_from_u64(size as u64);
            let patterns: [Vec<f64>; 5] = [
                vec![half; size],
                (0..size)
                    .map(|i| if i % 2 == 0 { half } else { -half })
                    .collect(),
                (0..size)
                    .map(|i| if i < size / 2 { half } else { -half })
                    .collect(),
                (0..size)
                    .map(|_| {
                        if random.next_u32() % 2 == 0 {
                            half
                        } else {
                            -half
                        }
                    })
                    .collect(),
                (0..size)
                    .map(|_| centred(random.next_u64() % prime, prime))
                    .collect(),
            ];
            for coefficients in &patterns {
                for dispatch in instruction_sets() {
                    dispatch.run(Sizes {
                        prime,
                        coefficients,
                    });
                }
            }
        }
    }
}

/// The recursions of the plan's documentation, in units of p.
#[test]
fn bounds_of_the_documentation_hold() {
    let p = PRIMES[0].max(PRIMES[1]) as f64;
    let limit = 2.0_f64.powi(52) / p;
    assert!(limit > 7.99);
    let twiddle = |size: f64| {
        assert!(size < 7.99);
        0.5 + size * p * 2.0_f64.powi(-54)
    };
    assert!(twiddle(1.0) <= 0.5 + 1.0 / 31.0);
    let mut key = 0.5;
    for _ in 0..12 {
        key += twiddle(key);
    }
    assert!(key < 7.93);
    let mut digits = 2.0_f64.powi(30) / p;
    for _ in 0..12 {
        digits += twiddle(digits);
    }
    assert!(digits < 7.2);
    // The transformed digit times a centred key word, as `mul_key` bounds it.
    let product = 0.5 + digits / 2.0 * p * 2.0_f64.powi(-52);
    assert!(product <= 0.5 + digits / 15.9 && 9.0 * product < 9.0);

    let reduced = 0.5 + 2.0_f64.powi(-49);
    let first_product = twiddle(2.0 * reduced);
    let mut size = (4.0 * first_product).max(2.0 * twiddle(4.0 * reduced));
    assert!(size < 2.2, "reduced");
    size = (2.0 * twiddle(4.0 * reduced))
        .max(twiddle(8.0 * reduced))
        .max(2.0 * first_product);
    assert!(size < 1.16);
    for _ in 0..5 {
        size = reduced
            .max(2.0 * twiddle(2.0 * size))
            .max(twiddle(4.0 * size));
        assert!(size < 1.16);
    }
    assert!(twiddle(2.0 * size) < 1.16);
}
