//! Uploads of keys that were interrupted: what the card has is not sent again, and what it may not have is.

use super::RingDevice;
use super::fake::Fake;
use super::tests::{key, soon, within};
use crate::device::Device;
use crate::device::plan::STAGED_PIECES;
use crate::key::{EvaluationKey, KeyswitchKey};
use gyrus_interface::job::KeyKind;
use gyrus_interface::layout;
use gyrus_interface::registers::{Control, Register};
use gyrus_interface::{DeviceError, Job, JobStatus, ParameterSet, PolynomialSize, catalogue};
use std::sync::Arc;

/// One whose key has some pieces.
fn set() -> ParameterSet {
    ParameterSet {
        name: "INSECURE_PIECES".to_owned(),
        polynomial_size: PolynomialSize(2048),
        ..catalogue::toy()
    }
}

fn large_key(word: u64) -> EvaluationKey {
    let set = set();
    let bootstrapping = vec![word; layout::bootstrapping_key_words(&set)];
    let keyswitch = KeyswitchKey::U32(vec![0; layout::keyswitch_key_words(&set)]);
    EvaluationKey::new(set, bootstrapping, keyswitch).unwrap()
}

/// The pieces that the card has been told of: kind and offset.
type Pieces = Arc<std::sync::Mutex<Vec<(KeyKind, u64)>>>;

/// A card that checks that pieces come in order, as the interface has it, and refuses the others.
fn strict(fake: &Fake) -> Pieces {
    let pieces = Pieces::default();
    let seen = Arc::clone(&pieces);
    let mut next = [0_u64; 2];
    fake.state().on_job = Some(Box::new(move |job, spoils| {
        let Job::UploadKey {
            kind,
            offset,
            length,
            ..
        } = job
        else {
            return JobStatus::Ok;
        };
        seen.lock().unwrap().push((kind, offset));
        let next = &mut next[kind as usize];
        let next_channel = ((*next >> 28) + 1) << 28;
        if ![0, *next, next_channel].contains(&offset) {
            return JobStatus::MalformedDescriptor;
        }
        if *spoils > 0 {
            *spoils -= 1;
            *next = u64::MAX;
            return JobStatus::ChecksumMismatch;
        }
        *next = offset + length;
        JobStatus::Ok
    }));
    pieces
}

fn ready() -> (RingDevice<Fake>, Fake, Pieces) {
    let fake = Fake::new();
    let device = RingDevice::new(fake.clone()).unwrap();
    let pieces = strict(&fake);
    (device, fake, pieces)
}

fn configurations(fake: &Fake) -> usize {
    let state = fake.state();
    let configures = (Register::Control, Control::CONFIGURE);
    state.log.iter().filter(|&&at| at == configures).count()
}

/// All of a key's pieces, as an upload that nothing disturbs sends them.
fn all_pieces() -> Vec<(KeyKind, u64)> {
    let (mut device, fake, pieces) = ready();
    fake.state().prompt = Some(1);
    device
        .load_keys(&large_key(0), &mut |_, _| (), soon())
        .unwrap();
    let pieces = pieces.lock().unwrap().clone();
    assert!(pieces.len() > 8, "{pieces:?}");
    pieces
}

#[test]
fn an_upload_that_a_deadline_ended_goes_on_where_it_was() {
    let all = all_pieces();
    for ended in [1, 3, all.len() - 1] {
        let (mut device, fake, pieces) = ready();
        // The card ends so many pieces and then no more.
        fake.state().prompt = Some(1);
        fake.state().patience = Some(ended);
        let key = large_key(0);
        let error = device
            .load_keys(&key, &mut |_, _| (), within(200))
            .unwrap_err();
        assert!(matches!(error, DeviceError::Timeout(_)), "{error}");
        assert!(device.parameters().is_none());
        // Those that were on their way are completed later.
        fake.state().patience = None;
        fake.then(|card| card.end_all());
        let mut last = (0, 0);
        let progress = &mut |done, total| last = (done, total);
        device.load_keys(&key, progress, soon()).unwrap();
        assert_eq!(last.0, last.1);
        assert_eq!(*pieces.lock().unwrap(), all, "{ended} pieces were there");
        assert_eq!(configurations(&fake), 1);
        assert_eq!(device.parameters(), Some(&set()));
    }
}

#[test]
fn another_key_or_a_card_that_was_reset_begins_anew() {
    let all = all_pieces();
    for reset in [false, true] {
        let (mut device, fake, pieces) = ready();
        fake.state().prompt = Some(1);
        fake.state().patience = Some(3);
        let error = device.load_keys(&large_key(0), &mut |_, _| (), within(200));
        assert!(matches!(error, Err(DeviceError::Timeout(_))), "{error:?}");
        fake.state().patience = None;
        fake.then(|card| card.end_all());
        pieces.lock().unwrap().clear();
        if reset {
            device.reset(soon()).unwrap();
        }
        let key = large_key(u64::from(!reset));
        device.load_keys(&key, &mut |_, _| (), soon()).unwrap();
        let pieces = pieces.lock().unwrap();
        assert!(pieces.ends_with(&all));
        // Without a reset, those that were on their way ended first.
        let late = if reset { 0 } else { STAGED_PIECES };
        assert_eq!(pieces.len(), late + all.len());
        assert_eq!(configurations(&fake), 2);
    }
}

#[test]
fn pieces_that_do_not_arrive_as_they_were_are_sent_again_and_not_for_ever() {
    let all = all_pieces();
    for (spoilt, right) in [(1, true), (2, true), (3, false)] {
        let (mut device, fake, pieces) = ready();
        fake.state().prompt = Some(1);
        fake.state().spoils = spoilt;
        let mut last = (0, 0);
        let progress = &mut |done, total| last = (done, total);
        let loaded = device.load_keys(&large_key(0), progress, soon());
        assert_eq!(configurations(&fake), 1);
        if right {
            loaded.unwrap();
            assert_eq!(last.0, last.1);
            // The card has had all of both keys, one behind the other, in the end.
            let pieces = pieces.lock().unwrap();
            assert!(pieces.ends_with(&all));
            assert!(pieces.len() > all.len());
        } else {
            let mismatch = JobStatus::ChecksumMismatch;
            assert!(
                matches!(loaded, Err(DeviceError::Job { status, .. }) if status == mismatch),
                "{loaded:?}"
            );
            assert!(device.parameters().is_none());
            // The next call begins anew.
            device
                .load_keys(&large_key(0), &mut |_, _| (), soon())
                .unwrap();
        }
    }
}

#[test]
fn a_key_that_is_complete_is_sent_again_whole() {
    let (mut device, fake, pieces) = ready();
    fake.state().prompt = Some(1);
    for loads in 1..=2 {
        device.load_keys(&key(), &mut |_, _| (), soon()).unwrap();
        assert_eq!(configurations(&fake), loads);
    }
    let pieces = pieces.lock().unwrap();
    let (first, second) = pieces.split_at(pieces.len() / 2);
    assert_eq!(first, second);
}
