//! QEMU's test socket: reads and writes of the guest's physical addresses, as a device makes them.
//!
//! QEMU answers from its main loop, which stands still while the guest waits for a device. So nobody who
//! answers the guest may wait for it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What the slowest answer may take; a guest that boots on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// The way to QEMU's test socket.
#[derive(Debug)]
pub(crate) struct Qtest(Mutex<BufReader<UnixStream>>);

impl Qtest {
    pub(crate) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self(Mutex::new(BufReader::new(stream))))
    }

    /// Sends a command and returns what comes behind the `OK`.
    fn command(&self, command: &str) -> io::Result<String> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stream.get_mut().write_all(command.as_bytes())?;
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let answer = line.trim_end().strip_prefix("OK").map(str::trim);
        answer.map(str::to_owned).ok_or_else(|| {
            io::Error::other(format!(
                "QEMU answers '{}' to '{}'",
                line.trim_end(),
                command.trim_end()
            ))
        })
    }

    pub(crate) fn read_u32(&self, address: u64) -> io::Result<u32> {
        let value = number(&self.command(&format!("readl {address:#x}\n"))?)?;
        u32::try_from(value).map_err(io::Error::other)
    }

    pub(crate) fn read_u64(&self, address: u64) -> io::Result<u64> {
        number(&self.command(&format!("readq {address:#x}\n"))?)
    }

    pub(crate) fn write_u32(&self, address: u64, value: u32) -> io::Result<()> {
        self.command(&format!("writel {address:#x} {value:#x}\n"))
            .map(drop)
    }
}

fn number(text: &str) -> io::Result<u64> {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).map_err(io::Error::other)
}
