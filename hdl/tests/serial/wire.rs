//! The two ends of a serial line, as the standard has them, sample by sample.

/// The levels of a byte on the line: start bit, eight bits, the lowest first, stop bit.
fn levels(byte: u8) -> impl Iterator<Item = bool> {
    let bit = move |at: u32| byte >> at & 1 == 1;
    std::iter::once(false)
        .chain((0..8).map(bit))
        .chain(std::iter::once(true))
}

/// The line's level in each cycle: bytes back to back, bits of `bit` cycles, which need be no integer.
pub(crate) fn send(bytes: &[u8], bit: f64) -> Vec<bool> {
    let levels: Vec<bool> = bytes.iter().flat_map(|&byte| levels(byte)).collect();
    let cycles = (levels.len() as f64 * bit).ceil() as usize;
    (0..cycles)
        .map(|cycle| {
            levels
                .get((cycle as f64 / bit) as usize)
                .copied()
                .unwrap_or(true)
        })
        .collect()
}

/// Bytes out of a line's levels, each with the cycle in which its start bit began.
pub(crate) fn receive(line: &[bool], bit: usize) -> Vec<(usize, u8)> {
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(low) = line
        .get(at..)
        .and_then(|rest| rest.iter().position(|&level| !level))
    {
        let start = at + low;
        let sample = |number: usize| line.get(start + number * bit + bit / 2).copied();
        let Some(stop) = sample(9) else { break };
        assert!(stop, "cycle {start}: a stop bit");
        let value = (0..8).map(|number| u8::from(sample(number + 1) == Some(true)) << number);
        bytes.push((start, value.sum()));
        at = start + 9 * bit + bit / 2;
    }
    bytes
}
