//! The ring engine against cards that do what they should not, or at the wrong moment.

use super::fake::{BASE, Fake, State};
use super::{InFlight, InFlightBatch, RingDevice};
use crate::device::arena::Arena;
use crate::device::plan::RING_ENTRIES;
use crate::device::{Batch, BatchTag, Device, Finished, LutSlot};
use crate::key::{EvaluationKey, KeyswitchKey};
use gyrus_interface::registers::{Control, Fault, Register, Status};
use gyrus_interface::{DeviceError, JobStatus, catalogue, layout};
use std::time::{Duration, Instant};

pub(super) fn within(milliseconds: u64) -> Instant {
    Instant::now() + Duration::from_millis(milliseconds)
}

pub(super) fn soon() -> Instant {
    within(20_000)
}

fn size() -> usize {
    catalogue::toy().big_lwe_size()
}

fn table() -> Vec<u64> {
    vec![7; layout::lut_words(&catalogue::toy())]
}

pub(super) fn batch() -> Batch {
    Batch {
        inputs: vec![vec![3; size()].into()],
        luts: vec![LutSlot(0)],
        samples: 1,
        stride: 0,
    }
}

/// Keys of zeros.
pub(super) fn key() -> EvaluationKey {
    let set = catalogue::toy();
    let bootstrapping = vec![0; layout::bootstrapping_key_words(&set)];
    let keyswitch = KeyswitchKey::U32(vec![0; layout::keyswitch_key_words(&set)]);
    EvaluationKey::new(set, bootstrapping, keyswitch).unwrap()
}

/// A device that is set up and takes its key for loaded.
pub(super) fn ready() -> (RingDevice<Fake>, Fake) {
    let fake = Fake::new();
    let mut device = RingDevice::new(fake.clone()).unwrap();
    device.configure(&catalogue::toy(), soon()).unwrap();
    device.keys_loaded = true;
    (device, fake)
}

pub(super) fn ends_well(device: &mut RingDevice<Fake>, tag: BatchTag) {
    let finished = device.wait(soon()).unwrap();
    assert_eq!(finished.tag, tag);
    assert_eq!(finished.outputs.unwrap().concat().len(), size());
}

/// As many batches as may be in flight at once come back: no buffer was lost, none is used twice.
pub(super) fn all_buffers_work(device: &mut RingDevice<Fake>, fake: &Fake) {
    let most = device.identity().max_in_flight;
    let tags: Vec<BatchTag> = (0..most).map(|_| device.submit(batch()).unwrap()).collect();
    let mut inputs: Vec<u64> = device
        .in_flight
        .values()
        .filter_map(|job| match job {
            InFlight::Batch(InFlightBatch { buffer, .. }) => Some(buffer.inputs),
            _ => None,
        })
        .collect();
    inputs.sort_unstable();
    inputs.dedup();
    assert_eq!(inputs.len(), most);
    let full = device.submit(batch()).unwrap_err();
    assert!(matches!(full, DeviceError::RingFull(_)), "{full}");
    for tag in tags {
        fake.then(move |card| card.complete(tag.0));
        ends_well(device, tag);
    }
    assert!(device.in_flight.is_empty());
    assert!(all_memory_is_free(device));
}

/// No buffer is taken.
fn all_memory_is_free(device: &RingDevice<Fake>) -> bool {
    device.arena == Arena::new(device.plan().unwrap().batches.clone())
}

#[test]
fn a_completion_that_comes_while_it_is_read_is_read_whole() {
    let (mut device, fake) = ready();
    for _ in 0..2 * RING_ENTRIES {
        let tag = device.submit(batch()).unwrap();
        fake.state().between_reads = Some(Box::new(move |card: &mut State| card.complete(tag.0)));
        ends_well(&mut device, tag);
        assert!(fake.state().between_reads.is_none());
    }
    assert_eq!(device.statistics().batches, 2 * u64::from(RING_ENTRIES));
}

#[test]
fn an_undefined_status_ends_its_job_alone() {
    let (mut device, fake) = ready();
    let (bad, good) = (
        device.submit(batch()).unwrap(),
        device.submit(batch()).unwrap(),
    );
    fake.then(move |card| card.complete_with(bad.0, 0x77));
    let Finished { tag, outputs } = device.wait(soon()).unwrap();
    assert_eq!(tag, bad);
    let error = outputs.unwrap_err();
    assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
    assert!(
        error.to_string().contains("undefined status 119"),
        "{error}"
    );
    assert_eq!(device.statistics().errors, 1);
    fake.then(move |card| card.complete(good.0));
    ends_well(&mut device, good);
    all_buffers_work(&mut device, &fake);
    // The same of an upload.
    device.load_luts(LutSlot(0), &[&table()], soon()).unwrap();
    let places = device.free_lut_places.len();
    let tag = device.next_tag - 1;
    fake.then(move |card| card.complete_with(tag, 0xffff));
    let error = device.idle(soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
    assert!(device.in_flight.is_empty());
    assert_eq!(device.free_lut_places.len(), places + 1);
}

#[test]
fn completions_of_no_job_in_flight_are_errors_and_nothing_else() {
    let (mut device, fake) = ready();
    let first = device.submit(batch()).unwrap();
    fake.then(move |card| card.complete(first.0));
    ends_well(&mut device, first);
    let second = device.submit(batch()).unwrap();
    for tag in [first.0, 0, 999, u64::MAX] {
        let (before, told) = (
            device.completion.index(),
            fake.state().writes(Register::CompletionHead),
        );
        fake.then(move |card| card.complete(tag));
        let error = device.wait(soon()).unwrap_err();
        assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
        assert!(error.to_string().contains("not in flight"), "{error}");
        assert_eq!(device.completion.index(), before + 1);
        let state = fake.state();
        assert_eq!(state.writes(Register::CompletionHead), told + 1);
        let index = u32::try_from(before + 1).unwrap();
        assert_eq!(state.get(Register::CompletionHead), index);
        assert!(device.in_flight.keys().eq([&second.0]));
        assert!(!all_memory_is_free(&device));
    }
    fake.then(move |card| card.complete(second.0));
    ends_well(&mut device, second);
    all_buffers_work(&mut device, &fake);
}

#[test]
fn a_completion_that_cannot_be_acknowledged_is_not_lost() {
    let (mut device, fake) = ready();
    let tag = device.submit(batch()).unwrap();
    fake.state().complete(tag.0);
    fake.state().broken = Some(Register::CompletionHead);
    assert!(device.wait(soon()).is_err());
    assert_eq!(device.in_flight.len(), 1);
    fake.state().broken = None;
    ends_well(&mut device, tag);
}

#[test]
fn what_cannot_be_handed_over_takes_no_buffer_place_or_entry() {
    let (mut device, fake) = ready();
    let (staging, inputs) = {
        let plan = device.plan().unwrap();
        (plan.staging, plan.batches.start)
    };
    let places = device.free_lut_places.len();
    let end = BASE + (4 << 20);
    for (unwritable, broken) in [
        (staging..end, None),
        (inputs..end, None),
        // The ring itself.
        (BASE..BASE + 64, None),
        (0..0, Some(Register::SubmissionTail)),
    ] {
        let luts_too = !unwritable.contains(&inputs) || unwritable.contains(&staging);
        fake.state().unwritable = unwritable;
        fake.state().broken = broken;
        // More often than there are buffers, places or entries.
        for _ in 0..2 * RING_ENTRIES {
            let error = device.submit(batch()).unwrap_err();
            assert!(!matches!(error, DeviceError::RingFull(_)), "{error}");
            if luts_too {
                let error = device.load_luts(LutSlot(0), &[&table()], within(200));
                assert!(!matches!(error, Err(DeviceError::Timeout(_)) | Ok(())));
            }
        }
        assert!(device.in_flight.is_empty());
        assert_eq!(device.free_lut_places.len(), places);
        assert!(all_memory_is_free(&device));
        assert_eq!(device.statistics().bytes_in, 0);
    }
    fake.state().broken = None;
    assert!(fake.state().submitted.is_empty());
    all_buffers_work(&mut device, &fake);
}

#[test]
fn outputs_that_cannot_be_read_end_their_batch() {
    let (mut device, fake) = ready();
    let tag = device.submit(batch()).unwrap();
    let InFlight::Batch(InFlightBatch { buffer, .. }) = &device.in_flight[&tag.0] else {
        panic!("it is in flight");
    };
    let outputs = buffer.outputs;
    fake.state().unreadable = outputs..outputs + 1;
    fake.then(move |card| card.complete(tag.0));
    let finished = device.wait(soon()).unwrap();
    assert_eq!(finished.tag, tag);
    assert!(finished.outputs.is_err());
    fake.state().unreadable = 0..0;
    all_buffers_work(&mut device, &fake);
}

#[test]
fn slots_that_do_not_exist_are_refused_before_anything_is_written() {
    let (mut device, fake) = ready();
    let slots = device.identity().lut_slots;
    let (good, short) = (table(), vec![7; 3]);
    let before = fake.state().memory.clone();
    let cases: [(u32, &[&[u64]]); 5] = [
        (slots, &[&good]),
        (slots - 1, &[&good, &good]),
        (u32::MAX, &[&good]),
        (u32::MAX, &[&good, &good]),
        (0, &[&good, &short]),
    ];
    for (first, tables) in cases {
        let error = device
            .load_luts(LutSlot(first), tables, soon())
            .unwrap_err();
        assert!(matches!(error, DeviceError::Request(_)), "{error}");
    }
    let mut wrong = batch();
    wrong.luts = vec![LutSlot(slots)];
    let error = device.submit(wrong).unwrap_err();
    assert!(matches!(error, DeviceError::Request(_)), "{error}");
    assert_eq!(fake.state().memory, before);
    assert!(fake.state().submitted.is_empty());
    device
        .load_luts(LutSlot(slots - 1), &[&good], soon())
        .unwrap();
    assert_eq!(fake.state().submitted.len(), 1);
}

#[test]
fn tables_wait_for_room_in_a_full_ring_and_not_longer_than_they_may() {
    let (mut device, fake) = ready();
    // More places than the ring has entries.
    device.free_lut_places = (0..100).collect();
    let table = table();
    let tables: Vec<&[u64]> = (0..80).map(|_| &table[..]).collect();
    let most = RING_ENTRIES as usize - 1;
    let start = Instant::now();
    let error = device
        .load_luts(LutSlot(0), &tables, within(50))
        .unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(device.in_flight.len(), most);
    assert_eq!(device.free_lut_places.len(), 100 - most);
    // Now the card takes one each time that the driver waits.
    let first = device.next_tag - most as u64;
    for tag in first..first + 80 {
        fake.then(move |card| card.complete(tag));
    }
    device
        .load_luts(LutSlot(0), &tables[most..], soon())
        .unwrap();
    device.idle(soon()).unwrap();
    assert_eq!(device.free_lut_places.len(), 100);
    assert_eq!(fake.state().submitted.len(), 80);
}

#[test]
fn time_in_which_batches_overlap_counts_once() {
    let (mut device, fake) = ready();
    let start = Instant::now();
    let tags = [(); 3].map(|()| device.submit(batch()).unwrap());
    std::thread::sleep(Duration::from_millis(10));
    let under_way = device.statistics().busy;
    assert!(under_way >= Duration::from_millis(10), "{under_way:?}");
    for tag in tags {
        fake.then(move |card| card.complete(tag.0));
        ends_well(&mut device, tag);
        std::thread::sleep(Duration::from_millis(5));
    }
    let (busy, most) = (device.statistics().busy, start.elapsed());
    let least = Duration::from_millis(20);
    assert!((least..=most).contains(&busy), "{busy:?} of {most:?}");
    // Nothing is in flight.
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(device.statistics().busy, busy);
    // A reset ends it too.
    device.submit(batch()).unwrap();
    device.reset(soon()).unwrap();
    let after = device.statistics().busy;
    assert!(after > busy);
    std::thread::sleep(Duration::from_millis(5));
    assert_eq!(device.statistics().busy, after);
}

#[test]
fn keys_can_be_loaded_again_after_a_piece_failed() {
    let (mut device, fake) = ready();
    fake.state().prompt = Some(1);
    let first = device.next_tag;
    // Two pieces under way both fail; the second one is looked at by the next attempt.
    fake.state().failing = vec![first + 1, first + 2];
    let key = key();
    let error = device.load_keys(&key, &mut |_, _| (), soon()).unwrap_err();
    let bus_error = |status| status == JobStatus::BusError;
    assert!(
        matches!(error, DeviceError::Job { status, .. } if bus_error(status)),
        "{error}"
    );
    assert!(!device.in_flight.is_empty());
    assert!(device.parameters().is_none());
    // Without keys there is nothing to do.
    for error in [
        device.submit(batch()).map(|_| ()).unwrap_err(),
        device
            .load_luts(LutSlot(0), &[&table()], soon())
            .unwrap_err(),
    ] {
        assert!(matches!(error, DeviceError::Request(_)), "{error}");
    }
    device.load_keys(&key, &mut |_, _| (), soon()).unwrap();
    assert!(device.in_flight.is_empty());
    fake.state().prompt = None;
    all_buffers_work(&mut device, &fake);
}

#[test]
fn pieces_of_a_key_may_be_completed_in_any_order() {
    let (mut device, fake) = ready();
    fake.state().prompt = Some(2);
    let (mut sent, mut total) = (0, 0);
    let mut progress = |done, all| (sent, total) = (done, all);
    device
        .load_keys(&key(), &mut progress, within(5000))
        .unwrap();
    assert_eq!(sent, total);
    assert!(total > 0);
}

#[test]
fn a_key_that_takes_too_long_is_given_up() {
    let (mut device, fake) = ready();
    fake.state().past_the_card = Some(Duration::from_millis(20));
    fake.state().prompt = Some(1);
    let start = Instant::now();
    let mut pieces = 0;
    let error = device
        .load_keys(&key(), &mut |_, _| pieces += 1, within(200))
        .unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    assert!(pieces < 12, "{pieces} pieces");
    assert!(start.elapsed() < Duration::from_secs(2));
    // A card that is always prompt is given no longer.
    fake.state().past_the_card = None;
    let error = device
        .load_keys(&key(), &mut |_, _| (), within(0))
        .unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    fake.state().past_the_card = Some(Duration::ZERO);
    device.load_keys(&key(), &mut |_, _| (), soon()).unwrap();
}

#[test]
fn what_a_failed_reset_gave_up_is_forgotten_and_settings_wait_for_its_end() {
    let (mut device, fake) = ready();
    device.submit(batch()).unwrap();
    fake.state().resets_for_ever = true;
    let error = device.reset(within(20)).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    assert!(device.in_flight.is_empty());
    let error = device.submit(batch()).unwrap_err();
    assert!(matches!(error, DeviceError::Request(_)), "{error}");
    let error = device.wait(soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Request(_)), "{error}");
    // Nothing is written to the card or its rings while it is under way.
    let ring = fake.state().next_completion();
    fake.state().store(ring, &[1, 2, 3, 4]);
    let written = fake.state().log.len();
    let error = device.configure(&catalogue::toy(), within(20)).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
    assert_eq!(fake.state().log.len(), written);
    let at = usize::try_from(ring - BASE).unwrap() / 8;
    assert_eq!(fake.state().memory[at..at + 4], [1, 2, 3, 4]);
    for _ in 0..3 {
        fake.then(|_| ());
    }
    fake.then(|card| card.status(Status::RESETTING, false));
    device.configure(&catalogue::toy(), soon()).unwrap();
    assert_eq!(fake.state().memory[at..at + 4], [0; 4]);
    device.keys_loaded = true;
    all_buffers_work(&mut device, &fake);
    assert_eq!(device.statistics().resets, 0);
}

#[test]
fn a_configuration_that_was_given_up_is_waited_for() {
    let (mut device, fake) = ready();
    fake.state().status(Status::CONFIGURING, true);
    let configures = (Register::Control, Control::CONFIGURE);
    let count = |fake: &Fake| {
        fake.state()
            .log
            .iter()
            .filter(|&&at| at == configures)
            .count()
    };
    let before = count(&fake);
    assert!(device.configure(&catalogue::toy(), within(20)).is_err());
    assert_eq!(count(&fake), before);
    fake.then(|card| card.status(Status::CONFIGURING, false));
    device.configure(&catalogue::toy(), soon()).unwrap();
    assert_eq!(count(&fake), before + 1);
}

#[test]
fn cards_that_are_stuck_or_not_configured_are_not_used() {
    let (mut device, fake) = ready();
    fake.state().status(Status::STUCK, true);
    let error = device.configure(&catalogue::toy(), soon()).unwrap_err();
    assert_eq!(error, DeviceError::Stuck);
    fake.state().status(Status::STUCK, false);
    fake.state().ignores_settings = true;
    let error = device.configure(&catalogue::toy(), soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
}

#[test]
fn a_job_s_error_may_stand_and_a_fault_is_told_and_cleared() {
    let (mut device, fake) = ready();
    let clears = |fake: &Fake| fake.state().writes(Register::Error);
    let before = clears(&fake);
    let tag = device.submit(batch()).unwrap();
    fake.then(|card| card.error(JobStatus::BusError as u32));
    fake.then(move |card| card.complete_with(tag.0, JobStatus::BusError as u16));
    let finished = device.wait(soon()).unwrap();
    assert!(matches!(finished.outputs, Err(DeviceError::Job { .. })));
    assert_eq!(clears(&fake), before);
    let tag = device.submit(batch()).unwrap();
    fake.then(|card| card.error(Fault::BadDoorbell as u32));
    let error = device.wait(soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Protocol(_)), "{error}");
    assert!(error.to_string().contains("a doorbell names"), "{error}");
    assert_eq!(clears(&fake), before + 1);
    assert_eq!(fake.state().get(Register::Error), 0);
    fake.then(|card| {
        card.error(Fault::CompletionRingUnreachable as u32);
        card.status(Status::HALTED, true);
    });
    let error = device.wait(soon()).unwrap_err();
    assert!(matches!(error, DeviceError::Halted(_)), "{error}");
    assert!(error.to_string().contains("completion ring"), "{error}");
    assert_eq!(clears(&fake), before + 1);
    assert!(device.in_flight.keys().eq([&tag.0]));
}
