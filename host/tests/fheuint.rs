//! `FheUint8` and `FheUint16` programs on a session of the model device, against clear truth.

#![allow(clippy::expect_used, clippy::panic)]

use gyrus::device::{
    self, Batch, BatchTag, Device, DeviceChoice, DeviceOptions, Finished, Identity, LutSlot,
    Progress, Statistics,
};
use gyrus::key::EvaluationKey;
use gyrus::session::{Session, SessionError, SessionOptions};
use gyrus::tfhe::{
    ImportError, high_level_server_key, high_level_server_key_with, import_evaluation_key_as,
    open_high_level_session, shortint_key, to_tfhe,
};
use gyrus_interface::{DeviceError, ParameterSet, catalogue};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};
use std::time::Instant;
use tfhe::prelude::*;
use tfhe::shortint::atomic_pattern::AtomicPatternServerKey;
use tfhe::shortint::parameters::COMP_PARAM_MESSAGE_2_CARRY_2;
use tfhe::{
    ClientKey, CompressedCiphertextListBuilder, CompressedServerKey, ConfigBuilder, FheUint8,
    FheUint16, Seed, ServerKey, set_server_key,
};

fn model() -> Box<dyn Device> {
    device::open(DeviceChoice::Model, DeviceOptions::default()).expect("the model")
}

/// tfhe-rs asks for one bootstrap per thread of rayon's global pool at a time. To be called before
/// anything starts that pool.
fn many_threads() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(16)
            .build_global()
            .expect("nothing has started the pool");
    });
}

fn client(set: &ParameterSet) -> ClientKey {
    let parameters = to_tfhe(set).expect("a tfhe-rs set");
    ClientKey::generate(ConfigBuilder::with_custom_parameters(parameters).build())
}

fn setup(name: &str) -> (ClientKey, Session, ServerKey) {
    let client = client(&catalogue::find(name).expect("in the catalogue"));
    let compressed = CompressedServerKey::new(&client);
    let (session, server) =
        open_high_level_session(model(), compressed, SessionOptions::default()).expect("opens");
    assert_eq!(session.parameters().name, name);
    let integer: &tfhe::integer::ServerKey = server.as_ref();
    let shortint: &tfhe::shortint::ServerKey = integer.as_ref();
    assert!(matches!(
        shortint.atomic_pattern,
        AtomicPatternServerKey::Dynamic(_)
    ));
    (client, session, server)
}

/// Runs `operation`, which has to have made bootstraps on the session.
fn counted<T>(session: &Session, operation: impl FnOnce() -> T) -> T {
    let before = session.statistics().requests;
    let result = operation();
    assert!(
        session.statistics().requests > before,
        "nothing ran on the session"
    );
    result
}

macro_rules! check_operations {
    ($name:ident, $encrypted:ty, $clear:ty) => {
        fn $name(client: &ClientKey, session: &Session, x: $clear, y: $clear) {
            let a = <$encrypted>::encrypt(x, client);
            let b = <$encrypted>::encrypt(y, client);
            let number = |value: &$encrypted| -> $clear { value.decrypt(client) };
            let sum = counted(session, || &a + &b);
            assert_eq!(number(&sum), x.wrapping_add(y), "{x} + {y}");
            let product = counted(session, || &a * &b);
            assert_eq!(number(&product), x.wrapping_mul(y), "{x} * {y}");
            assert_eq!(
                counted(session, || a.gt(&b)).decrypt(client),
                x > y,
                "{x} > {y}"
            );
            assert_eq!(
                counted(session, || a.le(&b)).decrypt(client),
                x <= y,
                "{x} <= {y}"
            );
            assert_eq!(
                counted(session, || a.eq(&b)).decrypt(client),
                x == y,
                "{x} == {y}"
            );
            assert_eq!(
                number(&counted(session, || a.max(&b))),
                x.max(y),
                "max of {x} and {y}"
            );
        }
    };
}

check_operations!(check_u8, FheUint8, u8);
check_operations!(check_u16, FheUint16, u16);

fn check_programs(name: &str, seed: u64) {
    many_threads();
    let (client, session, server) = setup(name);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let (x, y) = (random.next_u32() as u16, random.next_u32() as u16);
    std::thread::scope(|scope| {
        let (client, session) = (&client, &session);
        let thread_key = server.clone();
        scope.spawn(move || {
            set_server_key(thread_key);
            check_u8(client, session, x as u8, y as u8);
        });
        let thread_key = server.clone();
        scope.spawn(move || {
            set_server_key(thread_key);
            check_u16(client, session, x, y);
        });
        let thread_key = server.clone();
        scope.spawn(move || {
            set_server_key(thread_key);
            check_u8(client, session, y as u8, y as u8);
        });
    });
    let uploads = session.statistics().lut_uploads;
    set_server_key(server);
    check_u8(&client, &session, random.next_u32() as u8, x as u8);
    let statistics = session.statistics();
    assert_eq!(
        statistics.lut_uploads, uploads,
        "the same operations uploaded their tables again"
    );
    assert!(
        uploads * 4 < statistics.requests,
        "{uploads} tables uploaded for {} PBS",
        statistics.requests
    );
    println!(
        "{name}: {} PBS in {} batches, largest {}; {uploads} tables",
        statistics.requests, statistics.batches, statistics.largest_batch
    );
    assert_eq!(
        statistics.requests, statistics.device.bootstraps,
        "every PBS ran on the device"
    );
    assert!(
        statistics.largest_batch > 1,
        "requests of several threads were not batched"
    );
}

#[test]
fn programs_with_the_primary_set() {
    check_programs(catalogue::PRIMARY, 1);
}

#[test]
fn programs_with_the_default_set() {
    check_programs(catalogue::CPU_DEFAULT, 2);
}

/// A device that takes keys and then falls off the bus.
struct Broken(Identity);

const GONE: fn() -> DeviceError = || DeviceError::Removed("as the test wants".to_owned());

impl Device for Broken {
    fn identity(&self) -> &Identity {
        &self.0
    }
    fn load_keys(
        &mut self,
        _: &EvaluationKey,
        _: Progress<'_>,
        _: Instant,
    ) -> Result<(), DeviceError> {
        Ok(())
    }
    fn parameters(&self) -> Option<&ParameterSet> {
        None
    }
    fn load_luts(&mut self, _: LutSlot, _: &[&[u64]], _: Instant) -> Result<(), DeviceError> {
        Ok(())
    }
    fn submit(&mut self, _: Batch) -> Result<BatchTag, DeviceError> {
        Err(GONE())
    }
    fn wait(&mut self, _: Instant) -> Result<Finished, DeviceError> {
        Err(GONE())
    }
    fn reset(&mut self, _: Instant) -> Result<(), DeviceError> {
        Err(GONE())
    }
    fn statistics(&self) -> Statistics {
        Statistics::default()
    }
}

/// tfhe-rs' operators return no errors: they have to unwind with the session's.
#[test]
fn a_device_that_fails_unwinds_with_its_error() {
    many_threads();
    let set = catalogue::toy();
    let client = client(&set);
    let compressed = shortint_key(CompressedServerKey::new(&client));
    let key = Arc::new(import_evaluation_key_as(&compressed, set).expect("imports"));
    let device = Broken(Identity {
        name: "broken".to_owned(),
        simulated: true,
        clock_hz: 1,
        interface: gyrus_interface::INTERFACE_VERSION,
        lut_slots: 16,
        max_batch: 16,
        max_in_flight: 1,
        preferred_batch: 16,
        devices: 1,
    });
    let options = SessionOptions {
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    let session =
        Session::open(Box::new(device), key, options, &mut |_, _| ()).expect("takes the key");
    set_server_key(high_level_server_key(&session));
    let (a, b) = (
        FheUint8::encrypt(1u8, &client),
        FheUint8::encrypt(2u8, &client),
    );
    let payload = catch_unwind(AssertUnwindSafe(|| &a * &b))
        .err()
        .expect("no device, no product");
    assert_eq!(payload.downcast_ref(), Some(&SessionError::Device(GONE())));
}

/// A program that needs more than bootstraps: a compressed ciphertext list.
#[test]
fn keys_for_other_purposes_come_along() {
    many_threads();
    let config = ConfigBuilder::default()
        .enable_compression(COMP_PARAM_MESSAGE_2_CARRY_2)
        .build();
    let client = ClientKey::generate(config);
    let mut compressed = CompressedServerKey::new(&client);
    compressed.tag_mut().set_u64(42);
    let (session, server) =
        open_high_level_session(model(), compressed.clone(), SessionOptions::default())
            .expect("opens");
    assert_eq!(server.tag().as_u64(), 42);
    let again = high_level_server_key_with(&session, compressed).expect("the same key");
    assert_eq!(again.tag().as_u64(), 42);
    assert!(again.has_compression_key() && again.has_decompression_key());
    let foreign = CompressedServerKey::new(&ClientKey::generate(config));
    assert_eq!(
        high_level_server_key_with(&session, foreign).err(),
        Some(ImportError::OtherKey)
    );
    set_server_key(server);
    let sum = counted(&session, || {
        FheUint8::encrypt(19u8, &client) + FheUint8::encrypt(23u8, &client)
    });
    let list = CompressedCiphertextListBuilder::new()
        .push(sum)
        .build()
        .expect("compresses");
    let sum: FheUint8 = list.get(0).expect("decompresses").expect("is there");
    let clear: u8 = sum.decrypt(&client);
    assert_eq!(clear, 42);
}

/// What tfhe-rs does with its own keys only, it refuses on a session's: never a wrong result.
#[test]
fn what_tfhe_cannot_do_on_a_session_it_refuses() {
    many_threads();
    let config = ConfigBuilder::default().use_dedicated_oprf_key(true);
    let client = ClientKey::generate(config.build());
    let compressed = CompressedServerKey::new(&client);
    let (session, with_own_key) =
        open_high_level_session(model(), compressed, SessionOptions::default()).expect("opens");
    assert!(with_own_key.has_oprf_key());
    for server in [high_level_server_key(&session), with_own_key] {
        assert!(serde_json::to_string(&server).is_err());
        set_server_key(server);
        let random = catch_unwind(|| FheUint8::generate_oblivious_pseudo_random(Seed(7)));
        assert!(random.is_err(), "pseudo-random ciphertexts work now");
    }
}
