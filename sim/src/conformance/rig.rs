//! A card on the bench: driven by hand, one register, descriptor and completion at a time.

use super::generator::Generator;
use super::{ConformanceError, MEMORY_BYTES, Options, same};
use crate::device::{Card, HostMemory};
use gyrus_interface::card::Capabilities;
use gyrus_interface::job::{COMPLETION_BYTES, DESCRIPTOR_BYTES, Descriptor, Job, KeyKind};
use gyrus_interface::layout::{self, Checksum, WORD_BYTES};
use gyrus_interface::registers::{Control, Interrupt, Register, Status};
use gyrus_interface::ring::{Cursor, RingLayout};
use gyrus_interface::settings::Settings;
use gyrus_interface::{Completion, DeviceError, JobStatus, ParameterSet};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Submission ring in host memory.
pub(super) const SUBMISSION: u64 = HostMemory::BASE;
/// Completion ring.
pub(super) const COMPLETION: u64 = HostMemory::BASE + 0x1000;
/// What comes from here on is handed out by [`Rig::area`].
const DATA: u64 = HostMemory::BASE + 0x2000;
/// Words of the largest piece of a key.
const PIECE_WORDS: usize = 1 << 12;
/// A bus deadline that no check meets.
const NO_DEADLINE: u32 = u32::MAX;
/// How long a card that has nothing to say is left alone.
const LOOK: Duration = Duration::from_millis(1);

/// The end of a job: status and detail.
pub(super) type End = (JobStatus, u64);

/// A job that did what it says.
pub(super) const OK: End = (JobStatus::Ok, 0);

/// The card, and what its driver knows.
pub(super) struct Rig<'a> {
    pub(super) card: &'a mut dyn Card,
    pub(super) options: &'a Options,
    pub(super) capabilities: Capabilities,
    pub(super) generator: Generator,
    pub(super) settings: Settings,
    submission: Cursor,
    completion: Cursor,
    /// Tags of the jobs in flight, in order.
    in_flight: VecDeque<u64>,
    next_tag: u64,
    consumed: u32,
    /// Where the next area begins.
    next_area: u64,
    staging: u64,
}

/// Reads what the card is.
pub(super) fn capabilities(card: &mut dyn Card) -> Result<Capabilities, ConformanceError> {
    let read = |register| {
        card.read(register)
            .map_err(|error| DeviceError::Removed(error.to_string()))
    };
    Ok(Capabilities::read(read)?)
}

impl<'a> Rig<'a> {
    /// Resets the card and sets it up.
    pub(super) fn new(
        card: &'a mut dyn Card,
        options: &'a Options,
        set: &ParameterSet,
    ) -> Result<Self, ConformanceError> {
        let capabilities = capabilities(card)?;
        if card.memory().bytes() < MEMORY_BYTES {
            return Err(ConformanceError::Wrong(format!(
                "{} bytes of host memory; the checks need {MEMORY_BYTES}",
                card.memory().bytes()
            )));
        }
        card.memory().mend();
        card.mend_card_memory();
        let generator = Generator::new(options.seed);
        let mut rig = Self {
            card,
            options,
            capabilities,
            generator,
            settings: Settings::default(),
            submission: Cursor::start(1),
            completion: Cursor::start(1),
            in_flight: VecDeque::new(),
            // Not 0, and with something in the upper half.
            next_tag: 0xa5a5_0000_0001,
            consumed: 0,
            next_area: DATA,
            staging: DATA,
        };
        rig.reset()?;
        rig.configure(set)?;
        Ok(rig)
    }

    /// Resets the card.
    pub(super) fn reset(&mut self) -> Result<(), ConformanceError> {
        self.card.write(Register::Control, Control::RESET)?;
        self.wait_status("the end of a reset", |status| {
            !status.has(Status::RESETTING)
        })?;
        self.in_flight.clear();
        Ok(())
    }

    /// Settings for a set, with the window around all of host memory.
    pub(super) fn settings_for(&self, set: &ParameterSet) -> Result<Settings, ConformanceError> {
        let rings = RingLayout {
            submission: SUBMISSION,
            completion: COMPLETION,
            entries: self.options.ring_entries,
        };
        let end = HostMemory::BASE + self.card.memory().bytes() as u64;
        Ok(Settings::new(
            &self.capabilities,
            set,
            rings,
            HostMemory::BASE..end,
        )?)
    }

    /// Sets the card up for a set, which it takes.
    pub(super) fn configure(&mut self, set: &ParameterSet) -> Result<(), ConformanceError> {
        let settings = self.settings_for(set)?;
        self.take(&settings)
    }

    /// Sets the card up with settings, which it takes.
    pub(super) fn take(&mut self, settings: &Settings) -> Result<(), ConformanceError> {
        let memory = self.card.memory();
        memory.write(SUBMISSION, &[0; 64 * DESCRIPTOR_BYTES / WORD_BYTES])?;
        memory.write(COMPLETION, &[0; 64 * COMPLETION_BYTES / WORD_BYTES])?;
        self.card.write(Register::BusDeadline, NO_DEADLINE)?;
        let result = self.try_settings(settings)?;
        same("result of settings", result, JobStatus::Ok as u16)?;
        let entries = settings.ring_entries as usize;
        self.settings = *settings;
        self.submission = Cursor::start(entries);
        self.completion = Cursor::start(entries);
        self.in_flight.clear();
        self.consumed = 0;
        self.next_area = DATA;
        self.staging = self.area(PIECE_WORDS);
        Ok(())
    }

    /// Writes settings and waits for the card's answer to them.
    pub(super) fn try_settings(&mut self, settings: &Settings) -> Result<u16, ConformanceError> {
        for (register, value) in settings.registers() {
            self.card.write(register, value)?;
        }
        self.card.write(Register::Control, Control::CONFIGURE)?;
        let status = self.wait_status("the end of a configuration", |status| {
            !status.has(Status::CONFIGURING)
        })?;
        Ok(status.result())
    }

    pub(super) fn status(&mut self) -> Result<Status, ConformanceError> {
        Ok(Status(self.card.read(Register::Status)?))
    }

    /// Waits for a status.
    pub(super) fn wait_status(
        &mut self,
        what: &str,
        is: impl Fn(Status) -> bool,
    ) -> Result<Status, ConformanceError> {
        let give_up = Instant::now() + self.options.patience;
        loop {
            let status = self.status()?;
            if is(status) {
                return Ok(status);
            }
            if Instant::now() > give_up {
                let text = format!("{what} (status {:#010x})", status.0);
                return Err(ConformanceError::Late(text));
            }
            self.pass_time()?;
        }
    }

    /// Waits until the card keeps an error.
    pub(super) fn wait_error(&mut self) -> Result<(), ConformanceError> {
        let give_up = Instant::now() + self.options.patience;
        while self.card.read(Register::Error)? == 0 {
            if Instant::now() > give_up {
                return Err(ConformanceError::Late("an error".to_owned()));
            }
            self.pass_time()?;
        }
        Ok(())
    }

    /// Lets some time pass on the card.
    pub(super) fn pass_time(&mut self) -> Result<(), ConformanceError> {
        self.card.wait_interrupt(Instant::now() + LOOK)?;
        Ok(())
    }

    /// Lets some of its cycles pass on the card.
    pub(super) fn pass_cycles(&mut self, cycles: u32) -> Result<(), ConformanceError> {
        let begin = self.card.read(Register::CyclesLow)?;
        while self.card.read(Register::CyclesLow)?.wrapping_sub(begin) < cycles {
            self.pass_time()?;
        }
        Ok(())
    }

    /// The first error that the card keeps: code, tag, detail.
    pub(super) fn first_error(&mut self) -> Result<(u32, u64, u64), ConformanceError> {
        let mut read = |register| self.card.read(register).map(u64::from);
        let tag = read(Register::ErrorTagHigh)? << 32 | read(Register::ErrorTagLow)?;
        let detail = read(Register::ErrorDetailHigh)? << 32 | read(Register::ErrorDetailLow)?;
        Ok((self.card.read(Register::Error)?, tag, detail))
    }

    /// A place for words in host memory, with a gap behind it, until the next settings are taken.
    pub(super) fn area(&mut self, words: usize) -> u64 {
        let area = self.next_area;
        self.next_area += ((words + 8) * WORD_BYTES).next_multiple_of(64) as u64;
        area
    }

    /// Gives areas back, from this one on.
    pub(super) const fn rewind(&mut self, area: u64) {
        self.next_area = area;
    }

    /// Writes words to a new area.
    pub(super) fn place(&mut self, words: &[u64]) -> Result<u64, ConformanceError> {
        let area = self.area(words.len());
        self.card.memory().write(area, words)?;
        Ok(area)
    }

    /// Reads words of host memory.
    pub(super) fn read(&self, address: u64, words: usize) -> Result<Vec<u64>, ConformanceError> {
        let mut read = vec![0; words];
        self.card.memory().read(address, &mut read)?;
        Ok(read)
    }

    /// Address of the next entry of the submission ring.
    pub(super) const fn next_entry(&self) -> u64 {
        SUBMISSION + (self.submission.index() * DESCRIPTOR_BYTES) as u64
    }

    /// Address of the next entry of the completion ring that the driver reads.
    pub(super) const fn next_completion(&self) -> u64 {
        COMPLETION + (self.completion.index() * COMPLETION_BYTES) as u64
    }

    /// A descriptor for the next entry.
    pub(super) const fn descriptor(&self, job: Job) -> Descriptor {
        Descriptor {
            tag: self.next_tag,
            phase: self.submission.phase(),
            job,
        }
    }

    /// Writes a descriptor to the ring without ringing the doorbell.
    pub(super) fn enqueue(
        &mut self,
        bytes: [u8; DESCRIPTOR_BYTES],
    ) -> Result<(), ConformanceError> {
        let words: [u64; DESCRIPTOR_BYTES / WORD_BYTES] = layout::to_words(&bytes);
        self.card.memory().write(self.next_entry(), &words)?;
        self.submission.advance();
        self.in_flight.push_back(Descriptor::tag_of(&bytes));
        // Every bit of a tag comes back.
        self.next_tag = self.next_tag.rotate_left(7).wrapping_add(0x9e37_79b9);
        Ok(())
    }

    /// Lets the next entry be what it is, if that is of an older pass.
    pub(super) fn enqueue_stale(&mut self) -> Result<bool, ConformanceError> {
        let words = self.read(self.next_entry(), DESCRIPTOR_BYTES / WORD_BYTES)?;
        let bytes = layout::to_bytes(&words);
        let stale = Descriptor::phase_of(&bytes) != self.submission.phase();
        if stale {
            self.submission.advance();
            self.in_flight.push_back(Descriptor::tag_of(&bytes));
        }
        Ok(stale)
    }

    /// Rings the submission ring's doorbell.
    pub(super) fn ring(&mut self) -> Result<(), ConformanceError> {
        let tail = u32::try_from(self.submission.index()).unwrap_or(u32::MAX);
        Ok(self.card.write(Register::SubmissionTail, tail)?)
    }

    /// Hands over a job; there has to be room for it in the ring.
    pub(super) fn submit(&mut self, job: Job) -> Result<(), ConformanceError> {
        self.enqueue(self.descriptor(job).encode())?;
        self.ring()
    }

    /// Jobs that may be handed over before completions have to be taken.
    pub(super) fn room(&self) -> usize {
        self.settings.ring_entries as usize - 1 - self.in_flight.len()
    }

    /// The next completion, if it is there, without telling the card that it was read.
    pub(super) fn look(&mut self) -> Result<Option<Completion>, ConformanceError> {
        let words = self.read(self.next_completion(), COMPLETION_BYTES / WORD_BYTES)?;
        let bytes = layout::to_bytes(&words);
        if Completion::phase_of(&bytes) != self.completion.phase() {
            return Ok(None);
        }
        let completion = Completion::decode(&bytes)
            .map_err(|code| ConformanceError::Wrong(format!("a completion of status {code}")))?;
        self.completion.advance();
        self.consumed = self.consumed.wrapping_add(1);
        same(
            "submission entries consumed",
            completion.consumed,
            self.consumed,
        )?;
        same("tag", Some(completion.tag), self.in_flight.pop_front())?;
        same("reserved byte", bytes[27], 0)?;
        same("phase byte", bytes[26], u8::from(completion.phase))?;
        Ok(Some(completion))
    }

    /// Waits for the next completion, without telling the card that it was read.
    pub(super) fn take_unread(&mut self) -> Result<Completion, ConformanceError> {
        let give_up = Instant::now() + self.options.patience;
        loop {
            if let Some(completion) = self.look()? {
                return Ok(completion);
            }
            if Instant::now() > give_up {
                let status = self.status()?.0;
                let error = self.first_error()?;
                return Err(ConformanceError::Late(format!(
                    "a completion (status {status:#010x}, error {error:#x?})"
                )));
            }
            // A cause that stands would end every wait.
            self.card
                .write(Register::InterruptCause, Interrupt::COMPLETION)?;
            if let Some(completion) = self.look()? {
                return Ok(completion);
            }
            self.pass_time()?;
        }
    }

    /// Tells the card that all completions so far were read.
    pub(super) fn acknowledge(&mut self) -> Result<(), ConformanceError> {
        let head = u32::try_from(self.completion.index()).unwrap_or(u32::MAX);
        Ok(self.card.write(Register::CompletionHead, head)?)
    }

    /// Waits for the next completion.
    pub(super) fn next_end(&mut self) -> Result<End, ConformanceError> {
        let completion = self.take_unread()?;
        self.acknowledge()?;
        Ok((completion.status, completion.detail))
    }

    /// Does a job.
    pub(super) fn run(&mut self, job: Job) -> Result<End, ConformanceError> {
        self.submit(job)?;
        self.next_end()
    }

    /// Does a job that ends so.
    pub(super) fn expect(&mut self, job: Job, end: End) -> Result<(), ConformanceError> {
        let found = self.run(job)?;
        same(&format!("{job:x?}"), found, end)
    }

    /// A job that uploads a piece of a key.
    pub(super) fn piece(
        &mut self,
        kind: KeyKind,
        offset: u64,
        words: &[u64],
    ) -> Result<Job, ConformanceError> {
        self.card.memory().write(self.staging, words)?;
        Ok(Job::UploadKey {
            kind,
            source: self.staging,
            offset,
            length: (words.len() * WORD_BYTES) as u64,
            checksum: Checksum::default().u64_words(words).value(),
        })
    }

    /// Uploads a key's channels.
    pub(super) fn upload(
        &mut self,
        kind: KeyKind,
        channels: &[Vec<u64>],
    ) -> Result<(), ConformanceError> {
        for (channel, words) in (0_u64..).zip(channels) {
            for (number, piece) in (0_u64..).zip(words.chunks(PIECE_WORDS)) {
                let within = number * (PIECE_WORDS * WORD_BYTES) as u64;
                let offset = channel << self.capabilities.bank_log2 | within;
                let job = self.piece(kind, offset, piece)?;
                self.expect(job, OK)?;
            }
        }
        Ok(())
    }

    /// A job that uploads tables which lie one behind the other.
    pub(super) fn tables(&mut self, slot: u32, tables: &[u64]) -> Result<Job, ConformanceError> {
        let source = self.place(tables)?;
        Ok(Job::UploadLuts {
            source,
            slot,
            count: u32::try_from(tables.len() >> self.settings.log2_n).unwrap_or(0),
            checksum: Checksum::default().u64_words(tables).value(),
        })
    }
}
