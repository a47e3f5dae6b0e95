//! The card as a PCI function: configuration space, BAR0 with registers and MSI-X, resets, faults.

use super::PciFunction;
use super::bus::GuestBus;
use super::config::{BAR0, ConfigSpace, Effect};
use super::faults::Faults;
use super::msix::{Message, Msix};
use super::ram::GuestRam;
use crate::contract::{ARGUMENT, BAR_BYTES, COUNTS, FAULT, Fault, MSIX_PENDING, MSIX_TABLE};
use crate::qtest::Qtest;
use gyrus::interface::registers::{self, Control, Register, Status};
use gyrus_sim::device::{Card, CardError, CardOptions, Interrupts, ModelCard};
use std::num::NonZeroUsize;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// How often the thread that waits for interrupts looks whether it has to end.
const LOOK: Duration = Duration::from_millis(200);
/// The only interrupt.
const VECTOR: usize = 0;

#[derive(Debug)]
struct State {
    config: ConfigSpace,
    msix: Msix,
    card: ModelCard,
    /// What a card that hangs was told last.
    asked: u32,
    messages: u16,
}

/// The card's function.
#[derive(Debug)]
pub(crate) struct CardFunction {
    state: Mutex<State>,
    bus: Arc<GuestBus>,
    faults: Arc<Faults>,
    /// To whom messages go: whoever answers the guest may not wait for QEMU.
    messages: Sender<Message>,
}

impl CardFunction {
    /// A card in this slot of bus 0.
    pub(crate) fn new(
        slot: u8,
        ram: Arc<GuestRam>,
        qtest: Arc<Qtest>,
        messages: Sender<Message>,
    ) -> Result<Self, CardError> {
        let faults = Arc::new(Faults::default());
        let function = u16::from(slot) << 3;
        let bus = Arc::new(GuestBus::new(ram, qtest, function, Arc::clone(&faults)));
        let options = CardOptions {
            // The other core is the guest's.
            threads: Some(NonZeroUsize::MIN),
            ..CardOptions::default()
        };
        let card = ModelCard::power_on_at(&options, Arc::clone(&bus) as _)?;
        Ok(Self {
            state: Mutex::new(State {
                config: ConfigSpace::new(),
                msix: Msix::default(),
                card,
                asked: 0,
                messages: 0,
            }),
            bus,
            faults,
            messages,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells when the card interrupts.
    pub(crate) fn interrupts(&self) -> Interrupts {
        self.lock().card.interrupts()
    }

    /// Sends messages; if nobody takes them any more, QEMU has ended.
    fn send(&self, state: &mut State, messages: Vec<Message>) {
        for message in messages {
            state.messages = state.messages.wrapping_add(1);
            self.messages.send(message).ok();
        }
    }

    /// Takes what configuration space says of memory and messages.
    fn follow_config(&self, state: &mut State) {
        let master = state.config.is_master();
        self.bus.set_master(master);
        let open = master && state.config.messages_open();
        let messages = state.msix.open(open);
        self.send(state, messages);
    }

    fn reset_function(&self, state: &mut State) {
        state.config = ConfigSpace::new();
        state.msix = Msix::default();
        state.asked = 0;
        if matches!(self.faults.get(), Fault::Hang | Fault::Silent) {
            self.faults.set(Fault::None, 0);
        }
        self.follow_config(state);
        state.card.reset_buses();
    }

    fn set_fault(&self, state: &mut State, code: u32) {
        let argument = state.config.read(ARGUMENT, 4);
        match Fault::from_code(code) {
            Some(Fault::SpuriousInterrupt) => {
                let messages = state.msix.raise(VECTOR);
                self.send(state, messages);
            }
            Some(Fault::Reset) => {
                self.write_card(state, Register::Control.offset(), Control::RESET);
            }
            Some(fault) => {
                self.faults.set(fault, argument);
                // What it did not do while it hung.
                let asked = std::mem::take(&mut state.asked);
                if fault == Fault::None && asked != 0 {
                    self.write_card(state, Register::Control.offset(), asked);
                }
            }
            None => (),
        }
    }

    fn read_card(&self, state: &mut State, offset: u32) -> u32 {
        let value = state.card.read_register(offset).unwrap_or(u32::MAX);
        match (Register::at(offset), self.faults.get()) {
            (Some(Register::Version), Fault::NewerInterface) => value + (1 << 16),
            (Some(Register::Status), Fault::Hang) => {
                let asked = [
                    (Control::RESET, Status::RESETTING),
                    (Control::CONFIGURE, Status::CONFIGURING),
                ];
                let waits = asked.iter().filter(|(bit, _)| state.asked & bit != 0);
                waits.fold(value, |value, (_, status)| value | status)
            }
            _ => value,
        }
    }

    fn write_card(&self, state: &mut State, offset: u32, value: u32) {
        if self.faults.get() == Fault::Hang {
            match Register::at(offset) {
                Some(Register::Control) => state.asked |= value,
                Some(Register::SubmissionTail) => (),
                _ => drop(state.card.write_register(offset, value)),
            }
            return;
        }
        // A card that is gone takes nothing.
        state.card.write_register(offset, value).ok();
    }

    fn read_word(&self, state: &mut State, offset: u32) -> u32 {
        if offset >= MSIX_PENDING {
            state.msix.pending((offset - MSIX_PENDING) as usize)
        } else if offset >= MSIX_TABLE {
            state.msix.read((offset - MSIX_TABLE) as usize)
        } else if offset < registers::BAR_BYTES {
            self.read_card(state, offset)
        } else {
            0
        }
    }

    fn write_word(&self, state: &mut State, offset: u32, value: u32) {
        if (MSIX_TABLE..MSIX_PENDING).contains(&offset) {
            let messages = state.msix.write((offset - MSIX_TABLE) as usize, value);
            self.send(state, messages);
        } else if offset < registers::BAR_BYTES {
            self.write_card(state, offset, value);
        }
    }
}

/// Makes messages of a card's interrupts, as long as its function is there.
pub(crate) fn forward_interrupts(function: &Weak<CardFunction>, interrupts: &Interrupts) {
    let mut seen = 0;
    loop {
        let sent = interrupts.wait(seen, Instant::now() + LOOK);
        let Some(function) = function.upgrade() else {
            return;
        };
        if sent != seen && !function.faults.loses_interrupt() {
            let mut state = function.lock();
            let messages = state.msix.raise(VECTOR);
            function.send(&mut state, messages);
        }
        seen = sent;
    }
}

/// Words of an access: whole ones.
fn words(offset: u64, size: usize) -> impl Iterator<Item = (u32, usize)> {
    let first = u32::try_from(offset).unwrap_or(BAR_BYTES);
    let whole = first.is_multiple_of(4) && size.is_multiple_of(4);
    let count = if whole { size / 4 } else { 0 };
    (0..count).map(move |word| (first + word as u32 * 4, word * 32))
}

impl PciFunction for CardFunction {
    fn config_read(&self, offset: usize, length: usize) -> u32 {
        if self.faults.get() == Fault::Removed {
            return u32::MAX;
        }
        if offset == FAULT {
            return self.faults.get() as u32;
        }
        let state = self.lock();
        if offset == COUNTS {
            return u32::from(state.messages) << 16 | u32::from(self.bus.refused());
        }
        state.config.read(offset, length)
    }

    fn config_write(&self, offset: usize, value: u32, length: usize) {
        let mut state = self.lock();
        if offset == FAULT {
            return self.set_fault(&mut state, value);
        }
        if self.faults.get() == Fault::Removed && offset != ARGUMENT {
            return;
        }
        match state.config.write(offset, value, length) {
            Effect::None => self.follow_config(&mut state),
            Effect::Reset => self.reset_function(&mut state),
        }
    }

    fn bar(&self) -> u64 {
        u64::from(self.lock().config.read(BAR0, 4))
    }

    /// Parts of words read ones and are not written.
    fn bar_read(&self, offset: u64, size: usize) -> u64 {
        if self.faults.gone() {
            return u64::MAX;
        }
        let mut state = self.lock();
        let found = words(offset, size).fold(None, |value, (at, shift)| {
            let word = u64::from(self.read_word(&mut state, at));
            Some(value.unwrap_or(0) | word << shift)
        });
        found.unwrap_or(u64::MAX)
    }

    fn bar_write(&self, offset: u64, value: u64, size: usize) {
        if self.faults.gone() {
            return;
        }
        let mut state = self.lock();
        for (at, shift) in words(offset, size) {
            self.write_word(&mut state, at, (value >> shift & 0xffff_ffff) as u32);
        }
    }

    fn reset(&self) {
        self.reset_function(&mut self.lock());
    }
}
