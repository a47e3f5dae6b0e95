//! The model card against everything that a card has to do.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use gyrus_interface::card::Channels;
use gyrus_interface::registers::{Register, Status};
use gyrus_sim::conformance::{CHECKS, Options, capture, replay, run, run_one};
use gyrus_sim::device::{Card, CardError, CardOptions, HostMemory, MemoryFault, ModelCard};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn card(options: &CardOptions) -> ModelCard {
    ModelCard::power_on(options).unwrap()
}

/// A card of one hardware build's shape: few lanes, narrow channels, everything in one bank.
fn small() -> CardOptions {
    let mut options = CardOptions {
        threads: NonZeroUsize::new(1),
        ..CardOptions::default()
    };
    let build = &mut options.capabilities;
    build.lanes = 8;
    build.max_log2_n = 9;
    build.slots = 4;
    build.lut_slots = 7;
    build.max_batch = 8;
    build.key = Channels { count: 2, words: 4 };
    build.keyswitch = Channels { count: 1, words: 2 };
    build.bank_log2 = 22;
    build.memory_pages = 4 << (22 - 12);
    options
}

fn check(card_options: &CardOptions, options: &Options) {
    let mut card = card(card_options);
    for &(name, check) in CHECKS {
        let start = Instant::now();
        run_one(&mut card, options, name, check).unwrap_or_else(|error| panic!("{error}"));
        println!("{name}: {:.2} s", start.elapsed().as_secs_f64());
    }
}

#[test]
fn the_model_does_what_a_card_has_to_do() {
    check(&CardOptions::default(), &Options::default());
}

#[test]
fn a_model_of_another_build_does_too() {
    let options = Options {
        seed: 2,
        ring_entries: 5,
        batch: 8,
        random_jobs: 2000,
        resets: 20,
        ..Options::default()
    };
    check(&small(), &options);
}

#[test]
fn what_one_card_did_another_does_again() {
    let options = Options::default();
    let captured = capture(&mut card(&CardOptions::default()), &options).unwrap();
    replay(&mut card(&CardOptions::default()), &options, &captured).unwrap();
    let error = replay(&mut card(&small()), &options, &captured).unwrap_err();
    assert!(error.to_string().contains("shape"), "{error}");

    let mut wrong = captured.clone();
    let at = wrong.after.iter().rposition(|&word| word != 0).unwrap();
    wrong.after[at] ^= 1;
    let error = replay(&mut card(&CardOptions::default()), &options, &wrong).unwrap_err();
    assert!(error.to_string().contains("host memory"), "{error}");
}

/// What is wrong with a card.
#[derive(Clone, Copy, PartialEq)]
enum Defect {
    /// Hears no doorbell.
    Deaf,
    /// Tells the upper halves of details wrong.
    Detail,
    /// Does not see what is written to its memory: that a key is damaged.
    CardMemory,
    /// Clears all causes of an interrupt at once.
    Causes,
    /// Forgets why it has halted when the driver clears that.
    Halt,
}

/// The model with a defect.
struct Defective {
    card: ModelCard,
    defect: Defect,
    cleared: bool,
}

impl Card for Defective {
    fn name(&self) -> &str {
        "defective"
    }
    fn read_register(&mut self, offset: u32) -> Result<u32, CardError> {
        if self.defect == Defect::Halt && self.cleared && offset == Register::Error.offset() {
            return Ok(0);
        }
        let wrong = self.defect == Defect::Detail && offset == Register::ErrorDetailHigh.offset();
        Ok(self.card.read_register(offset)? ^ u32::from(wrong))
    }
    fn write_register(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        let halted = Status(self.card.read(Register::Status)?).has(Status::HALTED);
        self.cleared = halted && offset == Register::Error.offset();
        match (self.defect, Register::at(offset)) {
            (Defect::Deaf, Some(Register::SubmissionTail)) => Ok(()),
            (Defect::Causes, Some(Register::InterruptCause)) => {
                self.card.write_register(offset, u32::MAX)
            }
            _ => self.card.write_register(offset, value),
        }
    }
    fn memory(&self) -> &Arc<HostMemory> {
        self.card.memory()
    }
    fn wait_interrupt(&mut self, deadline: Instant) -> Result<bool, CardError> {
        self.card.wait_interrupt(deadline)
    }
    fn read_card_memory(&mut self, address: u64, words: &mut [u64]) -> Result<(), CardError> {
        self.card.read_card_memory(address, words)
    }
    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), CardError> {
        match self.defect {
            Defect::CardMemory => Ok(()),
            _ => self.card.write_card_memory(address, words),
        }
    }
    fn fail_card_memory(&mut self, range: Range<u64>, fault: MemoryFault) {
        self.card.fail_card_memory(range, fault);
    }
    fn reset_buses(&mut self) {
        self.card.reset_buses();
    }
    fn mend_card_memory(&mut self) {
        self.card.mend_card_memory();
    }
}

#[test]
fn cards_with_defects_are_found_in_time() {
    let start = Instant::now();
    for (defect, text) in [
        (Defect::Deaf, "in time"),
        (Defect::Detail, "bad doorbells: error of"),
        (Defect::CardMemory, "wrong images"),
        (Defect::Causes, "interrupts"),
        (Defect::Halt, "faults that halt"),
    ] {
        let mut card = Defective {
            card: card(&CardOptions::default()),
            defect,
            cleared: false,
        };
        let options = Options {
            patience: Duration::from_millis(500),
            random_jobs: 10,
            resets: 1,
            ..Options::default()
        };
        let error = run(&mut card, &options).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(start.elapsed() < Duration::from_secs(30));
}
