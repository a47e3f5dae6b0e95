//! Discovery, obstacles, the access path through sysfs, and the transport, over files that look like a
//! machine's. What needs a kernel and a card is proved elsewhere.

use super::access::{Access, Woken};
use super::config::{BUS_MASTER, MEMORY};
use super::dma::{DmaMemory, pages};
use super::fake::{AT, CARD, Machine};
use super::mmio::Registers;
use super::sysfs::SysfsAccess;
use super::transport::PcieTransport;
use super::{AccessPath, Id, Obstacle, PcieError, ask, discover, find};
use crate::device::Transport;
use gyrus_interface::DeviceError;
use gyrus_interface::registers::{Control, Interrupt, MAGIC, Register, Status};
use gyrus_sim::device::CardOptions;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn finds_the_cards_among_other_functions_by_address() {
    let machine = Machine::new();
    let other = Id {
        vendor: 0x8086,
        ..CARD
    };
    machine.add("0000:00:02.0", other);
    machine.add("0001:03:00.0", CARD);
    machine.add("0000:af:00.1", CARD);
    machine.put("0000:af:00.1", "numa_node", "1\n");
    machine.put("0000:af:00.1", "enable", "1\n");
    let functions = machine.functions();
    let addresses: Vec<String> = functions.iter().map(|f| f.address.to_string()).collect();
    assert_eq!(addresses, ["0000:af:00.1", "0001:03:00.0"]);
    let [first, second] = &functions[..] else {
        panic!("two");
    };
    assert_eq!(
        (first.bar_bytes, first.numa_node, first.enabled),
        (65536, Some(1), true)
    );
    assert_eq!(
        (second.bar_bytes, second.numa_node, second.enabled),
        (65536, None, false)
    );
    assert_eq!(first.id, CARD);
    let found = discover(&machine.roots, &[other]).unwrap();
    assert_eq!(found[0].address.to_string(), "0000:00:02.0");
    let nowhere = super::Roots {
        sys: machine.directory().join("nothing"),
        dev: machine.directory().join("nothing"),
    };
    assert!(discover(&nowhere, &[CARD]).unwrap().is_empty());
}

#[test]
fn an_address_names_a_card_or_nothing() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.add(
        "0000:04:00.0",
        Id {
            vendor: 0x8086,
            ..CARD
        },
    );
    let find = |address: &str| find(&machine.roots, &[CARD], address.parse().unwrap());
    assert_eq!(find("03:00.0").unwrap().address.to_string(), AT);
    assert!(matches!(find("05:00.0"), Err(PcieError::NoFunction(_))));
    let text = find("04:00.0").unwrap_err().to_string();
    assert!(text.ends_with("GYRUS_PCI_IDS=8086:6779"), "{text}");
}

#[test]
fn a_function_without_driver_is_reached_through_sysfs() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.huge_pages(8);
    let function = machine.function();
    assert_eq!(
        (function.path, &function.obstacles[..]),
        (AccessPath::Sysfs, &[][..])
    );
    machine.group(AT, 14, "identity");
    assert!(machine.function().check().is_ok());
}

#[test]
fn each_obstacle_of_sysfs_is_found_with_its_command() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    let texts = |machine: &Machine| -> Vec<String> {
        let obstacles = machine.function().obstacles;
        obstacles.iter().map(Obstacle::to_string).collect()
    };
    let only = |machine: &Machine, command: &str| {
        let texts = texts(machine);
        assert!(
            texts.len() == 1 && texts[0].contains(command),
            "{command}: {texts:?}"
        );
    };
    only(&machine, "echo 4 | sudo tee /proc/sys/vm/nr_hugepages");
    machine.huge_pages(8);
    machine.put(AT, "resource", "0x0 0x0 0x0\n");
    only(
        &machine,
        "sudo tee /sys/bus/pci/devices/0000:03:00.0/remove",
    );
    machine.put(AT, "resource", "0xe000 0xefff 0x40101\n");
    only(
        &machine,
        "sudo tee /sys/bus/pci/devices/0000:03:00.0/remove",
    );
    machine.put(AT, "resource", "0xfe000000 0xfe000fff 0x40200\n");
    assert!(texts(&machine).is_empty());
    let access = SysfsAccess::open(&machine.function()).unwrap();
    only(&machine, "sudo fuser -v");
    drop(access);
    machine.driver(AT, "other");
    only(&machine, "echo 0000:03:00.0 | sudo tee");
    fs::remove_file(machine.path(AT, "driver")).unwrap();
    machine.group(AT, 14, "DMA-FQ");
    only(&machine, "sudo scripts/bind 0000:03:00.0");
    machine.driver(AT, "other");
    only(&machine, "driver other has it");
    only(&machine, "sudo scripts/bind 0000:03:00.0");
}

#[test]
fn each_obstacle_of_vfio_is_found_with_its_command() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.driver(AT, "vfio-pci");
    assert_eq!(machine.function().path, AccessPath::Vfio);
    let texts = |machine: &Machine| -> Vec<String> {
        let obstacles = machine.function().obstacles;
        obstacles.iter().map(Obstacle::to_string).collect()
    };
    let [none] = &texts(&machine)[..] else {
        panic!("one obstacle");
    };
    assert!(none.contains("intel_iommu=on") && none.contains("scripts/bind --unbind 0000:03:00.0"));
    machine.group(AT, 14, "DMA");
    let missing = texts(&machine);
    assert_eq!(missing.len(), 2, "{missing:?}");
    assert!(missing[0].contains("dev/vfio/vfio; ") && missing[1].contains("dev/vfio/14; "));
    machine.device_file("vfio");
    assert!(texts(&machine)[0].ends_with("sudo modprobe vfio-pci"));
    machine.device_file("14");
    assert!(machine.function().check().is_ok());
}

#[test]
fn a_card_is_asked_and_left_as_it_was() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.huge_pages(1);
    machine.set_command(AT, 0x0400 | BUS_MASTER);
    let says = ask(&machine.function()).unwrap();
    assert_eq!(says, CardOptions::default().capabilities);
    // Whoever made it a bus master is gone; the kernel counts who switches it on.
    assert_eq!(machine.command(AT), 0x0400 | MEMORY);
    assert_eq!(
        fs::read_to_string(machine.path(AT, "enable")).unwrap(),
        "0\n"
    );
    machine.set(AT, Register::Magic, u32::MAX);
    assert!(matches!(
        ask(&machine.function()),
        Err(DeviceError::Removed(_))
    ));
    machine.set(AT, Register::Magic, !MAGIC);
    assert!(matches!(
        ask(&machine.function()),
        Err(DeviceError::Protocol(_))
    ));
    machine.set(AT, Register::Magic, MAGIC);
    machine.set(AT, Register::Version, 1 << 16);
    let newer = ask(&machine.function());
    assert!(matches!(newer, Err(DeviceError::InterfaceVersion { .. })));
    fs::write(machine.path(AT, "config"), [0xff; 64]).unwrap();
    assert!(matches!(
        ask(&machine.function()),
        Err(DeviceError::Removed(_))
    ));
    machine.driver(AT, "other");
    machine.group(AT, 14, "DMA");
    let Err(DeviceError::Unavailable(text)) = ask(&machine.function()) else {
        panic!("no obstacle");
    };
    assert!(text.ends_with("sudo scripts/bind 0000:03:00.0"), "{text}");
}

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
        Ok(DmaMemory::new(
            BASE,
            bytes,
            vec![pages(bytes, false).unwrap()],
        ))
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), PcieError> {
        self.log.lock().unwrap().push(if on { "on" } else { "off" });
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

    fn reset(&mut self) -> Result<(), PcieError> {
        self.log.lock().unwrap().push("reset");
        Ok(())
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
    let mut memory = Logged::new(&machine, &Log::default()).share(4096).unwrap();
    memory.leak();
    assert_eq!(memory.bytes(), 0);
    let log = Log::default();
    let mut access = Logged::new(&machine, &log);
    access.stuck = true;
    drop(access.open());
    assert_eq!(log.lock().unwrap().last(), Some(&"reset"));
}

#[test]
fn huge_pages_that_are_missing_are_named() {
    let address = AT.parse().unwrap();
    // More than any machine of these tests has.
    let error = super::huge_pages::allocate(address, 1 << 45).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("nr_hugepages") || text.contains("root"),
        "{text}"
    );
}
