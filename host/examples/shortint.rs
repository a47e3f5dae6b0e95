//! tfhe-rs `shortint` ciphertexts go in, a look-up table is applied on a Gyrus session, `shortint`
//! ciphertexts come out.
//!
//! `cargo run --release --example shortint`

use gyrus::device::{self, DeviceChoice, DeviceOptions};
use gyrus::session::{Session, SessionOptions};
use gyrus::tfhe::{import_evaluation_key, server_key, to_tfhe};
use std::error::Error;
use std::sync::Arc;
use tfhe::shortint::{ClientKey, CompressedServerKey};

fn main() -> Result<(), Box<dyn Error>> {
    // The client: HPU's parameters with failure probability 2^-128, which tfhe-rs has only behind
    // its feature `hpu`.
    let set = gyrus::interface::find(gyrus::interface::PRIMARY).ok_or("no primary set")?;
    let client = ClientKey::new(to_tfhe(&set)?);
    let compressed = CompressedServerKey::new(&client);

    // The server: a session on a device, and a tfhe-rs server key on that session.
    let key = Arc::new(import_evaluation_key(&compressed)?);
    let device = device::open(DeviceChoice::Auto, DeviceOptions::default())?;
    let session = Session::open(
        device,
        Arc::clone(&key),
        SessionOptions::default(),
        &mut |_, _| (),
    )?;
    let server = server_key(&session, &key)?;
    println!("{}: {}", session.statistics().identity.name, set.name);

    let square = server.generate_lookup_table(|x| x * x % 16);
    for message in 0..16 {
        let encrypted = client.unchecked_encrypt(message);
        let squared = server.apply_lookup_table(&encrypted, &square);
        println!(
            "{message:2}^2 mod 16 = {:2}",
            client.decrypt_message_and_carry(&squared)
        );
    }

    let statistics = session.statistics();
    println!(
        "{} bootstraps, {:.2?} of device time",
        statistics.requests, statistics.device.busy
    );
    Ok(())
}
