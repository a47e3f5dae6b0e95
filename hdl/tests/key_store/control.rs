//! Starting, stopping and misuse.

use crate::rig::{Drive, Pace, Rig, Said, Shape};
use gyrus_hdl::key_store::KeyStore;
use rand::RngExt;

const SHAPE: Shape = Shape {
    pairs: 1,
    beat_words: 3,
    built_rows: 8,
    cycles: 4,
    levels: 2,
    slices: 3,
};

const TAKE: Drive = Drive {
    start: false,
    stop: false,
    read: (false, 0),
    wanted: false,
    take: true,
    release: false,
};

const RELEASE: Drive = Drive {
    take: false,
    release: true,
    ..TAKE
};

/// A start at any time forgets what was there: the key in memory is another one each time, and
/// only the new one is seen.
#[test]
fn start_at_any_time() {
    let mut rig = Rig::new(SHAPE, 7);
    // Two slices and the time after.
    for cycles in 0..2 * (SHAPE.beats() + 1) + 12 {
        rig.pace = Pace::Random([1.0, 0.6][cycles % 2]);
        rig.start();
        rig.wait(cycles);
        rig.new_key();
        // Stale requests that have not moved yet would bring new words: they are stale as well.
        let before = rig.requests.len();
        rig.start();
        rig.use_slices(0, 2);
        let stale = rig.requests.len() - before;
        assert!(stale <= 6, "{stale} requests for two slices");
    }
    // With a slice or two in use, and twice in a row.
    for taken in 0..2 {
        rig.start();
        for _ in 0..=taken {
            rig.until("a slice", |said| said.slice_ready);
            rig.cycle(TAKE);
        }
        rig.new_key();
        rig.start();
        rig.start();
        rig.use_slices(0, 4);
    }
    rig.replay("key_store_start");
}

/// Nothing is asked for before a start or during a stop; what is under way at a stop comes in.
#[test]
fn stop() {
    let mut rig = Rig::new(SHAPE, 8);
    let said = rig.wait(20);
    assert!(said.idle && !said.slice_ready && rig.requests.is_empty());
    let stop = Drive {
        stop: true,
        ..Drive::default()
    };
    for _ in 0..10 {
        let pause = rig.rng.random_range(0..60);
        rig.pace = Pace::Random(0.7);
        rig.start();
        rig.wait(pause);
        // A request that stands stays.
        let said = rig.cycle(stop);
        let before = rig.requests.len() + usize::from(said.request_valid);
        let mut ready = 0;
        for _ in 0..300 {
            let said = rig.cycle(stop);
            ready = usize::from(said.slice_ready);
        }
        assert!(rig.requests.len() <= before, "asked during a stop");
        let said = rig.cycle(stop);
        assert_eq!(said.idle, rig.beats.is_empty());
        if pause > 20 {
            assert_eq!(ready, 1, "the slice under way comes in");
        }
        rig.use_slices(0, 4);
    }
    rig.replay("key_store_stop");
}

/// Each misuse is reported, stays reported until a start, and has no other effect.
#[test]
fn protocol() {
    let mut rig = Rig::new(SHAPE, 9);
    let clean = |said: &Said| !said.protocol_error;
    // Nothing to take, nothing to release.
    for misuse in [TAKE, RELEASE] {
        rig.start();
        assert!(clean(&rig.wait(1)));
        rig.cycle(misuse);
        assert!(rig.wait(1).protocol_error);
        let said = rig.until("a slice", |said| said.slice_ready);
        assert!(said.protocol_error && !said.slice_half);
        rig.start();
        assert!(clean(&rig.wait(1)));
        rig.use_slices(0, 3);
    }
    // A third slice while both halves are in use, and one release too many.
    rig.start();
    for _ in 0..2 {
        rig.until("a slice", |said| said.slice_ready);
        rig.cycle(TAKE);
    }
    let said = rig.wait(100);
    assert!(clean(&said) && !said.slice_ready && !said.data_ready);
    for _ in 0..2 {
        rig.cycle(RELEASE);
    }
    assert!(clean(&rig.wait(1)));
    rig.cycle(RELEASE);
    assert!(rig.wait(1).protocol_error);
    rig.until("the third slice", |said| said.slice_ready);
    rig.cycle(TAKE);
    rig.cycle(Drive {
        take: true,
        release: true,
        ..TAKE
    });
    assert!(rig.wait(1).protocol_error);

    // Registers that cannot work: no slices, no rows, no levels, a row too many.
    rig.pace = Pace::Random(1.0);
    for registers in [[0, 4, 2], [3, 0, 2], [3, 4, 0], [3, 4, 3], [3, 9, 1]] {
        rig.registers = [SHAPE.slices, SHAPE.cycles, SHAPE.levels];
        rig.start();
        let stop = Drive {
            stop: true,
            ..Drive::default()
        };
        for _ in 0..100 {
            rig.cycle(stop);
        }
        let before = rig.requests.len();
        rig.registers = registers;
        for _ in 0..KeyStore::SETTLING {
            rig.cycle(stop);
        }
        rig.cycle(Drive {
            start: true,
            ..stop
        });
        let said = rig.wait(50);
        assert!(said.protocol_error && said.idle, "{registers:?}");
        assert_eq!(
            rig.requests.len(),
            before,
            "{registers:?}: nothing is asked for"
        );
    }
    rig.registers = [SHAPE.slices, SHAPE.cycles, SHAPE.levels];
    rig.start();
    rig.use_slices(0, 2);
    rig.replay("key_store_protocol");
}
