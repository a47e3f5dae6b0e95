//! A frame: lengths of header and payload (u32 and u64, little-endian), header (JSON), payload.

use super::{Header, RemoteError};
use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

/// Headers are a few hundred bytes.
const HEADER_LIMIT: u32 = 1 << 16;

/// Sends a frame.
pub(super) fn send(
    stream: &mut impl Write,
    header: &Header,
    payload: &[u8],
) -> Result<(), RemoteError> {
    let header = serde_json::to_vec(header).map_err(|e| RemoteError::Malformed(e.to_string()))?;
    let length = u32::try_from(header.len())
        .ok()
        .filter(|&length| length <= HEADER_LIMIT)
        .ok_or_else(|| RemoteError::Malformed(format!("a header of {} bytes", header.len())))?;
    let mut frame = Vec::with_capacity(12 + header.len());
    frame.extend(length.to_le_bytes());
    frame.extend((payload.len() as u64).to_le_bytes());
    frame.extend(header);
    stream.write_all(&frame)?;
    stream.write_all(payload)?;
    Ok(stream.flush()?)
}

/// Receives a frame whose payload has `limit` bytes at most, from a stream whose reads give up after `patience`.
pub(super) fn receive(
    stream: &mut impl Read,
    limit: usize,
    patience: Duration,
) -> Result<(Header, Vec<u8>), RemoteError> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::UnexpectedEof => RemoteError::Closed,
        ErrorKind::WouldBlock | ErrorKind::TimedOut => RemoteError::Silent(patience),
        _ => RemoteError::Io(error),
    };
    let (mut header, mut payload) = ([0; 4], [0; 8]);
    stream.read_exact(&mut header).map_err(failed)?;
    stream.read_exact(&mut payload).map_err(failed)?;
    let (header, payload) = (u32::from_le_bytes(header), u64::from_le_bytes(payload));
    if header > HEADER_LIMIT || payload > limit as u64 {
        return Err(RemoteError::Malformed(format!(
            "a frame of {header} and {payload} bytes; {HEADER_LIMIT} and {limit} are the most"
        )));
    }
    let mut part = |bytes: usize| {
        let mut part = vec![0; bytes];
        stream.read_exact(&mut part).map_err(failed)?;
        Ok::<_, RemoteError>(part)
    };
    let header = part(header as usize)?;
    let payload = part(payload as usize)?;
    let header =
        serde_json::from_slice(&header).map_err(|e| RemoteError::Malformed(e.to_string()))?;
    Ok((header, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[test]
    fn frames_come_as_they_were_sent() {
        let mut wire = Vec::new();
        let header = Header::Token { answer: true };
        send(&mut wire, &header, &[1, 2, 3]).unwrap();
        send(&mut wire, &Header::Logits { bootstraps: 7 }, &[]).unwrap();
        let mut reader = wire.as_slice();
        let found = receive(&mut reader, 3, PATIENCE).unwrap();
        assert_eq!(found, (header, vec![1, 2, 3]));
        let found = receive(&mut reader, 3, PATIENCE).unwrap();
        assert_eq!(found, (Header::Logits { bootstraps: 7 }, Vec::new()));
        let error = receive(&mut reader, 3, PATIENCE).unwrap_err();
        assert!(matches!(error, RemoteError::Closed));
    }

    #[test]
    fn what_is_no_frame_is_refused_before_memory_is_taken_for_it() {
        let mut wire = Vec::new();
        send(&mut wire, &Header::Token { answer: true }, &[1, 2, 3]).unwrap();
        let error = receive(&mut wire.as_slice(), 2, PATIENCE).unwrap_err();
        assert!(matches!(error, RemoteError::Malformed(_)), "{error}");
        for wire in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            &[0xff; 64],
            &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'{', b'}'],
        ] {
            let error = receive(&mut { wire }, 1 << 30, PATIENCE).unwrap_err();
            assert!(matches!(error, RemoteError::Malformed(_)), "{error}");
        }
        let cut = &wire[..wire.len() - 1];
        let error = receive(&mut { cut }, 3, PATIENCE).unwrap_err();
        assert!(matches!(error, RemoteError::Closed), "{error}");
    }
}
