//! The transport over a function that logs what is done to it.

use super::PcieError;
use super::access::{Access, Woken};
use super::dma::DmaMemory;
use super::fake::{AT, CARD, Machine};
use super::mmio::Registers;
use super::transport::PcieTransport;
use crate::device::Transport;
use gyrus_interface::DeviceError;
use gyrus_interface::registers::{Control, Interrupt, Register, Status};
use memmap2::MmapOptions;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What was done to a function.
type Log = Arc<Mutex<Vec<&'static str>>>;

/// Bus address of its memory.
const BASE: u64 = 0x20_0000;

/// A function over files, with memory that is anybody's, which logs what is done to it.
#[derive(Debug)]
struct Logged {
    registers: Registers,
    log: Log,
    woken: Vec<Woken>,
    stuck: bool,
    resettable: bool,
    /// The file that its memory is.
    memory: PathBuf,
}

impl Logged {
    fn new(machine: &Machine, log: &Log) -> Self {
        let file = fs::File::options()
            .read(true)
            .write(true)
            .open(machine.path(AT, "resource0"));
        Self {
            registers: Registers::map(&file.unwrap(), 0).unwrap(),
            log: Arc::clone(log),
            woken: Vec::new(),
            stuck: false,
            resettable: true,
            memory: machine.path(AT, "memory"),
        }
    }

    fn open(self) -> PcieTransport {
        let address = AT.parse().unwrap();
        PcieTransport::over("test".to_owned(), address, Box::new(self), |card| {
            card.max_batch as usize * 64
        })
        .unwrap()
    }
}

impl Access for Logged {
    fn registers(&self) -> &Registers {
        &self.registers
    }

    fn share(&mut self, bytes: usize) -> Result<DmaMemory, PcieError> {
        self.log.lock().unwrap().push("share");
        let file = fs::File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&self.memory)
            .unwrap();
        file.set_len(bytes as u64).unwrap();
        let mapping = MmapOptions::new().len(bytes).map_raw(&file).unwrap();
        Ok(DmaMemory::new(BASE, bytes, vec![mapping]))
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), PcieError> {
        // The card has been told to give up its rings before it may reach memory.
        let own_reset = self.registers.read(Register::Control)? == Control::RESET;
        self.log.lock().unwrap().push(match (on, own_reset) {
            (true, true) => "on",
            (true, false) => "on with rings",
            (false, _) => "off",
        });
        if self.stuck && !on {
            let address = AT.parse().unwrap();
            return Err(PcieError::Command {
                address,
                wanted: 2,
                kept: 6,
            });
        }
        Ok(())
    }

    fn reset(&mut self) -> Result<bool, PcieError> {
        self.log.lock().unwrap().push("reset");
        Ok(self.resettable)
    }

    fn forget_interrupt(&mut self) {
        let stands = self.registers.read(Register::InterruptCause).unwrap() != 0;
        let what = if stands { "forget" } else { "forget too late" };
        self.log.lock().unwrap().push(what);
    }

    fn wait(&mut self, _: Instant) -> Result<Woken, PcieError> {
        Ok(self.woken.pop().unwrap_or(Woken::NoInterrupts))
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(3)
}

#[test]
fn a_card_is_reset_before_and_after_and_quiet_before_its_memory_goes() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    let log = Log::default();
    let mut transport = Logged::new(&machine, &log).open();
    assert_eq!(*log.lock().unwrap(), ["reset", "share", "on"]);
    assert_eq!(transport.shared_memory(), (BASE, 64 * 64));
    transport.write(BASE + 8, &[7, 8]).unwrap();
    assert_eq!(transport.load_acquire(BASE + 16).unwrap(), 8);
    let outside = transport.write(BASE + 64 * 64 - 8, &[1, 2]);
    assert!(
        matches!(outside, Err(DeviceError::Request(_))),
        "{outside:?}"
    );
    // A reset from outside may have taken the right to write.
    transport
        .write_register(Register::Control, Control::RESET)
        .unwrap();
    assert_eq!(machine.get(AT, Register::Control), Control::RESET);
    drop(transport);
    assert_eq!(
        *log.lock().unwrap(),
        ["reset", "share", "on", "on", "off", "reset"]
    );
}

#[test]
fn a_card_that_no_reset_of_its_own_helps_is_reset_as_a_function() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    let log = Log::default();
    let mut transport = Logged::new(&machine, &log).open();
    let reset = |transport: &mut PcieTransport| {
        log.lock().unwrap().clear();
        let written = transport.write_register(Register::Control, Control::RESET);
        written.unwrap();
        log.lock().unwrap().clone()
    };
    machine.set(AT, Register::Status, Status::HALTED);
    assert_eq!(reset(&mut transport), ["on"]);
    for bit in [Status::STUCK, Status::RESETTING] {
        machine.set(AT, Register::Status, Status::HALTED | bit);
        assert_eq!(reset(&mut transport), ["reset", "on"]);
    }
}

#[test]
fn ones_are_an_error_only_from_a_card_that_is_gone() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    let mut transport = Logged::new(&machine, &Log::default()).open();
    machine.set(AT, Register::ErrorDetailLow, u32::MAX);
    assert_eq!(
        transport.read_register(Register::ErrorDetailLow).unwrap(),
        u32::MAX
    );
    machine.set(AT, Register::Magic, u32::MAX);
    let gone = transport.read_register(Register::ErrorDetailLow);
    assert!(matches!(gone, Err(DeviceError::Removed(_))), "{gone:?}");
    machine.set(AT, Register::InterruptCause, u32::MAX);
    let gone = transport.wait_interrupt(soon());
    assert!(matches!(gone, Err(DeviceError::Removed(_))), "{gone:?}");
}

#[test]
fn a_wait_ends_with_a_cause_that_is_enabled_or_in_time() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    let mut transport = Logged::new(&machine, &Log::default()).open();
    machine.set(AT, Register::InterruptCause, Interrupt::ERROR);
    let enable = Register::InterruptEnable;
    transport
        .write_register(enable, Interrupt::COMPLETION)
        .unwrap();
    let deadline = soon();
    transport.wait_interrupt(deadline).unwrap();
    assert!(Instant::now() >= deadline);
    machine.set(AT, Register::InterruptCause, Interrupt::COMPLETION);
    let far = Instant::now() + Duration::from_secs(60);
    transport.wait_interrupt(far).unwrap();
    assert!(Instant::now() < far);
}

#[test]
fn a_reset_behind_the_drivers_back_shows_after_a_wait_without_interrupt() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    let mut access = Logged::new(&machine, &Log::default());
    access.woken = vec![
        Woken::Deadline,
        Woken::Deadline,
        Woken::Interrupt,
        Woken::Deadline,
    ];
    let mut transport = access.open();
    let enable = Register::InterruptEnable;
    transport
        .write_register(enable, Interrupt::COMPLETION)
        .unwrap();
    transport.wait_interrupt(soon()).unwrap();
    machine.set(AT, enable, 0);
    // A spurious interrupt is nothing to look at the settings for.
    transport.wait_interrupt(soon()).unwrap();
    let reset = transport.wait_interrupt(soon());
    let Err(DeviceError::Halted(text)) = reset else {
        panic!("{reset:?}");
    };
    assert!(text.contains(AT) && text.contains("reset it"), "{text}");
    // After a reset of the driver's own there are no settings to lose.
    transport
        .write_register(Register::Control, Control::RESET)
        .unwrap();
    transport.wait_interrupt(soon()).unwrap();
}

#[test]
fn the_memory_of_a_card_that_stays_a_bus_master_stays_when_no_reset_helps() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    let memory = machine.path(AT, "memory");
    let is_mapped = || {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        maps.contains(memory.to_str().unwrap())
    };
    for (stuck, resettable, stays) in [
        (false, true, false),
        (false, false, false),
        (true, true, false),
        (true, false, true),
    ] {
        let mut access = Logged::new(&machine, &Log::default());
        access.stuck = stuck;
        access.resettable = resettable;
        let transport = access.open();
        assert!(is_mapped());
        drop(transport);
        assert_eq!(is_mapped(), stays, "{stuck} {resettable}");
        fs::remove_file(&memory).unwrap();
    }
}

#[test]
fn a_card_whose_reset_does_not_end_reaches_no_memory() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.set(AT, Register::Status, Status::RESETTING);
    let log = Log::default();
    let access = Box::new(Logged::new(&machine, &log));
    let address = AT.parse().unwrap();
    let opened = PcieTransport::over("test".to_owned(), address, access, |_| 4096);
    assert!(matches!(opened, Err(DeviceError::Halted(_))), "{opened:?}");
    assert_eq!(*log.lock().unwrap(), ["reset", "share", "off", "reset"]);
}

#[test]
fn an_interrupt_is_forgotten_before_its_cause_is_cleared() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.set(AT, Register::InterruptCause, Interrupt::COMPLETION);
    let log = Log::default();
    let mut transport = Logged::new(&machine, &log).open();
    log.lock().unwrap().clear();
    let cause = Register::InterruptCause;
    transport.write_register(cause, 0).unwrap();
    assert_eq!(*log.lock().unwrap(), ["forget"]);
}
