//! The emitted card with 8 lanes at production size, driven by the host library: batches of tfhe-rs' keys and
//! ciphertexts go in through the rings, and come out as tfhe-rs and the engine have them, bit for bit.

use crate::tfhe_support::Reference;
use gyrus::device::{self, Batch, Device, DeviceChoice, DeviceOptions, LutSlot, RTL_LANES, Rtl};
use gyrus::tfhe::{import_evaluation_key, to_tfhe};
use gyrus_interface::catalogue;
use std::path::Path;
use std::time::{Duration, Instant};
use tfhe::shortint::{ClientKey, CompressedServerKey};

/// Messages with carries, and what to make of them modulo 16.
type Table = (u64, fn(u64) -> u64);
const TABLES: [Table; 3] = [
    (2, |x| (7 * x + 3) % 16),
    (13, |x| (x * x + 5) % 16),
    (7, |x| 15 - x),
];

/// For the build, and for each wait.
const DEADLINE: Duration = Duration::from_secs(3600);

fn open(choice: DeviceChoice) -> Box<dyn Device> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("card-production");
    let options = DeviceOptions {
        rtl: Rtl {
            directory,
            ..Rtl::default()
        },
        ..DeviceOptions::default()
    };
    device::open(choice, options).expect("a device")
}

#[test]
fn a_production_batch_through_the_rings() {
    let set = catalogue::find(catalogue::PRIMARY).expect("in the catalogue");
    let client = ClientKey::new(to_tfhe(&set).expect("a tfhe-rs set"));
    let compressed = CompressedServerKey::new(&client);
    let evaluation = import_evaluation_key(&compressed).expect("a key");
    assert_eq!(evaluation.parameters().name, catalogue::PRIMARY);
    let server = compressed.decompress();
    let reference = Reference::new(&set, evaluation.bootstrapping(), evaluation.keyswitch());

    let (mut inputs, mut expected) = (Vec::new(), Vec::new());
    let (mut ciphertexts, mut tables) = (Vec::new(), Vec::new());
    for (message, table) in TABLES {
        let ciphertext = client.unchecked_encrypt(message);
        let table = server.generate_lookup_table(table).acc;
        let table: Vec<u64> = table.get_body().as_ref().to_vec();
        let input: &[u64] = ciphertext.ct.as_ref();
        inputs.extend_from_slice(input);
        expected.extend(reference.keyswitch_bootstrap(input, &table, 1, 0));
        ciphertexts.push(ciphertext);
        tables.push(table);
    }
    let (first, _) = inputs.split_at(set.big_lwe_size());
    // Behind it, while it is rotated, one ciphertext with two samples.
    let stride = set.polynomial_size.0 / 2 + 3;
    let two_samples = reference.keyswitch_bootstrap(first, &tables[1], 2, stride);
    let jobs = [
        Batch {
            inputs: vec![inputs.as_slice().into()],
            luts: (0..TABLES.len() as u32).map(LutSlot).collect(),
            samples: 1,
            stride: 0,
        },
        Batch {
            inputs: vec![first.into()],
            luts: vec![LutSlot(1)],
            samples: 2,
            stride: u32::try_from(stride).expect("small"),
        },
    ];
    let results = expected.chunks_exact(set.big_lwe_size());
    for (((message, table), mut ciphertext), words) in
        TABLES.into_iter().zip(ciphertexts).zip(results)
    {
        ciphertext.ct.as_mut().copy_from_slice(words);
        let decrypted = client.decrypt_message_and_carry(&ciphertext);
        assert_eq!(decrypted, table(message), "what tfhe-rs makes of {message}");
    }
    let expected = [expected, two_samples];
    let tables: Vec<&[u64]> = tables.iter().map(Vec::as_slice).collect();

    for choice in [DeviceChoice::Model, DeviceChoice::Rtl] {
        let begin = Instant::now();
        let mut device = open(choice);
        let name = device.identity().name.clone();
        println!("{name}: ready after {:.1?}", begin.elapsed());
        let deadline = Instant::now() + DEADLINE;
        device
            .load_keys(&evaluation, &mut |_, _| (), deadline)
            .expect("keys that fit");
        device
            .load_luts(LutSlot(0), &tables, deadline)
            .expect("tables that fit");
        let begin = Instant::now();
        let mut in_flight: Vec<_> = jobs
            .iter()
            .zip(&expected)
            .map(|(job, expected)| {
                let tag = device.submit(job.clone()).expect("a batch that fits");
                (tag, expected)
            })
            .collect();
        while !in_flight.is_empty() {
            let finished = device.wait(deadline).expect("an answer");
            let place = in_flight.iter().position(|&(tag, _)| tag == finished.tag);
            let (_, expected) = in_flight.remove(place.expect("a job in flight"));
            let words = finished.outputs.expect("results").concat();
            assert_eq!(words.len(), expected.len(), "{name}");
            let difference = words.iter().zip(expected).position(|(a, b)| a != b);
            assert_eq!(
                difference, None,
                "{name}: the first word that tfhe-rs has not"
            );
        }
        let counters = device.counters().expect("counters");
        println!(
            "{name}: {} bootstraps in {:.1?}; {} cycles of its clock in all",
            counters.bootstraps,
            begin.elapsed(),
            counters.cycles
        );
    }
    assert_eq!(RTL_LANES, 8, "what the module's header says");
}
