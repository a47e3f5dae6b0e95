//! The card, driven cycle by cycle.

use super::axi::{ReadPort, WritePort};
use super::library::{LibraryError, Simulation};
use super::lite::LitePort;
use super::memory::Memory;
use super::pace::Pace;
use super::pins::{LitePins, NoPort, Pins, Ports, ReadPins, WritePins};
use super::rules::{Rule, Violation};
use super::stalls::{Jitter, Stalls};
use crate::device::{Card, CardError, CardMemory, HostMemory, MemoryFault};
use gyrus_hdl::card::CardParameters;
use gyrus_hdl::verilate::{CardLibrary, Options, VerilateError};
use gyrus_interface::registers::{BAR_BYTES, Register};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Cycles for which the reset pin is held.
const RESET_PIN_CYCLES: u64 = 16;

/// From this one of them on the card may offer nothing: it takes the pin into a register first.
const QUIET_FROM: u64 = 2;

/// Cycles in which a register answers, if it ever does.
const REGISTER_CYCLES: u64 = 1000;

/// Lanes up to which optimised C++ compiles in about a minute.
const MOST_OPTIMISED_LANES: usize = 16;

/// Cycles between two looks at the clock on the wall.
const CYCLES_A_LOOK: u64 = 256;

/// Why there is no simulated card.
#[derive(Debug, Error)]
pub enum RtlError {
    /// It cannot be built.
    #[error(transparent)]
    Build(#[from] VerilateError),
    /// It was built, but cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// It was built, but is another design.
    #[error(transparent)]
    Port(#[from] NoPort),
}

/// How the card is built, and what is around it.
#[derive(Debug, Clone)]
pub struct RtlOptions {
    /// The card's sizes.
    pub parameters: CardParameters,
    /// Where the simulation is built and kept.
    pub directory: PathBuf,
    /// Bytes of host memory.
    pub memory_bytes: usize,
    /// How fast host memory answers.
    pub host: Pace,
    /// How fast card memory answers, on each of its buses.
    pub card: Pace,
    /// How much both vary.
    pub jitter: Option<Jitter>,
    /// Counts the cycles done, for whoever shows progress.
    pub cycles: Arc<AtomicU64>,
    /// A file for the waveform.
    pub trace: Option<PathBuf>,
    /// Let the C++ compiler optimise for this machine, which takes longer.
    pub optimise: bool,
    /// Longest time for each step of the build.
    pub build_deadline: Duration,
}

impl RtlOptions {
    /// A card of these sizes, built in this directory, with 64 MiB of host memory a microsecond away (at
    /// 300 MHz) and card memory 100 cycles away.
    #[must_use]
    pub fn new(parameters: CardParameters, directory: PathBuf) -> Self {
        Self {
            parameters,
            directory,
            memory_bytes: 64 << 20,
            host: Pace::HOST,
            card: Pace::CARD,
            jitter: None,
            cycles: Arc::default(),
            trace: None,
            optimise: parameters.core.lanes <= MOST_OPTIMISED_LANES,
            build_deadline: Duration::from_secs(3600),
        }
    }
}

/// A card under simulation.
#[derive(Debug)]
pub struct RtlCard {
    name: String,
    simulation: Simulation,
    lite: LitePort,
    aresetn: usize,
    irq: usize,
    reads: Vec<ReadPort>,
    writes: Vec<WritePort>,
    host: Arc<HostMemory>,
    card: Arc<Mutex<CardMemory>>,
    cycles: u64,
    counter: Arc<AtomicU64>,
    build_time: Duration,
    /// The first rule of its buses that it broke.
    violation: Option<Violation>,
}

impl RtlCard {
    /// Builds the simulation, unless that was done before, and powers the card on.
    ///
    /// # Errors
    /// [`RtlError`] if a tool is missing or fails, or the directory cannot be written.
    pub fn power_on(options: &RtlOptions) -> Result<Self, RtlError> {
        let build = Options {
            trace: options.trace.is_some(),
            optimise: options.optimise,
            deadline: options.build_deadline,
            ..Options::all_cores()
        };
        let library = CardLibrary::build(&options.parameters, &options.directory, &build)?;
        let ports = Ports::new(&library);
        let capabilities = options.parameters.capabilities(0);
        let host = Arc::new(HostMemory::new(options.memory_bytes));
        let card = Arc::new(Mutex::new(CardMemory::new(capabilities.memory_bytes())));
        let at_host = Memory::Host(Arc::clone(&host));
        let on_card = Memory::Card(Arc::clone(&card));
        let mut ports_so_far = 0;
        let mut stalls = || {
            ports_so_far += 1;
            Stalls::new(options.jitter, ports_so_far)
        };
        let mut reads = Vec::new();
        let mut writes = Vec::new();
        for (bus, memory, pace) in [
            ("m_host", &at_host, options.host),
            ("m_card", &on_card, options.card),
        ] {
            let pins = ReadPins::narrow(&ports, bus)?;
            reads.push(ReadPort::new(pins, memory.clone(), pace, stalls()));
            let pins = WritePins::new(&ports, bus)?;
            writes.push(WritePort::new(pins, memory.clone(), pace, stalls()));
        }
        for (bus, channels) in [
            ("m_key", options.parameters.key),
            ("m_keyswitch", options.parameters.keyswitch),
        ] {
            for channel in 0..channels.count as usize {
                let pins = ReadPins::wide(&ports, bus, channel, channels.words as usize)?;
                let port = ReadPort::new(pins, on_card.clone(), options.card, stalls());
                reads.push(port);
            }
        }
        let mut card = Self {
            name: format!("rtl ({} lanes, verilated)", options.parameters.core.lanes),
            // The memories' random numbers are those behind.
            lite: LitePort::new(LitePins::new(&ports)?, Stalls::new(options.jitter, 0)),
            aresetn: ports.input("aresetn")?,
            irq: ports.output("irq")?,
            simulation: Simulation::new(&library, options.trace.as_deref())?,
            reads,
            writes,
            host,
            card,
            cycles: 0,
            counter: Arc::clone(&options.cycles),
            build_time: library.build_time(),
            violation: None,
        };
        card.reset_buses();
        Ok(card)
    }

    /// Cycles since power-on.
    #[must_use]
    pub const fn cycles(&self) -> u64 {
        self.cycles
    }

    /// What building took, or finding what was built.
    #[must_use]
    pub const fn build_time(&self) -> Duration {
        self.build_time
    }

    /// The first rule of its buses that it broke, if it did.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Lets some cycles pass.
    pub fn run(&mut self, cycles: u64) {
        for _ in 0..cycles {
            self.cycle();
        }
    }

    /// One cycle.
    fn cycle(&mut self) {
        let now = self.cycles;
        self.drive();
        let outputs = self.simulation.cycle();
        let mut found = None;
        if let Err(rule) = self.lite.sample(outputs) {
            found = Some((LitePort::NAME, rule));
        }
        for port in &mut self.reads {
            if let Err(rule) = port.sample(now, outputs) {
                found = Some((port.name(), rule));
            }
        }
        for port in &mut self.writes {
            if let Err(rule) = port.sample(now, outputs) {
                found = Some((port.name(), rule));
            }
        }
        if let Some((bus, rule)) = found {
            note(&mut self.violation, bus, now, rule);
        }
        self.cycles += 1;
    }

    /// One cycle with the reset pin held: nothing moves, and soon nothing may be offered.
    fn reset_cycle(&mut self, number: u64) {
        self.lite.forget();
        for port in &mut self.reads {
            port.forget();
        }
        for port in &mut self.writes {
            port.forget();
        }
        self.drive();
        let outputs = self.simulation.cycle();
        if number >= QUIET_FROM {
            let lite = (LitePort::NAME, self.lite.is_quiet(outputs));
            let reads = self.reads.iter();
            let reads = reads.map(|port| (port.name(), port.is_quiet(outputs)));
            let writes = self.writes.iter();
            let writes = writes.map(|port| (port.name(), port.is_quiet(outputs)));
            let mut buses = std::iter::once(lite).chain(reads).chain(writes);
            if let Some((bus, _)) = buses.find(|(_, is_quiet)| !is_quiet) {
                note(&mut self.violation, bus, self.cycles, Rule::InReset);
            }
        }
        self.cycles += 1;
    }

    /// Sets the inputs of the next cycle.
    fn drive(&mut self) {
        let now = self.cycles;
        let mut inputs = Pins(self.simulation.inputs());
        self.lite.drive(now, &mut inputs);
        for port in &mut self.reads {
            port.drive(now, &mut inputs);
        }
        for port in &mut self.writes {
            port.drive(now, &mut inputs);
        }
    }

    /// Lets cycles pass until a register answers.
    fn answer(&mut self, offset: u32) -> Result<u32, CardError> {
        let mut answer = None;
        for _ in 0..REGISTER_CYCLES {
            self.cycle();
            answer = self.lite.take_answer();
            if answer.is_some() {
                break;
            }
        }
        self.lawful()?;
        let Some(answer) = answer else {
            self.lite.forget();
            return Err(self.gone("its registers do not answer"));
        };
        // Where there is no register, an error is as good as a 0.
        if answer.is_error && Register::at(offset).is_some() {
            return Err(self.gone(&format!("its register {offset:#x} answers with an error")));
        }
        Ok(answer.value)
    }

    fn high(&self, pin: usize) -> bool {
        self.simulation.outputs()[pin] != 0
    }

    fn card_memory(&self) -> MutexGuard<'_, CardMemory> {
        self.card.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An error if it broke a rule: nothing that it says counts then.
    fn lawful(&self) -> Result<(), CardError> {
        match &self.violation {
            None => Ok(()),
            Some(violation) => Err(CardError::Gone(violation.to_string())),
        }
    }

    fn gone(&self, why: &str) -> CardError {
        CardError::Gone(format!("{}: {why}", self.name))
    }
}

/// Keeps the first rule that was broken.
fn note(violation: &mut Option<Violation>, bus: &str, cycle: u64, rule: Rule) {
    violation.get_or_insert_with(|| Violation {
        bus: bus.to_owned(),
        cycle,
        rule,
    });
}

fn check(offset: u32) -> Result<(), CardError> {
    if offset < BAR_BYTES && offset.is_multiple_of(4) {
        Ok(())
    } else {
        Err(CardError::NoRegister(offset))
    }
}

impl Card for RtlCard {
    fn name(&self) -> &str {
        &self.name
    }

    fn read_register(&mut self, offset: u32) -> Result<u32, CardError> {
        check(offset)?;
        let mut inputs = Pins(self.simulation.inputs());
        self.lite.begin_read(self.cycles, offset, &mut inputs);
        self.answer(offset)
    }

    fn write_register(&mut self, offset: u32, value: u32) -> Result<(), CardError> {
        check(offset)?;
        let mut inputs = Pins(self.simulation.inputs());
        self.lite
            .begin_write(self.cycles, offset, value, &mut inputs);
        self.answer(offset).map(|_| ())
    }

    fn memory(&self) -> &Arc<HostMemory> {
        &self.host
    }

    fn wait_interrupt(&mut self, deadline: Instant) -> Result<bool, CardError> {
        loop {
            for _ in 0..CYCLES_A_LOOK {
                self.cycle();
                if self.high(self.irq) {
                    self.counter.store(self.cycles, Ordering::Relaxed);
                    return self.lawful().map(|()| true);
                }
            }
            self.lawful()?;
            self.counter.store(self.cycles, Ordering::Relaxed);
            if Instant::now() >= deadline {
                return Ok(false);
            }
        }
    }

    fn read_card_memory(&mut self, address: u64, words: &mut [u64]) -> Result<(), CardError> {
        self.card_memory().read(address, words)
    }

    fn write_card_memory(&mut self, address: u64, words: &[u64]) -> Result<(), CardError> {
        self.card_memory().write(address, words)
    }

    fn fail_card_memory(&mut self, range: Range<u64>, fault: MemoryFault) {
        self.card_memory().faults.fail(range, fault);
    }

    fn reset_buses(&mut self) {
        Pins(self.simulation.inputs()).set(self.aresetn, false);
        for number in 0..RESET_PIN_CYCLES {
            self.reset_cycle(number);
        }
        Pins(self.simulation.inputs()).set(self.aresetn, true);
    }

    fn mend_card_memory(&mut self) {
        self.card_memory().faults.mend();
    }
}
