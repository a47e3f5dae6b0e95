//! The ring engine when a card has halted: one that is taken over, and one in use.

use super::RingDevice;
use super::fake::{Fake, State};
use super::tests::{all_buffers_work, batch, ends_well, ready, soon, within};
use crate::device::Device;
use crate::device::plan::RING_ENTRIES;
use gyrus_interface::registers::{Control, Fault, Register, Status};
use gyrus_interface::{DeviceError, catalogue};
use std::time::{Duration, Instant};

#[test]
fn a_card_that_was_left_behind_is_reset_before_anything_else() {
    let resets = |fake: &Fake| fake.state().log == [(Register::Control, Control::RESET)];
    // As a process left it that died with jobs in flight.
    let (mut dead, fake) = ready();
    let old = dead.submit(batch()).unwrap();
    let ring = fake.state().next_completion();
    drop(dead);
    fake.state().status(Status::BUSY, true);
    fake.state().log.clear();
    let mut device = RingDevice::new(fake.clone()).unwrap();
    assert!(resets(&fake), "{:?}", fake.state().log);
    assert_eq!(fake.state().get(Register::Status), 0);
    assert!(fake.state().submitted.is_empty());
    // Nothing that it left in the ring is taken for one of ours.
    device.configure(&catalogue::toy(), soon()).unwrap();
    device.keys_loaded = true;
    let tag = device.submit(batch()).unwrap();
    assert!(tag.0 > old.0, "{tag:?} after {old:?}");
    assert_eq!(fake.state().next_completion(), ring);
    fake.state().complete(old.0);
    let error = device.wait(soon()).unwrap_err();
    assert!(error.to_string().contains("not in flight"), "{error}");
    fake.then(move |card| card.complete(tag.0));
    ends_well(&mut device, tag);
    all_buffers_work(&mut device, &fake);
    // Halted, or with any other bit set.
    for bit in [
        Status::CONFIGURED,
        Status::CONFIGURING,
        Status::BUSY,
        Status::RESETTING,
        Status::HALTED,
        Status::HALTED | Status::STUCK,
        1 << Status::RESULT_SHIFT,
    ] {
        let fake = Fake::new();
        fake.state().status(bit, true);
        RingDevice::new(fake.clone()).unwrap();
        assert!(resets(&fake), "{bit:#x}: {:?}", fake.state().log);
    }
    // As after power-on: there is nothing to reset.
    let fake = Fake::new();
    RingDevice::new(fake.clone()).unwrap();
    assert!(fake.state().log.is_empty());
}

#[test]
fn a_card_that_no_reset_brings_back_is_not_taken_over() {
    let fake = Fake::new();
    fake.state().status(Status::HALTED, true);
    fake.state().resets_for_ever = true;
    let error = RingDevice::take_over(fake.clone(), RING_ENTRIES, within(20)).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    // Its reset ends, but a bus still owes something.
    fake.then(|card| {
        card.set(Register::Status, Status::HALTED | Status::STUCK);
    });
    let error = RingDevice::take_over(fake.clone(), RING_ENTRIES, soon()).unwrap_err();
    assert_eq!(error, DeviceError::Stuck);
    fake.state().set(Register::Status, u32::MAX);
    let error = RingDevice::new(fake).unwrap_err();
    assert!(matches!(error, DeviceError::Removed(_)), "{error}");
}

/// Completions that come just before the card goes wrong, behind the look at the ring.
#[test]
fn what_was_completed_before_a_fault_comes_before_the_error() {
    for halts in [true, false] {
        let (mut device, fake) = ready();
        let tags = [(); 3].map(|()| device.submit(batch()).unwrap());
        let [first, second, third] = tags;
        // The interrupt's cause is read behind the ring.
        fake.then(move |card| {
            if !halts {
                card.error(Fault::BadDoorbell as u32);
            }
            let complete = move |card: &mut State| {
                card.complete(first.0);
                card.complete(second.0);
                if halts {
                    card.error(Fault::BusDeadline as u32);
                    card.status(Status::HALTED, true);
                }
            };
            card.after_reading = Some((Register::InterruptCause, Box::new(complete)));
        });
        ends_well(&mut device, first);
        ends_well(&mut device, second);
        assert!(device.in_flight.keys().eq([&third.0]));
        let error = device.wait(soon()).unwrap_err();
        let text = if halts {
            assert!(matches!(error, DeviceError::Halted(_)), "{error}");
            "a bus does not answer"
        } else {
            assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
            "a doorbell names"
        };
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(device.statistics().batches, 2);
        if halts {
            // It is told until there is a reset.
            let error = device.wait(soon()).unwrap_err();
            assert!(matches!(error, DeviceError::Halted(_)), "{error}");
        } else {
            // It was told once, and the card goes on.
            fake.then(move |card| card.complete(third.0));
            ends_well(&mut device, third);
            all_buffers_work(&mut device, &fake);
        }
    }
}

#[test]
fn a_card_that_somebody_else_has_reset_is_told_at_once() {
    let (mut device, fake) = ready();
    let tag = device.submit(batch()).unwrap();
    let start = Instant::now();
    fake.then(|card| card.set(Register::Status, 0));
    let error = device.wait(soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
    assert!(error.to_string().contains("forgotten"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(device.in_flight.keys().eq([&tag.0]));
    device.reset(soon()).unwrap();
    device.configure(&catalogue::toy(), soon()).unwrap();
    device.keys_loaded = true;
    all_buffers_work(&mut device, &fake);
}

#[test]
fn a_reset_forgets_a_fault_that_was_not_told() {
    let (mut device, fake) = ready();
    let tag = device.submit(batch()).unwrap();
    fake.then(move |card| {
        let halt = move |card: &mut State| {
            card.complete(tag.0);
            card.status(Status::HALTED, true);
        };
        card.after_reading = Some((Register::InterruptCause, Box::new(halt)));
    });
    ends_well(&mut device, tag);
    device.reset(soon()).unwrap();
    device.configure(&catalogue::toy(), soon()).unwrap();
    device.keys_loaded = true;
    all_buffers_work(&mut device, &fake);
}

#[test]
fn a_card_that_halts_while_its_error_is_looked_at_has_halted() {
    let (mut device, fake) = ready();
    device.submit(batch()).unwrap();
    let before = fake.state().writes(Register::Error);
    fake.then(|card| {
        card.error(Fault::BadDoorbell as u32);
        let halt = |card: &mut State| {
            card.error(Fault::BusDeadline as u32);
            card.status(Status::HALTED, true);
        };
        card.after_reading = Some((Register::Error, Box::new(halt)));
    });
    let error = device.wait(soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Halted(_)), "{error}");
    assert!(
        error.to_string().contains("a bus does not answer"),
        "{error}"
    );
    assert_eq!(fake.state().writes(Register::Error), before);
}

#[test]
fn counters_of_a_card_that_is_gone_are_not_believed() {
    let (mut device, fake) = ready();
    device.counters().unwrap();
    fake.state().set(Register::Status, u32::MAX);
    let error = device.counters().unwrap_err();
    assert!(matches!(error, DeviceError::Removed(_)), "{error}");
}
