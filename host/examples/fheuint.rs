//! An ordinary tfhe-rs program of `FheUint8` and `FheUint16` operations; one line makes every
//! bootstrap run on a Gyrus session. Fails when a result is not that of the clear values.
//!
//! `cargo run --release --features integer --example fheuint`

use gyrus::device::{self, DeviceChoice, DeviceOptions};
use gyrus::session::{Session, SessionOptions};
use gyrus::tfhe::open_high_level_session;
use std::error::Error;
use std::fmt::Display;
use std::time::Instant;
use tfhe::prelude::*;
use tfhe::{ClientKey, CompressedServerKey, ConfigBuilder, FheUint8, FheUint16, set_server_key};

fn main() -> Result<(), Box<dyn Error>> {
    // tfhe-rs asks for one bootstrap per rayon thread at a time. The threads only wait for the
    // session, so more of them than CPUs make fuller batches. Comes first: making keys would start
    // the pool with as many threads as CPUs.
    rayon::ThreadPoolBuilder::new()
        .num_threads(16)
        .build_global()?;

    // The client, with tfhe-rs' default parameters.
    let client = ClientKey::generate(ConfigBuilder::default().build());
    let compressed = CompressedServerKey::new(&client);

    // The one line, beside the choice of a device: a session, and a server key whose bootstraps
    // run on it. From here on it is a tfhe-rs program as any other.
    let device = device::open(DeviceChoice::Auto, DeviceOptions::default())?;
    let (session, server) = open_high_level_session(device, compressed, SessionOptions::default())?;
    set_server_key(server);

    println!(
        "{}: {}",
        session.statistics().identity.name,
        session.parameters().name
    );

    let start = Instant::now();
    let (x, y) = (201_u8, 77_u8);
    let (a, b) = (
        FheUint8::try_encrypt(x, &client)?,
        FheUint8::try_encrypt(y, &client)?,
    );
    let number = |value: FheUint8| -> u8 { value.decrypt(&client) };
    check(&session, "u8   201 + 77", x.wrapping_add(y), || {
        number(&a + &b)
    })?;
    check(&session, "u8   201 * 77", x.wrapping_mul(y), || {
        number(&a * &b)
    })?;
    check(&session, "u8   201 > 77", x > y, || {
        a.gt(&b).decrypt(&client)
    })?;
    check(&session, "u8   max", x.max(y), || number(a.max(&b)))?;

    let (x, y) = (40_000_u16, 54_321_u16);
    let (a, b) = (
        FheUint16::try_encrypt(x, &client)?,
        FheUint16::try_encrypt(y, &client)?,
    );
    let number = |value: FheUint16| -> u16 { value.decrypt(&client) };
    check(&session, "u16  40000 + 54321", x.wrapping_add(y), || {
        number(&a + &b)
    })?;
    check(&session, "u16  40000 * 54321", x.wrapping_mul(y), || {
        number(&a * &b)
    })?;
    check(&session, "u16  40000 <= 54321", x <= y, || {
        a.le(&b).decrypt(&client)
    })?;
    check(&session, "u16  max", x.max(y), || number(a.max(&b)))?;

    let (statistics, seconds) = (session.statistics(), start.elapsed().as_secs_f64());
    println!(
        "{} bootstraps in {} batches (largest {}), {:.1} PBS/s",
        statistics.requests,
        statistics.batches,
        statistics.largest_batch,
        statistics.requests as f64 / seconds
    );
    Ok(())
}

/// Runs one operation, prints its result, its bootstraps and its time, and compares the result.
fn check<T: PartialEq + Display>(
    session: &Session,
    what: &str,
    expected: T,
    operation: impl FnOnce() -> T,
) -> Result<(), String> {
    let (before, start) = (session.statistics().requests, Instant::now());
    let found = operation();
    let (time, bootstraps) = (start.elapsed(), session.statistics().requests - before);
    println!("{what:20} = {found:>5}   {bootstraps:3} PBS, {time:.2?}");
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}: {expected} in the clear, not {found}"))
    }
}
