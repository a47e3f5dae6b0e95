//! The integer kernel on 8 plain lanes, and with IFMA where this CPU has it: against the
//! schoolbook, and the sizes of its residues against the bounds.

use gyrus_interface::catalogue;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::transform::{backward_block, backward_group};
use super::*;
use crate::model::schoolbook::{check_external_products, set};
use crate::model::simd::ifma_instruction_sets;

#[test]
fn external_product_on_all_lanes() {
    check_external_products(&ifma_instruction_sets(), new_key);
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
    for set in catalogue::secure_sets() {
        assert!(is_exact(&set), "{}", set.name);
    }
}

/// Transforms back, from unreduced values, and forward again.
struct RoundTrip<'a> {
    prime: u64,
    values: &'a [u64],
}

impl<S: Ifma> Work<S> for RoundTrip<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, s: S) {
        let Self { prime, values } = self;
        let plan = Plan::new(s, prime, values.len());
        let m = Modulus::new(s, prime);
        let words = |x: S::Vector| {
            let mut words = [0; IFMA_LANES];
            s.store(x, &mut words);
            words.map(|word| word & ((1 << 52) - 1))
        };
        let mut data: Vec<S::Vector> = values.as_chunks().0.iter().map(|x| s.load(x)).collect();
        let (blocks, _) = data.as_chunks_mut::<IFMA_LANES>();
        for (block, w) in blocks
            .as_chunks_mut::<1>()
            .0
            .iter_mut()
            .zip(&plan.backward.blocks)
        {
            backward_block(m, block, w);
        }
        if let Some(group) = &plan.backward.second {
            backward_group(m, &mut data, group);
        }
        backward_group(m, &mut data, &plan.backward.first);
        for x in &mut data {
            assert!(words(*x).iter().all(|&x| x < 2 * prime));
            // As large as digits are, or as the representation allows.
            *x = m.canonical(*x);
        }
        first_group(m, &mut data, &plan.forward.first);
        if let Some(group) = &plan.forward.second {
            forward_group(m, &mut data, group);
        }
        let (blocks, _) = data.as_chunks_mut::<IFMA_LANES>();
        for (block, w) in blocks
            .as_chunks_mut::<1>()
            .0
            .iter_mut()
            .zip(&plan.forward.blocks)
        {
            forward_block(m, block, w);
        }
        let actual: Vec<u64> = data
            .iter()
            .flat_map(|&x| words(x))
            .map(|x| x % prime)
            .collect();
        let size = values.len() as u64;
        let expected: Vec<u64> = values.iter().map(|&x| mul_mod(x, size, prime)).collect();
        assert!(actual == expected);
    }
}

#[test]
fn transforms_are_exact_from_the_largest_values() {
    for size in [256, 512, 1024, 2048, 4096] {
        for prime in PRIMES {
            // The largest value that two rows give.
            let top = (2.0 * 7.9978 / 2.0_f64.powi(52) * prime as f64 * prime as f64) as u64;
            assert!(top > 2 * prime - prime / 1000 && top < 2 * prime);
            let mut random = ChaCha8Rng::seed_from_u64(size as u64);
            let mut binary = |low: u64| -> Vec<u64> {
                (0..size)
                    .map(|_| if random.next_u32() % 2 == 0 { low } else { top })
                    .collect()
            };
            let mut patterns = vec![vec![top; size], binary(0), binary(prime - 1), binary(prime)];
            // Runs of equal signs that meet every level's sums and differences.
            for log2 in 0..size.ilog2() {
                patterns.push(
                    (0..size)
                        .map(|i| if i >> log2 & 1 == 0 { top } else { 0 })
                        .collect(),
                );
                patterns.push(
                    (0..size)
                        .map(|i| if i >> log2 & 1 == 0 { 0 } else { top })
                        .collect(),
                );
            }
            patterns.push((0..size).map(|_| random.next_u64() % top).collect());
            for values in &patterns {
                for dispatch in ifma_instruction_sets() {
                    dispatch
                        .run_ifma(RoundTrip { prime, values })
                        .expect("IFMA, or plain");
                }
            }
        }
    }
}

/// The recursions of the documentation of `transform.rs`, in units of p.
#[test]
fn bounds_of_the_documentation_hold() {
    for prime in PRIMES {
        let p = prime as f64;
        let limit = 2.0_f64.powi(52) / p;
        let reduce = |size: f64| {
            assert!(size < limit);
            1.0 + size * (1.0 - 7.0 / limit)
        };
        let product = |size: f64| {
            assert!(size < limit);
            1.0 + size / limit
        };
        let mut transformed: f64 = 0.0;
        for groups in [[2, 0], [3, 0], [2, 2], [2, 3], [3, 3]] {
            let [first, second] = groups;
            let mut size = 1.0 + 2.0_f64.powi(30) / p + 2.0 * f64::from(first);
            for levels in [second, 3, 3].into_iter().filter(|&levels| levels > 0) {
                size = reduce(size) + 2.0 * f64::from(levels);
            }
            transformed = transformed.max(size);
        }
        assert!(transformed < 7.9978 && transformed < limit);
        let two_rows = 2.0 * transformed / limit;
        assert!(two_rows < 1.9996 && 4.0 * two_rows < limit);
        // Six rows unreduced, nine after a subtraction of 4p.
        assert!(reduce(6.0) < 1.75 && reduce(5.0) < 1.75);

        // Sum and product of two levels, each twice, by what they come from.
        let two_levels = |size: f64| {
            let (sum, from_product) = (2.0 * size, product(size + 2.0));
            assert!(size <= 2.0 && sum <= 4.0 && from_product <= 2.0);
            [
                reduce(2.0 * sum),
                product(sum + 4.0),
                2.0 * from_product,
                product(from_product + 2.0),
            ]
        };
        let four = |size: f64| {
            let [a, b, c, d] = two_levels(size);
            a.max(b).max(reduce(c)).max(d)
        };
        let eight = |size: f64| {
            let [a, b, c, d] = two_levels(size);
            assert!(a <= 2.0 && b <= 2.0 && c <= 4.0 && d <= 2.0);
            let sums = [a, b, c, d].map(|size| reduce(2.0 * size));
            let products = [
                product(a + 2.0),
                product(b + 2.0),
                product(c + 4.0),
                product(d + 2.0),
            ];
            sums.into_iter().chain(products).fold(0.0, f64::max)
        };
        let lanes = eight(two_rows);
        assert!(lanes < 1.8752);
        let vectors = eight(lanes);
        assert!(vectors < 1.8752 && eight(vectors) < 1.8752);
        assert!(four(vectors) < 1.968 && eight(four(vectors)) < 2.0);
        assert!(four(four(vectors)) < 2.0);
    }
}

#[test]
fn memory_is_asked_for_the_whole_of_the_next_ggsw() {
    let mut ahead = Ahead::default();
    // The first use knows no group yet; then groups of three, and one of a single use.
    let parts: Vec<_> = [0, 0, 0, 1, 1, 1, 2, 3]
        .map(|index| ahead.part(index))
        .into();
    let expected = [
        (0, 1),
        (1, 1),
        (2, 1),
        (0, 3),
        (1, 3),
        (2, 3),
        (0, 3),
        (0, 1),
    ];
    assert_eq!(parts, expected);
}
