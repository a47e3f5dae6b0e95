//! Receiver and sender alone, against the line of [`super::wire`].

use super::support::bench::Bench;
use super::wire;
use gyrus_hdl::serial::{Receiver, Sender};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

crate::dut!(Receiver { line => valid, value, wrong });
crate::dut!(Sender { valid, value => ready, line });

/// Every byte, bits of several lengths, a host whose clock is off by up to 3%, gaps.
#[test]
fn every_byte_is_received() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let bytes: Vec<u8> = (0..=255).collect();
    for (cycles, host) in [(4, 4.0), (16, 16.0), (17, 17.4), (25, 25.7), (25, 24.3)] {
        let mut bench = Bench::new(Receiver::new(cycles));
        let mut received = Vec::new();
        for byte in &bytes {
            let mut line = wire::send(&[*byte], host);
            line.extend((0..rng.random_range(0..30)).map(|_| true));
            for level in line {
                let sample = bench.cycle(&[level.into()]);
                assert_eq!(sample[2], 0, "a stop bit");
                if sample[0] == 1 {
                    received.push(sample[1] as u8);
                }
            }
        }
        for _ in 0..host as usize * 2 {
            let sample = bench.cycle(&[1]);
            if sample[0] == 1 {
                received.push(sample[1] as u8);
            }
        }
        assert_eq!(received, bytes, "{cycles} cycles, {host} of the host");
        if cycles == 16 {
            bench.replay("serial_receiver");
        }
    }
}

/// A spike is no byte, and a break is an error and no byte, after which bytes are received again.
#[test]
fn spikes_and_breaks() {
    let mut bench = Bench::new(Receiver::new(16));
    let mut line = vec![true; 40];
    line.extend([false; 5]);
    line.extend([true; 200]);
    line.extend([false; 500]);
    line.extend([true; 40]);
    line.extend(wire::send(b"a", 16.0));
    line.extend([true; 40]);
    let (mut bytes, mut errors) = (Vec::new(), 0);
    for level in line {
        let sample = bench.cycle(&[level.into()]);
        if sample[0] == 1 {
            bytes.push(sample[1] as u8);
        }
        errors += sample[2];
    }
    assert_eq!(bytes, b"a");
    assert_eq!(errors, 1);
    bench.replay("serial_breaks");
}

/// What is sent is what the standard's other end reads, back to back and with gaps.
#[test]
fn every_byte_is_sent() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for bit in [4_u16, 25] {
        let mut bench = Bench::new(Sender::new(bit));
        let mut bytes: Vec<u8> = (0..=255).collect();
        bytes.extend((0..50).map(|_| rng.random::<u8>()));
        let mut line = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let offered = at < 200 || rng.random_ratio(1, 20);
            let sample = bench.cycle(&[offered.into(), bytes[at].into()]);
            line.push(sample[1] == 1);
            if offered && sample[0] == 1 {
                at += 1;
            }
        }
        for _ in 0..12 * bit {
            line.push(bench.cycle(&[0, 0])[1] == 1);
        }
        let received: Vec<u8> = wire::receive(&line, bit.into())
            .iter()
            .map(|byte| byte.1)
            .collect();
        assert_eq!(received, bytes, "{bit} cycles");
        if bit == 4 {
            bench.replay("serial_sender");
        }
    }
}
