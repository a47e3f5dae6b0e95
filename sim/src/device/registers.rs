//! The card's registers: what they read, and what a write does.

#[cfg(test)]
mod tests;

use gyrus_interface::JobStatus;
use gyrus_interface::card::Capabilities;
use gyrus_interface::registers::{Access, Control, Fault, Interrupt, REGISTERS, Register, Status};
use gyrus_interface::settings::Settings;
use std::time::{Duration, Instant};

/// Cycles of [`Register::BusDeadline`] if that is 0.
const DEFAULT_BUS_DEADLINE: u64 = 1 << 20;

/// What the worker has to do next.
pub(super) enum Task {
    /// End.
    PowerOff,
    /// Give everything up.
    Reset,
    /// Take settings.
    Configure,
    /// Do the next job of the ring.
    Job,
}

/// A counter, by the register of its lower half.
pub(super) struct Counter(Register);

impl Counter {
    pub(super) const BUSY: Self = Self(Register::BusyCyclesLow);
    pub(super) const JOBS: Self = Self(Register::JobsLow);
    pub(super) const BOOTSTRAPS: Self = Self(Register::BootstrapsLow);
    pub(super) const HOST_READ: Self = Self(Register::HostWordsReadLow);
    pub(super) const HOST_WRITTEN: Self = Self(Register::HostWordsWrittenLow);
}

/// What the driver asked for in [`Register::Control`], or by switching the card off.
#[derive(Debug, Default)]
pub(super) struct Asked {
    configure: bool,
    pub(super) reset: bool,
    pub(super) power_off: bool,
}

/// How much what [`Register::Error`] reads matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    None,
    Job,
    Fault,
    Halting,
}

fn rank(code: u32) -> Rank {
    match Fault::from_code(code) {
        Some(fault) if fault.halts() => Rank::Halting,
        Some(_) => Rank::Fault,
        None if code == 0 => Rank::None,
        None => Rank::Job,
    }
}

/// The registers' state.
#[derive(Debug)]
pub(super) struct Registers {
    /// Constants and settings as they read; halves of counters: the lower one's at `index`, and what
    /// the upper one reads behind it.
    values: [u32; REGISTERS],
    counters: [u64; REGISTERS],
    power_on: Instant,
    pub(super) asked: Asked,
    /// The settings that were taken.
    taken: Option<Settings>,
    /// How the last configuration ended.
    result: u16,
    /// Bits of [`Status`] that are kept as such.
    status: u32,
    /// First submission entry that is not valid yet.
    tail: u32,
    /// First one that is not consumed: the driver may write those before it.
    position: u32,
    /// The completion of the one before is being written.
    completing: bool,
    /// First completion entry that the driver has not read.
    head: u32,
    cause: u32,
    /// Whether an enabled cause stood when messages were counted last, and how many there were.
    stood: bool,
    messages: u64,
}

impl Registers {
    pub(super) fn new(capabilities: &Capabilities) -> Self {
        let mut values = [0; REGISTERS];
        for (register, value) in capabilities.registers() {
            values[register.index()] = value;
        }
        Self {
            values,
            counters: [0; REGISTERS],
            power_on: Instant::now(),
            asked: Asked::default(),
            taken: None,
            result: 0,
            status: 0,
            tail: 0,
            position: 0,
            completing: false,
            head: 0,
            cause: 0,
            stood: false,
            messages: 0,
        }
    }

    /// What a register reads.
    pub(super) fn read(&mut self, register: Register) -> u32 {
        match register.access() {
            Access::Command => 0,
            Access::Counter => self.read_counter(register),
            Access::Constant | Access::Setting => self.values[register.index()],
            Access::Live => match register {
                Register::Status => self.status(),
                Register::InterruptCause => self.cause,
                _ => self.values[register.index()],
            },
        }
    }

    fn status(&self) -> u32 {
        let bits = [
            (self.taken.is_some(), Status::CONFIGURED),
            (self.asked.configure, Status::CONFIGURING),
            (
                self.taken.is_some() && (self.completing || self.position != self.tail),
                Status::BUSY,
            ),
            (self.asked.reset, Status::RESETTING),
        ];
        let set = bits.iter().filter(|(is, _)| *is).map(|(_, bit)| bit);
        set.fold(self.status, |status, bit| status | bit)
            | u32::from(self.result) << Status::RESULT_SHIFT
    }

    /// The lower half keeps the upper one for the next read of it.
    fn read_counter(&mut self, register: Register) -> u32 {
        let index = register.index();
        if register.name().ends_with("High") {
            return self.values[index];
        }
        if register == Register::CyclesLow {
            let nanoseconds = self.power_on.elapsed().as_nanos();
            self.counters[index] = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
        }
        let value = self.counters[index];
        self.values[index + 1] = (value >> 32) as u32;
        (value & 0xffff_ffff) as u32
    }

    /// Takes what the driver writes to a register.
    pub(super) fn write(&mut self, register: Register, value: u32) {
        match register.access() {
            Access::Constant | Access::Counter => (),
            Access::Setting => self.values[register.index()] = value,
            Access::Command => match register {
                Register::SubmissionTail => {
                    let entries = self.taken.map_or(0, |settings| settings.ring_entries);
                    let valid = |tail: u32| match tail.checked_sub(self.position) {
                        Some(valid) => valid,
                        None => (tail + entries).saturating_sub(self.position),
                    };
                    let back = value < entries && valid(value) < valid(self.tail);
                    if let Some(index) = self.doorbell(value, back) {
                        self.tail = index;
                    }
                }
                Register::CompletionHead => {
                    if let Some(index) = self.doorbell(value, false) {
                        self.head = index;
                    }
                }
                _ => self.control(value),
            },
            Access::Live => match register {
                Register::InterruptCause => self.cause &= !value,
                Register::Error if rank(self.values[Register::Error.index()]) < Rank::Halting => {
                    self.set_error(0, 0, 0);
                }
                _ => (),
            },
        }
    }

    fn control(&mut self, value: u32) {
        if value & Control::RESET != 0 {
            self.asked.reset = true;
        } else if value & Control::CONFIGURE != 0 && !self.halted() && !self.asked.reset {
            self.asked.configure = true;
        }
    }

    /// A doorbell's index, if it is one and does not go back.
    fn doorbell(&mut self, index: u32, back: bool) -> Option<u32> {
        if self.asked.reset {
            return None;
        }
        let entries = self.taken.map_or(0, |settings| settings.ring_entries);
        if index < entries && !back {
            return (!self.halted()).then_some(index);
        }
        self.report(Fault::BadDoorbell as u32, 0, index.into());
        None
    }

    const fn halted(&self) -> bool {
        Status(self.status).has(Status::HALTED)
    }

    fn set_error(&mut self, code: u32, tag: u64, detail: u64) {
        let words = [
            (Register::Error, u64::from(code)),
            (Register::ErrorTagLow, tag),
            (Register::ErrorTagHigh, tag >> 32),
            (Register::ErrorDetailLow, detail),
            (Register::ErrorDetailHigh, detail >> 32),
        ];
        for (register, word) in words {
            self.values[register.index()] = (word & 0xffff_ffff) as u32;
        }
    }

    /// Keeps an error if it is the first of its rank, and none of a higher rank is kept.
    pub(super) fn report(&mut self, code: u32, tag: u64, detail: u64) {
        if rank(self.values[Register::Error.index()]) < rank(code) {
            self.set_error(code, tag, detail);
            self.cause |= Interrupt::ERROR;
        }
    }

    /// Stops the card because of a fault.
    pub(super) fn halt(&mut self, fault: Fault, detail: u64) {
        self.report(fault as u32, 0, detail);
        self.status |= Status::HALTED;
    }

    /// Adds to a counter.
    pub(super) const fn count(&mut self, counter: &Counter, amount: u64) {
        let counter = &mut self.counters[counter.0.index()];
        *counter = counter.wrapping_add(amount);
    }

    /// Sets or clears bits of [`Register::Status`].
    pub(super) const fn set_status(&mut self, bits: u32, set: bool) {
        if set {
            self.status |= bits;
        } else {
            self.status &= !bits;
        }
    }

    /// The settings as they were written.
    pub(super) fn settings(&self) -> Settings {
        Settings::from_registers(|register| self.values[register.index()])
    }

    /// Ends a configuration.
    pub(super) const fn configured(&mut self, result: Result<Settings, JobStatus>) {
        self.asked.configure = false;
        self.set_status(Status::KEY_LOADED | Status::KEYSWITCH_KEY_LOADED, false);
        (self.tail, self.position, self.head) = (0, 0, 0);
        self.completing = false;
        match result {
            Ok(settings) => {
                self.taken = Some(settings);
                self.result = JobStatus::Ok as u16;
            }
            Err(status) => {
                self.taken = None;
                self.result = status as u16;
            }
        }
    }

    /// Ends a reset: as after power-on, but for the counters.
    pub(super) fn reset(&mut self, stuck: bool) {
        for register in Register::ALL {
            if matches!(register.access(), Access::Setting | Access::Live) {
                self.values[register.index()] = 0;
            }
        }
        self.asked.reset = false;
        self.asked.configure = false;
        self.taken = None;
        self.result = 0;
        self.status = if stuck {
            Status::STUCK | Status::HALTED
        } else {
            0
        };
        (self.tail, self.position, self.head) = (0, 0, 0);
        self.completing = false;
        self.cause = 0;
    }

    /// Says that the entries before `position` are consumed. This comes before the completion: a driver
    /// that sees that may fill the ring at once, up to the entry of the completed job.
    pub(super) const fn consume(&mut self, position: u32) {
        self.position = position;
        self.completing = true;
    }

    /// Says that the completion of the entries consumed is in host memory.
    pub(super) const fn completed(&mut self) {
        self.completing = false;
        self.cause |= Interrupt::COMPLETION;
    }

    /// First completion entry that the driver has not read.
    pub(super) const fn head(&self) -> u32 {
        self.head
    }

    /// Cycles, here nanoseconds, after which a bus counts as dead.
    pub(super) fn bus_deadline(&self) -> Duration {
        Duration::from_nanos(match self.values[Register::BusDeadline.index()] {
            0 => DEFAULT_BUS_DEADLINE,
            cycles => cycles.into(),
        })
    }

    /// Whether an enabled cause stands.
    pub(super) fn interrupt(&self) -> bool {
        self.cause & self.values[Register::InterruptEnable.index()] != 0
    }

    /// Counts a message when an enabled cause stands that did not at the call before.
    pub(super) fn count_message(&mut self) {
        let stands = self.interrupt();
        self.messages += u64::from(stands && !self.stood);
        self.stood = stands;
    }

    /// Messages since power-on.
    pub(super) const fn messages(&self) -> u64 {
        self.messages
    }

    /// What there is to do.
    pub(super) fn task(&self) -> Option<Task> {
        if self.asked.power_off {
            Some(Task::PowerOff)
        } else if self.asked.reset {
            Some(Task::Reset)
        } else if self.halted() {
            None
        } else if self.taken.is_some() && self.position != self.tail {
            Some(Task::Job)
        } else {
            self.asked.configure.then_some(Task::Configure)
        }
    }
}
