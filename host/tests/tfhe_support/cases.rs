//! Inputs of every kind that the steps of a bootstrap may meet, edge cases first of all.

use super::{Source, trivial};
use gyrus_interface::ParameterSet;

/// Big LWE ciphertexts of every kind that a key switch may meet.
pub(crate) fn inputs(set: &ParameterSet, source: &mut Source) -> Vec<(&'static str, Vec<u64>)> {
    let size = set.big_lwe_size();
    let represented = set.keyswitch.represented_bits();
    let tie = 1u64 << (63 - represented);
    let half_digit = 1u64 << (63 - set.keyswitch.base_log.0 * (set.keyswitch.level_count.0 - 1));
    let mut trivial = vec![0; size];
    trivial[size - 1] = source.word();
    vec![
        ("random", source.words(size)),
        ("random again", source.words(size)),
        ("zero", vec![0; size]),
        ("trivial", trivial),
        ("largest words", vec![u64::MAX; size]),
        ("2^63", vec![1 << 63; size]),
        ("just below 2^63", vec![(1 << 63) - 1; size]),
        (
            "ties of the rounding",
            (0..size)
                .map(|_| (source.word() / tie * tie) | tie)
                .collect(),
        ),
        (
            "ties of the digits",
            (0..size)
                .map(|_| source.word() / half_digit * half_digit)
                .collect(),
        ),
        ("ties at the top", vec![(1 << 63) - tie; size]),
    ]
}

/// Switched ciphertexts of every kind that a blind rotation may meet.
pub(crate) fn switched(set: &ParameterSet, source: &mut Source) -> Vec<(&'static str, Vec<u32>)> {
    let n = set.lwe_dimension.0;
    let size = set.polynomial_size.0 as u32;
    let of = |mask: Vec<u32>, body| mask.into_iter().chain([body]).collect::<Vec<u32>>();
    let special = [0, 1, size - 1, size, size + 1, 2 * size - 1];
    let mut one_of = |choice: &[u32]| -> Vec<u32> {
        (0..n)
            .map(|_| choice[source.below(choice.len() as u32) as usize])
            .collect()
    };
    vec![
        ("zero mask", of(vec![0; n], size + 3)),
        ("all N", of(vec![size; n], 0)),
        ("all 2N - 1", of(vec![2 * size - 1; n], 2 * size - 1)),
        ("all 1", of(vec![1; n], size)),
        ("special values", of(one_of(&special), 1)),
        ("sparse", of(one_of(&[0, 0, 0, 0, 0, 0, 0, 5]), size - 1)),
        (
            "random",
            of(
                (0..n).map(|_| source.below(2 * size)).collect(),
                source.below(2 * size),
            ),
        ),
    ]
}

/// Accumulators `[k+1][N]`, among them ones whose differences are ties of the decomposition.
pub(crate) fn accumulators(
    set: &ParameterSet,
    source: &mut Source,
) -> Vec<(&'static str, Vec<u64>)> {
    let words = set.glwe_size() * set.polynomial_size.0;
    let tie = 1u64 << (63 - set.pbs.represented_bits());
    let half_digit = 1u64 << (63 - set.pbs.base_log.0 * (set.pbs.level_count.0 - 1));
    let alternating = (0..words).map(|i| if i % 2 == 0 { 0 } else { (1 << 63) - tie });
    let table = source.words(set.polynomial_size.0);
    vec![
        ("trivial", trivial(set, &table)),
        ("random", source.words(words)),
        (
            "ties of the rounding",
            (0..words).map(|_| source.word() / tie * tie).collect(),
        ),
        (
            "ties of the digits",
            (0..words)
                .map(|_| source.word() / half_digit * half_digit)
                .collect(),
        ),
        ("largest words", vec![u64::MAX; words]),
        ("2^63", vec![1 << 63; words]),
        ("just below the tie at 2^63", alternating.collect()),
    ]
}
