//! The thread that owns the device: gathers requests into batches, hands answers back, recovers.

use super::slots::Slots;
use super::{Lut, SessionError, SessionOptions, SessionStatistics, Shared};
use crate::device::{
    Batch, BatchTag, Device, Finished, LOOK, LutSlot, bring_back, let_go_if_gone, verdict,
};
use crate::key::EvaluationKey;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use gyrus_interface::DeviceError;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// An answer: which of the caller's requests, and its output ciphertexts.
pub(super) type Answer = (usize, Result<Vec<Vec<u64>>, SessionError>);

/// One ciphertext to bootstrap.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) input: Arc<[u64]>,
    pub(super) lut: Lut,
    pub(super) samples: u16,
    pub(super) stride: u32,
    pub(super) index: usize,
    pub(super) attempts: u32,
    /// Set when the caller does not wait any more.
    pub(super) abandoned: Arc<AtomicBool>,
    pub(super) reply: Sender<Answer>,
}

impl Request {
    fn answer(self, result: Result<Vec<Vec<u64>>, SessionError>) {
        // A caller that gave up is not an error.
        let _ = self.reply.send((self.index, result));
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

/// A batch on the device.
struct InFlight {
    requests: Vec<Request>,
    slots: Vec<LutSlot>,
    expires: Instant,
    /// No caller waits for it any more, and the device knows.
    cancelled: bool,
}

/// How long one wait for the device lasts before new requests are looked at.
const SLICE: Duration = Duration::from_micros(500);

pub(super) struct Dispatcher {
    device: Box<dyn Device>,
    key: Arc<EvaluationKey>,
    options: SessionOptions,
    shared: Arc<Shared>,
    inbox: Receiver<Vec<Request>>,
    pending: VecDeque<Request>,
    in_flight: HashMap<BatchTag, InFlight>,
    slots: Slots,
    /// The device had no room for the next batch, and none has come back since.
    full: bool,
    /// Set when the device could not be recovered: every request gets this answer.
    dead: Option<DeviceError>,
}

impl Dispatcher {
    pub(super) fn new(
        device: Box<dyn Device>,
        key: Arc<EvaluationKey>,
        options: SessionOptions,
        shared: Arc<Shared>,
        inbox: Receiver<Vec<Request>>,
    ) -> Self {
        let slots = Slots::new(device.identity().lut_slots);
        Self {
            device,
            key,
            options,
            shared,
            inbox,
            pending: VecDeque::new(),
            in_flight: HashMap::new(),
            slots,
            full: false,
            dead: None,
        }
    }

    /// Works until no session handle is left and everything is answered.
    pub(super) fn run(mut self) {
        loop {
            if self.pending.is_empty() && self.in_flight.is_empty() {
                match self.inbox.recv_timeout(LOOK) {
                    Ok(requests) => self.pending.extend(requests),
                    Err(RecvTimeoutError::Timeout) => {
                        self.look();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                self.linger();
            }
            while let Ok(requests) = self.inbox.try_recv() {
                self.pending.extend(requests);
            }
            if let Some(error) = self.dead.clone() {
                self.refuse_all(&error);
                continue;
            }
            let share = self.share();
            while self.worth_submitting() {
                match self.submit(share) {
                    Ok(true) => (),
                    Ok(false) => break,
                    Err(error) => {
                        self.recover(&error);
                        break;
                    }
                }
            }
            self.wait();
        }
    }

    /// The device idles: gives other threads a moment to join the first request.
    fn linger(&mut self) {
        let until = Instant::now() + self.options.linger;
        while self.pending.len() < self.device.identity().preferred_batch {
            match self.inbox.recv_deadline(until) {
                Ok(requests) => self.pending.extend(requests),
                Err(_) => return,
            }
        }
    }

    /// Looks whether a device that has nothing to do is still there.
    fn look(&mut self) {
        match self.device.check() {
            Ok(()) => (),
            Err(error) if self.dead.is_some() => {
                let_go_if_gone(&mut self.device, &error, &error);
            }
            Err(error) => self.recover(&error),
        }
    }

    /// How many of the requests that wait are one device's, so that all have some to do.
    fn share(&self) -> usize {
        let identity = self.device.identity();
        let share = self.pending.len().div_ceil(identity.devices.max(1));
        share.max(identity.preferred_batch)
    }

    /// Devices that are all at work get more only when a good batch has gathered; requests that come one by
    /// one meet in the queue instead of each running alone.
    fn worth_submitting(&self) -> bool {
        let identity = self.device.identity();
        !self.pending.is_empty()
            && !self.full
            && self.in_flight.len() < identity.max_in_flight
            && (self.in_flight.len() < identity.devices
                || self.pending.len() >= identity.preferred_batch)
    }

    /// Takes the first pending request and others that have its shape, up to a batch and `share` in all.
    /// `false` when nothing can be submitted before a batch in flight is done.
    fn submit(&mut self, share: usize) -> Result<bool, DeviceError> {
        while self.pending.front().is_some_and(Request::is_abandoned) {
            self.pending.pop_front();
        }
        let Some(first) = self.pending.front() else {
            return Ok(false);
        };
        let (samples, stride) = (first.samples, first.stride);
        let room = self.device.identity().max_batch / usize::from(samples).max(1);
        let mut batch = InFlight {
            requests: Vec::new(),
            slots: Vec::new(),
            expires: Instant::now() + self.options.deadline,
            cancelled: false,
        };
        let mut uploads = Vec::new();
        let mut rest = Vec::new();
        while batch.requests.len() < room.min(share).max(1)
            && let Some(request) = self.pending.pop_front()
        {
            if request.is_abandoned() {
                continue;
            }
            let fits = (request.samples, request.stride) == (samples, stride);
            match fits.then(|| self.slots.acquire(&request.lut)).flatten() {
                Some((slot, upload)) => {
                    if upload {
                        uploads.push((slot, request.lut.clone()));
                    }
                    batch.slots.push(slot);
                    batch.requests.push(request);
                }
                None => rest.push(request),
            }
        }
        self.put_back(rest);
        if batch.requests.is_empty() {
            // All slots are taken by batches in flight; one of them will finish.
            return Ok(false);
        }
        let result = self.hand_over(&batch, &uploads, samples, stride);
        match result {
            Ok(tag) => {
                self.in_flight.insert(tag, batch);
                Ok(true)
            }
            // Its tables are on the device already.
            Err(DeviceError::RingFull(_)) if !self.in_flight.is_empty() => {
                self.release(&batch);
                self.put_back(batch.requests);
                self.full = true;
                Ok(false)
            }
            Err(error) => {
                for (slot, _) in &uploads {
                    self.slots.forget(*slot);
                }
                let refused = matches!(error, DeviceError::Request(_));
                self.settle(batch, &error, !refused);
                if refused { Ok(true) } else { Err(error) }
            }
        }
    }

    /// Puts requests back to where they were taken from.
    fn put_back(&mut self, requests: Vec<Request>) {
        for request in requests.into_iter().rev() {
            self.pending.push_front(request);
        }
    }

    /// A batch uses its slots no longer.
    fn release(&mut self, batch: &InFlight) {
        for slot in &batch.slots {
            self.slots.release(*slot);
        }
    }

    fn hand_over(
        &mut self,
        batch: &InFlight,
        uploads: &[(LutSlot, Lut)],
        samples: u16,
        stride: u32,
    ) -> Result<BatchTag, DeviceError> {
        let deadline = Instant::now() + self.options.deadline;
        for (slot, lut) in uploads {
            self.device.load_luts(*slot, &[&lut.0.words], deadline)?;
            self.count(|statistics| statistics.lut_uploads += 1);
        }
        let inputs = batch.requests.iter();
        let tag = self.device.submit(Batch {
            inputs: inputs.map(|request| Arc::clone(&request.input)).collect(),
            luts: batch.slots.clone(),
            samples,
            stride,
        })?;
        self.count(|statistics| {
            statistics.batches += 1;
            statistics.largest_batch = statistics.largest_batch.max(batch.requests.len());
        });
        Ok(tag)
    }

    /// Tells the device which batches nobody waits for any more.
    fn cancel_abandoned(&mut self) {
        for (tag, batch) in &mut self.in_flight {
            if !batch.cancelled && batch.requests.iter().all(Request::is_abandoned) {
                self.device.cancel(*tag);
                batch.cancelled = true;
            }
        }
    }

    /// Waits a little for the device; hands out what it finished, acts on what went wrong.
    fn wait(&mut self) {
        if self.in_flight.is_empty() {
            return;
        }
        match self.device.wait(Instant::now() + SLICE) {
            Ok(finished) => self.take(finished),
            Err(DeviceError::Timeout(_)) => (),
            Err(error) => self.recover(&error),
        }
        // A device may finish others and never that one.
        let now = Instant::now();
        if self.in_flight.values().any(|batch| batch.expires < now) {
            self.recover(&DeviceError::Timeout(self.options.deadline));
        }
        self.cancel_abandoned();
    }

    /// Takes a batch that came back.
    fn take(&mut self, finished: Finished) {
        self.shared.progress.fetch_add(1, Ordering::Relaxed);
        self.full = false;
        let Some(batch) = self.in_flight.remove(&finished.tag) else {
            let tag = finished.tag.0;
            let text = format!("batch {tag} is not in flight");
            return self.recover(&DeviceError::Protocol(text));
        };
        match finished.outputs {
            Ok(outputs) => self.deliver(batch, outputs),
            Err(error) => {
                let (again, broken) = verdict(&error);
                self.settle(batch, &error, again);
                if broken {
                    self.recover(&error);
                }
            }
        }
    }

    fn deliver(&mut self, batch: InFlight, outputs: Vec<Vec<u64>>) {
        self.release(&batch);
        self.answered(batch.requests.len());
        let size = self.key.parameters().big_lwe_size();
        let mut outputs = outputs.into_iter();
        for request in batch.requests {
            let samples = usize::from(request.samples);
            let words: Vec<Vec<u64>> = outputs.by_ref().take(samples).collect();
            if words.len() == samples && words.iter().all(|output| output.len() == size) {
                request.answer(Ok(words));
            } else {
                let error = DeviceError::Protocol("a batch came back too short".to_owned());
                request.answer(Err(error.into()));
            }
        }
    }

    /// Changes the statistics.
    fn count(&self, change: impl FnOnce(&mut SessionStatistics)) {
        let statistics = self.shared.statistics.lock();
        change(&mut statistics.unwrap_or_else(PoisonError::into_inner));
    }

    /// So many requests are answered: the device's statistics have changed, too.
    fn answered(&self, requests: usize) {
        let device = self.device.statistics();
        self.count(|statistics| {
            statistics.requests += requests as u64;
            statistics.device = device;
        });
    }

    /// A batch failed: its requests go back into the queue if they may be tried `again`.
    fn settle(&mut self, batch: InFlight, error: &DeviceError, again: bool) {
        self.release(&batch);
        let mut refused = 0;
        for mut request in batch.requests.into_iter().rev() {
            request.attempts += 1;
            if again && request.attempts < self.options.attempts {
                self.pending.push_front(request);
            } else {
                refused += 1;
                request.answer(Err(error.clone().into()));
            }
        }
        self.answered(refused);
    }

    /// Resets the device and loads everything again.
    fn recover(&mut self, cause: &DeviceError) {
        for (_, batch) in std::mem::take(&mut self.in_flight) {
            self.settle(batch, cause, true);
        }
        self.slots.clear();
        self.full = false;
        let reloaded = self.reload();
        self.shared.progress.fetch_add(1, Ordering::Relaxed);
        match reloaded {
            Ok(()) => {
                let device = self.device.statistics();
                self.count(|statistics| {
                    statistics.recoveries += 1;
                    statistics.device = device;
                });
            }
            Err(failure) => {
                let_go_if_gone(&mut self.device, cause, &failure);
                // What broke the device says more than why it stays broken.
                self.dead = Some(cause.clone());
            }
        }
    }

    fn reload(&mut self) -> Result<(), DeviceError> {
        let (key, shared, options) = (&self.key, &self.shared, &self.options);
        let mut load = |device: &mut dyn Device| {
            let deadline = Instant::now() + options.key_deadline;
            device.load_keys(key, &mut |_, _| (), deadline)
        };
        let mut proceed = || {
            // Every step has a deadline of its own; those who wait see that they are taken.
            shared.progress.fetch_add(1, Ordering::Relaxed);
            if shared.closing.load(Ordering::Relaxed) {
                return Err(DeviceError::Cancelled);
            }
            Ok(())
        };
        bring_back(
            self.device.as_mut(),
            options.deadline,
            &mut load,
            &mut proceed,
        )
    }

    fn refuse_all(&mut self, error: &DeviceError) {
        let refused = self.pending.len();
        for request in std::mem::take(&mut self.pending) {
            request.answer(Err(error.clone().into()));
        }
        self.answered(refused);
    }
}
