//! tfhe-rs `shortint` keys and ciphertexts through a session on the model device: decrypted truth,
//! equality with tfhe-rs where it is deterministic, and the keys that Gyrus refuses.

#![allow(clippy::expect_used, clippy::panic)]

use gyrus::device::{self, Device, DeviceChoice, DeviceOptions};
use gyrus::key::EvaluationKey;
use gyrus::session::{Session, SessionError, SessionOptions};
use gyrus::tfhe::{
    ImportError, OpenError, import_evaluation_key, import_evaluation_key_as, open_session,
    recognise, server_key, to_tfhe,
};
use gyrus_interface::{ParameterSet, catalogue};
use std::panic::catch_unwind;
use std::sync::{Arc, LazyLock};
use tfhe::shortint::atomic_pattern::AtomicPatternServerKey;
use tfhe::shortint::atomic_pattern::compressed::CompressedAtomicPatternServerKey;
use tfhe::shortint::parameters::PARAM_MESSAGE_2_CARRY_2_KS_PBS;
use tfhe::shortint::parameters::v1_8::V1_8_PARAM_MULTI_BIT_GROUP_2_MESSAGE_2_CARRY_2_KS_PBS_GAUSSIAN_2M128;
use tfhe::shortint::server_key::LookupTableOwned;
use tfhe::shortint::{
    CiphertextModulus, ClassicPBSParameters, ClientKey, CompressedServerKey, EncryptionKeyChoice,
    ServerKey,
};

fn find(name: &str) -> ParameterSet {
    catalogue::find(name).expect("in the catalogue")
}

fn client(set: &ParameterSet) -> ClientKey {
    ClientKey::new(to_tfhe(set).expect("a tfhe-rs set"))
}

/// A client's keys. Those of production size are made once for all tests.
struct Keys {
    client: ClientKey,
    compressed: CompressedServerKey,
    evaluation: Arc<EvaluationKey>,
}

static PRIMARY: LazyLock<Keys> = LazyLock::new(|| Keys::new(catalogue::PRIMARY));
static CPU_DEFAULT: LazyLock<Keys> = LazyLock::new(|| Keys::new(catalogue::CPU_DEFAULT));
static TOY: LazyLock<Keys> = LazyLock::new(|| Keys::new(catalogue::TOY));

impl Keys {
    fn new(name: &str) -> Self {
        let set = find(name);
        let client = client(&set);
        let compressed = CompressedServerKey::new(&client);
        let evaluation = if set.is_insecure() {
            import_evaluation_key_as(&compressed, set)
        } else {
            import_evaluation_key(&compressed)
        };
        let evaluation = Arc::new(evaluation.expect("imports"));
        assert_eq!(evaluation.parameters().name, name);
        Self {
            client,
            compressed,
            evaluation,
        }
    }

    fn serve(&self) -> (Session, ServerKey) {
        let session = open(&self.evaluation);
        let server = server_key(&session);
        (session, server)
    }
}

fn model() -> Box<dyn Device> {
    device::open(DeviceChoice::Model, DeviceOptions::default()).expect("the model")
}

fn open(key: &Arc<EvaluationKey>) -> Session {
    let options = SessionOptions {
        insecure_parameters: key.parameters().is_insecure(),
        ..SessionOptions::default()
    };
    Session::open(model(), Arc::clone(key), options, &mut |_, _| ()).expect("takes the key")
}

/// A table on all 16 messages, several ciphertexts at once, and a chain of operations.
fn check_tables(keys: &Keys) {
    let (client, name) = (&keys.client, &keys.evaluation.parameters().name);
    let (session, server) = keys.serve();
    assert!(matches!(
        server.atomic_pattern,
        AtomicPatternServerKey::Dynamic(_)
    ));
    let table = server.generate_lookup_table(|x| (7 * x + 3) % 16);
    for message in 0..16 {
        let output = server.apply_lookup_table(&client.unchecked_encrypt(message), &table);
        assert_eq!(
            client.decrypt_message_and_carry(&output),
            (7 * message + 3) % 16,
            "{name}"
        );
    }
    assert_eq!(session.statistics().requests, 16);

    let (a, b) = (client.encrypt(3), client.encrypt(2));
    let product = server.mul(&a, &b);
    assert_eq!(client.decrypt(&product), 2, "3 * 2 mod 4");
    let sum = server.add(&product, &server.bitxor(&a, &b));
    assert_eq!(client.decrypt(&sum), 3, "2 + (3 xor 2) mod 4");
    assert_eq!(client.decrypt(&server.greater(&a, &b)), 1);

    let requests = session.statistics().requests;
    assert!(requests > 16, "the operations did not run on the session");
    let (f, g) = (|x: u64| (x * x) % 4, |x: u64| (x + 1) % 4);
    let tables = server.generate_many_lookup_table(&[&f, &g]);
    for message in 0..4 {
        let outputs = server.apply_many_lookup_table(&client.encrypt(message), &tables);
        let decrypted: Vec<u64> = outputs
            .iter()
            .map(|output| client.decrypt(output))
            .collect();
        assert_eq!(decrypted, [f(message), g(message)], "{name}");
    }
    assert_eq!(
        session.statistics().requests,
        requests + 4,
        "one bootstrap for both tables"
    );
}

#[test]
fn tables_with_the_primary_set() {
    check_tables(&PRIMARY);
}

#[test]
fn tables_with_the_2m64_set() {
    check_tables(&Keys::new(catalogue::HPU_2M64));
}

#[test]
fn tables_with_the_default_set() {
    check_tables(&CPU_DEFAULT);
}

#[test]
fn tables_with_the_default_set_and_32_bit_key_switch() {
    check_tables(&Keys::new(catalogue::CPU_DEFAULT_KS32));
}

/// A compressed ciphertext is a key switch and a modulus switch, both deterministic: what Gyrus
/// compresses has to be what tfhe-rs does, and each has to read the other's.
#[test]
fn compressed_ciphertexts_are_those_of_tfhe() {
    for keys in [&*PRIMARY, &*CPU_DEFAULT] {
        let Keys {
            client, compressed, ..
        } = keys;
        let (_, server) = keys.serve();
        let theirs = compressed.decompress();
        for message in [0, 5, 15] {
            let ciphertext = client.unchecked_encrypt(message);
            let ours = server.switch_modulus_and_compress(&ciphertext);
            let expected = theirs.switch_modulus_and_compress(&ciphertext);
            assert_eq!(
                serde_json::to_value(&ours).expect("serialises"),
                serde_json::to_value(&expected).expect("serialises"),
            );
            assert_eq!(
                client.decrypt_message_and_carry(&theirs.decompress(&ours)),
                message
            );
            assert_eq!(
                client.decrypt_message_and_carry(&server.decompress(&expected)),
                message
            );
            let table = server.generate_lookup_table(|x| 15 - x);
            let output = server.decompress_and_apply_lookup_table(&ours, &table);
            assert_eq!(client.decrypt_message_and_carry(&output), 15 - message);
        }
    }
}

#[test]
fn a_table_with_a_mask_gives_the_right_words() {
    let (client, (session, server)) = (&PRIMARY.client, PRIMARY.serve());
    let table = server.generate_lookup_table(|x| (x + 5) % 16);
    let ciphertext = client.unchecked_encrypt(9);
    let expected = server.apply_lookup_table(&ciphertext, &table);
    let requests = session.statistics().requests;
    // A mask word of 1 cannot change what is decrypted, but the table is no trivial ciphertext.
    let mut masked: LookupTableOwned = table;
    masked.acc.as_mut()[17] = 1;
    let output = server.apply_lookup_table(&ciphertext, &masked);
    assert_eq!(client.decrypt_message_and_carry(&output), 14);
    assert_eq!(
        session.statistics().requests,
        requests,
        "the device has no masked tables"
    );
    assert_ne!(
        output.ct.as_ref(),
        expected.ct.as_ref(),
        "the mask was ignored"
    );
}

#[test]
fn equality_is_identity() {
    let (session, server) = TOY.serve();
    assert_eq!(server, server.clone());
    assert_ne!(server, server_key(&session));
}

#[test]
fn a_session_opens_with_a_compressed_key() {
    let Keys {
        client,
        compressed,
        evaluation,
    } = &*PRIMARY;
    let session = open_session(model(), compressed, SessionOptions::default()).expect("opens");
    assert_eq!(session.key(), evaluation);
    let server = server_key(&session);
    let table = server.generate_lookup_table(|x| x ^ 6);
    let output = server.apply_lookup_table(&client.unchecked_encrypt(9), &table);
    assert_eq!(client.decrypt_message_and_carry(&output), 15);
}

/// The toy set protects nothing: its keys are taken only where that is asked for.
#[test]
fn insecure_keys_are_refused_unless_allowed() {
    let Keys { compressed, .. } = &*TOY;
    let refused = import_evaluation_key(compressed).expect_err("insecure");
    assert!(
        matches!(refused, ImportError::UnknownParameters(_)),
        "{refused}"
    );
    assert_eq!(recognise(compressed), Err(refused.clone()));
    assert_eq!(
        open_session(model(), compressed, SessionOptions::default()).err(),
        Some(OpenError::Import(refused))
    );
    let options = SessionOptions {
        insecure_parameters: true,
        ..SessionOptions::default()
    };
    let session = open_session(model(), compressed, options).expect("allowed");
    assert_eq!(session.parameters().name, catalogue::TOY);
}

/// tfhe-rs has no way to report an error there: it has to unwind, with the error as payload.
#[test]
fn errors_unwind_with_their_type() {
    let (_, server) = TOY.serve();
    let (_, foreign) = CPU_DEFAULT.serve();
    let ciphertext = CPU_DEFAULT.client.encrypt(1);
    let table = server.generate_lookup_table(|x| x);
    let payload = catch_unwind(|| server.apply_lookup_table(&ciphertext, &table))
        .expect_err("a ciphertext of another size");
    assert!(matches!(
        payload.downcast_ref(),
        Some(SessionError::Request(_))
    ));
    let own = TOY.client.encrypt(1);
    let foreign_table = foreign.generate_lookup_table(|x| x);
    let payload = catch_unwind(|| server.apply_lookup_table(&own, &foreign_table))
        .expect_err("a table of another size");
    assert!(matches!(
        payload.downcast_ref(),
        Some(SessionError::Request(_))
    ));
    let compressed = foreign.switch_modulus_and_compress(&ciphertext);
    let payload = catch_unwind(|| server.decompress_and_apply_lookup_table(&compressed, &table))
        .expect_err("a compressed ciphertext of another size");
    assert!(matches!(
        payload.downcast_ref(),
        Some(SessionError::Request(_))
    ));
    // And the session is as good as before.
    let output = server.apply_lookup_table(&own, &table);
    assert_eq!(output.ct.lwe_size(), own.ct.lwe_size());
}

#[test]
fn unsupported_keys_are_refused_by_name() {
    let refused = |client: &ClientKey| {
        let key = CompressedServerKey::new(client);
        let error = import_evaluation_key(&key).expect_err("refused");
        assert_eq!(recognise(&key), Err(error.clone()));
        error
    };
    let small = ClassicPBSParameters {
        encryption_key_choice: EncryptionKeyChoice::Small,
        ..PARAM_MESSAGE_2_CARRY_2_KS_PBS
    };
    assert_eq!(refused(&ClientKey::new(small)), ImportError::PbsOrder);
    let multi_bit =
        ClientKey::new(V1_8_PARAM_MULTI_BIT_GROUP_2_MESSAGE_2_CARRY_2_KS_PBS_GAUSSIAN_2M128);
    assert_eq!(refused(&multi_bit), ImportError::MultiBit);
    let drift =
        tfhe::shortint::parameters::v1_2::V1_2_PARAM_MESSAGE_2_CARRY_2_KS_PBS_GAUSSIAN_2M128;
    assert_eq!(refused(&ClientKey::new(drift)), ImportError::DriftTechnique);
    let smaller = ClassicPBSParameters {
        ciphertext_modulus: CiphertextModulus::new(1 << 63),
        ..PARAM_MESSAGE_2_CARRY_2_KS_PBS
    };
    assert!(matches!(
        refused(&ClientKey::new(smaller)),
        ImportError::Modulus { .. }
    ));
    let mut unknown = PARAM_MESSAGE_2_CARRY_2_KS_PBS;
    unknown.lwe_dimension.0 = 900;
    assert!(matches!(
        refused(&ClientKey::new(unknown)),
        ImportError::UnknownParameters(_)
    ));
}

#[test]
fn a_key_of_another_set_is_refused() {
    let key = CompressedServerKey::new(&client(&find(catalogue::TOY)));
    let error = import_evaluation_key_as(&key, find(catalogue::PRIMARY)).expect_err("refused");
    let message = error.to_string();
    assert!(
        matches!(error, ImportError::OtherParameters { .. }),
        "{message}"
    );
    assert!(
        message.contains("n = 32") && message.contains("n = 879"),
        "{message}"
    );
}

/// What a damaged file may say: dimensions that its words do not bear out.
#[test]
fn a_key_with_missing_words_is_refused() {
    let CompressedAtomicPatternServerKey::KeySwitch32(pattern) =
        &TOY.compressed.compressed_ap_server_key
    else {
        panic!("the toy set switches to 32 bits")
    };
    let words = pattern.key_switching_key().as_view().into_container();
    let list = |words: &[u32]| serde_json::to_string(words).expect("serialises");
    let half = &words[..words.len() / 2];
    let whole = serde_json::to_string(&TOY.compressed).expect("serialises");
    assert_eq!(whole.matches(&list(words)).count(), 1);
    let damaged: CompressedServerKey =
        serde_json::from_str(&whole.replace(&list(words), &list(half)))
            .expect("tfhe-rs does not look");
    assert_eq!(
        import_evaluation_key_as(&damaged, find(catalogue::TOY)),
        Err(ImportError::Length {
            part: "key switching key",
            found: half.len(),
            expected: words.len()
        })
    );
}
