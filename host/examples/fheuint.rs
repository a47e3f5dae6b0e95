//! An ordinary tfhe-rs program of `FheUint8` and `FheUint16` operations; one line makes every
//! bootstrap run on a Gyrus session.
//!
//! `cargo run --release --features integer --example fheuint`

use gyrus::device::{self, DeviceChoice, DeviceOptions};
use gyrus::session::{Session, SessionOptions};
use gyrus::tfhe::{high_level_server_key, import_evaluation_key, shortint_key};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use tfhe::prelude::*;
use tfhe::{ClientKey, CompressedServerKey, ConfigBuilder, FheUint8, FheUint16, set_server_key};

fn main() -> Result<(), Box<dyn Error>> {
    // The client, with tfhe-rs' default parameters.
    let client = ClientKey::generate(ConfigBuilder::default().build());
    let compressed = CompressedServerKey::new(&client);

    // The server opens a session on a device.
    let key = Arc::new(import_evaluation_key(&shortint_key(compressed))?);
    let device = device::open(DeviceChoice::Auto, DeviceOptions::default())?;
    let session = Session::open(
        device,
        Arc::clone(&key),
        SessionOptions::default(),
        &mut |_, _| (),
    )?;
    println!(
        "{}: {}",
        session.statistics().identity.name,
        key.parameters().name
    );

    // tfhe-rs asks for one bootstrap per rayon thread at a time. The threads only wait for the
    // session, so more of them than CPUs make fuller batches.
    rayon::ThreadPoolBuilder::new()
        .num_threads(16)
        .build_global()?;

    // The one line: from here on it is a tfhe-rs program as any other.
    set_server_key(high_level_server_key(&session, &key)?);

    let start = Instant::now();
    let (a, b) = (
        FheUint8::try_encrypt(201_u8, &client)?,
        FheUint8::try_encrypt(77_u8, &client)?,
    );
    report(&session, "u8   201 + 77", || decrypt8(&(&a + &b), &client));
    report(&session, "u8   201 * 77", || decrypt8(&(&a * &b), &client));
    report(&session, "u8   201 > 77", || {
        a.gt(&b).decrypt(&client).to_string()
    });
    report(&session, "u8   max", || decrypt8(&a.max(&b), &client));
    let (c, d) = (
        FheUint16::try_encrypt(40_000_u16, &client)?,
        FheUint16::try_encrypt(54_321_u16, &client)?,
    );
    report(&session, "u16  40000 + 54321", || {
        decrypt16(&(&c + &d), &client)
    });
    report(&session, "u16  40000 * 54321", || {
        decrypt16(&(&c * &d), &client)
    });
    report(&session, "u16  40000 <= 54321", || {
        c.le(&d).decrypt(&client).to_string()
    });
    report(&session, "u16  max", || decrypt16(&c.max(&d), &client));

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

fn decrypt8(value: &FheUint8, client: &ClientKey) -> String {
    let clear: u8 = value.decrypt(client);
    clear.to_string()
}

fn decrypt16(value: &FheUint16, client: &ClientKey) -> String {
    let clear: u16 = value.decrypt(client);
    clear.to_string()
}

/// Runs one operation and prints its result, its bootstraps and its time.
fn report(session: &Session, what: &str, operation: impl FnOnce() -> String) {
    let (before, start) = (session.statistics().requests, Instant::now());
    let result = operation();
    let (time, bootstraps) = (start.elapsed(), session.statistics().requests - before);
    println!("{what:20} = {result:>5}   {bootstraps:3} PBS, {time:.2?}");
}
