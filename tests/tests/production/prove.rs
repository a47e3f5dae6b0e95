//! A batch of two real ciphertexts on the emitted core under Verilator: the words of tfhe-rs, bit
//! for bit, and the right messages.

use crate::tfhe_support::Reference;
use gyrus::tfhe::{import_evaluation_key, to_tfhe};
use gyrus_hdl::key_store::pack_key;
use gyrus_hdl::ntt::Shape;
use gyrus_hdl::verilate::{Core, CoreParameters, Job, Memory, Options, Sizes};
use gyrus_interface::{ModulusSwitch, catalogue};
use gyrus_sim::model::SmallLwe;
use std::path::Path;
use std::time::{Duration, Instant};
use tfhe::shortint::{ClientKey, CompressedServerKey};

/// Messages with carries, and what to make of them modulo 16.
type Table = (u64, fn(u64) -> u64);
const TABLES: [Table; 2] = [(2, |x| (7 * x + 3) % 16), (13, |x| (x * x + 5) % 16)];

/// Iterations of the runs whose difference is the steady state.
const ITERATIONS: [usize; 2] = [6, 14];

/// For a step of the build or a run.
const DEADLINE: Duration = Duration::from_secs(3600);

pub(crate) fn prove(parameters: &CoreParameters) {
    let set = catalogue::find(catalogue::PRIMARY).expect("in the catalogue");
    let (n, levels) = (set.lwe_dimension.0, set.pbs.level_count.0);
    let size = set.polynomial_size.0;
    let log2_n = size.ilog2() as usize;
    let lanes = parameters.lanes;

    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("production-{lanes}"));
    let options = Options {
        deadline: DEADLINE,
        ..Options::all_cores()
    };
    let core = Core::build(parameters, &directory, &options).expect("a program");
    println!("P = {lanes}: build {:.1?}", core.build_time());

    // Keys and ciphertexts as a client makes them.
    let client = ClientKey::new(to_tfhe(&set).expect("a tfhe-rs set"));
    let compressed = CompressedServerKey::new(&client);
    let evaluation = import_evaluation_key(&compressed).expect("a key");
    assert_eq!(evaluation.parameters().name, catalogue::PRIMARY);
    let server = compressed.decompress();
    let reference = Reference::new(&set, evaluation.bootstrapping(), evaluation.keyswitch());

    let (mut lwe, mut tables, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    let mut ciphertexts = Vec::new();
    for (message, table) in TABLES {
        let ciphertext = client.unchecked_encrypt(message);
        let lut = server.generate_lookup_table(table).acc;
        let lut = lut.get_body();
        let input = ciphertext.ct.as_ref();
        let SmallLwe::U32(small) = reference.keyswitch(input) else {
            panic!("the set switches to 32-bit words")
        };
        lwe.extend(small.iter().map(|&word| u64::from(word) << 32));
        tables.extend_from_slice(lut.as_ref());
        expected.extend(reference.keyswitch_bootstrap(input, lut.as_ref(), 1, 0));
        ciphertexts.push(ciphertext);
    }

    let begin = Instant::now();
    let shape = Shape::new(lanes, parameters.max_log2_n).expect("a shape");
    let key = pack_key(
        &shape,
        log2_n,
        levels,
        parameters.beat_words,
        evaluation.bootstrapping(),
    )
    .expect("sizes of the shape");
    println!("P = {lanes}: key packed in {:.1?}", begin.elapsed());
    let job = Job {
        log2_n,
        n,
        base_log: set.pbs.base_log.0,
        levels,
        centred: set.modulus_switch == ModulusSwitch::CenteredMeanNoiseReduction,
        narrow: true,
        lwe: &lwe,
        tables: &tables,
        repeat: 1,
        key: &key,
        memory: Memory::default(),
        wave: None,
        deadline: DEADLINE,
    };
    let outcome = core.run(&job).expect("a run");
    println!(
        "P = {lanes}: batch of {}, n = {n}: {:.1} s, {} cycles, {:.0} a second; {:.1} an iteration",
        TABLES.len(),
        outcome.seconds,
        outcome.cycles,
        outcome.cycles as f64 / outcome.seconds,
        outcome.rotation_cycles as f64 / n as f64
    );

    assert_eq!(outcome.words.len(), expected.len());
    let difference = outcome
        .words
        .iter()
        .zip(&expected)
        .position(|(a, b)| a != b);
    assert_eq!(difference, None, "the first word that tfhe-rs has not");
    let results = outcome.words.chunks_exact(size + 1);
    for (((message, table), mut ciphertext), words) in
        TABLES.into_iter().zip(ciphertexts).zip(results)
    {
        ciphertext.ct.as_mut().copy_from_slice(words);
        assert_eq!(
            client.decrypt_message_and_carry(&ciphertext),
            table(message)
        );
    }
    steady_state(&core, parameters, &job);
}

/// All slots full: a turn takes (k+1) l N / P cycles, with k = 1.
fn steady_state(core: &Core, parameters: &CoreParameters, job: &Job<'_>) {
    let sizes = Sizes {
        log2_n: job.log2_n,
        n: 0,
        base_log: job.base_log,
        levels: job.levels,
        ciphertexts: parameters.slots,
    };
    let measured = core.turns(sizes, ITERATIONS, DEADLINE).expect("two runs");
    let turn = (((2 * job.levels) << job.log2_n) / parameters.lanes) as u64;
    println!(
        "P = {}: {} in flight: {} cycles for {} turns of {turn}",
        parameters.lanes, measured.ciphertexts, measured.cycles, measured.turns
    );
    assert_eq!(measured.cycles, measured.turns * turn);
}
