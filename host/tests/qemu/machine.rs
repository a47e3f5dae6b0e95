//! The guest: QEMU as a child, cards behind it, and what comes from its console.

use crate::contract::SLOTS;
use crate::device::{CardFunction, GuestRam, Message, forward_interrupts, serve};
use crate::kernel::QEMU;
use crate::qtest::Qtest;
use gyrus_sim::device::CardError;
use rustix::io::{FdFlags, fcntl_setfd};
use std::io::{self, BufRead, BufReader};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use thiserror::Error;

/// The line with which the guest says that it runs.
pub(crate) const BOOTED: &str = "BOOTED";
/// How the line begins that says how many tests passed, and how many failed.
pub(crate) const SUMMARY: &str = "SUMMARY ";
/// The one with which it says that it has done everything.
pub(crate) const DONE: &str = "DONE";

/// MiB of memory.
const MEMORY: usize = 1536;
/// What QEMU may take until it connects.
const START_LIMIT: Duration = Duration::from_secs(30);
/// With `iommu=pt`, a card that no driver of VFIO has opened reaches memory as if there were no IOMMU.
const ARGUMENTS: &str = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr hugepages=32 intel_iommu=on \
iommu=pt";

/// Why a guest's run did not end well.
#[derive(Debug, Error)]
pub(crate) enum MachineError {
    #[error("starting QEMU: {0}")]
    Start(#[from] io::Error),
    #[error(transparent)]
    Card(#[from] CardError),
    /// QEMU of Debian 12 ends so now and then, before the guest runs.
    #[error("QEMU ended before the guest ran")]
    BeforeBoot,
    #[error("QEMU ended before the guest was done")]
    Ended,
    #[error("the guest was not done in {0:?}")]
    Timeout(Duration),
}

/// A guest that runs; it ends with this.
struct Machine {
    child: Child,
    lines: Receiver<String>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Boots a guest with two cards, hands over each line of its console with the time since the start, and ends it
/// when it is done.
pub(crate) fn run(
    directory: &Path,
    limit: Duration,
    mut each: impl FnMut(&str, Duration),
) -> Result<(), MachineError> {
    let start = Instant::now();
    let machine = Machine::start(directory)?;
    let mut booted = false;
    loop {
        let left = limit.saturating_sub(start.elapsed());
        match machine.lines.recv_timeout(left) {
            Ok(line) => {
                booted |= line == BOOTED;
                each(&line, start.elapsed());
                if line == DONE {
                    return Ok(());
                }
            }
            Err(RecvTimeoutError::Timeout) => return Err(MachineError::Timeout(limit)),
            Err(RecvTimeoutError::Disconnected) if booted => return Err(MachineError::Ended),
            Err(RecvTimeoutError::Disconnected) => return Err(MachineError::BeforeBoot),
        }
    }
}

impl Machine {
    fn start(directory: &Path) -> Result<Self, MachineError> {
        let socket = directory.join("qtest");
        std::fs::remove_file(&socket).ok();
        let listener = UnixListener::bind(&socket)?;
        let (cards, theirs): (Vec<_>, Vec<_>) = SLOTS
            .iter()
            .map(|_| UnixStream::pair())
            .collect::<io::Result<Vec<_>>>()?
            .into_iter()
            .map(|(ours, theirs)| (ours, OwnedFd::from(theirs)))
            .unzip();
        let mut child = command(directory, &socket, &theirs)?.spawn()?;
        drop(theirs);
        let console = child.stdout.take();
        let (sender, lines) = channel();
        let mut machine = Self { child, lines };
        std::thread::spawn(move || {
            let lines = console
                .map(BufReader::new)
                .into_iter()
                .flat_map(|console| console.split(b'\n'));
            for line in lines.map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        // QEMU connects before it asks the cards anything.
        let qtest = machine.accept(&listener)?;
        attach(cards, Arc::new(Qtest::new(qtest)?))?;
        Ok(machine)
    }

    /// The connection that QEMU makes while it starts.
    fn accept(&mut self, listener: &UnixListener) -> Result<UnixStream, MachineError> {
        listener.set_nonblocking(true)?;
        let give_up = Instant::now() + START_LIMIT;
        while Instant::now() < give_up && self.child.try_wait()?.is_none() {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    return Ok(stream);
                }
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(2)),
            }
        }
        Err(MachineError::BeforeBoot)
    }
}

/// Puts a card behind each socket, with threads that end with QEMU.
fn attach(sockets: Vec<UnixStream>, qtest: Arc<Qtest>) -> Result<(), MachineError> {
    let ram = Arc::new(GuestRam::default());
    let (messages, sent) = channel::<Message>();
    let writer = Arc::clone(&qtest);
    std::thread::spawn(move || {
        for message in sent {
            if writer.write_u32(message.address, message.data).is_err() {
                break;
            }
        }
    });
    for (socket, &slot) in sockets.into_iter().zip(&SLOTS) {
        let card = CardFunction::new(slot, Arc::clone(&ram), Arc::clone(&qtest), messages.clone())?;
        let card = Arc::new(card);
        let interrupts = card.interrupts();
        let forwarding = Arc::downgrade(&card);
        std::thread::spawn(move || forward_interrupts(&forwarding, &interrupts));
        let ram = Arc::clone(&ram);
        std::thread::spawn(move || match serve(socket, card.as_ref(), &ram) {
            // QEMU has been ended.
            Ok(()) => (),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => (),
            Err(error) => eprintln!("the card in slot {slot}: {error}"),
        });
    }
    Ok(())
}

fn command(directory: &Path, qtest: &Path, cards: &[OwnedFd]) -> io::Result<Command> {
    // Ends QEMU when this process ends, however it does.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", QEMU]);
    command.args(["-machine", "q35,memory-backend=ram", "-accel", "tcg"]);
    command.args(["-cpu", "max", "-m", &format!("{MEMORY}M"), "-smp", "1"]);
    command.args(["-nodefaults", "-no-user-config", "-no-reboot"]);
    command.args(["-display", "none", "-serial", "stdio"]);
    let memory = format!("memory-backend-memfd,id=ram,size={MEMORY}M,share=on");
    command.args(["-object", &memory]);
    command.args(["-device", "intel-iommu,intremap=off"]);
    command.arg("-kernel").arg(directory.join("vmlinux"));
    command.arg("-initrd").arg(directory.join("initramfs"));
    command.args(["-append", ARGUMENTS]);
    command.args(["-qtest", &format!("unix:{}", qtest.display())]);
    command.args(["-qtest-log", "/dev/null"]);
    for (card, slot) in cards.iter().zip(SLOTS) {
        // The child has to get it.
        fcntl_setfd(card, FdFlags::empty())?;
        let device = format!("x-pci-proxy-dev,fd={},addr={slot:#x}", card.as_raw_fd());
        command.args(["-device", &device]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(command)
}
