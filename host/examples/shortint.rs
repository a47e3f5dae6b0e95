//! tfhe-rs `shortint` ciphertexts go in, a look-up table is applied on a Gyrus session, `shortint`
//! ciphertexts come out. Fails when one of them does not decrypt to what it should.
//!
//! `cargo run --release --example shortint`

use gyrus::device::{self, DeviceChoice, DeviceOptions};
use gyrus::session::SessionOptions;
use gyrus::tfhe::{open_session, server_key, to_tfhe};
use std::error::Error;
use tfhe::shortint::{ClientKey, CompressedServerKey};

fn main() -> Result<(), Box<dyn Error>> {
    // The client: HPU's parameters with failure probability 2^-128, which tfhe-rs has only behind
    // its feature `hpu`.
    let set = gyrus::interface::find(gyrus::interface::PRIMARY).ok_or("no primary set")?;
    let client = ClientKey::new(to_tfhe(&set)?);
    let compressed = CompressedServerKey::new(&client);

    // The server: a session on a device, and a tfhe-rs server key on that session.
    let device = device::open(DeviceChoice::Auto, DeviceOptions::default())?;
    let session = open_session(device, &compressed, SessionOptions::default())?;
    let server = server_key(&session);
    println!("{}: {}", session.statistics().identity.name, set.name);

    let square = |x: u64| x * x % 16;
    let table = server.generate_lookup_table(square);
    for message in 0..16 {
        let encrypted = client.unchecked_encrypt(message);
        let squared = server.apply_lookup_table(&encrypted, &table);
        let (found, expected) = (client.decrypt_message_and_carry(&squared), square(message));
        println!("{message:2}^2 mod 16 = {found:2}");
        if found != expected {
            return Err(format!("{message}^2 mod 16 is {expected}, not {found}").into());
        }
    }

    let statistics = session.statistics();
    println!(
        "{} bootstraps, {:.2?} of device time",
        statistics.requests, statistics.device.busy
    );
    Ok(())
}
