//! Sessions: batching, look-up table slots, recovery from a failing device, clear errors.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod common;

use common::{expected, random_key, rng, toy_key, words};
use gyrus::device::{
    Batch, BatchTag, CardTransport, Device, Finished, Identity, LutSlot, Progress, RingDevice,
    Statistics,
};
use gyrus::interface::{
    Decomposition, DeviceError, GlweDimension, JobStatus, LweDimension, ParameterSet,
    PolynomialSize, catalogue,
};
use gyrus::key::EvaluationKey;
use gyrus::session::{Session, SessionError, SessionOptions};
use gyrus_sim::device::{CardOptions, ModelCard};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn model(options: &CardOptions) -> Box<dyn Device> {
    let card = ModelCard::power_on(options).unwrap();
    Box::new(RingDevice::new(CardTransport::new(Box::new(card))).unwrap())
}

/// A card with so many slots for look-up tables.
fn with_slots(lut_slots: u32) -> CardOptions {
    let mut options = CardOptions::default();
    options.capabilities.lut_slots = lut_slots;
    options
}

fn open(device: Box<dyn Device>, key: &Arc<EvaluationKey>) -> Session {
    let options = SessionOptions {
        deadline: Duration::from_secs(20),
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    Session::open(device, Arc::clone(key), options, &mut |_, _| ()).unwrap()
}

#[test]
fn requests_of_many_threads_are_coalesced_and_answered_right() {
    let key = toy_key(1);
    let session = open(model(&CardOptions::default()), &key);
    let size = key.parameters().big_lwe_size();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let (session, key) = (session.clone(), &key);
            scope.spawn(move || {
                let mut rng = rng(100 + thread);
                for _ in 0..4 {
                    let (input, table) = (words(&mut rng, size), words(&mut rng, 256));
                    let lut = session.lut(&table).unwrap();
                    let output = session.bootstrap(&input, &lut).unwrap();
                    assert_eq!(output, expected(key, &input, &table, 1, 0));
                }
            });
        }
    });
    let statistics = session.statistics();
    assert_eq!(statistics.requests, 64);
    assert_eq!(statistics.device.bootstraps, 64);
    assert!(
        statistics.largest_batch > 1,
        "nothing was coalesced: {statistics:?}"
    );
    assert!(statistics.batches < 64, "{statistics:?}");
}

#[test]
fn more_tables_than_slots_take_turns() {
    let key = toy_key(2);
    let session = open(model(&with_slots(3)), &key);
    let mut rng = rng(2);
    let tables: Vec<_> = (0..7).map(|_| words(&mut rng, 256)).collect();
    let inputs: Vec<_> = (0..21)
        .map(|_| words(&mut rng, key.parameters().big_lwe_size()))
        .collect();
    let luts: Vec<_> = (0..21)
        .map(|i| session.lut(&tables[i % 7]).unwrap())
        .collect();
    let borrowed: Vec<&[u64]> = inputs.iter().map(Vec::as_slice).collect();
    let mut seen = Vec::new();
    let outputs = session
        .bootstrap_all(&borrowed, &luts, &mut |done| seen.push(done))
        .unwrap();
    for (i, output) in outputs.iter().enumerate() {
        assert_eq!(
            *output,
            expected(&key, &inputs[i], &tables[i % 7], 1, 0),
            "request {i}"
        );
    }
    assert_eq!(seen, (1..=21).collect::<Vec<_>>());
    assert!(session.statistics().lut_uploads >= 7);
}

#[test]
fn batches_wait_for_slots_that_batches_in_flight_use() {
    let key = toy_key(12);
    let options = CardOptions {
        threads: NonZeroUsize::new(1),
        ..with_slots(1)
    };
    let session = open(model(&options), &key);
    let mut rng = rng(12);
    let tables = [words(&mut rng, 256), words(&mut rng, 256)];
    let luts: Vec<_> = (0..40)
        .map(|i| session.lut(&tables[i % 2]).unwrap())
        .collect();
    let input = words(&mut rng, key.parameters().big_lwe_size());
    let inputs = vec![input.as_slice(); 40];
    let outputs = session.bootstrap_all(&inputs, &luts, &mut |_| ()).unwrap();
    for (i, output) in outputs.iter().enumerate() {
        assert_eq!(*output, expected(&key, &input, &tables[i % 2], 1, 0));
    }
}

#[test]
fn equal_tables_share_a_slot() {
    let key = toy_key(3);
    let session = open(model(&CardOptions::default()), &key);
    let table = words(&mut rng(3), 256);
    let input = words(&mut rng(4), key.parameters().big_lwe_size());
    for _ in 0..5 {
        let lut = session.lut(&table).unwrap();
        session.bootstrap(&input, &lut).unwrap();
    }
    assert_eq!(session.statistics().lut_uploads, 1);
}

#[test]
fn tables_of_another_session_are_told_apart() {
    let key = toy_key(13);
    let (one, other) = (
        open(model(&CardOptions::default()), &key),
        open(model(&CardOptions::default()), &key),
    );
    let mut rng = rng(13);
    let tables = [words(&mut rng, 256), words(&mut rng, 256)];
    let input = words(&mut rng, key.parameters().big_lwe_size());
    let luts = [one.lut(&tables[0]).unwrap(), other.lut(&tables[1]).unwrap()];
    for _ in 0..2 {
        for (lut, table) in luts.iter().zip(&tables) {
            let right = expected(&key, &input, table, 1, 0);
            assert_eq!(one.bootstrap(&input, lut).unwrap(), right);
            assert_eq!(other.bootstrap(&input, lut).unwrap(), right);
        }
    }
}

#[test]
fn the_largest_polynomials_fit_the_card() {
    let set = ParameterSet {
        name: "INSECURE_LARGEST".to_owned(),
        lwe_dimension: LweDimension(1),
        polynomial_size: PolynomialSize(2048),
        pbs: Decomposition::new(10, 3),
        ..catalogue::toy()
    };
    let key = random_key(set, 14);
    let session = open(model(&CardOptions::default()), &key);
    let mut rng = rng(14);
    let (input, table) = (words(&mut rng, 2049), words(&mut rng, 2048));
    let output = session.bootstrap(&input, &session.lut(&table).unwrap());
    assert_eq!(output.unwrap(), expected(&key, &input, &table, 1, 0));
}

#[test]
fn sets_that_no_card_is_built_for_are_refused() {
    let toy = catalogue::toy();
    let (k, size) = (GlweDimension(2), PolynomialSize(4096));
    let larger = ParameterSet {
        name: "INSECURE_LARGER_N".to_owned(),
        polynomial_size: size,
        ..toy.clone()
    };
    let more = ParameterSet {
        name: "INSECURE_LARGER_K".to_owned(),
        glwe_dimension: k,
        ..toy
    };
    for set in [larger, more] {
        let name = set.name.clone();
        let options = SessionOptions {
            insecure_parameters: true,
            ..SessionOptions::default()
        };
        let key = random_key(set, 17);
        let device = model(&CardOptions::default());
        let error = Session::open(device, key, options, &mut |_, _| ()).unwrap_err();
        let refused = matches!(error, SessionError::Device(DeviceError::Request(_)));
        assert!(refused && error.to_string().contains(&name), "{error}");
    }
}

#[test]
fn insecure_sets_need_permission() {
    let device = model(&CardOptions::default());
    let options = SessionOptions::default();
    let error = Session::open(device, toy_key(15), options, &mut |_, _| ()).unwrap_err();
    assert!(error.to_string().contains("insecure"), "{error}");
}

#[test]
fn figures_that_cannot_be_are_refused() {
    let honest = model(&CardOptions::default()).identity().clone();
    honest.validate().unwrap();
    for broken in [
        Identity {
            lut_slots: 0,
            ..honest.clone()
        },
        Identity {
            lut_slots: u32::MAX,
            ..honest.clone()
        },
        Identity {
            max_batch: 0,
            ..honest.clone()
        },
        Identity {
            max_batch: usize::MAX,
            ..honest.clone()
        },
        Identity {
            max_in_flight: 0,
            ..honest.clone()
        },
        Identity {
            preferred_batch: 0,
            ..honest.clone()
        },
        Identity {
            clock_hz: 0,
            ..honest.clone()
        },
    ] {
        assert!(matches!(broken.validate(), Err(DeviceError::Protocol(_))));
    }
}

#[test]
fn options_without_bound_do_not_overflow() {
    let key = toy_key(16);
    let options = SessionOptions {
        deadline: Duration::MAX,
        key_deadline: Duration::MAX,
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    let device = model(&CardOptions::default());
    let session = Session::open(device, Arc::clone(&key), options, &mut |_, _| ()).unwrap();
    let input = vec![3; key.parameters().big_lwe_size()];
    let output = session.bootstrap(&input, &session.lut(&[5; 256]).unwrap());
    assert_eq!(output.unwrap(), expected(&key, &input, &[5; 256], 1, 0));
}

#[test]
fn many_lut_extracts_every_sample() {
    let key = toy_key(4);
    let session = open(model(&CardOptions::default()), &key);
    let mut rng = rng(5);
    let (input, table) = (
        words(&mut rng, key.parameters().big_lwe_size()),
        words(&mut rng, 256),
    );
    let lut = session.lut(&table).unwrap();
    let outputs = session.bootstrap_many_lut(&input, &lut, 4, 64).unwrap();
    assert_eq!(outputs.len(), 4);
    assert_eq!(outputs.concat(), expected(&key, &input, &table, 4, 64));
}

#[test]
fn requests_that_do_not_fit_are_refused() {
    let key = toy_key(5);
    let session = open(model(&CardOptions::default()), &key);
    let size = key.parameters().big_lwe_size();
    let lut = session.lut(&[0; 256]).unwrap();
    let refused = |result: Result<_, SessionError>| matches!(result, Err(SessionError::Request(_)));
    assert!(refused(session.lut(&[0; 255]).map(drop)));
    assert!(refused(
        session.bootstrap(&vec![0; size - 1], &lut).map(drop)
    ));
    assert!(refused(
        session
            .bootstrap_many_lut(&vec![0; size], &lut, 0, 1)
            .map(drop)
    ));
    assert!(refused(
        session
            .bootstrap_many_lut(&vec![0; size], &lut, 3, 128)
            .map(drop)
    ));
    assert!(refused(
        session
            .bootstrap_all(&[&vec![0; size]], &[], &mut |_| ())
            .map(drop)
    ));
    session.bootstrap(&vec![0; size], &lut).unwrap();
}

/// What goes wrong, and at which call of [`Device::wait`] with a batch to hand out.
#[derive(Clone, Copy)]
enum Fault {
    JobFails(JobStatus),
    NeverComesBack,
    Gone,
    LosesItsState,
    WrongTag,
}

/// A model device that breaks in one way, the first `times` times.
struct Faulty {
    device: Box<dyn Device>,
    fault: Fault,
    times: u32,
    silent: bool,
    reset_works: bool,
}

impl Faulty {
    fn open(fault: Fault, times: u32, reset_works: bool, key: &Arc<EvaluationKey>) -> Session {
        let device = model(&CardOptions::default());
        let faulty = Self {
            device,
            fault,
            times,
            silent: false,
            reset_works,
        };
        let options = SessionOptions {
            deadline: Duration::from_secs(2),
            insecure_parameters: true,
            ..SessionOptions::default()
        };
        Session::open(Box::new(faulty), Arc::clone(key), options, &mut |_, _| ()).unwrap()
    }
}

impl Device for Faulty {
    fn identity(&self) -> &Identity {
        self.device.identity()
    }
    fn load_keys(
        &mut self,
        key: &EvaluationKey,
        progress: Progress<'_>,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.device.load_keys(key, progress, deadline)
    }
    fn parameters(&self) -> Option<&ParameterSet> {
        self.device.parameters()
    }
    fn load_luts(
        &mut self,
        first: LutSlot,
        luts: &[&[u64]],
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        self.device.load_luts(first, luts, deadline)
    }
    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
        self.device.submit(batch)
    }
    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        if self.silent {
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
            return Err(DeviceError::Timeout(Duration::ZERO));
        }
        let finished = self.device.wait(deadline)?;
        if self.times == 0 {
            return Ok(finished);
        }
        self.times -= 1;
        let tag = finished.tag;
        match self.fault {
            Fault::JobFails(status) => Ok(Finished {
                tag,
                outputs: Err(DeviceError::Job {
                    tag: tag.0,
                    status,
                    detail: 0,
                }),
            }),
            Fault::NeverComesBack => {
                self.silent = true;
                Err(DeviceError::Timeout(Duration::ZERO))
            }
            Fault::Gone => Err(DeviceError::Removed("pulled out".to_owned())),
            Fault::LosesItsState => {
                self.device.reset(deadline + Duration::from_secs(5))?;
                Err(DeviceError::Protocol(
                    "the card was reset behind our back".to_owned(),
                ))
            }
            Fault::WrongTag => Ok(Finished {
                tag: BatchTag(tag.0 + 999),
                outputs: finished.outputs,
            }),
        }
    }
    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.silent = false;
        if !self.reset_works {
            return Err(DeviceError::Timeout(Duration::ZERO));
        }
        self.device.reset(deadline)
    }
    fn statistics(&self) -> Statistics {
        self.device.statistics()
    }
}

const FAULTS: [Fault; 6] = [
    Fault::JobFails(JobStatus::Aborted),
    Fault::JobFails(JobStatus::KeysNotLoaded),
    Fault::NeverComesBack,
    Fault::Gone,
    Fault::LosesItsState,
    Fault::WrongTag,
];

#[test]
fn a_device_that_fails_once_is_recovered_and_nothing_is_lost() {
    let key = toy_key(6);
    let mut rng = rng(6);
    let (input, table) = (
        words(&mut rng, key.parameters().big_lwe_size()),
        words(&mut rng, 256),
    );
    let right = expected(&key, &input, &table, 1, 0);
    for fault in FAULTS {
        let session = Faulty::open(fault, 1, true, &key);
        let lut = session.lut(&table).unwrap();
        assert_eq!(session.bootstrap(&input, &lut).unwrap(), right);
        assert_eq!(session.bootstrap(&input, &lut).unwrap(), right);
        let recoveries = u64::from(!matches!(fault, Fault::JobFails(JobStatus::Aborted)));
        assert_eq!(session.statistics().recoveries, recoveries);
    }
}

#[test]
fn a_request_that_fails_every_time_is_reported_and_the_session_lives_on() {
    let key = toy_key(7);
    for fault in FAULTS {
        let session = Faulty::open(fault, 2, true, &key);
        let lut = session.lut(&[7; 256]).unwrap();
        let input = vec![9; key.parameters().big_lwe_size()];
        let error = session.bootstrap(&input, &lut).unwrap_err();
        assert!(matches!(error, SessionError::Device(_)), "{error:?}");
        assert_eq!(
            session.bootstrap(&input, &lut).unwrap(),
            expected(&key, &input, &[7; 256], 1, 0)
        );
    }
}

#[test]
fn a_device_that_does_not_reset_is_given_up_in_bounded_time() {
    let key = toy_key(8);
    let session = Faulty::open(Fault::Gone, u32::MAX, false, &key);
    let lut = session.lut(&[7; 256]).unwrap();
    let input = vec![9; key.parameters().big_lwe_size()];
    let start = Instant::now();
    for _ in 0..3 {
        let error = session.bootstrap(&input, &lut).unwrap_err();
        assert!(
            matches!(error, SessionError::Device(DeviceError::Removed(_))),
            "{error:?}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_endless_failure_of_single_jobs_ends() {
    let key = toy_key(9);
    let session = Faulty::open(Fault::JobFails(JobStatus::BusError), u32::MAX, true, &key);
    let lut = session.lut(&[7; 256]).unwrap();
    let input = vec![9; key.parameters().big_lwe_size()];
    for _ in 0..3 {
        let error = session.bootstrap(&input, &lut).unwrap_err();
        let status = JobStatus::BusError;
        assert!(
            matches!(error, SessionError::Device(DeviceError::Job { status: s, .. }) if s == status)
        );
    }
}
