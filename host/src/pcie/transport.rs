//! The way of the ring engine to a card on PCIe.

use super::access::{Access, Woken};
use super::dma::DmaMemory;
use super::sysfs::SysfsAccess;
use super::vfio::VfioAccess;
use super::{AccessPath, Address, Function, Obstacle, PcieError, poll};
use crate::device::Transport;
use gyrus_interface::DeviceError;
use gyrus_interface::card::Capabilities;
use gyrus_interface::registers::{Control, Register, Status};
use std::time::{Duration, Instant};

/// What a register reads if nobody answers.
const ONES: u32 = u32::MAX;
/// What the reset of a card that somebody left may take; with the driver's deadlines of its buses it is half a
/// second.
const RESET_LIMIT: Duration = Duration::from_secs(2);
/// While another process looks what there is, a card is not to be had.
const BUSY_TRIES: Duration = Duration::from_millis(300);
/// The time between two tries.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// A card on PCIe. As long as this exists nobody else can have it; it is reset before and after.
#[derive(Debug)]
pub struct PcieTransport {
    name: String,
    address: Address,
    access: Box<dyn Access>,
    memory: DmaMemory,
    /// Interrupt causes that are enabled.
    enabled: u32,
}

/// Takes a function.
fn access(function: &Function) -> Result<Box<dyn Access>, PcieError> {
    if !cfg!(target_arch = "x86_64") {
        return Err(PcieError::Processor);
    }
    function.check()?;
    let give_up = Instant::now() + BUSY_TRIES;
    loop {
        let opened: Result<Box<dyn Access>, PcieError> = match function.path {
            AccessPath::Vfio => VfioAccess::open(function).map(|access| Box::new(access) as _),
            AccessPath::Sysfs => SysfsAccess::open(function).map(|access| Box::new(access) as _),
        };
        match opened {
            Err(PcieError::Blocked {
                obstacle: Obstacle::Busy(_),
                ..
            }) if Instant::now() < give_up => std::thread::sleep(BUSY_PAUSE),
            other => return other,
        }
    }
}

fn capabilities(access: &dyn Access) -> Result<Capabilities, DeviceError> {
    Capabilities::read(|register| Ok(access.registers().read(register)?))
}

/// Asks a card what it is, and lets it be.
///
/// # Errors
/// It cannot be used, or see [`Capabilities::read`].
pub fn ask(function: &Function) -> Result<Capabilities, DeviceError> {
    capabilities(&*access(function)?)
}

impl PcieTransport {
    /// Takes a card, resets it, and makes memory that it shares with the host: as many bytes as
    /// `shared_bytes` says for such a card, or some more.
    ///
    /// # Errors
    /// [`DeviceError::Unavailable`] says what has to be done before it can be used; otherwise see
    /// [`Capabilities::read`].
    pub fn open(
        function: &Function,
        shared_bytes: impl FnOnce(&Capabilities) -> usize,
    ) -> Result<Self, DeviceError> {
        let name = format!("pcie {} ({})", function.address, function.path);
        Self::over(name, function.address, access(function)?, shared_bytes)
    }

    pub(super) fn over(
        name: String,
        address: Address,
        mut access: Box<dyn Access>,
        shared_bytes: impl FnOnce(&Capabilities) -> usize,
    ) -> Result<Self, DeviceError> {
        access.reset()?;
        let capabilities = capabilities(&*access)?;
        let memory = access.share(shared_bytes(&capabilities))?;
        let mut transport = Self {
            name,
            address,
            access,
            memory,
            enabled: 0,
        };
        transport.forget_rings()?;
        transport.access.set_bus_master(true)?;
        Ok(transport)
    }

    /// Resets the card while it cannot reach memory: a function that cannot be reset still has the rings of a
    /// process that was killed, whose memory is somebody else's now.
    fn forget_rings(&self) -> Result<(), PcieError> {
        let registers = self.access.registers();
        registers.write(Register::Control, Control::RESET)?;
        let ended = poll::until(Instant::now() + RESET_LIMIT, || {
            let status = Status(self.register(Register::Status)?);
            Ok::<_, PcieError>(!status.has(Status::RESETTING))
        })?;
        if ended {
            return Ok(());
        }
        Err(PcieError::Halted {
            address: self.address,
            reason: "its reset does not end, and it may not reach memory before that",
        })
    }

    fn removed(&self) -> PcieError {
        PcieError::Removed {
            address: self.address,
            reason: "its registers read as ones",
        }
    }

    /// Reads a register, and looks at one that is never all ones if it is.
    fn register(&self, register: Register) -> Result<u32, PcieError> {
        let registers = self.access.registers();
        let value = registers.read(register)?;
        if value == ONES && registers.read(Register::Magic)? == ONES {
            return Err(self.removed());
        }
        Ok(value)
    }

    /// Looks whether the card still has its settings, after a wait in which it said nothing.
    fn look_for_reset(&self) -> Result<(), PcieError> {
        if self.enabled == 0 || self.register(Register::InterruptEnable)? == self.enabled {
            return Ok(());
        }
        Err(PcieError::Halted {
            address: self.address,
            reason: "it has lost its settings: somebody else has reset it",
        })
    }
}

impl Transport for PcieTransport {
    fn name(&self) -> &str {
        &self.name
    }

    fn simulated(&self) -> bool {
        false
    }

    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError> {
        Ok(self.register(register)?)
    }

    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        match register {
            Register::InterruptEnable => self.enabled = value,
            // One that comes after this is of a later cause, or for a ring that is looked at next.
            Register::InterruptCause => self.access.forget_interrupt(),
            Register::Control if value & Control::RESET != 0 => {
                self.enabled = 0;
                let status = Status(self.register(Register::Status)?);
                if status.has(Status::STUCK) || status.has(Status::RESETTING) {
                    // The last reset of this kind did not help, or does not end.
                    self.access.reset()?;
                }
                // A reset of the function by somebody else may have taken this from it.
                self.access.set_bus_master(true)?;
            }
            _ => (),
        }
        Ok(self.access.registers().write(register, value)?)
    }

    fn shared_memory(&self) -> (u64, usize) {
        (self.memory.base(), self.memory.bytes())
    }

    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        Ok(self.memory.read(address, into)?)
    }

    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError> {
        Ok(self.memory.load_acquire(address)?)
    }

    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        Ok(self.memory.write(address, from)?)
    }

    fn wait_interrupt(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        let interrupted = match self.access.wait(deadline)? {
            Woken::Interrupt => true,
            Woken::Deadline => false,
            Woken::NoInterrupts => poll::until(deadline, || {
                let causes = self.register(Register::InterruptCause)?;
                Ok::<_, PcieError>(causes & self.enabled != 0)
            })?,
        };
        if !interrupted {
            self.look_for_reset()?;
        }
        Ok(())
    }
}

impl Drop for PcieTransport {
    fn drop(&mut self) {
        // The card must not write any more when its memory becomes somebody else's.
        let quiet = match self.access.set_bus_master(false) {
            Ok(()) | Err(PcieError::Removed { .. }) => true,
            Err(_) => false,
        };
        let reset = self.access.reset().unwrap_or(false);
        self.memory.clear();
        if !quiet && !reset {
            self.memory.leak();
        }
    }
}
