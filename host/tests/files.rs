//! Key and ciphertext files through the library: round trips, damage, permissions.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that meets the unexpected has to fail"
)]

use gyrus::files::{
    ClientSecret, Destination, EncryptedInput, EncryptedOutput, EvaluationKeyFile, FileError,
    KeyId, ModelReference, Overwrite, generate_keys, stored_key_bytes,
};
use gyrus::tfhe::{decrypt_phases, encrypt_words, expand};
use gyrus_interface::{ParameterSet, catalogue};
use proptest::prelude::*;
use std::path::Path;
use std::sync::OnceLock;

/// Half of the toy's torus range is far above its noise bound.
const TOLERANCE: u64 = 1 << 20;

struct Fixture {
    directory: tempfile::TempDir,
    secret: ClientSecret,
    evaluation: EvaluationKeyFile,
    /// One file of each kind.
    files: Vec<Vec<u8>>,
}

fn reference() -> ModelReference {
    ModelReference {
        name: "a \"model\" of ümlauts".into(),
        hash: "ab".repeat(32),
    }
}

fn write_to(path: &Path) -> Destination {
    Destination::new(path, Overwrite::Replace).unwrap()
}

fn encrypt(secret: &ClientSecret, images: &[Vec<u64>]) -> EncryptedInput {
    let lists = secret.with_key(|key| {
        images
            .iter()
            .map(|image| encrypt_words(key, image).unwrap())
            .collect()
    });
    EncryptedInput::new(
        secret.parameters().clone(),
        secret.key_id(),
        reference(),
        lists,
    )
    .unwrap()
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let (secret, evaluation) = generate_keys(&catalogue::toy()).unwrap();
        let at = |name: &str| directory.path().join(name);
        secret.write(&write_to(&at("client"))).unwrap();
        evaluation.write(&write_to(&at("evaluation"))).unwrap();
        let input = encrypt(&secret, &[vec![1 << 60, 2 << 60], vec![3 << 60, 4 << 60]]);
        input.write(&write_to(&at("input"))).unwrap();
        let words = vec![5; 2 * 3 * secret.parameters().big_lwe_size()];
        EncryptedOutput::new(&input, 3, words)
            .unwrap()
            .write(&write_to(&at("output")))
            .unwrap();
        let files = ["client", "evaluation", "input", "output"]
            .map(|name| std::fs::read(at(name)).unwrap())
            .to_vec();
        Fixture {
            directory,
            secret,
            evaluation,
            files,
        }
    })
}

/// Writes `bytes` and reads them back as the kind of `fixture().files[kind]`.
fn read_as(kind: usize, bytes: &[u8]) -> Result<(), FileError> {
    let directory = tempfile::tempdir_in(fixture().directory.path()).unwrap();
    let path = directory.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    match kind {
        0 => ClientSecret::read(&path, true).map(drop),
        1 => EvaluationKeyFile::read(&path, true).map(drop),
        2 => EncryptedInput::read(&path, true).map(drop),
        _ => EncryptedOutput::read(&path, true).map(drop),
    }
}

fn coefficients(secret: &ClientSecret) -> Vec<u64> {
    secret.with_key(|key| key.encryption_key().as_ref().to_vec())
}

#[test]
fn the_client_key_survives_and_decrypts() {
    let f = fixture();
    let read = ClientSecret::read(&f.directory.path().join("client"), true).unwrap();
    assert_eq!(read.parameters(), f.secret.parameters());
    assert_eq!(read.key_id(), f.evaluation.key_id());
    assert_eq!(coefficients(&read), coefficients(&f.secret));
    // The whole key, the small one included.
    let same = f.secret.with_key(|a| read.with_key(|b| a == b));
    assert!(same);
}

#[test]
fn the_evaluation_key_survives_for_every_shape() {
    let standard = ParameterSet {
        name: "INSECURE_STANDARD".into(),
        keyswitch_modulus: gyrus_interface::KeyswitchModulus::Native64,
        modulus_switch: gyrus_interface::ModulusSwitch::Standard,
        pbs: gyrus_interface::Decomposition::new(10, 3),
        glwe_dimension: gyrus_interface::GlweDimension(2),
        ..catalogue::toy()
    };
    for set in [catalogue::toy(), standard] {
        let (_, key) = generate_keys(&set).unwrap();
        let path = fixture().directory.path().join(&set.name);
        key.write(&write_to(&path)).unwrap();
        let read = EvaluationKeyFile::read(&path, true).unwrap();
        assert_eq!(read.parameters(), &set);
        assert_eq!(read.key_id(), key.key_id());
        assert!(read.compressed() == key.compressed());
    }
}

#[test]
fn two_key_pairs_have_two_ids() {
    let (other, _) = generate_keys(&catalogue::toy()).unwrap();
    assert_ne!(other.key_id(), fixture().secret.key_id());
    assert_ne!(coefficients(&other), coefficients(&fixture().secret));
}

#[test]
fn the_envelope_is_as_documented() {
    for (kind, file) in (1_u16..).zip(&fixture().files) {
        assert_eq!(file[..8], *b"\x89GYRUS\r\n");
        assert_eq!(
            file[8..12],
            [1_u16.to_le_bytes(), kind.to_le_bytes()].concat()
        );
        let header = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
        let payload = u64::from_le_bytes(file[16..24].try_into().unwrap()) as usize;
        let end = 24 + header + payload;
        assert_eq!(file.len(), end + 32);
        assert_eq!(file[end..], *blake3::hash(&file[..end]).as_bytes());
        let json: serde_json::Value = serde_json::from_slice(&file[24..24 + header]).unwrap();
        assert_eq!(json["parameters"]["name"], catalogue::TOY);
        assert_eq!(json["key_id"], fixture().secret.key_id().to_string());
        assert!(json["tool"].as_str().unwrap().starts_with("gyrus "));
    }
    // The key id is the hash of the evaluation key's payload.
    let file = &fixture().files[1];
    let header = u32::from_le_bytes(file[12..16].try_into().unwrap()) as usize;
    let hash = blake3::hash(&file[24 + header..file.len() - 32]).to_hex();
    assert_eq!(fixture().secret.key_id().to_string(), hash[..32]);
}

#[test]
fn every_truncation_is_refused() {
    for (kind, file) in fixture().files.iter().enumerate() {
        let step = (file.len() / 300).max(1);
        for length in (0..file.len()).step_by(step).chain([file.len() - 1]) {
            let error = read_as(kind, &file[..length]).unwrap_err();
            let expected = match length {
                0 => matches!(error, FileError::Empty { .. }),
                _ => matches!(error, FileError::Truncated { .. }),
            };
            assert!(expected, "kind {kind}, {length} bytes: {error}");
        }
    }
}

#[test]
fn kinds_are_not_mixed_up() {
    for (kind, file) in fixture().files.iter().enumerate() {
        for wanted in 0..4 {
            match read_as(wanted, file) {
                Ok(()) => assert_eq!(kind, wanted),
                Err(FileError::SecretKey { .. }) => assert!(kind == 0 && wanted != 0),
                Err(FileError::WrongKind { .. }) => assert!(kind != 0 && wanted != kind),
                Err(other) => panic!("{other}"),
            }
        }
    }
}

#[test]
fn insecure_parameters_are_refused_unless_allowed() {
    let at = |name: &str| fixture().directory.path().join(name);
    let refused = |error: FileError| {
        assert!(matches!(error, FileError::Parameters { .. }), "{error}");
        assert!(error.help().contains("--insecure-parameters"));
    };
    refused(ClientSecret::read(&at("client"), false).unwrap_err());
    refused(EvaluationKeyFile::read(&at("evaluation"), false).unwrap_err());
    refused(EncryptedInput::read(&at("input"), false).unwrap_err());
    refused(EncryptedOutput::read(&at("output"), false).unwrap_err());
}

#[test]
fn a_panic_while_the_key_is_lent_passes_through() {
    let lent = || fixture().secret.with_key(|_| std::panic::panic_any(7_u8));
    let panic: Box<dyn std::any::Any + Send> = std::panic::catch_unwind(lent).unwrap_err();
    assert_eq!(panic.downcast_ref::<u8>(), Some(&7));
    assert_eq!(coefficients(&fixture().secret).len(), 256);
}

#[test]
fn the_size_of_a_stored_key_is_known_before_it_is_made() {
    let payload = fixture().files[1][16..24].try_into().unwrap();
    assert_eq!(
        u64::from_le_bytes(payload),
        stored_key_bytes(&catalogue::toy()) as u64
    );
}

#[test]
fn the_secret_is_not_printed() {
    let text = format!("{:?}", fixture().secret);
    assert!(
        text.contains("ClientSecret") && !text.contains('['),
        "{text}"
    );
}

#[test]
fn writing_leaves_the_old_file_or_the_new_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    fixture()
        .secret
        .write(&Destination::new(&path, Overwrite::Refuse).unwrap())
        .unwrap();
    assert!(matches!(
        Destination::new(&path, Overwrite::Refuse).unwrap_err(),
        FileError::Exists { .. }
    ));
    // Checked while the name was free, taken by the time of writing.
    let late = directory.path().join("late");
    let destination = Destination::new(&late, Overwrite::Refuse).unwrap();
    std::fs::write(&late, b"precious").unwrap();
    let error = fixture().secret.write(&destination).unwrap_err();
    assert!(matches!(error, FileError::Exists { .. }), "{error}");
    assert_eq!(std::fs::read(&late).unwrap(), b"precious");
    fixture()
        .evaluation
        .write(&Destination::new(&late, Overwrite::Replace).unwrap())
        .unwrap();
    EvaluationKeyFile::read(&late, true).unwrap();
    // No temporary file is left.
    let mut names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["key", "late"]);
    let missing = directory.path().join("missing/key");
    assert!(matches!(
        Destination::new(&missing, Overwrite::Refuse).unwrap_err(),
        FileError::NoDirectory { .. }
    ));
}

#[cfg(unix)]
#[test]
fn client_keys_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    fixture().secret.write(&write_to(&path)).unwrap();
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(), 0o600);
    // Replacing a file that others could read does not inherit its permissions.
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(
        ClientSecret::read(&path, true).unwrap_err(),
        FileError::TooOpen { mode: 0o644, .. }
    ));
    fixture().secret.write(&write_to(&path)).unwrap();
    assert_eq!(mode(), 0o600);
    ClientSecret::read(&path, true).unwrap();
}

#[test]
fn data_of_other_keys_and_models_are_refused() {
    let path = Path::new("input");
    let input = EncryptedInput::read(&fixture().directory.path().join("input"), true).unwrap();
    let (toy, id) = (catalogue::toy(), fixture().secret.key_id());
    input.check_key(path, &toy, id).unwrap();
    let (other, _) = generate_keys(&toy).unwrap();
    assert!(matches!(
        input.check_key(path, &toy, other.key_id()).unwrap_err(),
        FileError::OtherKey { .. }
    ));
    let primary = catalogue::find(catalogue::PRIMARY).unwrap();
    assert!(matches!(
        input.check_key(path, &primary, id).unwrap_err(),
        FileError::OtherParameters { .. }
    ));
    input.check_model(path, &reference()).unwrap();
    let other = ModelReference {
        hash: "cd".repeat(32),
        ..reference()
    };
    assert!(matches!(
        input.check_model(path, &other).unwrap_err(),
        FileError::OtherModel { .. }
    ));
}

#[test]
fn key_ids_are_hexadecimal() {
    let id = fixture().secret.key_id();
    let text = serde_json::to_string(&id).unwrap();
    assert_eq!(text.len(), 34);
    assert_eq!(serde_json::from_str::<KeyId>(&text).unwrap(), id);
    for bad in ["\"\"", "\"0\"", "\"+0000000000000000000000000000001\"", "7"] {
        assert!(serde_json::from_str::<KeyId>(bad).is_err(), "{bad}");
    }
    let upper = text.to_uppercase();
    assert!(upper == text || serde_json::from_str::<KeyId>(&upper).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn encrypted_images_survive(
        images in (1_usize..5, 1_usize..9).prop_flat_map(|(rows, columns)| {
            prop::collection::vec(prop::collection::vec(any::<u64>(), columns), rows)
        }),
    ) {
        let f = fixture();
        let directory = tempfile::tempdir_in(f.directory.path()).unwrap();
        let path = directory.path().join("input");
        let input = encrypt(&f.secret, &images);
        let size = input.write(&write_to(&path)).unwrap();
        prop_assert_eq!(size, std::fs::metadata(&path).unwrap().len());
        let read = EncryptedInput::read(&path, true).unwrap();
        prop_assert_eq!(read.lists(), input.lists());
        prop_assert_eq!((read.images(), read.inputs()), (images.len(), images[0].len()));
        prop_assert_eq!(read.model(), &reference());

        // What was encrypted comes out, through an output file as well.
        let set = f.secret.parameters();
        let words: Vec<u64> =
            read.lists().iter().flat_map(|list| expand(list, set).unwrap()).collect();
        let output = EncryptedOutput::new(&read, read.inputs(), words).unwrap();
        output.write(&write_to(&path)).unwrap();
        let output = EncryptedOutput::read(&path, true).unwrap();
        let phases = f.secret.with_key(|key| decrypt_phases(key, output.words())).unwrap();
        prop_assert_eq!(phases.len(), images.concat().len());
        for (phase, word) in phases.iter().zip(images.concat()) {
            prop_assert!(phase.wrapping_sub(word).cast_signed().unsigned_abs() < TOLERANCE);
        }
    }

    #[test]
    fn every_flipped_bit_is_found(kind in 0_usize..4, at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut file = fixture().files[kind].clone();
        let at = at.index(file.len());
        file[at] ^= 1 << bit;
        prop_assert!(read_as(kind, &file).is_err(), "kind {}, byte {}, bit {}", kind, at, bit);
    }

    #[test]
    fn every_appended_byte_is_found(kind in 0_usize..4, extra in prop::collection::vec(any::<u8>(), 1..40)) {
        let file = [fixture().files[kind].as_slice(), &extra].concat();
        let error = read_as(kind, &file).unwrap_err();
        let found = matches!(&error, FileError::TrailingBytes { extra: found, .. } if *found == extra.len() as u64);
        prop_assert!(found, "{}", error);
    }

    #[test]
    fn arbitrary_bytes_are_refused(kind in 0_usize..4, bytes in prop::collection::vec(any::<u8>(), 0..300), sound in 0_usize..24) {
        // With the first bytes of a sound file, so that more than the magic is reached.
        let prefix = &fixture().files[kind][..sound];
        prop_assert!(read_as(kind, &[prefix, &bytes].concat()).is_err());
    }

    #[test]
    fn arbitrary_headers_are_refused(kind in 0_usize..4, header in ".{0,200}", payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut file = fixture().files[kind][..12].to_vec();
        file.extend((header.len() as u32).to_le_bytes());
        file.extend((payload.len() as u64).to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(&payload);
        file.extend(blake3::hash(&file).as_bytes());
        let error = read_as(kind, &file).unwrap_err();
        prop_assert!(matches!(error, FileError::Header { .. }), "{}", error);
    }
}
