//! The protocol of QEMU's `x-pci-proxy-dev`: configuration space, BARs and resets of a function over a Unix
//! socket (`include/hw/remote/mpqemu-link.h` of QEMU 7.2).
//!
//! A message is a header of 16 bytes (command, padding, size of what follows) and the data; file descriptors
//! come with the header. Accesses and resets are answered with `RET` and 64 bits.

use super::PciFunction;
use super::ram::{GuestRam, Region};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use std::fs::File;
use std::io::{self, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

const SYNC_SYSMEM: u32 = 0;
const RET: u32 = 1;
const CONFIG_WRITE: u32 = 2;
const CONFIG_READ: u32 = 3;
const BAR_WRITE: u32 = 4;
const BAR_READ: u32 = 5;
const SET_IRQFD: u32 = 6;
const DEVICE_RESET: u32 = 7;

const HEADER_BYTES: usize = 16;
/// File descriptors of a message at most, and so regions of memory.
const MOST_FILES: usize = 8;
/// Start, size and offset of so many regions: the longest message.
const MOST_BYTES: usize = MOST_FILES * 3 * 8;

struct Received {
    command: u32,
    data: Vec<u8>,
    files: Vec<OwnedFd>,
}

impl Received {
    fn u32(&self, offset: usize) -> u32 {
        let bytes = self.data.get(offset..offset + 4).unwrap_or_default();
        u32::from_le_bytes(bytes.try_into().unwrap_or_default())
    }

    fn u64(&self, offset: usize) -> u64 {
        let bytes = self.data.get(offset..offset + 8).unwrap_or_default();
        u64::from_le_bytes(bytes.try_into().unwrap_or_default())
    }
}

/// Answers QEMU until it ends.
pub(crate) fn serve(
    mut stream: UnixStream,
    function: &dyn PciFunction,
    ram: &GuestRam,
) -> io::Result<()> {
    while let Some(message) = receive(&mut stream)? {
        let (offset, value) = (message.u32(0) as usize, message.u32(4));
        let length = (message.u32(8) as usize).min(4);
        // Of a BAR's access.
        let (address, size) = (message.u64(0), (message.u32(16) as usize).min(8));
        let answer = match message.command {
            SYNC_SYSMEM => {
                ram.lay(regions(message)?);
                continue;
            }
            // INTx, which the function does not have.
            SET_IRQFD => continue,
            CONFIG_READ => u64::from(function.config_read(offset, length)),
            CONFIG_WRITE => {
                function.config_write(offset, value, length);
                0
            }
            BAR_READ => function.bar_read(address.wrapping_sub(function.bar()), size),
            BAR_WRITE => {
                let offset = address.wrapping_sub(function.bar());
                function.bar_write(offset, message.u64(8), size);
                0
            }
            DEVICE_RESET => {
                function.reset();
                0
            }
            other => return Err(io::Error::other(format!("QEMU sends command {other}"))),
        };
        let mut reply = [0; HEADER_BYTES + 8];
        reply[..4].copy_from_slice(&RET.to_le_bytes());
        reply[8..16].copy_from_slice(&8_u64.to_le_bytes());
        reply[HEADER_BYTES..].copy_from_slice(&answer.to_le_bytes());
        stream.write_all(&reply)?;
    }
    Ok(())
}

fn regions(message: Received) -> io::Result<Vec<Region>> {
    let places: Vec<_> = (0..MOST_FILES)
        .map(|number| {
            let word = |group| message.u64((group * MOST_FILES + number) * 8);
            (word(0), word(1), word(2))
        })
        .collect();
    let files = message.files.into_iter().map(File::from);
    files
        .zip(places)
        .map(|(file, (start, bytes, offset))| {
            let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
            Region::map(&file, start, bytes, offset)
        })
        .collect()
}

/// The next message; `None` at the end.
fn receive(stream: &mut UnixStream) -> io::Result<Option<Received>> {
    let mut header = [0; HEADER_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FILES))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut into = [IoSliceMut::new(&mut header)];
    let flags = RecvFlags::CMSG_CLOEXEC;
    let got = recvmsg(&*stream, &mut into, &mut ancillary, flags)?.bytes;
    let mut files = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            files.extend(descriptors);
        }
    }
    if got == 0 {
        return Ok(None);
    }
    stream.read_exact(&mut header[got..])?;
    let word = |at| u64::from_le_bytes(std::array::from_fn(|byte| header[at + byte]));
    let command = (word(0) & 0xffff_ffff) as u32;
    let bytes = usize::try_from(word(8)).unwrap_or(usize::MAX);
    if bytes > MOST_BYTES {
        return Err(io::Error::other(format!("QEMU sends {bytes} bytes")));
    }
    let mut data = vec![0; bytes];
    stream.read_exact(&mut data)?;
    Ok(Some(Received {
        command,
        data,
        files,
    }))
}
