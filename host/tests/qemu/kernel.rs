//! QEMU and the guest's kernel, as `scripts/setup --qemu` brings them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use thiserror::Error;

/// The command that starts machines.
pub(crate) const QEMU: &str = "qemu-system-x86_64";

/// Modules of the kernel that the tests need, in the order in which they are loaded, with their parameters.
/// Not every kernel has all of them as modules.
pub(crate) const MODULES: &[(&str, &str)] = &[
    ("irqbypass", ""),
    ("vfio", ""),
    ("vfio_virqfd", ""),
    // The emulated IOMMU does not remap interrupts.
    ("vfio_iommu_type1", "allow_unsafe_interrupts=1"),
    ("vfio-pci-core", ""),
    ("vfio-pci", ""),
];

/// Something is not there, or not what it should be.
#[derive(Debug, Error)]
pub(crate) enum KernelError {
    #[error("{0} is missing; scripts/setup --qemu installs it")]
    Missing(String),
    #[error("{0} is no kernel for x86 with an LZ4 payload; scripts/setup --qemu brings one")]
    Format(PathBuf),
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> KernelError {
    let path = path.to_owned();
    |error| KernelError::File { path, error }
}

/// What there is.
#[derive(Debug)]
pub(crate) struct Kernel {
    /// The kernel itself, an ELF file.
    pub(crate) vmlinux: Vec<u8>,
    /// Modules that there are: file name and content.
    pub(crate) modules: Vec<(String, Vec<u8>)>,
}

impl Kernel {
    /// Finds QEMU and the kernel.
    pub(crate) fn find() -> Result<Self, KernelError> {
        let version = Command::new(QEMU)
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        if !version.is_ok_and(|status| status.success()) {
            return Err(KernelError::Missing(QEMU.to_owned()));
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/qemu");
        let missing = || KernelError::Missing(format!("a kernel in {}", root.display()));
        let image = entries(&root.join("boot"))
            .into_iter()
            .find(|path| name(path).starts_with("vmlinuz-"))
            .ok_or_else(missing)?;
        let release = name(&image)["vmlinuz-".len()..].to_owned();
        let packed = fs::read(&image).map_err(file_error(&image))?;
        let vmlinux = unpack(&packed).ok_or(KernelError::Format(image))?;
        let mut files = Vec::new();
        find_modules(&root.join("lib/modules").join(release), &mut files);
        let modules = MODULES
            .iter()
            .filter_map(|(module, _)| {
                let file = format!("{module}.ko");
                let path = files.iter().find(|path| name(path) == file)?;
                Some(
                    fs::read(path)
                        .map_err(file_error(path))
                        .map(|content| (file, content)),
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        if modules.is_empty() {
            return Err(KernelError::Missing(
                "the kernel's module vfio-pci".to_owned(),
            ));
        }
        Ok(Self { vmlinux, modules })
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn find_modules(directory: &Path, into: &mut Vec<PathBuf>) {
    for path in entries(directory) {
        if path.is_dir() {
            find_modules(&path, into);
        } else {
            into.push(path);
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}

/// The ELF file in a bzImage, which QEMU boots without the time to unpack it under emulation. The boot protocol
/// says where the payload is (`payload_offset`, behind the sectors of setup code); LZ4's legacy frame is a magic
/// number and blocks of up to 8 MiB, each behind its length; the payload's last 4 bytes are the ELF file's size.
fn unpack(image: &[u8]) -> Option<Vec<u8>> {
    const SETUP_SECTORS: usize = 0x1f1;
    const PAYLOAD_OFFSET: usize = 0x248;
    const PAYLOAD_LENGTH: usize = 0x24c;
    const LZ4_LEGACY: usize = 0x184c_2102;
    const BLOCK_BYTES: usize = 8 << 20;
    let setup = (usize::from(*image.get(SETUP_SECTORS)?) + 1) * 512;
    let start = setup.checked_add(u32_at(image, PAYLOAD_OFFSET)?)?;
    let end = start.checked_add(u32_at(image, PAYLOAD_LENGTH)?)?;
    let (mut blocks, size) = image.get(start..end)?.split_last_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
    if u32_at(blocks, 0)? != LZ4_LEGACY {
        return None;
    }
    blocks = &blocks[4..];
    let mut vmlinux = Vec::with_capacity(size);
    while vmlinux.len() < size {
        let length = u32_at(blocks, 0)?;
        let block = blocks.get(4..length.checked_add(4)?)?;
        vmlinux.extend(lz4_flex::block::decompress(block, BLOCK_BYTES).ok()?);
        blocks = &blocks[4 + length..];
    }
    (vmlinux.len() == size && vmlinux.starts_with(b"\x7fELF")).then_some(vmlinux)
}
