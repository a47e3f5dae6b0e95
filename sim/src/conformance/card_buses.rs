//! Card memory that answers with errors: on each of its buses, with jobs in flight before and behind.

use super::bench::{Bench, ready};
use super::keys::{KINDS, MOST_READ_AHEAD, lost};
use super::rig::{End, OK, Rig};
use super::{ConformanceError, Options, same, same_words};
use crate::device::{Card, MemoryFault};
use gyrus_interface::JobStatus::{self, BusError, KeysNotLoaded};
use gyrus_interface::job::{Job, KeyKind, LutSelection};
use gyrus_interface::layout::pack_u32;
use std::ops::Range;

/// Both answers that are errors.
const ERRORS: [MemoryFault; 2] = [MemoryFault::Error, MemoryFault::Nowhere];

/// What is at a destination before a job.
const BEFORE: u64 = 0x5a;

/// Neighbours: a full ring of jobs of one and of many ciphertexts, each with a destination of its own.
struct Neighbours {
    /// The bench's input, as often as a job may want it.
    source: u64,
    most: u32,
    /// Of the jobs handed over: where and how many results are to be.
    sent: Vec<(u64, usize)>,
}

impl Neighbours {
    fn new(rig: &mut Rig<'_>, bench: &Bench) -> Result<Self, ConformanceError> {
        let most = rig.options.batch.min(rig.capabilities.max_batch);
        let source = rig.place(&bench.input.repeat(most as usize))?;
        Ok(Self {
            source,
            most,
            sent: Vec::new(),
        })
    }

    /// Hands over a job with tables from some slots, without ringing.
    fn enqueue(
        &mut self,
        rig: &mut Rig<'_>,
        bench: &Bench,
        count: u32,
        luts: LutSelection,
    ) -> Result<(), ConformanceError> {
        let words = count as usize * bench.input.len();
        let destination = rig.place(&vec![BEFORE; words + 1])?;
        let job = Job::KeyswitchBootstrap {
            source: self.source,
            destination,
            count,
            luts,
            samples: 1,
            stride: 0,
        };
        self.sent.push((destination, count as usize));
        rig.enqueue(rig.descriptor(job).encode())
    }

    /// Hands over so many good jobs.
    fn enqueue_good(
        &mut self,
        rig: &mut Rig<'_>,
        bench: &Bench,
        jobs: usize,
    ) -> Result<(), ConformanceError> {
        for _ in 0..jobs {
            let count = rig.generator.pick(1, &[self.most]);
            self.enqueue(rig, bench, count, LutSelection::One { slot: 0 })?;
        }
        Ok(())
    }

    /// Waits for the next of them. What it had to do is done, or nothing is where its results do not belong.
    fn next_end(
        &mut self,
        rig: &mut Rig<'_>,
        bench: &Bench,
        number: usize,
    ) -> Result<End, ConformanceError> {
        let end = rig.next_end()?;
        let &(at, count) = self.sent.get(number).unwrap_or(&(0, 0));
        let words = count * bench.input.len();
        let found = rig.read(at, words + 1)?;
        let (found, behind) = found.split_at(words);
        match end.0 {
            JobStatus::Ok => {
                let what = format!("results of neighbour {number}");
                same_words(&what, found, &bench.result().repeat(count))?;
            }
            KeysNotLoaded => {
                let what = format!("words of neighbour {number}, which was refused");
                same_words(&what, found, &vec![BEFORE; words])?;
            }
            _ => (),
        }
        same("the word behind a neighbour's results", behind, &[BEFORE])?;
        Ok(end)
    }

    /// Gives its destinations back.
    fn forget(&mut self, rig: &mut Rig<'_>) {
        if let Some(&(first, _)) = self.sent.first() {
            rig.rewind(first);
        }
        self.sent.clear();
    }
}

const fn word(address: u64) -> Range<u64> {
    address..address + 1
}

/// An error unless a failed write's detail is in the run of words that was to be written.
fn in_run(what: &str, (status, detail): End, run: Range<u64>) -> Result<(), ConformanceError> {
    same(what, status, BusError)?;
    same(
        &format!("{what}: {detail:#x} in {run:x?}"),
        run.contains(&detail),
        true,
    )
}

/// Bytes of a table.
fn table_bytes(rig: &Rig<'_>) -> u64 {
    8 << rig.settings.log2_n
}

/// Look-up tables of which a word cannot be read: the jobs that want one of them end with an error that names the
/// word, and no other does.
///
/// # Errors
/// It is not so.
pub fn unreadable_tables(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let job = rig.tables(1, &bench.table)?;
    rig.expect(job, OK)?;
    let mut neighbours = Neighbours::new(&mut rig, &bench)?;
    let begin = rig.settings.lut_address + table_bytes(&rig);
    let words = table_bytes(&rig) / 8;
    let list = rig.area(neighbours.most as usize);
    for (round, place) in [0, words / 2 + 3, words - 1, 1].into_iter().enumerate() {
        let address = begin + place * 8;
        rig.card
            .fail_card_memory(word(address + 5), ERRORS[round % 2]);
        let room = rig.room();
        neighbours.enqueue_good(&mut rig, &bench, room / 2)?;
        if round < 2 {
            neighbours.enqueue(&mut rig, &bench, 1, LutSelection::One { slot: 1 })?;
        } else {
            let most = neighbours.most;
            let bad = rig.generator.below(most);
            let slots: Vec<u32> = (0..most).map(|slot| u32::from(slot == bad)).collect();
            rig.card.memory().write(list, &pack_u32(&slots))?;
            neighbours.enqueue(&mut rig, &bench, most, LutSelection::Each { list })?;
        }
        neighbours.enqueue_good(&mut rig, &bench, room - room / 2 - 1)?;
        rig.ring()?;
        for number in 0..room {
            let end = neighbours.next_end(&mut rig, &bench, number)?;
            let bad = number == room / 2;
            let expected = if bad { (BusError, address) } else { OK };
            same(&format!("job {number} of {room}"), end, expected)?;
        }
        neighbours.forget(&mut rig);
        rig.card.mend_card_memory();
        // The table is still there.
        neighbours.enqueue(&mut rig, &bench, 1, LutSelection::One { slot: 1 })?;
        rig.ring()?;
        let end = neighbours.next_end(&mut rig, &bench, 0)?;
        same("with the table that can be read again", end, OK)?;
        neighbours.forget(&mut rig);
    }
    bench.works(&mut rig)
}

/// Tables and pieces of keys that cannot be written to card memory: their uploads say so, and count as not
/// done.
///
/// # Errors
/// It is not so.
pub fn unwritable_uploads(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let mut neighbours = Neighbours::new(&mut rig, &bench)?;
    let two_tables = bench.table.repeat(2);
    let upload = rig.tables(1, &two_tables)?;
    let bytes = table_bytes(&rig);
    let begin = rig.settings.lut_address + bytes;
    for (round, place) in [0, 2 * bytes - 8, bytes / 2].into_iter().enumerate() {
        rig.expect(upload, OK)?;
        rig.card
            .fail_card_memory(word(begin + place), ERRORS[round % 2]);
        let room = rig.room();
        neighbours.enqueue_good(&mut rig, &bench, room / 2)?;
        rig.enqueue(rig.descriptor(upload).encode())?;
        neighbours.enqueue_good(&mut rig, &bench, room - room / 2 - 1)?;
        rig.ring()?;
        for number in 0..room - 1 {
            if number == room / 2 {
                let end = rig.next_end()?;
                in_run("an upload of tables", end, begin..begin + 2 * bytes)?;
            }
            let end = neighbours.next_end(&mut rig, &bench, number)?;
            same(&format!("neighbour {number}"), end, OK)?;
        }
        neighbours.forget(&mut rig);
        rig.card.mend_card_memory();
        for slot in [1, 2] {
            neighbours.enqueue(&mut rig, &bench, 1, LutSelection::One { slot })?;
            rig.ring()?;
            let end = neighbours.next_end(&mut rig, &bench, 0)?;
            let missing = (JobStatus::LutNotLoaded, u64::from(slot));
            same("with a table that is not there", end, missing)?;
            neighbours.forget(&mut rig);
        }
    }
    for (round, kind) in [KINDS, KINDS].concat().into_iter().enumerate() {
        let first = bench.channels(kind).first().cloned().unwrap_or_default();
        let words = first.get(..700.min(first.len())).unwrap_or_default();
        let bytes = words.len() as u64 * 8;
        let begin = key_address(&rig, kind);
        let piece = rig.piece(kind, 0, words)?;
        let place = u64::from(rig.generator.below(u32::try_from(bytes).unwrap_or(1)));
        rig.card
            .fail_card_memory(word(begin + place), ERRORS[round / 2]);
        // Whoever came before it would read the key there.
        let room = rig.room();
        rig.enqueue(rig.descriptor(piece).encode())?;
        neighbours.enqueue_good(&mut rig, &bench, room - 1)?;
        rig.ring()?;
        let end = rig.next_end()?;
        in_run("an upload of a key", end, begin..begin + bytes)?;
        for number in 0..room - 1 {
            let end = neighbours.next_end(&mut rig, &bench, number)?;
            same(&format!("neighbour {number}"), end, (KeysNotLoaded, 0))?;
        }
        neighbours.forget(&mut rig);
        rig.card.mend_card_memory();
        lost(&mut rig, &bench, kind)?;
        // It has to begin anew.
        let next = rig.piece(kind, bytes, &[0])?;
        rig.expect(next, (JobStatus::MalformedDescriptor, bytes))?;
        rig.upload(kind, bench.channels(kind))?;
        bench.works(&mut rig)?;
    }
    Ok(())
}

/// Where a key lies in card memory.
pub(super) const fn key_address(rig: &Rig<'_>, kind: KeyKind) -> u64 {
    match kind {
        KeyKind::Bootstrapping => rig.settings.key_address,
        KeyKind::Keyswitch => rig.settings.keyswitch_address,
    }
}

/// The address of a word of a key, which is the `place`-th of three kinds: the first, one somewhere, the last.
pub(super) fn key_word(rig: &mut Rig<'_>, bench: &Bench, kind: KeyKind, place: usize) -> u64 {
    let channels = bench.channels(kind);
    let count = u32::try_from(channels.len()).unwrap_or(1);
    let words = channels.first().map_or(1, Vec::len);
    let words = u32::try_from(words).unwrap_or(1);
    let (channel, word) = match place {
        0 => (0, 0),
        1 => (rig.generator.below(count), rig.generator.below(words)),
        _ => (count - 1, words - 1),
    };
    let bank = u64::from(channel) << rig.capabilities.bank_log2;
    key_address(rig, kind) + bank + u64::from(word) * 8
}

/// Keys of which a word cannot be read. Jobs that are done are right; from the first on that is not, all end
/// with an error of the bus, or because the key is not loaded any more. It is only that key, and it can be
/// adopted when its memory can be read again.
///
/// # Errors
/// It is not so.
pub fn unreadable_keys(card: &mut dyn Card, options: &Options) -> Result<(), ConformanceError> {
    let (mut rig, bench) = ready(card, options)?;
    let mut neighbours = Neighbours::new(&mut rig, &bench)?;
    for round in 0..12 {
        let kind = KINDS[round % 2];
        let address = key_word(&mut rig, &bench, kind, round / 2 % 3);
        let fault = ERRORS[round / 6];
        rig.card.fail_card_memory(word(address + 2), fault);
        let what = format!("{kind:?} with {fault:?} at {address:#x}");
        let mut failed = false;
        for _ in 0..MOST_READ_AHEAD {
            let room = rig.room();
            neighbours.enqueue_good(&mut rig, &bench, room)?;
            rig.ring()?;
            let mut refused = false;
            for number in 0..room {
                let end = neighbours.next_end(&mut rig, &bench, number)?;
                let right = match end {
                    OK => !failed,
                    (BusError, 0) => !refused,
                    // What is read ahead may show it between jobs, if none was in flight.
                    (KeysNotLoaded, 0) => failed || number == 0,
                    _ => false,
                };
                failed |= end != OK;
                refused |= end.0 == KeysNotLoaded;
                let what = format!("{what}: end of job {number}, {end:x?}");
                same(&what, right, true)?;
            }
            neighbours.forget(&mut rig);
            if failed {
                break;
            }
        }
        same(&what, failed, true)?;
        lost(&mut rig, &bench, kind)?;
        rig.card.mend_card_memory();
        if round % 4 < 2 {
            rig.expect(Job::AdoptKey { kind }, OK)?;
        } else {
            rig.upload(kind, bench.channels(kind))?;
        }
        bench.works(&mut rig)?;
    }
    Ok(())
}
