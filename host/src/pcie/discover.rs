//! Finding cards: the PCI functions that the kernel shows, and what stands between them and their use.

use super::{AccessPath, Address, Id, Obstacle, PcieError, huge_pages};
use gyrus_interface::registers::BAR_BYTES;
use rustix::fs::{Access, access};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The driver that hands functions to user space.
const VFIO_DRIVER: &str = "vfio-pci";
/// A resource that is memory (linux/ioport.h).
const IORESOURCE_MEM: u64 = 0x200;

/// Where the kernel shows functions and their files.
#[derive(Debug, Clone)]
pub struct Roots {
    /// sysfs.
    pub sys: PathBuf,
    /// Device files.
    pub dev: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            sys: "/sys".into(),
            dev: "/dev".into(),
        }
    }
}

/// The functions that an IOMMU cannot tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub number: u32,
    /// How it translates unless VFIO has it: `identity`, `DMA`, `DMA-FQ`; empty if the kernel does not say.
    pub kind: String,
}

/// A PCI function that has the IDs of a card.
#[derive(Debug, Clone)]
pub struct Function {
    /// Where it sits.
    pub address: Address,
    /// Its IDs.
    pub id: Id,
    /// Its directory in sysfs.
    pub directory: PathBuf,
    /// The driver that has it.
    pub driver: Option<String>,
    /// Its IOMMU group.
    pub group: Option<Group>,
    /// Bytes of BAR0.
    pub bar_bytes: u64,
    /// Whether the kernel has switched it on.
    pub enabled: bool,
    /// The NUMA node it is at, if there are several.
    pub numa_node: Option<u32>,
    /// The way to it: VFIO if `vfio-pci` has it, sysfs otherwise.
    pub path: AccessPath,
    /// What has to be done before it can be used.
    pub obstacles: Vec<Obstacle>,
}

impl Function {
    /// The file of its BAR0.
    pub(super) fn resource(&self) -> PathBuf {
        self.directory.join("resource0")
    }

    /// What is missing if it has to share so many bytes with the host.
    pub fn without_memory(&self, roots: &Roots, bytes: usize) -> Option<Obstacle> {
        let wanted = huge_pages::count(bytes);
        let free = huge_pages::free(roots).unwrap_or(0);
        let missing = self.path == AccessPath::Sysfs && free < wanted;
        missing.then_some(Obstacle::HugePages { wanted, free })
    }

    /// Whether it can be used.
    ///
    /// # Errors
    /// The first obstacle.
    pub fn check(&self) -> Result<(), PcieError> {
        match self.obstacles.first() {
            None => Ok(()),
            Some(obstacle) => Err(PcieError::Blocked {
                address: self.address,
                obstacle: obstacle.clone(),
            }),
        }
    }
}

/// The function at an address, which has to have one of these IDs: another one would not take it well to
/// be used as a card.
///
/// # Errors
/// There is none.
pub fn find(roots: &Roots, ids: &[Id], address: Address) -> Result<Function, PcieError> {
    let directory = roots.sys.join("bus/pci/devices").join(address.to_string());
    let function = function(roots, &directory).ok_or(PcieError::NoFunction(address))?;
    if ids.contains(&function.id) {
        Ok(function)
    } else {
        Err(PcieError::NotACard {
            address,
            id: function.id,
            wanted: ids.to_vec(),
        })
    }
}

/// The functions with one of these IDs, by address. One that cannot be read any more is left out: it has
/// just gone.
///
/// # Errors
/// What is there cannot be read.
pub fn discover(roots: &Roots, ids: &[Id]) -> Result<Vec<Function>, PcieError> {
    let bus = roots.sys.join("bus/pci/devices");
    if !bus.exists() {
        return Ok(Vec::new());
    }
    let mut functions = Vec::new();
    for entry in fs::read_dir(&bus).map_err(PcieError::file("read", &bus))? {
        let directory = entry.map_err(PcieError::file("read", &bus))?.path();
        let found = id(&directory).filter(|id| ids.contains(id));
        functions.extend(found.and_then(|_| function(roots, &directory)));
    }
    functions.sort_unstable_by_key(|function| function.address);
    Ok(functions)
}

/// A file's text without the white space around it.
fn text(path: impl AsRef<Path>) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    Some(text.trim().to_owned())
}

/// A file's hexadecimal number.
fn hexadecimal(path: impl AsRef<Path>) -> Option<u16> {
    u16::from_str_radix(text(path)?.strip_prefix("0x")?, 16).ok()
}

/// The name of what a link leads to.
fn link(path: impl AsRef<Path>) -> Option<String> {
    let target = fs::read_link(path).ok()?;
    Some(target.file_name()?.to_str()?.to_owned())
}

/// Bytes of BAR0, from the first line of `resource`: start, end and kind.
fn bar_bytes(resource: &str) -> u64 {
    let line = resource.lines().next().unwrap_or_default();
    let numbers = line.split_whitespace().map(|number| {
        let digits = number.strip_prefix("0x")?;
        u64::from_str_radix(digits, 16).ok()
    });
    match numbers.collect::<Vec<_>>()[..] {
        [Some(start), Some(end), Some(kind)]
            if kind & IORESOURCE_MEM != 0 && start > 0 && end > start =>
        {
            end - start + 1
        }
        _ => 0,
    }
}

fn id(directory: &Path) -> Option<Id> {
    Some(Id {
        vendor: hexadecimal(directory.join("vendor"))?,
        device: hexadecimal(directory.join("device"))?,
    })
}

fn function(roots: &Roots, directory: &Path) -> Option<Function> {
    let address: Address = directory.file_name()?.to_str()?.parse().ok()?;
    let driver = link(directory.join("driver"));
    let group = link(directory.join("iommu_group")).and_then(|number| {
        Some(Group {
            number: number.parse().ok()?,
            kind: text(directory.join("iommu_group/type")).unwrap_or_default(),
        })
    });
    let path = match driver.as_deref() {
        Some(VFIO_DRIVER) => AccessPath::Vfio,
        _ => AccessPath::Sysfs,
    };
    let mut function = Function {
        address,
        id: id(directory)?,
        directory: directory.to_owned(),
        driver,
        group,
        bar_bytes: bar_bytes(&text(directory.join("resource")).unwrap_or_default()),
        enabled: text(directory.join("enable")).is_some_and(|count| count != "0"),
        numa_node: text(directory.join("numa_node")).and_then(|node| node.parse().ok()),
        path,
        obstacles: Vec::new(),
    };
    function.obstacles = obstacles(roots, &function);
    Some(function)
}

/// What stands in the way of one of the two ways to a function.
fn obstacles(roots: &Roots, function: &Function) -> Vec<Obstacle> {
    if function.bar_bytes < u64::from(BAR_BYTES) {
        return vec![Obstacle::NoRegisters {
            address: function.address,
            bytes: function.bar_bytes,
        }];
    }
    match function.path {
        AccessPath::Vfio => vfio_obstacles(roots, function),
        AccessPath::Sysfs => sysfs_obstacles(roots, function),
    }
}

fn vfio_obstacles(roots: &Roots, function: &Function) -> Vec<Obstacle> {
    let Some(group) = &function.group else {
        return vec![Obstacle::NoIommuGroup(function.address)];
    };
    let files = ["vfio".to_owned(), group.number.to_string()];
    let blocked = files.iter().filter_map(|name| {
        let path = roots.dev.join("vfio").join(name);
        let refused = may_open(&path).err();
        refused.map(|error| Obstacle::of_vfio(&path, &error))
    });
    blocked.collect()
}

/// Whether this process may open a file. Whether another one has it shows when it is really opened: to try
/// that just to look would keep it from others for a moment.
fn may_open(path: &Path) -> io::Result<()> {
    Ok(access(path, Access::READ_OK | Access::WRITE_OK)?)
}

fn sysfs_obstacles(roots: &Roots, function: &Function) -> Vec<Obstacle> {
    let address = function.address;
    if let Some(driver) = function.driver.clone() {
        let iommu = function.group.is_some();
        return vec![Obstacle::OtherDriver {
            address,
            driver,
            iommu,
        }];
    }
    let mut obstacles = Vec::new();
    if let Some(group) = &function.group
        && group.kind.starts_with("DMA")
    {
        obstacles.push(Obstacle::Translated {
            address,
            group: group.number,
            kind: group.kind.clone(),
        });
    }
    let path = function.resource();
    if let Err(error) = may_open(&path) {
        obstacles.push(Obstacle::of_sysfs(address, &path, &error));
    }
    if huge_pages::free(roots).unwrap_or(0) == 0 {
        obstacles.push(Obstacle::HugePages { wanted: 1, free: 0 });
    }
    obstacles
}

/// Opens the file of BAR0, which one process at a time may have: as long as it is open it is locked.
pub(super) fn lock_resource(function: &Function) -> Result<File, Obstacle> {
    let path = function.resource();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| Obstacle::of_sysfs(function.address, &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(error) => Err(Obstacle::of_sysfs(function.address, &path, &error.into())),
    }
}
