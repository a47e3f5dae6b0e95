//! The emitted card with 8 lanes at production size, driven by the host library: batches of tfhe-rs' keys and
//! ciphertexts go in through the rings, and come out as tfhe-rs and the engine have them, bit for bit, after as
//! many cycles as the timing model says.

use crate::tfhe_support::Reference;
use gyrus::device::{self, Batch, Device, DeviceChoice, DeviceOptions, LutSlot, RTL_LANES, Rtl};
use gyrus::key::EvaluationKey;
use gyrus::tfhe::{import_evaluation_key, to_tfhe};
use gyrus_interface::catalogue::{self, CPU_DEFAULT, CPU_DEFAULT_KS32, PRIMARY};
use gyrus_sim::rtl::{CardParameters, RtlOptions};
use gyrus_sim::timing::{Submission, TimingModel, Work};
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

/// Greatest relative error of the timing model.
const TOLERANCE: f64 = 0.03;

/// For the build, and for each wait.
const DEADLINE: Duration = Duration::from_secs(3600);

fn open(choice: DeviceChoice) -> Box<dyn Device> {
    // Where the command builds it too, with this as its cache directory: the gate then has it built once.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("gyrus/rtl");
    let options = DeviceOptions {
        rtl: Rtl {
            directory,
            ..Rtl::default()
        },
        ..DeviceOptions::default()
    };
    device::open(choice, options).expect("a device")
}

/// A key, jobs and what tfhe-rs makes of them.
struct Material {
    evaluation: EvaluationKey,
    tables: Vec<Vec<u64>>,
    jobs: Vec<Batch>,
    expected: Vec<Vec<u64>>,
}

impl Material {
    /// One job with a ciphertext for each of `tables`, and one with two samples of the first ciphertext behind it,
    /// handed over while the first is at work.
    fn new(name: &str, tables: &[Table]) -> Self {
        let set = catalogue::find(name).expect("in the catalogue");
        let client = ClientKey::new(to_tfhe(&set).expect("a tfhe-rs set"));
        let compressed = CompressedServerKey::new(&client);
        let evaluation = import_evaluation_key(&compressed).expect("a key");
        assert_eq!(evaluation.parameters().name, name);
        let server = compressed.decompress();
        let reference = Reference::new(&set, evaluation.bootstrapping(), evaluation.keyswitch());

        let (mut inputs, mut expected) = (Vec::new(), Vec::new());
        let mut words = Vec::new();
        for &(message, function) in tables {
            let mut ciphertext = client.unchecked_encrypt(message);
            let table = server.generate_lookup_table(function).acc;
            let table: Vec<u64> = table.get_body().as_ref().to_vec();
            let input: &[u64] = ciphertext.ct.as_ref();
            inputs.extend_from_slice(input);
            let output = reference.keyswitch_bootstrap(input, &table, 1, 0);
            ciphertext.ct.as_mut().copy_from_slice(&output);
            let decrypted = client.decrypt_message_and_carry(&ciphertext);
            assert_eq!(
                decrypted,
                function(message),
                "what tfhe-rs makes of {message}"
            );
            expected.extend(output);
            words.push(table);
        }
        let first = inputs[..set.big_lwe_size()].to_vec();
        let stride = set.polynomial_size.0 / 2 + 3;
        let two_samples = reference.keyswitch_bootstrap(&first, &words[0], 2, stride);
        let jobs = vec![
            Batch {
                inputs: vec![inputs.into()],
                luts: (0..tables.len() as u32).map(LutSlot).collect(),
                samples: 1,
                stride: 0,
            },
            Batch {
                inputs: vec![first.into()],
                luts: vec![LutSlot(0)],
                samples: 2,
                stride: u32::try_from(stride).expect("small"),
            },
        ];
        Self {
            evaluation,
            tables: words,
            jobs,
            expected: vec![expected, two_samples],
        }
    }

    /// Runs the jobs on a device; the cycles that they took.
    fn run(&self, device: &mut dyn Device) -> u64 {
        let name = device.identity().name.clone();
        let parameters = &self.evaluation.parameters().name;
        let deadline = Instant::now() + DEADLINE;
        device
            .load_keys(&self.evaluation, &mut |_, _| (), deadline)
            .expect("keys that fit");
        let tables: Vec<&[u64]> = self.tables.iter().map(Vec::as_slice).collect();
        device
            .load_luts(LutSlot(0), &tables, deadline)
            .expect("tables that fit");
        let (begin, before) = (Instant::now(), device.counters().expect("counters"));
        let mut in_flight: Vec<_> = self
            .jobs
            .iter()
            .zip(&self.expected)
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
            assert_eq!(words.len(), expected.len(), "{name}, {parameters}");
            let difference = words.iter().zip(expected).position(|(a, b)| a != b);
            assert_eq!(
                difference, None,
                "{name}, {parameters}: the first word that tfhe-rs has not"
            );
        }
        let counted = device.counters().expect("counters").since(&before);
        println!(
            "{name}, {parameters}: {} bootstraps in {} cycles of its clock, {:.1?}",
            counted.bootstraps,
            counted.cycles,
            begin.elapsed()
        );
        counted.cycles
    }

    /// Cycles that the timing model says a card with [`RTL_LANES`] takes, with the memories of the `rtl` device.
    fn predicted(&self) -> u64 {
        let parameters = CardParameters::for_lanes(RTL_LANES).expect("a card");
        let options = RtlOptions::new(parameters, ".".into());
        let model = TimingModel::new(&parameters, options.host, options.card).expect("a model");
        let jobs: Vec<Work> = self
            .jobs
            .iter()
            .map(|job| Work {
                ciphertexts: job.luts.len() as u64,
                samples: job.samples.into(),
                own_tables: job.luts.len() > 1,
            })
            .collect();
        let set = self.evaluation.parameters();
        let prediction = model.run(set, &jobs, Submission::AtOnce);
        prediction.expect("a prediction").cycles
    }
}

#[test]
fn production_batches_through_the_rings() {
    // All three moduli of a key switch, on one card: its parameters change between the sets.
    let materials = [
        Material::new(PRIMARY, &TABLES),
        Material::new(CPU_DEFAULT, &TABLES[1..2]),
        Material::new(CPU_DEFAULT_KS32, &TABLES[2..]),
    ];
    for choice in [DeviceChoice::Model, DeviceChoice::Rtl] {
        let begin = Instant::now();
        let mut device = open(choice);
        println!(
            "{}: ready after {:.1?}",
            device.identity().name,
            begin.elapsed()
        );
        for material in &materials {
            let cycles = material.run(device.as_mut()) as f64;
            if choice == DeviceChoice::Rtl {
                let error = material.predicted() as f64 / cycles - 1.0;
                println!("the timing model is {:+.2}% off", 100.0 * error);
                assert!(error.abs() < TOLERANCE, "a prediction {error} off");
            }
        }
    }
    assert_eq!(RTL_LANES, 8, "what the module's header says");
}
