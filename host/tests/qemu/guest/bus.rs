//! Tests without the driver: what the kernel sees of the cards, and what becomes of them when it is told.

use super::card::TestCard;
use super::runner::{Outcome, Runner};
use crate::contract::{BAR_BYTES, Fault, MSIX, MSIX_PENDING};
use gyrus::interface::pci::{DEVICE_ID, VENDOR_ID};
use gyrus::interface::registers::{Interrupt, MAGIC, Register};
use std::time::{Duration, Instant};

/// The command register, and what it may be.
const COMMAND: usize = 4;
const MEMORY: u32 = 1 << 1;
const MEMORY_AND_MASTER: u32 = MEMORY | 1 << 2;
/// Enables MSI-X. The only entry of its table is masked after a reset.
const ENABLE: u32 = 1 << 31;

pub(super) fn run(runner: &mut Runner) {
    runner.test("the kernel finds both cards", finds_cards);
    runner.test("registers answer", registers_answer);
    runner.test("a reset of the function resets the card", resets);
    runner.test("an interrupt waits while it is masked", interrupts_wait);
    runner.test("a card does as a test asks", faults_come_and_go);
}

fn finds_cards() -> Outcome {
    for card in TestCard::ALL {
        assert_eq!(card.attribute("vendor")?, format!("{VENDOR_ID:#06x}"));
        assert_eq!(card.attribute("device")?, format!("{DEVICE_ID:#06x}"));
        assert_eq!(card.attribute("class")?, "0x120000");
        let resource = card.attribute("resource")?;
        let bar: Vec<u64> = resource
            .split_whitespace()
            .take(2)
            .map(|number| u64::from_str_radix(number.trim_start_matches("0x"), 16))
            .collect::<Result<_, _>>()?;
        assert_eq!(bar[1] - bar[0] + 1, u64::from(BAR_BYTES), "{resource}");
        assert!(card.directory().join("iommu_group").exists(), "no IOMMU");
    }
    Ok(())
}

fn registers_answer() -> Outcome {
    for card in TestCard::ALL {
        card.set("enable", "1")?;
        let mut registers = card.registers()?;
        assert_eq!(registers.bytes(), BAR_BYTES as usize);
        assert_eq!(registers.read(Register::Magic.offset()), MAGIC);
        let setting = Register::LweDimension.offset();
        registers.write(setting, 0x1234_5678);
        assert_eq!(registers.read(setting), 0x1234_5678);
    }
    Ok(())
}

/// What was set is forgotten, while the kernel restores what it has set itself.
fn resets() -> Outcome {
    let card = TestCard(0);
    let other = TestCard(1).registers()?;
    let setting = Register::LweDimension.offset();
    assert!(card.attribute("reset_method")?.contains("flr"));
    let mut registers = card.registers()?;
    registers.write(setting, 77);
    card.set("reset", "1")?;
    assert_eq!(registers.read(Register::Magic.offset()), MAGIC);
    assert_eq!(registers.read(setting), 0);
    assert_eq!(other.read(setting), 0x1234_5678);
    Ok(())
}

/// It stands as a pending bit meanwhile; a reset of the function takes it back.
fn interrupts_wait() -> Outcome {
    let card = TestCard(0);
    let mut registers = card.registers()?;
    card.config_write(COMMAND, MEMORY_AND_MASTER)?;
    card.config_write(MSIX, ENABLE)?;
    registers.write(Register::InterruptEnable.offset(), Interrupt::ERROR);
    assert_eq!(registers.read(MSIX_PENDING), 0);
    // An error, as there are no rings yet.
    registers.write(Register::SubmissionTail.offset(), 1);
    assert_eq!(
        registers.read(Register::InterruptCause.offset()),
        Interrupt::ERROR
    );
    let give_up = Instant::now() + Duration::from_secs(10);
    while registers.read(MSIX_PENDING) != 1 {
        assert!(Instant::now() < give_up, "no interrupt is pending");
    }
    assert_eq!(card.counts()?, (0, 0));
    card.set("reset", "1")?;
    assert_eq!(registers.read(MSIX_PENDING), 0);
    card.config_write(MSIX, 0)?;
    card.config_write(COMMAND, MEMORY)?;
    Ok(())
}

fn faults_come_and_go() -> Outcome {
    let card = TestCard(0);
    let registers = card.registers()?;
    let (magic, version) = (Register::Magic.offset(), Register::Version.offset());
    let right = registers.read(version);
    for fault in [Fault::Dead, Fault::Removed] {
        card.fail(fault, 0)?;
        assert_eq!(registers.read(magic), u32::MAX, "{fault:?}");
        let ids = card.config_read(0)?;
        assert_eq!(ids == u32::MAX, fault == Fault::Removed, "{ids:#x}");
        card.fail(Fault::None, 0)?;
        assert_eq!(registers.read(magic), MAGIC);
    }
    card.fail(Fault::NewerInterface, 0)?;
    assert_eq!(registers.read(version), right + (1 << 16));
    card.fail(Fault::None, 0)?;
    assert_eq!(registers.read(version), right);
    assert_eq!(card.counts()?, (0, 0));
    // What `registers_answer` has switched on.
    TestCard::ALL
        .into_iter()
        .try_for_each(|card| card.set("enable", "0"))?;
    Ok(())
}
