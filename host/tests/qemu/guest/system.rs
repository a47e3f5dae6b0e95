//! What a Linux needs before a test: file systems, modules, a driver for the cards.

use super::runner::Outcome;
use crate::kernel::MODULES;
use rustix::mount::{MountFlags, mount};
use rustix::system::finit_module;
use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Where the modules are.
pub(crate) const MODULE_DIRECTORY: &str = "/modules";

pub(super) fn mount_all() -> io::Result<()> {
    for (kind, at) in [
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/tmp"),
    ] {
        mount(kind, at, kind, MountFlags::empty(), None)?;
    }
    Ok(())
}

/// Loads the modules that there are.
pub(super) fn load_modules() -> Outcome {
    for (name, parameters) in MODULES {
        let path = Path::new(MODULE_DIRECTORY).join(format!("{name}.ko"));
        if path.exists() {
            let parameters = CString::new(*parameters)?;
            finit_module(File::open(&path)?, &parameters, 0)
                .map_err(|error| format!("{name}: {error}"))?;
        }
    }
    let loaded = fs::read_to_string("/proc/modules")?;
    for module in ["vfio_pci ", "vfio_iommu_type1 "] {
        if !loaded.contains(module) {
            return Err(format!("no module {module}in {loaded}").into());
        }
    }
    Ok(())
}
