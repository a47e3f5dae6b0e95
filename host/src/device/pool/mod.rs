//! Several devices as one: batches go to whichever has the least to do.
//!
//! Each device has a thread of its own, so that a slow one, or one that comes back from a failure, does not hold
//! up the others. A device that fails is reset and loaded again by its thread; if that fails, or it fails again
//! before it has finished anything, it is out until all are reset. Its batches are done elsewhere. The pool fails
//! when no device is left.

mod member;
mod worker;

pub use member::PoolOptions;

use super::checks::{check_batch, check_luts};
use super::{Batch, BatchTag, Device, Finished, Identity, LutSlot, Progress, Statistics};
use crate::key::EvaluationKey;
use crossbeam_channel::{Receiver, RecvTimeoutError, unbounded};
use gyrus_interface::{DeviceError, ParameterSet};
use member::{Member, State, joined};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use worker::{Command, Common, Event, Tables};

/// Times that a batch is done again because its device failed, before it is the batch that is at fault.
const REDONE: u32 = 2;
/// What a thread may take beyond the deadline of its device.
const GRACE: Duration = Duration::from_secs(1);

/// A batch that was handed over.
struct InFlight {
    batch: Batch,
    /// Which member has it, if one does.
    member: Option<usize>,
    redone: u32,
    cancelled: bool,
}

/// Several devices as one.
pub struct Pool {
    identity: Identity,
    members: Vec<Member>,
    events: Receiver<(usize, u64, Event)>,
    tables: Arc<Mutex<Tables>>,
    parameters: Option<ParameterSet>,
    next_tag: u64,
    in_flight: HashMap<u64, InFlight>,
    /// Tags of batches that no member has.
    backlog: VecDeque<u64>,
    finished: VecDeque<Finished>,
    /// Why the last member went out.
    error: Option<DeviceError>,
    /// Tells the threads to end with the step that they are at.
    closing: Arc<AtomicBool>,
}

impl Pool {
    /// Joins devices, and starts their threads.
    ///
    /// # Errors
    /// [`DeviceError::Request`] for none, [`DeviceError::Protocol`] for one that says what cannot be,
    /// [`DeviceError::Unavailable`] when a thread does not start.
    pub fn new(devices: Vec<Box<dyn Device>>, options: PoolOptions) -> Result<Self, DeviceError> {
        let identity = joined(&devices)?;
        let (reports, events) = unbounded();
        let common = Common {
            options,
            reports,
            tables: Arc::default(),
            closing: Arc::default(),
        };
        let mut members = Vec::new();
        for (number, device) in devices.into_iter().enumerate() {
            let member = Member::start(device, number, &common)?;
            members.push(member);
        }
        Ok(Self {
            identity,
            members,
            events,
            tables: common.tables,
            parameters: None,
            next_tag: 1,
            in_flight: HashMap::new(),
            backlog: VecDeque::new(),
            finished: VecDeque::new(),
            error: None,
            closing: common.closing,
        })
    }

    /// Devices that are not out.
    #[must_use]
    pub fn working(&self) -> usize {
        let members = self.members.iter();
        members.filter(|member| member.state != State::Out).count()
    }

    /// What each device has done.
    #[must_use]
    pub fn each(&self) -> Vec<Statistics> {
        let members = self.members.iter();
        members
            .map(|member| lock(&member.statistics).clone())
            .collect()
    }

    /// What ends a pool of which no member works.
    fn fate(&self) -> Result<(), DeviceError> {
        if self.working() > 0 {
            return Ok(());
        }
        Err(self
            .error
            .clone()
            .unwrap_or_else(|| DeviceError::Removed("no device of the pool is left".to_owned())))
    }

    /// The member with the least to do for its size among those with room.
    fn least_loaded(&self) -> Option<usize> {
        let members = self.members.iter().enumerate();
        let with_room = members.filter(|(_, member)| {
            member.state == State::Up && member.batches < member.max_in_flight
        });
        let (number, _) = with_room.min_by(|(_, one), (_, other)| {
            let (one_s, other_s) = (
                one.inputs * other.preferred_batch,
                other.inputs * one.preferred_batch,
            );
            // Those that are alike take turns: a quick one, which has answered before the next batch comes, would get
            // all of them.
            let (one, other) = ((one.batches, one.latest), (other.batches, other.latest));
            one_s.cmp(&other_s).then(one.cmp(&other))
        })?;
        Some(number)
    }

    /// Hands batches that no member has to those with room.
    fn place(&mut self) {
        while let Some(&tag) = self.backlog.front() {
            let Some(number) = self.least_loaded() else {
                return;
            };
            self.backlog.pop_front();
            let (Some(job), Some(member)) =
                (self.in_flight.get_mut(&tag), self.members.get_mut(number))
            else {
                continue;
            };
            if member.tell(Command::Submit(tag, job.batch.clone())) {
                job.member = Some(number);
                member.latest = tag;
                member.batches += 1;
                member.inputs += job.batch.luts.len();
            } else {
                self.backlog.push_front(tag);
            }
        }
    }

    /// A batch is no member's any more.
    fn take_back(&mut self, tag: u64) -> Option<&mut InFlight> {
        let job = self.in_flight.get_mut(&tag)?;
        let member = job.member.take();
        if let Some(member) = member.and_then(|number| self.members.get_mut(number)) {
            member.batches = member.batches.saturating_sub(1);
            member.inputs = member.inputs.saturating_sub(job.batch.luts.len());
        }
        Some(job)
    }

    fn finish(&mut self, tag: u64, outputs: Result<Vec<Vec<u64>>, DeviceError>) {
        if self.take_back(tag).is_some() {
            self.in_flight.remove(&tag);
            let tag = BatchTag(tag);
            self.finished.push_back(Finished { tag, outputs });
        }
    }

    /// A member gives a batch back that it has not done. `cause` is its failure, if the batch may be at fault.
    fn redo(&mut self, tag: u64, cause: Option<&DeviceError>) {
        let Some(job) = self.take_back(tag) else {
            return;
        };
        job.redone += u32::from(cause.is_some());
        match cause {
            _ if job.cancelled => self.finish(tag, Err(DeviceError::Cancelled)),
            Some(cause) if job.redone > REDONE => self.finish(tag, Err(cause.clone())),
            _ => self.backlog.push_back(tag),
        }
    }

    /// Takes what a thread says.
    fn hear(&mut self, number: usize, event: Event) {
        match event {
            Event::Finished(tag, outputs) => self.finish(tag, outputs),
            Event::Returned(tag) => {
                // One that takes none, and has not said so, would get it again and again.
                self.change(number, State::Up, State::Out);
                self.redo(tag, None);
            }
            Event::Failed(tags, cause) => {
                self.change(number, State::Up, State::Recovering);
                for tag in tags {
                    self.redo(tag, Some(&cause));
                }
            }
            // One that was given up meanwhile may have the wrong key.
            Event::Recovered => self.change(number, State::Recovering, State::Up),
            Event::Out(error) => {
                self.set(number, State::Out);
                self.error = Some(error);
            }
            // Of a command that was given up.
            Event::Loaded(Err(_)) | Event::Reset(Err(_)) => self.set(number, State::Out),
            Event::Loaded(Ok(())) | Event::Reset(Ok(())) | Event::Progress(..) => (),
        }
        self.place();
    }

    fn set(&mut self, number: usize, state: State) {
        if let Some(member) = self.members.get_mut(number) {
            member.state = state;
        }
    }

    /// Sets the state of a member that is in another.
    fn change(&mut self, number: usize, from: State, to: State) {
        if let Some(member) = self.members.get_mut(number)
            && member.state == from
        {
            member.state = to;
        }
    }

    /// Takes what the threads have said so far.
    fn listen(&mut self) {
        while let Ok((number, event)) = self.next_event(Instant::now()) {
            self.hear(number, event);
        }
    }

    /// The next thing that a thread says which counts.
    fn next_event(&self, deadline: Instant) -> Result<(usize, Event), DeviceError> {
        let start = Instant::now();
        loop {
            match self.events.recv_deadline(deadline) {
                Ok((number, epoch, event)) => {
                    if self
                        .members
                        .get(number)
                        .is_some_and(|member| member.epoch == epoch)
                    {
                        return Ok((number, event));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(DeviceError::Timeout(start.elapsed()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let text = "the threads of the pool have ended";
                    return Err(DeviceError::Removed(text.to_owned()));
                }
            }
        }
    }

    /// Tells all that are asked, and hears their answers: `Ok` if one device did well. The others are out.
    fn all(
        &mut self,
        mut command: impl FnMut(&mut Member) -> Option<Command>,
        deadline: Instant,
        progress: Progress<'_>,
    ) -> Result<(), DeviceError> {
        let mut seen = vec![(0, 0); self.members.len()];
        let mut asked = Vec::new();
        for (number, member) in self.members.iter_mut().enumerate() {
            if let Some(command) = command(member)
                && member.tell(command)
            {
                asked.push(number);
            }
        }
        let mut result = self.fate();
        let (mut refused, mut well) = (None, false);
        while !asked.is_empty() {
            let (number, event) = match self.next_event(deadline + GRACE) {
                Ok(heard) => heard,
                Err(error) => {
                    // The threads of those that have not answered hang in their devices.
                    for number in asked.drain(..) {
                        self.set(number, State::Out);
                    }
                    result = Err(error);
                    break;
                }
            };
            match event {
                Event::Progress(done, total) => {
                    if let Some(seen) = seen.get_mut(number) {
                        *seen = (done, total);
                    }
                    let sum = |pick: fn(&(u64, u64)) -> u64| seen.iter().map(pick).sum();
                    progress(sum(|seen| seen.0), sum(|seen| seen.1));
                }
                Event::Loaded(answer) | Event::Reset(answer) if asked.contains(&number) => {
                    asked.retain(|asked| *asked != number);
                    match answer {
                        Ok(()) => {
                            self.set(number, State::Up);
                            well = true;
                        }
                        // Who asked is wrong, not the device.
                        Err(error @ (DeviceError::Request(_) | DeviceError::Parameters(_))) => {
                            refused = Some(error);
                        }
                        Err(error) => {
                            self.set(number, State::Out);
                            self.error = Some(error.clone());
                            result = Err(error);
                        }
                    }
                }
                event => self.hear(number, event),
            }
        }
        match refused {
            Some(error) => Err(error),
            None if well => Ok(()),
            None => result,
        }
    }
}

impl Device for Pool {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn load_keys(
        &mut self,
        key: &EvaluationKey,
        progress: Progress<'_>,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        if !self.in_flight.is_empty() || !self.finished.is_empty() {
            let text = "batches in flight have to be waited for first";
            return Err(DeviceError::Request(text.to_owned()));
        }
        self.parameters = None;
        lock(&self.tables).clear();
        // It is loaded again when a device has failed.
        let key = Arc::new(key.clone());
        let command = |member: &mut Member| {
            (member.state != State::Out).then(|| Command::Load(Arc::clone(&key), deadline))
        };
        self.all(command, deadline, progress)?;
        self.parameters = Some(key.parameters().clone());
        Ok(())
    }

    fn parameters(&self) -> Option<&ParameterSet> {
        self.parameters.as_ref()
    }

    fn load_luts(
        &mut self,
        first: LutSlot,
        luts: &[&[u64]],
        _: Instant,
    ) -> Result<(), DeviceError> {
        let Some(set) = &self.parameters else {
            let text = "no evaluation key is loaded";
            return Err(DeviceError::Request(text.to_owned()));
        };
        check_luts(&self.identity, set, first, luts)?;
        self.fate()?;
        for (lut, slot) in luts.iter().zip(first.0..) {
            let table: Arc<[u64]> = (*lut).into();
            lock(&self.tables).insert(slot, Arc::clone(&table));
            for member in &mut self.members {
                if member.state != State::Out {
                    member.tell(Command::Table(LutSlot(slot), Arc::clone(&table)));
                }
            }
        }
        Ok(())
    }

    fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
        let Some(set) = &self.parameters else {
            let text = "no evaluation key is loaded";
            return Err(DeviceError::Request(text.to_owned()));
        };
        check_batch(&self.identity, set, &batch)?;
        // A member that has failed is none to hand a batch to.
        self.listen();
        self.fate()?;
        let recovering = self
            .members
            .iter()
            .any(|member| member.state == State::Recovering);
        let held = self.in_flight.len() + self.finished.len();
        let places = recovering || self.least_loaded().is_some();
        if held >= self.identity.max_in_flight || !places {
            return Err(DeviceError::RingFull(held));
        }
        let tag = self.next_tag;
        self.next_tag += 1;
        let job = InFlight {
            batch,
            member: None,
            redone: 0,
            cancelled: false,
        };
        self.in_flight.insert(tag, job);
        self.backlog.push_back(tag);
        self.place();
        Ok(BatchTag(tag))
    }

    fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
        loop {
            if let Some(finished) = self.finished.pop_front() {
                return Ok(finished);
            }
            if self.in_flight.is_empty() {
                return Err(DeviceError::Request("no batch is in flight".to_owned()));
            }
            self.fate()?;
            let (number, event) = self.next_event(deadline)?;
            self.hear(number, event);
        }
    }

    fn cancel(&mut self, tag: BatchTag) {
        let Some(job) = self.in_flight.get_mut(&tag.0) else {
            return;
        };
        job.cancelled = true;
        match job.member.and_then(|number| self.members.get_mut(number)) {
            Some(member) => {
                member.tell(Command::Cancel(tag.0));
            }
            None => {
                self.backlog.retain(|waiting| *waiting != tag.0);
                self.finish(tag.0, Err(DeviceError::Cancelled));
            }
        }
    }

    fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.parameters = None;
        self.in_flight.clear();
        self.backlog.clear();
        self.finished.clear();
        self.error = None;
        lock(&self.tables).clear();
        let command = |member: &mut Member| {
            member.epoch += 1;
            (member.batches, member.inputs) = (0, 0);
            Some(Command::Reset(member.epoch, deadline))
        };
        self.all(command, deadline, &mut |_, _| ())
    }

    fn check(&mut self) -> Result<(), DeviceError> {
        self.listen();
        self.fate()
    }

    fn statistics(&self) -> Statistics {
        let mut sum = Statistics::default();
        for statistics in self.each() {
            sum.add(&statistics);
        }
        sum
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        for member in &mut self.members {
            member.commands = None;
        }
        for member in &mut self.members {
            if let Some(thread) = member.thread.take() {
                // Ends with the reset, the upload or the wait that it is at; each has a deadline.
                let _ = thread.join();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
