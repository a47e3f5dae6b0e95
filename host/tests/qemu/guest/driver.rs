//! Tests of the driver on cards that work: both ways to a card, both cards, memory that a card may not reach.

use super::card::TestCard;
use super::common::{expected, rng, toy_key, words};
use super::production;
use super::runner::{Outcome, Runner, last_panic};
use gyrus::device::{Batch, Device, DeviceChoice, DeviceOptions, LutSlot, Transport, open};
use gyrus::interface::card::Capabilities;
use gyrus::interface::registers::{Control, Fault, Register, Status};
use gyrus::interface::ring::RingLayout;
use gyrus::interface::settings::Settings;
use gyrus::interface::{DeviceError, catalogue};
use gyrus::key::EvaluationKey;
use gyrus::pcie::{AccessPath, Function, PcieTransport, Roots, find, wanted};
use gyrus::session::{Session, SessionError};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What the process that holds a card says when it does.
const HELD: &str = "held";

/// More than anything takes that ends.
pub(super) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

pub(super) fn run_over_sysfs(runner: &mut Runner) {
    runner.test("sysfs: a batch equals the engine's", || {
        works_over(AccessPath::Sysfs)
    });
    runner.test(
        "sysfs: a batch at production size equals the engine's",
        || Ok(production::job()?.works(&mut *opened(TestCard(1))?)?),
    );
    runner.test("sysfs: who is killed leaves a card that works", killed);
    runner.test(
        "sysfs: the same, with a function that cannot be reset",
        killed_without_reset,
    );
}

pub(super) fn run(runner: &mut Runner) {
    runner.test("the cards go to vfio-pci", || {
        TestCard::ALL.into_iter().try_for_each(TestCard::bind)
    });
    runner.test("vfio: a batch equals the engine's", || {
        works_over(AccessPath::Vfio)
    });
    runner.test("vfio: who is killed leaves a card that works", killed);
    runner.test("vfio: a card interrupts", interrupts);
    runner.test("vfio: two cards at once", two_cards);
    runner.test("vfio: one process at a time", one_at_a_time);
    runner.test(
        "vfio: a card reaches no other memory",
        reaches_no_other_memory,
    );
}

/// Opens a card.
pub(super) fn opened(card: TestCard) -> Result<Box<dyn Device>, DeviceError> {
    let address = card.address().parse().unwrap();
    open(DeviceChoice::Pcie(Some(address)), DeviceOptions::default())
}

/// A key, a table, two ciphertexts, and what comes out.
pub(super) struct Job {
    pub(super) key: std::sync::Arc<EvaluationKey>,
    pub(super) table: Vec<u64>,
    pub(super) inputs: Vec<u64>,
    pub(super) outputs: Vec<u64>,
}

impl Job {
    /// At toy size.
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = rng(seed);
        let key = toy_key(seed);
        let set = key.parameters();
        let table = words(&mut rng, set.polynomial_size.0);
        let inputs = words(&mut rng, 2 * set.big_lwe_size());
        let single = |input| expected(&key, input, &table, 1, 0);
        let outputs = inputs.chunks(set.big_lwe_size()).flat_map(single).collect();
        Self {
            table,
            inputs,
            outputs,
            key,
        }
    }

    /// Loads key and table.
    pub(super) fn load(&self, device: &mut dyn Device) -> Result<(), DeviceError> {
        device.load_keys(&self.key, &mut |_, _| (), soon())?;
        device.load_luts(LutSlot(0), &[&self.table], soon())
    }

    pub(super) fn submit(&self, device: &mut dyn Device) -> Result<(), DeviceError> {
        let batch = Batch {
            inputs: vec![self.inputs.as_slice().into()],
            luts: vec![LutSlot(0); 2],
            samples: 1,
            stride: 0,
        };
        device.submit(batch).map(drop)
    }

    /// Waits for a batch and compares.
    pub(super) fn wait(
        &self,
        device: &mut dyn Device,
        deadline: Instant,
    ) -> Result<(), DeviceError> {
        let outputs = device.wait(deadline)?.outputs?.concat();
        assert!(outputs == self.outputs, "the outputs are not the engine's");
        Ok(())
    }

    /// Everything that comes after loading, through a session.
    pub(super) fn answered_by(&self, session: &Session) -> Result<(), SessionError> {
        let table = session.lut(&self.table)?;
        let inputs: Vec<&[u64]> = self.inputs.chunks(self.inputs.len() / 2).collect();
        let luts = [table.clone(), table];
        let outputs = session.bootstrap_all(&inputs, &luts, &mut |_| ())?;
        assert!(
            outputs.concat() == self.outputs,
            "the outputs are not the engine's"
        );
        Ok(())
    }

    /// Everything.
    pub(super) fn works(&self, device: &mut dyn Device) -> Result<(), DeviceError> {
        self.load(device)?;
        self.submit(device)?;
        self.wait(device, soon())
    }
}

fn works_over(path: AccessPath) -> Outcome {
    for card in TestCard::ALL {
        let mut device = opened(card)?;
        let identity = device.identity();
        assert!(!identity.simulated, "{identity:?}");
        let name = format!("pcie {} ({path})", card.address());
        assert_eq!(identity.name, name);
        Job::new(1 + card.0 as u64).works(&mut *device)?;
        // Again, on the same card.
        device.reset(soon())?;
        Job::new(3).works(&mut *device)?;
    }
    Ok(())
}

/// Opens the first card in a process of its own, loads it, submits a batch and is there until it is killed.
pub(crate) fn hold() -> ! {
    let job = Job::new(9);
    let mut device = opened(TestCard(0)).unwrap();
    job.load(&mut *device).unwrap();
    job.submit(&mut *device).unwrap();
    println!("{HELD}");
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn killed() -> Outcome {
    let mut holder = Command::new("/proc/self/exe")
        .arg(crate::HOLD)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut said = String::new();
    let read = BufReader::new(holder.stdout.take().ok_or("no pipe")?).read_line(&mut said);
    let other = opened(TestCard(0)).map(drop);
    holder.kill()?;
    holder.wait()?;
    read?;
    assert_eq!(said.trim_end(), HELD);
    assert!(
        matches!(other, Err(DeviceError::Unavailable(_))),
        "{other:?}"
    );
    let mut device = opened(TestCard(0))?;
    Ok(Job::new(10).works(&mut *device)?)
}

/// The card's own reset has to do.
fn killed_without_reset() -> Outcome {
    let card = TestCard(0);
    // A line with nothing in it forbids all methods.
    card.set("reset_method", "\n")?;
    assert!(card.set("reset", "1").is_err(), "it can be reset");
    let ended = killed();
    card.set("reset_method", "default")?;
    ended?;
    Ok(card.set("reset", "1")?)
}

/// Without interrupts the driver would look every 50 ms.
fn interrupts() -> Outcome {
    let card = TestCard(0);
    let job = Job::new(4);
    let mut device = opened(card)?;
    job.load(&mut *device)?;
    let (_, before) = card.counts()?;
    for _ in 0..5 {
        job.submit(&mut *device)?;
        job.wait(&mut *device, soon())?;
    }
    let (refused, after) = card.counts()?;
    let messages = after.wrapping_sub(before);
    assert!(
        (1..=10).contains(&messages),
        "{messages} messages for 5 batches"
    );
    assert_eq!(refused, 0);
    let interrupts = std::fs::read_to_string("/proc/interrupts")?;
    let line = interrupts
        .lines()
        .find(|line| line.contains("vfio-msix") && line.contains(&card.address()));
    let count = line.and_then(|line| line.split_whitespace().nth(1));
    let count: u32 = count.ok_or("no line of vfio-msix")?.parse()?;
    assert!(
        count >= u32::from(messages),
        "{count} interrupts, {messages} messages"
    );
    Ok(())
}

fn two_cards() -> Outcome {
    let threads = TestCard::ALL.map(|card| {
        std::thread::spawn(move || {
            let job = Job::new(5 + card.0 as u64);
            let mut device = opened(card)?;
            job.load(&mut *device)?;
            let before = device.counters()?;
            for _ in 0..5 {
                job.submit(&mut *device)?;
                job.submit(&mut *device)?;
                job.wait(&mut *device, soon())?;
                job.wait(&mut *device, soon())?;
            }
            let counted = device.counters()?.since(&before);
            assert_eq!(counted.bootstraps, 20, "{counted:?}");
            Ok::<_, DeviceError>(())
        })
    });
    for thread in threads {
        thread.join().map_err(|_| last_panic())??;
    }
    Ok(())
}

fn one_at_a_time() -> Outcome {
    let card = TestCard(0);
    let first = opened(card)?;
    match opened(card) {
        Err(DeviceError::Unavailable(_)) => (),
        Err(other) => return Err(other.into()),
        Ok(_) => return Err("two have the same card".into()),
    }
    drop(first);
    opened(card).map(drop)?;
    Ok(())
}

fn function(card: TestCard) -> Result<Function, Box<dyn std::error::Error + Send + Sync>> {
    let address = card.address().parse()?;
    Ok(find(&Roots::default(), &wanted(&[])?, address)?)
}

/// Its rings are where the IOMMU lets it not: the card has to meet a refusal, and say so.
fn reaches_no_other_memory() -> Outcome {
    let card = TestCard(1);
    let mut transport = PcieTransport::open(&function(card)?, |_| 1 << 21)?;
    let capabilities = Capabilities::read(|register| transport.read_register(register))?;
    let (base, bytes) = transport.shared_memory();
    let behind = base + bytes as u64;
    let (before, _) = card.counts()?;
    for (submission, fault) in [
        (behind, Fault::SubmissionRingUnreachable),
        // A barrier, whose completion cannot be written.
        (base, Fault::CompletionRingUnreachable),
    ] {
        let rings = RingLayout {
            submission,
            completion: behind + 4096,
            entries: 16,
        };
        let window = base..behind + (1 << 20);
        let settings = Settings::new(&capabilities, &catalogue::toy(), rings, window)?;
        transport.write_register(Register::Control, Control::RESET)?;
        until(&mut transport, |status| !status.has(Status::RESETTING))?;
        for (register, value) in settings.registers() {
            transport.write_register(register, value)?;
        }
        transport.write_register(Register::Control, Control::CONFIGURE)?;
        until(&mut transport, |status| status.has(Status::CONFIGURED))?;
        transport.write(base, &barrier())?;
        transport.write_register(Register::SubmissionTail, 1)?;
        until(&mut transport, |status| status.has(Status::HALTED))?;
        assert_eq!(transport.read_register(Register::Error)?, fault as u32);
    }
    let (after, _) = card.counts()?;
    assert_eq!(
        after.wrapping_sub(before),
        2,
        "the IOMMU did not refuse twice"
    );
    Ok(())
}

/// A valid descriptor, in words.
fn barrier() -> [u64; 8] {
    let descriptor = gyrus::interface::job::Descriptor {
        tag: 1,
        phase: true,
        job: gyrus::interface::Job::Barrier,
    };
    gyrus::interface::layout::to_words(&descriptor.encode())
}

fn until(transport: &mut PcieTransport, is: impl Fn(Status) -> bool) -> Outcome {
    let deadline = soon();
    loop {
        let status = Status(transport.read_register(Register::Status)?);
        if is(status) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("the status stays {:#x}", status.0).into());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
