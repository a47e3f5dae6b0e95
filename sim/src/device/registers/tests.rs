//! The registers by themselves, without a worker.

use super::*;
use crate::device::CardOptions;

fn registers() -> Registers {
    Registers::new(&CardOptions::default().capabilities)
}

#[test]
fn settings_read_back_and_nothing_else_can_be_written() {
    let mut registers = registers();
    for &register in Register::ALL {
        let before = registers.read(register);
        if register == Register::Control {
            continue;
        }
        registers.write(register, 0x1234_5678);
        match register.access() {
            Access::Setting => assert_eq!(registers.read(register), 0x1234_5678),
            Access::Constant => assert_eq!(registers.read(register), before),
            Access::Command => assert_eq!(registers.read(register), 0),
            Access::Live | Access::Counter => (),
        }
    }
    assert_eq!(registers.read(Register::JobsLow), 0);
    assert_eq!(registers.read(Register::Status), 0);
}

#[test]
fn the_upper_half_of_a_counter_belongs_to_the_lower_one_that_was_read() {
    let mut registers = registers();
    registers.count(&Counter::JOBS, u64::from(u32::MAX));
    assert_eq!(registers.read(Register::JobsLow), u32::MAX);
    registers.count(&Counter::JOBS, 1);
    assert_eq!(registers.read(Register::JobsHigh), 0);
    assert_eq!(registers.read(Register::JobsLow), 0);
    assert_eq!(registers.read(Register::JobsHigh), 1);
    assert_eq!(registers.read(Register::BootstrapsLow), 0);
}

#[test]
fn the_first_error_stays_until_it_is_cleared() {
    let mut registers = registers();
    registers.report(5, 1 << 40 | 2, 3 << 40 | 4);
    registers.report(6, 7, 8);
    let mut read = |register| registers.read(register);
    assert_eq!(read(Register::Error), 5);
    assert_eq!(read(Register::ErrorTagLow), 2);
    assert_eq!(read(Register::ErrorTagHigh), 1 << 8);
    assert_eq!(read(Register::ErrorDetailLow), 4);
    assert_eq!(read(Register::ErrorDetailHigh), 3 << 8);
    assert_eq!(read(Register::InterruptCause), Interrupt::ERROR);
    registers.write(Register::InterruptCause, Interrupt::ERROR);
    registers.report(6, 7, 8);
    assert_eq!(registers.read(Register::InterruptCause), 0);
    registers.write(Register::Error, 0);
    assert_eq!(registers.read(Register::Error), 0);
    registers.report(6, 7, 8);
    assert_eq!(registers.read(Register::Error), 6);
    assert_eq!(registers.read(Register::InterruptCause), Interrupt::ERROR);
}

#[test]
fn a_graver_error_replaces_one_that_is_not_and_a_halt_stays() {
    let mut registers = registers();
    let (full, bad) = (Fault::CompletionRingFull, Fault::BadDoorbell);
    registers.report(5, 1, 2);
    registers.write(Register::InterruptCause, Interrupt::ERROR);
    registers.report(full as u32, 0, 3);
    assert_eq!(registers.read(Register::Error), full as u32);
    assert_eq!(registers.read(Register::ErrorTagLow), 0);
    assert_eq!(registers.read(Register::InterruptCause), Interrupt::ERROR);
    registers.report(bad as u32, 0, 4);
    registers.report(5, 1, 2);
    assert_eq!(registers.read(Register::ErrorDetailLow), 3);
    registers.write(Register::InterruptCause, Interrupt::ERROR);
    registers.halt(Fault::BusDeadline, 5);
    registers.halt(Fault::CompletionRingUnreachable, 6);
    registers.report(bad as u32, 0, 7);
    registers.write(Register::Error, 0);
    let dead = Fault::BusDeadline as u32;
    assert_eq!(registers.read(Register::Error), dead);
    assert_eq!(registers.read(Register::ErrorDetailLow), 5);
    assert_eq!(registers.read(Register::InterruptCause), Interrupt::ERROR);
    registers.reset(false);
    assert_eq!(registers.read(Register::Error), 0);
}

#[test]
fn a_message_is_sent_whenever_an_enabled_cause_comes_to_stand() {
    let mut registers = registers();
    let mut after = |step: &dyn Fn(&mut Registers)| {
        step(&mut registers);
        registers.count_message();
        registers.messages()
    };
    let enable = |causes| {
        move |registers: &mut Registers| registers.write(Register::InterruptEnable, causes)
    };
    let complete = |registers: &mut Registers| registers.completed();
    let clear = |registers: &mut Registers| registers.write(Register::InterruptCause, u32::MAX);
    assert_eq!(after(&complete), 0);
    assert_eq!(after(&enable(Interrupt::COMPLETION)), 1);
    assert_eq!(after(&complete), 1);
    assert_eq!(after(&clear), 1);
    assert_eq!(after(&complete), 2);
    assert_eq!(after(&enable(Interrupt::ERROR)), 2);
    assert_eq!(after(&enable(u32::MAX)), 3);
    assert_eq!(after(&|registers| registers.report(5, 1, 2)), 3);
    assert_eq!(after(&|registers| registers.reset(false)), 3);
    assert_eq!(after(&|registers| registers.report(5, 1, 2)), 3);
    assert_eq!(after(&enable(Interrupt::ERROR)), 4);
}

#[test]
fn an_entry_is_free_before_its_completion_can_be_seen() {
    let mut registers = registers();
    let ring_entries = 5;
    registers.configured(Ok(Settings {
        ring_entries,
        ..Settings::default()
    }));
    let busy =
        |registers: &mut Registers| Status(registers.read(Register::Status)).has(Status::BUSY);
    for position in 0..2 * ring_entries {
        let next = (position + 1) % ring_entries;
        registers.write(Register::SubmissionTail, next);
        assert!(matches!(registers.task(), Some(Task::Job)));
        registers.consume(next);
        assert!(busy(&mut registers));
        // All entries but one, the last of which is the one just consumed.
        registers.write(Register::SubmissionTail, position % ring_entries);
        assert_eq!(registers.read(Register::Error), 0);
        registers.completed();
        for others in 1..ring_entries {
            assert!(busy(&mut registers));
            registers.consume((next + others) % ring_entries);
            registers.completed();
        }
        assert!(!busy(&mut registers));
        // As if the ring were one entry further, for the next turn.
        registers.write(Register::SubmissionTail, next);
        registers.consume(next);
        registers.completed();
    }
    registers.write(Register::SubmissionTail, 2);
    registers.write(Register::SubmissionTail, 1);
    assert_eq!(registers.read(Register::Error), Fault::BadDoorbell as u32);
}

#[test]
fn a_doorbell_before_the_rings_is_bad() {
    let mut registers = registers();
    registers.write(Register::SubmissionTail, 1);
    assert_eq!(registers.read(Register::Error), Fault::BadDoorbell as u32);
    assert_eq!(registers.read(Register::ErrorDetailLow), 1);
    assert!(registers.task().is_none());
}
