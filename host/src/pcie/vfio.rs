//! A function through VFIO: behind an IOMMU, which lets the card reach the memory made for it and nothing
//! else, and with interrupts.

use super::access::{Access, Woken};
use super::config::{BUS_MASTER, Config, MEMORY};
use super::dma::{DmaMemory, HUGE_PAGE, pages};
use super::interrupts::Interrupts;
use super::mmio::Registers;
use super::{Address, Function, Obstacle, PcieError, iova};
use gyrus_interface::registers::BAR_BYTES;
use memmap2::Advice;
use rustix::io::Errno;
use std::fs::File;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vfio_bindings::bindings::vfio::{
    VFIO_BASE, VFIO_PCI_BAR0_REGION_INDEX, VFIO_PCI_CONFIG_REGION_INDEX,
    VFIO_REGION_INFO_FLAG_MMAP, VFIO_TYPE, vfio_iommu_type1_info,
};
use vfio_ioctls::{VfioContainer, VfioDevice, VfioError};
use vmm_sys_util::ioctl::{ioctl, ioctl_with_mut_ptr};
use vmm_sys_util::ioctl_io_nr;

ioctl_io_nr!(VFIO_DEVICE_RESET, VFIO_TYPE.into(), VFIO_BASE + 11);
ioctl_io_nr!(VFIO_IOMMU_GET_INFO, VFIO_TYPE.into(), VFIO_BASE + 12);

const CONTAINER: &str = "/dev/vfio/vfio";
/// Most bytes of what the kernel tells of an IOMMU.
const MOST_INFO: usize = 1 << 16;
/// How long a reset is tried again while somebody else looks at the function.
const RESET_TRIES: Duration = Duration::from_secs(1);
/// The time between two tries.
const RESET_PAUSE: Duration = Duration::from_millis(10);

/// A function that this process has. What is closed first comes first: the device cannot be closed while
/// it is mapped, nor the container emptied before that.
#[derive(Debug)]
pub(super) struct VfioAccess {
    address: Address,
    registers: Registers,
    config: Config,
    interrupts: Option<Interrupts>,
    device: Device,
    container: Container,
}

/// A device, which is closed before its file.
struct Device {
    vfio: VfioDevice,
    /// The device a second time. `VfioDevice` looks the function up in sysfs when it is closed, and panics
    /// if that is gone; as long as this is open, the kernel does not let it go.
    file: File,
}

impl Device {
    fn open(function: &Function, container: &Arc<VfioContainer>) -> Result<Self, PcieError> {
        let vfio = VfioDevice::new(&function.directory, Arc::clone(container) as _, false)
            .map_err(|error| opening(function.address, error))?;
        // SAFETY: `vfio` keeps its file open while this borrows it.
        let file = unsafe { BorrowedFd::borrow_raw(vfio.as_raw_fd()) };
        let file = file.try_clone_to_owned().map(File::from);
        let file = file.map_err(PcieError::system("duplicate a file"))?;
        Ok(Self { vfio, file })
    }
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VfioDevice")
    }
}

/// Likewise.
struct Container(Arc<VfioContainer>);

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VfioContainer")
    }
}

/// What an error of opening is.
fn opening(address: Address, error: VfioError) -> PcieError {
    let blocked = |obstacle| PcieError::Blocked { address, obstacle };
    match error {
        VfioError::OpenContainer(error) => blocked(Obstacle::of_vfio(Path::new(CONTAINER), &error)),
        VfioError::OpenGroup(error, group) => {
            let path = Path::new("/dev/vfio").join(group);
            blocked(Obstacle::of_vfio(&path, &error))
        }
        VfioError::GroupViable => blocked(Obstacle::SharedGroup(address)),
        VfioError::ContainerSetIOMMU(error) if error.errno() == Errno::PERM.raw_os_error() => {
            blocked(Obstacle::NoInterruptRemapping)
        }
        source => PcieError::vfio("open the function")(source),
    }
}

impl VfioAccess {
    /// Takes a function that `vfio-pci` has. That resets it, if it can be reset.
    ///
    /// # Errors
    /// Another process has it, or something of VFIO is missing.
    pub(super) fn open(function: &Function) -> Result<Self, PcieError> {
        let address = function.address;
        let container = VfioContainer::new(None).map_err(|error| opening(address, error))?;
        let container = Arc::new(container);
        let device = Device::open(function, &container)?;
        let vfio = &device.vfio;
        let start = vfio.get_region_offset(VFIO_PCI_CONFIG_REGION_INDEX);
        let path = function.directory.join("config");
        let file = device.file.try_clone();
        let file = file.map_err(PcieError::system("duplicate a file"))?;
        let config = Config::new(address, file, path, start);
        // Without the bit a mapped BAR raises a signal.
        config.change(MEMORY, BUS_MASTER)?;
        let bar = VFIO_PCI_BAR0_REGION_INDEX;
        let mappable = vfio.get_region_flags(bar) & VFIO_REGION_INFO_FLAG_MMAP != 0;
        if !mappable || vfio.get_region_size(bar) < u64::from(BAR_BYTES) {
            return Err(PcieError::Blocked {
                address,
                obstacle: Obstacle::NoRegisters {
                    address,
                    bytes: vfio.get_region_size(bar),
                },
            });
        }
        let registers = Registers::map(vfio, vfio.get_region_offset(bar))
            .map_err(PcieError::file("map", function.resource()))?;
        Ok(Self {
            address,
            registers,
            config,
            interrupts: None,
            device,
            container: Container(container),
        })
    }

    /// The bus addresses that the IOMMU translates.
    fn bus_addresses(&self) -> Result<Vec<RangeInclusive<u64>>, PcieError> {
        let mut bytes = size_of::<vfio_iommu_type1_info>();
        loop {
            // The kernel says how many bytes it would have needed.
            let mut info = vec![0u64; bytes.div_ceil(size_of::<u64>())];
            info[0] = bytes as u64;
            // SAFETY: the kernel writes no more bytes than the first field says, which `info` has.
            let result = unsafe {
                ioctl_with_mut_ptr(&*self.container.0, VFIO_IOMMU_GET_INFO(), info.as_mut_ptr())
            };
            if result != 0 {
                let error = io::Error::last_os_error();
                return Err(PcieError::system("ask the IOMMU for its addresses")(error));
            }
            let answer: Vec<u8> = info.iter().flat_map(|word| word.to_ne_bytes()).collect();
            let needed = (info[0] & u64::from(u32::MAX)) as usize;
            if needed <= bytes || needed > MOST_INFO {
                return Ok(iova::ranges(&answer));
            }
            bytes = needed;
        }
    }
}

impl Access for VfioAccess {
    fn registers(&self) -> &Registers {
        &self.registers
    }

    fn share(&mut self, bytes: usize) -> Result<DmaMemory, PcieError> {
        let bytes = bytes.next_multiple_of(HUGE_PAGE);
        let mapping = pages(bytes, true)
            .or_else(|_| {
                let mapping = pages(bytes, false)?;
                // The kernel may do without.
                let _ = mapping.advise(Advice::HugePage);
                Ok(mapping)
            })
            .map_err(PcieError::system("get memory for the card"))?;
        let base =
            iova::choose(&self.bus_addresses()?, bytes).ok_or(PcieError::NoBusAddresses(bytes))?;
        // SAFETY: this memory is reached by volatile accesses through `DmaMemory` alone. The kernel keeps
        // its pages until the container is closed, even when they are unmapped here before.
        unsafe {
            self.container
                .0
                .vfio_dma_map(base, bytes, mapping.as_mut_ptr())
        }
        .map_err(|source| match source {
            VfioError::IommuDmaMap(error) if error.errno() == Errno::NOMEM.raw_os_error() => {
                PcieError::Pin { bytes, source }
            }
            source => PcieError::vfio("let the card reach memory")(source),
        })?;
        self.interrupts = Interrupts::enable(self.address, &self.device.vfio)?;
        Ok(DmaMemory::new(base, bytes, vec![mapping]))
    }

    fn set_bus_master(&mut self, on: bool) -> Result<(), PcieError> {
        if on {
            self.config.change(MEMORY | BUS_MASTER, 0)
        } else {
            self.config.change(0, BUS_MASTER)
        }
    }

    fn reset(&mut self) -> Result<bool, PcieError> {
        let deadline = Instant::now() + RESET_TRIES;
        loop {
            // SAFETY: it takes no argument.
            if unsafe { ioctl(&self.device.file, VFIO_DEVICE_RESET()) } == 0 {
                return Ok(true);
            }
            let error = io::Error::last_os_error();
            match Errno::from_io_error(&error) {
                // There is no way to reset it.
                Some(Errno::INVAL | Errno::NOTTY) => return Ok(false),
                Some(Errno::AGAIN) if Instant::now() < deadline => {
                    std::thread::sleep(RESET_PAUSE);
                }
                _ => return Err(PcieError::system("reset the function")(error)),
            }
        }
    }

    fn forget_interrupt(&mut self) {
        if let Some(interrupts) = &self.interrupts {
            interrupts.forget();
        }
    }

    fn wait(&mut self, deadline: Instant) -> Result<Woken, PcieError> {
        match &self.interrupts {
            Some(interrupts) => interrupts.wait(deadline),
            None => Ok(Woken::NoInterrupts),
        }
    }
}
