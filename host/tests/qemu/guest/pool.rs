//! Tests of both cards as one device: `--device auto` takes all that there are.

use super::card::TestCard;
use super::driver::{Job, soon};
use super::runner::{Outcome, Runner};
use crate::contract::Fault;
use gyrus::device::{
    Device, DeviceChoice, DeviceOptions, Pool, PoolOptions, open_cards, open_or_note,
};

/// Batches in flight, more than one card takes at once in the time of the test.
const BATCHES: usize = 16;

pub(super) fn run(runner: &mut Runner) {
    runner.test("both cards share the batches", share);
    runner.test("one of two cards is pulled out", one_fails);
}

/// Both, as one.
fn both() -> Result<Box<dyn Device>, Box<dyn std::error::Error + Send + Sync>> {
    let mut notes = Vec::new();
    let options = DeviceOptions::default();
    let device = open_or_note(DeviceChoice::Auto, options, &mut |note| notes.push(note))?;
    assert!(notes.is_empty(), "{notes:?}");
    assert!(!device.identity().simulated);
    for card in TestCard::ALL {
        let name = &device.identity().name;
        assert!(name.contains(&card.address()), "no {card:?} in {name}");
    }
    Ok(device)
}

fn share() -> Outcome {
    let cards = open_cards(&DeviceOptions::default())?.map(|(_, card)| card);
    let mut pool = Pool::new(cards.collect::<Result<_, _>>()?, PoolOptions::default())?;
    let job = Job::new(30);
    job.load(&mut pool)?;
    for _ in 0..BATCHES {
        job.submit(&mut pool)?;
    }
    for _ in 0..BATCHES {
        job.wait(&mut pool, soon())?;
    }
    let each = pool.each();
    let batches: Vec<u64> = each.iter().map(|statistics| statistics.batches).collect();
    assert!(
        batches.len() == 2 && batches.iter().all(|&batches| batches > 0),
        "{batches:?}"
    );
    assert_eq!(batches.iter().sum::<u64>(), BATCHES as u64);
    Ok(())
}

/// Nothing that it had in flight is lost.
fn one_fails() -> Outcome {
    let mut device = both()?;
    let job = Job::new(31);
    job.load(&mut *device)?;
    for batch in 0..BATCHES {
        if batch == BATCHES / 2 {
            TestCard(1).fail(Fault::Dead, 0)?;
        }
        job.submit(&mut *device)?;
    }
    let ended = (0..BATCHES).try_for_each(|_| job.wait(&mut *device, soon()));
    drop(device);
    TestCard(1).fail(Fault::None, 0)?;
    ended?;
    // It is there again.
    Ok(Job::new(32).works(&mut *both()?)?)
}
