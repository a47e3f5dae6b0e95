//! The thread of one device of a pool.

use super::{PoolOptions, lock};
use crate::device::{
    Batch, BatchTag, Device, LOOK, LutSlot, Statistics, bring_back, let_go_if_gone, verdict,
};
use crate::key::EvaluationKey;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use gyrus_interface::DeviceError;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The look-up table in each slot.
pub(super) type Tables = BTreeMap<u32, Arc<[u64]>>;

/// How long one wait for the device lasts before new commands are looked at.
const SLICE: Duration = Duration::from_micros(500);

/// What the pool asks for.
pub(super) enum Command {
    Load(Arc<EvaluationKey>, Instant),
    Table(LutSlot, Arc<[u64]>),
    Submit(u64, Batch),
    Cancel(u64),
    /// With the epoch that begins.
    Reset(u64, Instant),
}

/// What the pool is told.
pub(super) enum Event {
    Progress(u64, u64),
    Loaded(Result<(), DeviceError>),
    Reset(Result<(), DeviceError>),
    Finished(u64, Result<Vec<Vec<u64>>, DeviceError>),
    /// The device takes no batches; this one is none of its.
    Returned(u64),
    /// The device failed with these batches, and is reset and loaded again.
    Failed(Vec<u64>, DeviceError),
    Recovered,
    Out(DeviceError),
}

/// A batch on the device.
struct OnDevice {
    tag: u64,
    expires: Instant,
}

/// Whether an error is one that a device has to be reset for.
fn needs_reset(error: &DeviceError) -> bool {
    verdict(error).1
}

/// What all threads of a pool share.
#[derive(Clone)]
pub(super) struct Common {
    pub(super) options: PoolOptions,
    pub(super) reports: Sender<(usize, u64, Event)>,
    pub(super) tables: Arc<Mutex<Tables>>,
    /// The pool is going.
    pub(super) closing: Arc<AtomicBool>,
}

pub(super) struct Worker {
    device: Box<dyn Device>,
    number: usize,
    common: Common,
    inbox: Receiver<Command>,
    statistics: Arc<Mutex<Statistics>>,
    epoch: u64,
    key: Option<Arc<EvaluationKey>>,
    on_device: HashMap<BatchTag, OnDevice>,
    /// Batches that there was no room for.
    waiting: VecDeque<(u64, Batch)>,
    /// Commands that came during a recovery.
    kept: VecDeque<Command>,
    /// It has failed, and finished nothing since.
    failed: bool,
    out: bool,
}

impl Worker {
    pub(super) fn new(
        device: Box<dyn Device>,
        number: usize,
        common: Common,
        inbox: Receiver<Command>,
        statistics: Arc<Mutex<Statistics>>,
    ) -> Self {
        Self {
            device,
            number,
            common,
            inbox,
            statistics,
            epoch: 0,
            key: None,
            on_device: HashMap::new(),
            waiting: VecDeque::new(),
            kept: VecDeque::new(),
            failed: false,
            out: false,
        }
    }

    /// Works until the pool is gone.
    pub(super) fn run(mut self) {
        while !self.common.closing.load(Ordering::Relaxed) {
            let idle = self.on_device.is_empty();
            match self.next_command(idle) {
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) if idle => self.look(),
                Err(RecvTimeoutError::Timeout) => self.wait(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What the pool asks for next; who has nothing else to do waits a little for it.
    fn next_command(&mut self, idle: bool) -> Result<Command, RecvTimeoutError> {
        if let Some(command) = self.kept.pop_front() {
            Ok(command)
        } else if idle {
            self.inbox.recv_timeout(LOOK)
        } else {
            self.inbox.try_recv().map_err(|error| match error {
                TryRecvError::Empty => RecvTimeoutError::Timeout,
                TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
            })
        }
    }

    /// Looks whether a device that has nothing to do is still there.
    fn look(&mut self) {
        match self.device.check() {
            Ok(()) => (),
            Err(error) if self.out => let_go_if_gone(&mut self.device, &error, &error),
            Err(error) => self.recover(error),
        }
    }

    fn report(&self, event: Event) {
        *lock(&self.statistics) = self.device.statistics();
        // A pool that is gone needs to know nothing.
        let _ = self.common.reports.send((self.number, self.epoch, event));
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Submit(tag, _) if self.out => self.report(Event::Returned(tag)),
            Command::Submit(tag, batch) => {
                self.waiting.push_back((tag, batch));
                self.submit();
            }
            Command::Table(..) if self.out => (),
            Command::Table(slot, table) => {
                // The pool's caller does not wait for it, and it may have waited for something itself.
                let deadline = Instant::now() + self.common.options.deadline;
                if let Err(error) = self.device.load_luts(slot, &[&table], deadline) {
                    self.recover(error);
                }
            }
            Command::Cancel(tag) => {
                let on_device = self.on_device.iter();
                let found = on_device
                    .filter(|(_, batch)| batch.tag == tag)
                    .map(|(device_s, _)| *device_s);
                let found: Vec<BatchTag> = found.collect();
                for tag in found {
                    self.device.cancel(tag);
                }
            }
            Command::Load(key, deadline) => {
                let (reports, place) = (&self.common.reports, (self.number, self.epoch));
                let mut progress = |done, total| {
                    let _ = reports.send((place.0, place.1, Event::Progress(done, total)));
                };
                let loaded = self.device.load_keys(&key, &mut progress, deadline);
                self.key = Some(key);
                self.out = loaded.is_err();
                self.report(Event::Loaded(loaded));
            }
            Command::Reset(epoch, deadline) => {
                self.epoch = epoch;
                self.on_device.clear();
                self.waiting.clear();
                let reset = self.device.reset(deadline);
                self.out = reset.is_err();
                self.failed = false;
                self.report(Event::Reset(reset));
            }
        }
    }

    /// Hands over the batches that wait, as far as there is room.
    fn submit(&mut self) {
        while let Some((tag, batch)) = self.waiting.front() {
            let tag = *tag;
            match self.device.submit(batch.clone()) {
                Ok(device_s) => {
                    let expires = Instant::now() + self.common.options.deadline;
                    self.on_device.insert(device_s, OnDevice { tag, expires });
                    self.waiting.pop_front();
                }
                Err(DeviceError::RingFull(_)) if !self.on_device.is_empty() => return,
                Err(error) if needs_reset(&error) => return self.recover(error),
                Err(error) => {
                    self.waiting.pop_front();
                    self.report(Event::Finished(tag, Err(error)));
                }
            }
        }
    }

    /// Waits a little for the device.
    fn wait(&mut self) {
        match self.device.wait(Instant::now() + SLICE) {
            Ok(finished) => {
                let Some(batch) = self.on_device.remove(&finished.tag) else {
                    let tag = finished.tag.0;
                    let text = format!("batch {tag} is not in flight");
                    return self.recover(DeviceError::Protocol(text));
                };
                match finished.outputs {
                    Err(error) if needs_reset(&error) => {
                        self.on_device.insert(finished.tag, batch);
                        self.recover(error);
                    }
                    outputs => {
                        self.failed &= outputs.is_err();
                        self.report(Event::Finished(batch.tag, outputs));
                        self.submit();
                    }
                }
            }
            Err(DeviceError::Timeout(_)) => (),
            Err(error) => self.recover(error),
        }
        // A device may finish others and never that one.
        let now = Instant::now();
        if self.on_device.values().any(|batch| batch.expires < now) {
            self.recover(DeviceError::Timeout(self.common.options.deadline));
        }
    }

    /// Gives all batches back, then resets the device and loads everything again.
    fn recover(&mut self, cause: DeviceError) {
        let on_device = std::mem::take(&mut self.on_device);
        let tags = on_device.into_values().map(|batch| batch.tag).collect();
        self.report(Event::Failed(tags, cause.clone()));
        for (tag, _) in std::mem::take(&mut self.waiting) {
            self.report(Event::Returned(tag));
        }
        let again = std::mem::replace(&mut self.failed, true);
        let recovered = if again {
            Err(cause)
        } else {
            let recovered = self.reload();
            recovered.inspect_err(|failure| let_go_if_gone(&mut self.device, &cause, failure))
        };
        self.out = recovered.is_err();
        self.report(match recovered {
            Ok(()) => Event::Recovered,
            Err(error) => Event::Out(error),
        });
    }

    /// Resets the device and loads it again. Batches that come meanwhile go back to the pool, which may have
    /// another device for them.
    fn reload(&mut self) -> Result<(), DeviceError> {
        let options = self.common.options;
        let mut load = |device: &mut dyn Device| {
            let Some(key) = &self.key else {
                return Ok(());
            };
            let deadline = Instant::now() + options.key_deadline;
            device.load_keys(key, &mut |_, _| (), deadline)?;
            let tables = lock(&self.common.tables).clone();
            for (slot, table) in tables {
                device.load_luts(LutSlot(slot), &[&table], deadline)?;
            }
            Ok(())
        };
        let mut proceed = || {
            for command in self.inbox.try_iter() {
                match command {
                    Command::Submit(tag, _) => {
                        let returned = (self.number, self.epoch, Event::Returned(tag));
                        let _ = self.common.reports.send(returned);
                    }
                    // It is among those that are loaded, or of a batch that has gone back.
                    Command::Table(..) | Command::Cancel(_) => (),
                    Command::Load(..) | Command::Reset(..) => self.kept.push_back(command),
                }
            }
            // What the pool wants reset need not be brought back first.
            let reset = |command: &Command| matches!(command, Command::Reset(..));
            if self.common.closing.load(Ordering::Relaxed) || self.kept.iter().any(reset) {
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
}
