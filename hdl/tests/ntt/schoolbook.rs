//! The transform by its definition, in 128-bit arithmetic with `%`.

/// 2^64 - 2^32 + 1, written out independently of the crate.
pub(crate) const Q: u128 = (1 << 64) - (1 << 32) + 1;

pub(crate) fn power(base: u128, exponent: usize) -> u128 {
    (0..usize::BITS).rev().fold(1, |result, bit| {
        let square = result * result % Q;
        if (exponent >> bit) & 1 == 1 {
            square * base % Q
        } else {
            square
        }
    })
}

/// The powers psi^0 .. psi^(2N - 1) of a root of order 2N with psi^(N/32) = 8, found by search.
pub(crate) fn psi_powers(size: usize) -> Vec<u128> {
    // 7 generates the group, so this has order 2N and so have its odd powers.
    let root = power(7, ((Q - 1) / (2 * size as u128)) as usize);
    let psi = (1..2 * size)
        .step_by(2)
        .map(|exponent| power(root, exponent))
        .find(|&psi| power(psi, size / 32) == 8)
        .expect("8 is a power of every root of order 64");
    let mut powers = vec![1];
    for i in 1..2 * size {
        powers.push(powers[i - 1] * psi % Q);
    }
    assert_eq!(powers[size], Q - 1, "psi^N = -1");
    powers
}

/// X_k = sum_j x_j psi^(j (2k + 1)).
pub(crate) fn forward(x: &[u128], powers: &[u128]) -> Vec<u128> {
    let size = x.len();
    (0..size)
        .map(|k| {
            let term = |(j, &x): (usize, &u128)| x * powers[j * (2 * k + 1) % (2 * size)] % Q;
            x.iter().enumerate().map(term).sum::<u128>() % Q
        })
        .collect()
}

/// N x_j = sum_k X_k psi^(-j (2k + 1)).
pub(crate) fn inverse_times_size(values: &[u128], powers: &[u128]) -> Vec<u128> {
    let size = values.len();
    (0..size)
        .map(|j| {
            let term = |(k, &value): (usize, &u128)| {
                let exponent = (2 * size - j * (2 * k + 1) % (2 * size)) % (2 * size);
                value * powers[exponent] % Q
            };
            values.iter().enumerate().map(term).sum::<u128>() % Q
        })
        .collect()
}

/// The residue of a 72-bit two's complement number.
pub(crate) fn residue(lazy: u128) -> u128 {
    if lazy >> 71 == 0 {
        lazy % Q
    } else {
        (lazy + Q * (1 << 9) - (1 << 72)) % Q
    }
}

/// A 72-bit two's complement number.
pub(crate) fn lazy(x: i128) -> u128 {
    x.cast_unsigned() & ((1 << 72) - 1)
}
