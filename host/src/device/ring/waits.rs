//! What the ring engine counts while it waits, what it does not do meanwhile, and batches given up.

use super::fake::State;
use super::tests::{all_buffers_work, batch, ends_well, ready, soon, within};
use super::{InFlight, InFlightBatch};
use crate::device::{Batch, BatchTag, Device, LutSlot};
use gyrus_interface::DeviceError;
use gyrus_interface::layout::WORD_BYTES;
use gyrus_interface::registers::Register;
use std::time::Duration;

#[test]
fn completions_that_are_there_are_taken_without_a_look_at_a_register() {
    let (mut device, fake) = ready();
    fake.state().prompt = Some(1);
    let (reads, clears) = {
        let state = fake.state();
        (state.reads, state.writes(Register::InterruptCause))
    };
    for _ in 0..200 {
        let tag = device.submit(batch()).unwrap();
        ends_well(&mut device, tag);
    }
    assert_eq!(fake.state().reads, reads);
    assert_eq!(fake.state().writes(Register::InterruptCause), clears);
    assert_eq!(device.statistics().interrupt_waits.times, 0);
}

#[test]
fn interrupts_are_told_from_spurious_and_lost_ones() {
    let (mut device, fake) = ready();
    let tag = device.submit(batch()).unwrap();
    // Two that nothing came with, and one with a completion.
    fake.then(|_| ());
    fake.then(|_| ());
    fake.then(move |card| card.complete(tag.0));
    ends_well(&mut device, tag);
    let counted = device.statistics();
    assert_eq!(
        (
            counted.interrupts,
            counted.spurious_interrupts,
            counted.lost_interrupts
        ),
        (1, 2, 0)
    );
    assert_eq!(counted.interrupt_waits.times, 3);
    // A completion behind a wait that lasts as long as it may.
    let tag = device.submit(batch()).unwrap();
    let pause = Duration::from_millis(60);
    fake.then(move |card| {
        std::thread::sleep(pause);
        card.complete(tag.0);
    });
    ends_well(&mut device, tag);
    let counted = device.statistics();
    assert_eq!((counted.interrupts, counted.lost_interrupts), (1, 1));
    assert!(counted.interrupt_waits.time >= pause);
    all_buffers_work(&mut device, &fake);
}

#[test]
fn depth_latency_and_stalls_are_counted() {
    let (mut device, fake) = ready();
    let most = device.identity().max_in_flight;
    let pause = Duration::from_millis(5);
    let tags: Vec<BatchTag> = (0..most).map(|_| device.submit(batch()).unwrap()).collect();
    // Refused more than once before there is room: one stall.
    for _ in 0..3 {
        let error = device.submit(batch()).unwrap_err();
        assert!(matches!(error, DeviceError::RingFull(_)), "{error}");
    }
    std::thread::sleep(pause);
    assert_eq!(device.statistics().depth, most);
    for tag in tags {
        fake.then(move |card| card.complete(tag.0));
        ends_well(&mut device, tag);
    }
    let counted = device.statistics();
    assert_eq!((counted.depth, counted.greatest_depth), (0, most));
    assert_eq!(counted.latency.count(), most as u64);
    assert!(counted.latency.percentile(50) >= pause);
    assert!(counted.latency.longest() <= counted.busy);
    assert_eq!(counted.stalls.times, 1);
    assert!(counted.stalls.time >= pause, "{:?}", counted.stalls);
    assert!((1.0..=most as f64).contains(&counted.mean_depth()));
}

#[test]
fn a_cancelled_batch_keeps_its_buffer_until_the_card_is_done_and_is_not_read() {
    let (mut device, fake) = ready();
    let (given_up, wanted) = (
        device.submit(batch()).unwrap(),
        device.submit(batch()).unwrap(),
    );
    let InFlight::Batch(InFlightBatch { buffer, .. }) = &device.in_flight[&given_up.0] else {
        panic!("it is in flight");
    };
    let buffer = buffer.clone();
    fake.state().unreadable = buffer.outputs..buffer.outputs + 1;
    device.cancel(given_up);
    // Not in flight.
    device.cancel(BatchTag(0));
    let other = device.submit(batch()).unwrap();
    let InFlight::Batch(other_batch) = &device.in_flight[&other.0] else {
        panic!("it is in flight");
    };
    assert!(other_batch.buffer.range.start >= buffer.range.end);
    fake.then(move |card| {
        card.complete(wanted.0);
        card.complete(given_up.0);
        card.complete(other.0);
    });
    ends_well(&mut device, wanted);
    let finished = device.wait(soon()).unwrap();
    assert_eq!(finished.tag, given_up);
    assert_eq!(finished.outputs, Err(DeviceError::Cancelled));
    ends_well(&mut device, other);
    fake.state().unreadable = 0..0;
    let counted = device.statistics();
    assert_eq!((counted.batches, counted.errors), (2, 0));
    all_buffers_work(&mut device, &fake);
}

#[test]
fn ciphertexts_in_any_parts_lie_one_behind_the_other() {
    let (mut device, fake) = ready();
    let size = device.plan().unwrap().set.big_lwe_size();
    let words: Vec<u64> = (0..3 * size as u64).collect();
    for cuts in [vec![], vec![size, 2 * size], vec![1, size + 7, 3 * size]] {
        let mut inputs = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([3 * size]) {
            inputs.push(words[from..cut].into());
            from = cut;
        }
        let tag = device.submit(Batch {
            inputs,
            luts: vec![LutSlot(0), LutSlot(5), LutSlot(1)],
            samples: 2,
            stride: 1,
        });
        let tag = tag.unwrap();
        let InFlight::Batch(InFlightBatch { buffer, .. }) = &device.in_flight[&tag.0] else {
            panic!("it is in flight");
        };
        let (from, list) = (buffer.inputs, buffer.list);
        assert_eq!(fake.state().load(from, 3 * size), words);
        assert_eq!(fake.state().load(list, 2), [5 << 32, 1]);
        // The card writes what the outputs are.
        let outputs: Vec<u64> = words.iter().rev().chain(&words).copied().collect();
        let (to, written) = (buffer.outputs, outputs.clone());
        assert!(to + (6 * size * WORD_BYTES) as u64 <= buffer.range.end);
        fake.then(move |card: &mut State| {
            card.store(to, &written);
            card.complete(tag.0);
        });
        let finished = device.wait(soon()).unwrap().outputs.unwrap();
        assert_eq!(finished.len(), 6);
        assert_eq!(finished.concat(), outputs);
    }
}

#[test]
fn a_wait_that_nothing_ends_is_not_longer_than_it_may_be() {
    let (mut device, _fake) = ready();
    device.submit(batch()).unwrap();
    for milliseconds in [0, 1, 20] {
        let end = within(milliseconds);
        let error = device.wait(end).unwrap_err();
        assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
        assert!(end.elapsed() < Duration::from_secs(1));
    }
}
