//! The ring engine when a card has halted: one that is taken over, and one in use.

use super::RingDevice;
use super::fake::Fake;
use super::tests::{all_buffers_work, batch, ends_well, ready, soon, within};
use crate::device::Device;
use gyrus_interface::registers::{Control, Register, Status};
use gyrus_interface::{DeviceError, catalogue};

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
    let error = RingDevice::take_over(fake.clone(), within(20)).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    // Its reset ends, but a bus still owes something.
    fake.then(|card| {
        card.set(Register::Status, Status::HALTED | Status::STUCK);
    });
    let error = RingDevice::take_over(fake.clone(), soon()).unwrap_err();
    assert_eq!(error, DeviceError::Stuck);
    fake.state().set(Register::Status, u32::MAX);
    let error = RingDevice::new(fake).unwrap_err();
    assert!(matches!(error, DeviceError::Removed(_)), "{error}");
}
