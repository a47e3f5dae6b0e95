//! What the driver's side of the card and its worker share: the registers, and how one waits for the
//! other.

use super::registers::{Registers, Task};
use gyrus_interface::card::Capabilities;
use gyrus_interface::registers::{Control, Fault, Register};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The registers, and the means to wait for each other.
#[derive(Debug)]
pub(super) struct Shared {
    registers: Mutex<Registers>,
    changed: Condvar,
    /// Set while a reset or the end is asked for: the worker gives up what it does.
    cancel: AtomicBool,
    /// The buses have been reset, and the card has not been since.
    buses_reset: AtomicBool,
}

impl Shared {
    pub(super) fn new(capabilities: &Capabilities) -> Self {
        Self {
            registers: Mutex::new(Registers::new(capabilities)),
            changed: Condvar::new(),
            cancel: AtomicBool::new(false),
            buses_reset: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Registers> {
        self.registers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the registers or changes them, and wakes who waits for a change.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut Registers) -> T) -> T {
        let mut registers = self.lock();
        let result = change(&mut registers);
        registers.count_message();
        drop(registers);
        self.changed.notify_all();
        result
    }

    /// What a register reads.
    pub(super) fn read(&self, register: Register) -> u32 {
        self.lock().read(register)
    }

    /// Takes what the driver writes to a register.
    pub(super) fn write(&self, register: Register, value: u32) {
        self.with(|registers| {
            registers.write(register, value);
            if registers.asked.reset {
                self.cancel.store(true, Ordering::Relaxed);
            }
        });
    }

    /// Resets the card with its buses.
    pub(super) fn reset_buses(&self) {
        self.buses_reset.store(true, Ordering::Relaxed);
        self.write(Register::Control, Control::RESET);
    }

    /// Whether the buses have been reset since the last call.
    pub(super) fn take_buses_reset(&self) -> bool {
        self.buses_reset.swap(false, Ordering::Relaxed)
    }

    /// Tells the worker to end.
    pub(super) fn power_off(&self) {
        self.with(|registers| {
            registers.asked.power_off = true;
            self.cancel.store(true, Ordering::Relaxed);
        });
    }

    /// Ends a reset.
    pub(super) fn reset(&self, stuck: bool) {
        self.with(|registers| {
            registers.reset(stuck && !self.take_buses_reset());
            self.cancel
                .store(registers.asked.power_off, Ordering::Relaxed);
        });
    }

    /// What tells the worker to give up.
    pub(super) const fn cancel(&self) -> &AtomicBool {
        &self.cancel
    }

    /// Whether the worker has to give up.
    pub(super) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// Whether the worker has to end.
    pub(super) fn ending(&self) -> bool {
        self.lock().asked.power_off
    }

    /// Waits for something to do.
    pub(super) fn next_task(&self) -> Task {
        let mut registers = self.lock();
        loop {
            if let Some(task) = registers.task() {
                return task;
            }
            registers = self
                .changed
                .wait(registers)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the driver has read completions so that entry `next` may become the first free
    /// one; `false` when the worker has to give up. Reports, once, that it waits: the entry at
    /// `address` is not free.
    pub(super) fn wait_for_room(&self, next: u32, address: u64) -> bool {
        let mut registers = self.lock();
        if registers.head() == next {
            registers.report(Fault::CompletionRingFull as u32, 0, address);
            registers.count_message();
            self.changed.notify_all();
        }
        while registers.head() == next {
            if self.cancelled() {
                return false;
            }
            registers = self
                .changed
                .wait(registers)
                .unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Waits for an interrupt until `deadline`; `false` when none came.
    pub(super) fn wait_interrupt(&self, deadline: Instant) -> bool {
        self.wait_until(deadline, Registers::interrupt).interrupt()
    }

    /// Waits until the number of messages is not `seen` any more, or until `deadline`: the number.
    pub(super) fn wait_message(&self, seen: u64, deadline: Instant) -> u64 {
        let sent = |registers: &Registers| registers.messages() != seen;
        self.wait_until(deadline, sent).messages()
    }

    /// Waits until the registers are so, or until `deadline`.
    fn wait_until(
        &self,
        deadline: Instant,
        are_so: impl Fn(&Registers) -> bool,
    ) -> MutexGuard<'_, Registers> {
        let mut registers = self.lock();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if are_so(&registers) || left.is_zero() {
                return registers;
            }
            (registers, _) = self
                .changed
                .wait_timeout(registers, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}
