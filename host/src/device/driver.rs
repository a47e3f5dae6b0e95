//! A card's registers, as the driver uses them: what it is, its settings, doorbells, what went wrong.

use super::{Counters, Transport};
use gyrus_interface::card::{Capabilities, Channels};
use gyrus_interface::layout::WORD_BYTES;
use gyrus_interface::registers::{Control, Fault, Interrupt, Register, Status};
use gyrus_interface::settings::Settings;
use gyrus_interface::{DeviceError, JobStatus};
use std::time::{Duration, Instant};

/// Milliseconds after which a bus that does not move counts as dead. PCIe's completion timeout is as
/// long.
const BUS_DEADLINE_MS: u32 = 50;

/// How often a card that is to change its status is looked at.
const LOOK: Duration = Duration::from_micros(200);

/// Longest wait for an interrupt before the status is looked at.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// An error once `deadline` has passed, for what began at `start`.
pub(super) fn in_time(start: Instant, deadline: Instant) -> Result<(), DeviceError> {
    if Instant::now() < deadline {
        Ok(())
    } else {
        Err(DeviceError::Timeout(start.elapsed()))
    }
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    Interrupt,
    /// The caller's patience.
    Deadline,
    /// The status has to be looked at.
    Time,
}

/// A card behind a transport.
#[derive(Debug)]
pub(super) struct Driver<T> {
    pub(super) transport: T,
    pub(super) capabilities: Capabilities,
}

impl<T: Transport> Driver<T> {
    /// Asks the card what it is, and resets it unless it is as after power-on: a process that died may
    /// have left it configured, busy or halted.
    ///
    /// # Errors
    /// See [`Capabilities::read`]; [`DeviceError::Timeout`], [`DeviceError::Stuck`] of the reset.
    pub(super) fn open(mut transport: T, deadline: Instant) -> Result<Self, DeviceError> {
        let capabilities = Capabilities::read(|register| transport.read_register(register))?;
        let mut driver = Self {
            transport,
            capabilities,
        };
        if driver.status()? != Status(0) {
            driver.reset(deadline)?;
        }
        Ok(driver)
    }

    fn status(&mut self) -> Result<Status, DeviceError> {
        match self.transport.read_register(Register::Status)? {
            u32::MAX => {
                let text = "its registers read as ones";
                Err(DeviceError::Removed(text.to_owned()))
            }
            status => Ok(Status(status)),
        }
    }

    /// Waits until a bit of the status is not set.
    fn wait_for(&mut self, bit: u32, deadline: Instant) -> Result<Status, DeviceError> {
        let start = Instant::now();
        loop {
            let status = self.status()?;
            if !status.has(bit) {
                return Ok(status);
            }
            if !status.has(Status::RESETTING) {
                self.running(status)?;
            }
            in_time(start, deadline)?;
            self.transport
                .wait_interrupt(deadline.min(Instant::now() + LOOK))?;
        }
    }

    /// Waits until no reset and no configuration is under way that was given up: what is written before
    /// that is lost.
    ///
    /// # Errors
    /// [`DeviceError::Halted`] or [`DeviceError::Stuck`] when only a reset helps, [`DeviceError::Timeout`].
    pub(super) fn settle(&mut self, deadline: Instant) -> Result<Status, DeviceError> {
        self.wait_for(Status::RESETTING, deadline)?;
        let status = self.wait_for(Status::CONFIGURING, deadline)?;
        self.running(status)?;
        Ok(status)
    }

    /// Looks at whether the card is there and runs.
    ///
    /// # Errors
    /// [`DeviceError::Removed`], also when the kernel wants it back; [`DeviceError::Halted`],
    /// [`DeviceError::Stuck`].
    pub(super) fn check(&mut self) -> Result<(), DeviceError> {
        // What the kernel has to say comes the way of the interrupts.
        self.transport.wait_interrupt(Instant::now())?;
        let status = self.status()?;
        self.running(status)
    }

    /// An error if the card takes nothing but a reset.
    fn running(&mut self, status: Status) -> Result<(), DeviceError> {
        if status.has(Status::STUCK) {
            return Err(DeviceError::Stuck);
        }
        if status.has(Status::HALTED) {
            return Err(DeviceError::Halted(self.kept_error()?.1));
        }
        Ok(())
    }

    /// Sets the card up, which has settled.
    ///
    /// # Errors
    /// [`DeviceError::Request`] when it does not take the settings, [`DeviceError::Halted`],
    /// [`DeviceError::Timeout`].
    pub(super) fn configure(
        &mut self,
        settings: &Settings,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        let bus_deadline = self.capabilities.clock_khz.saturating_mul(BUS_DEADLINE_MS);
        let causes = Interrupt::COMPLETION | Interrupt::ERROR;
        let registers = settings.registers().into_iter().chain([
            (Register::BusDeadline, bus_deadline),
            (Register::Error, 0),
            (Register::InterruptCause, causes),
            (Register::InterruptEnable, causes),
            (Register::Control, Control::CONFIGURE),
        ]);
        for (register, value) in registers {
            self.transport.write_register(register, value)?;
        }
        let status = self.wait_for(Status::CONFIGURING, deadline)?;
        match JobStatus::from_code(status.result()) {
            Some(JobStatus::Ok) if status.has(Status::CONFIGURED) => Ok(()),
            Some(JobStatus::Ok) => {
                let text = "the card took its settings, but is not configured";
                Err(DeviceError::Protocol(text.to_owned()))
            }
            Some(status) => Err(DeviceError::Request(format!(
                "the card refuses its settings: {status}"
            ))),
            None => Err(DeviceError::Protocol(format!(
                "the card refuses its settings with the undefined code {}",
                status.result()
            ))),
        }
    }

    /// Tells that the submission entries before `tail` are valid; they are written before that.
    pub(super) fn submitted(&mut self, tail: usize) -> Result<(), DeviceError> {
        self.ring(Register::SubmissionTail, tail)
    }

    /// Tells that the completion entries before `head` have been read; the card may overwrite them.
    pub(super) fn taken(&mut self, head: usize) -> Result<(), DeviceError> {
        self.ring(Register::CompletionHead, head)
    }

    fn ring(&mut self, doorbell: Register, index: usize) -> Result<(), DeviceError> {
        // A ring has at most 2^16 entries.
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.transport.write_register(doorbell, index)
    }

    /// Clears the interrupt causes that stand, and says which did. To be called before the completion ring is
    /// looked at a last time: what comes after that look raises the interrupt again.
    ///
    /// # Errors
    /// [`DeviceError::Halted`]; [`DeviceError::Protocol`] when a fault of the card's own came up, or it is not
    /// set up any more.
    pub(super) fn acknowledge(&mut self) -> Result<u32, DeviceError> {
        let causes = self.transport.read_register(Register::InterruptCause)?;
        if causes != 0 {
            self.transport
                .write_register(Register::InterruptCause, causes)?;
        }
        let status = self.status()?;
        self.running(status)?;
        if !status.has(Status::CONFIGURED) {
            let text = "the card has forgotten its settings: somebody else has reset it";
            return Err(DeviceError::Protocol(text.to_owned()));
        }
        if causes & Interrupt::ERROR == 0 {
            return Ok(causes);
        }
        let (fault, text) = self.kept_error()?;
        if !fault {
            // What a job's status says comes with its completion. It hides no fault, so it may stand:
            // clearing it might clear a fault that came up behind it.
            return Ok(causes);
        }
        // One that halts may have come up since the first look.
        let status = self.status()?;
        self.running(status)?;
        // The next fault is told again.
        self.transport.write_register(Register::Error, 0)?;
        Err(DeviceError::Protocol(text))
    }

    /// Waits for an interrupt, not longer than until the status has to be looked at.
    pub(super) fn wait(&mut self, deadline: Instant) -> Result<Woken, DeviceError> {
        let longest = Instant::now() + LONGEST_WAIT;
        self.transport.wait_interrupt(deadline.min(longest))?;
        let now = Instant::now();
        Ok(if now >= longest {
            Woken::Time
        } else if now >= deadline {
            Woken::Deadline
        } else {
            Woken::Interrupt
        })
    }

    /// Whether the card has raised an interrupt that was not acknowledged.
    pub(super) fn has_raised(&mut self) -> Result<bool, DeviceError> {
        Ok(self.transport.read_register(Register::InterruptCause)? != 0)
    }

    /// Gives up everything in flight.
    ///
    /// # Errors
    /// [`DeviceError::Timeout`], [`DeviceError::Stuck`].
    pub(super) fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        self.transport
            .write_register(Register::Control, Control::RESET)?;
        let status = self.wait_for(Status::RESETTING, deadline)?;
        if status.has(Status::STUCK) {
            return Err(DeviceError::Stuck);
        }
        Ok(())
    }

    /// What the card has counted.
    ///
    /// # Errors
    /// [`DeviceError::Removed`].
    pub(super) fn counters(&mut self) -> Result<Counters, DeviceError> {
        self.status()?;
        let mut read = |low: Register| {
            // Reading the low half keeps the high one.
            let high = Register::at(low.offset() + 4).unwrap_or(low);
            self.read_wide(low, high)
        };
        let word = WORD_BYTES as u64;
        let [cycles, turn_cycles, busy_cycles] = [
            read(Register::CyclesLow)?,
            read(Register::TurnCyclesLow)?,
            read(Register::BusyCyclesLow)?,
        ];
        let [key_wait_cycles, keyswitch_wait_cycles] = [
            read(Register::KeyWaitCyclesLow)?,
            read(Register::KeyswitchWaitCyclesLow)?,
        ];
        let [jobs, bootstraps] = [read(Register::JobsLow)?, read(Register::BootstrapsLow)?];
        let [key_beats, keyswitch_beats] = [
            read(Register::KeyBeatsReadLow)?,
            read(Register::KeyswitchBeatsReadLow)?,
        ];
        let [words_read, words_written] = [
            read(Register::HostWordsReadLow)?,
            read(Register::HostWordsWrittenLow)?,
        ];
        let beat = |channels: Channels| channels.beat_words() as u64 * word;
        Ok(Counters {
            cycles,
            turn_cycles,
            busy_cycles,
            key_wait_cycles,
            keyswitch_wait_cycles,
            jobs,
            bootstraps,
            key_bytes: key_beats * beat(self.capabilities.key),
            keyswitch_key_bytes: keyswitch_beats * beat(self.capabilities.keyswitch),
            host_bytes_read: words_read * word,
            host_bytes_written: words_written * word,
        })
    }

    /// Whether the error that the card keeps is a fault of its own, and a text about it.
    fn kept_error(&mut self) -> Result<(bool, String), DeviceError> {
        let code = self.transport.read_register(Register::Error)?;
        let tag = self.read_wide(Register::ErrorTagLow, Register::ErrorTagHigh)?;
        let detail = self.read_wide(Register::ErrorDetailLow, Register::ErrorDetailHigh)?;
        let status = u16::try_from(code).ok().and_then(JobStatus::from_code);
        Ok(match (Fault::from_code(code), status) {
            (Some(fault), _) => (true, format!("{fault} (detail {detail:#x})")),
            (None, Some(JobStatus::Ok)) => (false, "its error register says nothing".to_owned()),
            (None, Some(status)) => (
                false,
                format!("its error register keeps job {tag}: {status} (detail {detail:#x})"),
            ),
            (None, None) => (true, format!("undefined error {code} (detail {detail:#x})")),
        })
    }

    fn read_wide(&mut self, low: Register, high: Register) -> Result<u64, DeviceError> {
        let low = self.transport.read_register(low)?;
        let high = self.transport.read_register(high)?;
        Ok(u64::from(high) << 32 | u64::from(low))
    }
}
