//! The checksum of uploaded images, against the crate that the host uses.

use crate::dut;
use crate::support::bench::Bench;
use gyrus_hdl::checksum::Crc32c;
use gyrus_interface::layout::Checksum;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

dut!(Crc32c { clear, valid, word => sum });

/// Single bits, known words and random ones, with gaps, cleared now and then.
#[test]
fn sums() {
    let mut bench = Bench::new(Crc32c::default());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut expected = Checksum::default();
    let mut cycle = |clear: bool, word: Option<u64>, garbage: u64| {
        let inputs = [
            clear.into(),
            word.is_some().into(),
            word.unwrap_or(garbage).into(),
        ];
        let sum = bench.cycle(&inputs)[0];
        assert_eq!(sum, expected.value().into());
        if clear {
            expected = Checksum::default();
        }
        if let Some(word) = word {
            expected = expected.u64_words(&[word]);
        }
    };
    for bit in 0..64 {
        cycle(false, Some(1 << bit), 0);
        cycle(true, None, u64::MAX);
        cycle(false, None, u64::MAX);
    }
    for word in [0, u64::MAX, 0x3837_3635_3433_3231] {
        cycle(true, Some(word), 0);
        cycle(false, Some(word), 0);
    }
    for _ in 0..5000 {
        let word = rng.random_ratio(3, 4).then(|| rng.next_u64());
        cycle(rng.random_ratio(1, 50), word, rng.next_u64());
    }
    bench.replay("crc32c");
}
