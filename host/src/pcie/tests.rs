//! Discovery, obstacles, and the access path through sysfs, over files that look like a
//! machine's. What needs a kernel and a card is proved elsewhere.

use super::config::{BUS_MASTER, MEMORY};
use super::fake::{AT, CARD, Machine};
use super::sysfs::SysfsAccess;
use super::{AccessPath, Id, Obstacle, PcieError, ask, discover, find};
use gyrus_interface::DeviceError;
use gyrus_interface::registers::{MAGIC, Register};
use gyrus_sim::device::CardOptions;
use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

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

#[test]
fn a_function_that_cannot_be_taken_is_not_left_switched_on() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.huge_pages(8);
    // Opens, and cannot be mapped.
    fs::remove_file(machine.path(AT, "resource0")).unwrap();
    symlink("/dev/null", machine.path(AT, "resource0")).unwrap();
    let asked = ask(&machine.function());
    assert!(
        matches!(asked, Err(DeviceError::Unavailable(_))),
        "{asked:?}"
    );
    let count = fs::read_to_string(machine.path(AT, "enable")).unwrap();
    assert_eq!(count, "0\n");
}

#[test]
fn who_only_looks_takes_no_card_from_another() {
    let machine = Machine::new();
    machine.add(AT, CARD);
    machine.huge_pages(8);
    let function = machine.function();
    let held = SysfsAccess::open(&function).unwrap();
    assert!(machine.function().check().is_ok());
    let asked = ask(&function);
    assert!(
        matches!(&asked, Err(DeviceError::Unavailable(text)) if text.contains("sudo fuser -v")),
        "{asked:?}"
    );
    // Who has it for a moment is waited for.
    let soon = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        drop(held);
    });
    assert!(ask(&function).is_ok());
    soon.join().unwrap();
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
