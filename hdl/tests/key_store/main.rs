//! The store of key slices between a memory and a controller that stall at random, in the Rust-HDL
//! simulation and as emitted Verilog.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]
#![allow(dead_code, reason = "the bench serves other tests, too")]

mod contents;
mod control;
mod faults;
mod pace;
mod rig;
#[path = "../support/mod.rs"]
mod support;

use gyrus_hdl::key_store::{KeyStore, KeyStoreError, MOST_ROWS};

/// The sizes that can be built, and the reason where one cannot.
#[test]
fn sizes() {
    for (pairs, rows, beat_words) in [(1, 1, 1), (1, 6144, 6), (64, 96, 128), (64, MOST_ROWS, 2)] {
        assert!(KeyStore::new(pairs, rows, beat_words).is_ok());
    }
    let error = |pairs, rows, beat_words| KeyStore::new(pairs, rows, beat_words).err();
    assert_eq!(error(0, 16, 2), Some(KeyStoreError::NoPairs));
    for rows in [0, MOST_ROWS + 1, 1 << 16] {
        assert_eq!(error(1, rows, 2), Some(KeyStoreError::Rows(rows)));
    }
    // Zero, no divisor, wider than a row, wider than the checksum takes, too many beats to a row.
    for (pairs, beat_words) in [(1, 0), (1, 4), (1, 12), (64, 192), (64, 1)] {
        let row_words = 6 * pairs;
        assert_eq!(
            error(pairs, 16, beat_words),
            Some(KeyStoreError::Beat {
                beat_words,
                row_words
            })
        );
    }
}
