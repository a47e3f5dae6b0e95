//! What both sides share, made of loom's atomics and cells: memory, registers, and the interrupt.

use super::{BASE, Bug, Trial};
use crate::device::Transport;
use crate::device::plan::{Buffer, STAGING_BYTES};
use gyrus_interface::job::{COMPLETION_BYTES, COMPLETION_PHASE_WORD, DESCRIPTOR_BYTES};
use gyrus_interface::layout::WORD_BYTES;
use gyrus_interface::registers::{Control, Interrupt, REGISTERS, Register, Status};
use gyrus_interface::{DeviceError, catalogue};
use gyrus_sim::device::CardOptions;
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use loom::sync::{Condvar, Mutex};
use send_wrapper::SendWrapper;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU32 as Plain;
use std::time::Instant;

/// Buffers of one ciphertext that there is memory for: as many as a plan asks for.
const BUFFERS: u64 = 4;

/// Words that one side writes and the other reads, in an order that something else has to see to: loom reports
/// accesses that nothing orders.
struct Words {
    watched: UnsafeCell<()>,
    words: RefCell<Vec<u64>>,
}

enum Contents {
    /// Loom's threads take turns on one thread of the system, so that the wrapper lets all of them in.
    Words(SendWrapper<Words>),
    /// The last word of a completion: it carries the phase, by which the rest is handed over.
    Phase(AtomicU64),
}

/// A part of the shared memory.
struct Block {
    bytes: Range<u64>,
    contents: Contents,
}

impl Block {
    fn words(start: u64, bytes: u64) -> Self {
        let words = Words {
            watched: UnsafeCell::new(()),
            words: RefCell::new(vec![0; bytes as usize / WORD_BYTES]),
        };
        Self {
            bytes: start..start + bytes,
            contents: Contents::Words(SendWrapper::new(words)),
        }
    }

    fn phase(start: u64) -> Self {
        Self {
            bytes: start..start + WORD_BYTES as u64,
            contents: Contents::Phase(AtomicU64::new(0)),
        }
    }
}

/// The batches' memory begins behind rings of so many entries and the staging area.
fn batches(entries: u32) -> u64 {
    let rings = u64::from(entries) * (DESCRIPTOR_BYTES + COMPLETION_BYTES) as u64;
    BASE + rings.next_multiple_of(64) + STAGING_BYTES as u64
}

fn buffer_bytes() -> u64 {
    Buffer::bytes(1, 1, catalogue::toy().big_lwe_size())
}

/// Registers and memory.
pub(super) struct Shared {
    /// Capabilities and settings: nobody reads them while they are written.
    plain: Vec<Plain>,
    tail: AtomicU32,
    head: AtomicU32,
    /// Registers that the card changes in one word, the status in its upper half and the interrupt causes in the
    /// lower one. Reads of such registers take turns with the card's changes, and come behind what the driver has
    /// written to them: no answer of a card passes what the card wrote before, and no read passes a write.
    live: AtomicU64,
    /// A message has been sent and not been taken.
    message: Mutex<bool>,
    sent: Condvar,
    blocks: Vec<Block>,
}

const fn status(bits: u32) -> u64 {
    (bits as u64) << 32
}

impl Shared {
    pub(super) fn new(entries: u32) -> Self {
        let mut capabilities = CardOptions::default().capabilities;
        capabilities.max_batch = 1;
        let plain: Vec<_> = (0..REGISTERS).map(|_| Plain::new(0)).collect();
        for (register, value) in capabilities.registers() {
            plain[register.index()].store(value, Ordering::Relaxed);
        }
        let mut blocks = Vec::new();
        for entry in 0..u64::from(entries) {
            let bytes = DESCRIPTOR_BYTES as u64;
            blocks.push(Block::words(BASE + entry * bytes, bytes));
        }
        let completions = BASE + u64::from(entries) * DESCRIPTOR_BYTES as u64;
        for entry in 0..u64::from(entries) {
            let start = completions + entry * COMPLETION_BYTES as u64;
            let phase = COMPLETION_PHASE_WORD as u64;
            blocks.extend([Block::words(start, phase), Block::phase(start + phase)]);
        }
        for number in 0..BUFFERS {
            let start = batches(entries) + number * buffer_bytes();
            let buffer = Buffer::within(
                start..start + buffer_bytes(),
                1,
                catalogue::toy().big_lwe_size(),
            );
            blocks.extend([
                Block::words(buffer.inputs, buffer.list - buffer.inputs),
                Block::words(buffer.list, buffer.outputs - buffer.list),
                Block::words(buffer.outputs, buffer.range.end - buffer.outputs),
            ]);
        }
        Self {
            plain,
            tail: AtomicU32::new(0),
            head: AtomicU32::new(0),
            live: AtomicU64::new(0),
            message: Mutex::new(false),
            sent: Condvar::new(),
            blocks,
        }
    }

    fn bytes(entries: u32) -> usize {
        (batches(entries) - BASE + BUFFERS * buffer_bytes()) as usize
    }

    /// A register that nobody writes now.
    pub(super) fn plain(&self, register: Register) -> u32 {
        self.plain[register.index()].load(Ordering::Relaxed)
    }

    fn set_plain(&self, register: Register, value: u32) {
        self.plain[register.index()].store(value, Ordering::Relaxed);
    }

    /// The part that an address lies in, and at which of its words.
    fn block(&self, address: u64) -> (&Block, usize) {
        let mut blocks = self.blocks.iter();
        let block = blocks.find(|block| block.bytes.contains(&address)).unwrap();
        (block, (address - block.bytes.start) as usize / WORD_BYTES)
    }

    pub(super) fn read(&self, address: u64, into: &mut [u64]) {
        let (block, at) = self.block(address);
        let Contents::Words(words) = &block.contents else {
            panic!("{address:#x} is read as a phase only");
        };
        words.watched.with(|_| {
            let words = words.words.borrow();
            into.copy_from_slice(&words[at..at + into.len()]);
        });
    }

    pub(super) fn write(&self, mut address: u64, mut from: &[u64]) {
        while !from.is_empty() {
            let (block, at) = self.block(address);
            let room = (block.bytes.end - address) as usize / WORD_BYTES;
            let (now, later) = from.split_at(room.min(from.len()));
            match &block.contents {
                Contents::Words(words) => words.watched.with_mut(|_| {
                    words.words.borrow_mut()[at..at + now.len()].copy_from_slice(now);
                }),
                Contents::Phase(phase) => phase.store(now[0], Ordering::Relaxed),
            }
            address = block.bytes.end;
            from = later;
        }
    }

    pub(super) fn phase(&self, address: u64) -> &AtomicU64 {
        match &self.block(address).0.contents {
            Contents::Phase(phase) => phase,
            Contents::Words(_) => panic!("no phase lies at {address:#x}"),
        }
    }

    /// The card looks at the doorbell of the submission ring.
    pub(super) fn tail(&self) -> usize {
        self.tail.load(Ordering::Acquire) as usize
    }

    /// The card looks at the doorbell of the completion ring.
    pub(super) fn head(&self) -> usize {
        self.head.load(Ordering::Acquire) as usize
    }

    /// The card looks at its status.
    pub(super) fn status(&self) -> Status {
        Status((self.live.load(Ordering::Acquire) >> 32) as u32)
    }

    /// A completion was written: a cause stands. The first one that is enabled makes a message.
    pub(super) fn raise(&self) {
        let cause = Interrupt::COMPLETION;
        let before = self.live.fetch_or(cause.into(), Ordering::AcqRel) as u32;
        let enabled = self.plain(Register::InterruptEnable);
        if before & enabled == 0 && cause & enabled != 0 {
            *self.message.lock().unwrap() = true;
            self.sent.notify_one();
        }
    }

    /// Waits for a message and takes it, for ever if none comes.
    fn await_message(&self) {
        let mut message = self.message.lock().unwrap();
        while !*message {
            message = self.sent.wait(message).unwrap();
        }
        *message = false;
    }

    /// The card is as after power-on; what it wrote to memory is there.
    pub(super) fn end_reset(&self) {
        self.set_plain(Register::InterruptEnable, 0);
        self.live.swap(0, Ordering::AcqRel);
    }

    /// The card has taken its settings.
    pub(super) fn end_configuration(&self) {
        self.tail.store(0, Ordering::Relaxed);
        self.head.store(0, Ordering::Relaxed);
        let (ends, begins) = (Status::CONFIGURING, Status::CONFIGURED);
        let both = status(ends ^ begins);
        self.live.fetch_xor(both, Ordering::AcqRel);
    }
}

/// The driver's way to it.
pub(super) struct Way {
    pub(super) shared: Arc<Shared>,
    trial: Trial,
    /// Before that, what the driver asks for is done at once.
    pub(super) card_runs: bool,
    /// The card is being reset or configured, as far as the driver knows.
    busy: bool,
    /// Causes that are to be cleared, too late.
    late: u32,
    /// A word that was looked at since the last access to a register. The driver looks at it again and again for
    /// some time of the clock's; loom has to see as many looks every time, so it sees the first one only. The
    /// others might have found the same.
    looked_at: Cell<Option<(u64, u64)>>,
}

impl Way {
    pub(super) fn new(trial: Trial) -> Self {
        Self {
            shared: Arc::new(Shared::new(trial.entries)),
            trial,
            card_runs: false,
            busy: false,
            late: 0,
            looked_at: Cell::new(None),
        }
    }

    fn doorbell_order(&self) -> Ordering {
        match self.trial.bug {
            Bug::RelaxedDoorbell => Ordering::Relaxed,
            _ => Ordering::Release,
        }
    }

    fn clear(&self, causes: u32) {
        let live = &self.shared.live;
        live.fetch_and(!u64::from(causes), Ordering::Release);
    }

    fn control(&mut self, value: u32) {
        let reset = value == Control::RESET;
        let asked = if reset {
            Status::RESETTING
        } else {
            Status::CONFIGURING
        };
        self.shared.live.fetch_or(status(asked), Ordering::Release);
        match (self.card_runs, reset) {
            (true, _) => (),
            (false, true) => self.shared.end_reset(),
            (false, false) => self.shared.end_configuration(),
        }
    }
}

impl Transport for Way {
    fn name(&self) -> &str {
        "explored"
    }
    fn simulated(&self) -> bool {
        true
    }
    fn read_register(&mut self, register: Register) -> Result<u32, DeviceError> {
        self.looked_at.set(None);
        let live = || match self.trial.bug {
            Bug::ReadsPass => self.shared.live.load(Ordering::Relaxed),
            _ => self.shared.live.fetch_or(0, Ordering::AcqRel),
        };
        Ok(match register {
            Register::Status => {
                let status = Status((live() >> 32) as u32);
                self.busy = status.has(Status::RESETTING) || status.has(Status::CONFIGURING);
                status.0
            }
            Register::InterruptCause => live() as u32,
            _ => self.shared.plain(register),
        })
    }
    fn write_register(&mut self, register: Register, value: u32) -> Result<(), DeviceError> {
        self.looked_at.set(None);
        match register {
            Register::InterruptCause if self.trial.bug == Bug::ClearsLate => self.late |= value,
            Register::InterruptCause => self.clear(value),
            Register::Control => self.control(value),
            Register::SubmissionTail => self.shared.tail.store(value, self.doorbell_order()),
            Register::CompletionHead => self.shared.head.store(value, self.doorbell_order()),
            _ => self.shared.set_plain(register, value),
        }
        Ok(())
    }
    fn shared_memory(&self) -> (u64, usize) {
        (BASE, Shared::bytes(self.trial.entries))
    }
    fn read(&self, address: u64, into: &mut [u64]) -> Result<(), DeviceError> {
        self.shared.read(address, into);
        Ok(())
    }
    fn load_acquire(&self, address: u64) -> Result<u64, DeviceError> {
        if let Some((at, word)) = self.looked_at.get()
            && at == address
        {
            return Ok(word);
        }
        let order = match self.trial.bug {
            Bug::RelaxedPhase => Ordering::Relaxed,
            _ => Ordering::Acquire,
        };
        let word = self.shared.phase(address).load(order);
        self.looked_at.set(Some((address, word)));
        Ok(word)
    }
    fn write(&self, address: u64, from: &[u64]) -> Result<(), DeviceError> {
        self.shared.write(address, from);
        Ok(())
    }
    fn wait_interrupt(&mut self, _: Instant) -> Result<(), DeviceError> {
        self.looked_at.set(None);
        let late = std::mem::take(&mut self.late);
        if late != 0 {
            self.clear(late);
        }
        if self.busy {
            loom::thread::yield_now();
        } else {
            self.shared.await_message();
        }
        Ok(())
    }
}
