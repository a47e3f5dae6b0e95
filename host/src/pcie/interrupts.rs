//! What VFIO tells through file descriptors: interrupts, errors of the bus, and that a function has to be
//! given back.

use super::access::Woken;
use super::{Address, PcieError};
use std::io::{self, ErrorKind};
use std::time::Instant;
use vfio_bindings::bindings::vfio::{
    VFIO_PCI_ERR_IRQ_INDEX, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_PCI_REQ_IRQ_INDEX,
};
use vfio_ioctls::VfioDevice;
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};

/// Events that have come and were not looked at yet.
#[derive(Debug)]
pub(super) struct Interrupts {
    address: Address,
    epoll: Epoll,
    /// Vector 0 of MSI-X.
    card: EventFd,
    /// An error that the bus could not correct.
    error: EventFd,
    /// The kernel wants the function back.
    request: EventFd,
}

impl Interrupts {
    /// Asks for the events of a function; `None` if it has no MSI-X.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) fn enable(address: Address, device: &VfioDevice) -> Result<Option<Self>, PcieError> {
        let has = |index| device.get_irq_info(index).is_some_and(|irq| irq.count > 0);
        if !has(VFIO_PCI_MSIX_IRQ_INDEX) {
            return Ok(None);
        }
        let interrupts = Self::new(address).map_err(PcieError::system("make event files"))?;
        for (index, event) in [
            (VFIO_PCI_MSIX_IRQ_INDEX, &interrupts.card),
            (VFIO_PCI_ERR_IRQ_INDEX, &interrupts.error),
            (VFIO_PCI_REQ_IRQ_INDEX, &interrupts.request),
        ] {
            if has(index) {
                let enabled = device.enable_irq(index, vec![event]);
                enabled.map_err(PcieError::vfio("enable interrupts"))?;
            }
        }
        Ok(Some(interrupts))
    }

    fn new(address: Address) -> io::Result<Self> {
        let event = || EventFd::new(EFD_NONBLOCK);
        let interrupts = Self {
            address,
            epoll: Epoll::new()?,
            card: event()?,
            error: event()?,
            request: event()?,
        };
        for event in [&interrupts.card, &interrupts.error, &interrupts.request] {
            let fd = std::os::fd::AsRawFd::as_raw_fd(event);
            let readable = EpollEvent::new(EventSet::IN, 0);
            interrupts.epoll.ctl(ControlOperation::Add, fd, readable)?;
        }
        Ok(interrupts)
    }

    /// Waits for an interrupt, rounded up to milliseconds.
    ///
    /// # Errors
    /// The bus had an error, told once; the function has to be given back, told again and again.
    pub(super) fn wait(&self, deadline: Instant) -> Result<Woken, PcieError> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let milliseconds = left.as_nanos().div_ceil(1_000_000);
            let milliseconds = i32::try_from(milliseconds).unwrap_or(i32::MAX);
            match self
                .epoll
                .wait(milliseconds, &mut [EpollEvent::default(); 3])
            {
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(PcieError::system("wait for interrupts")(error)),
                Ok(0) if Instant::now() >= deadline => return Ok(Woken::Deadline),
                Ok(_) => {
                    if let Some(woken) = self.look()? {
                        return Ok(woken);
                    }
                }
            }
        }
    }

    /// Forgets an interrupt of the card that has come.
    pub(super) fn forget(&self) {
        // An error means that none has come.
        let _ = self.card.read();
    }

    /// What has come, the worst first.
    fn look(&self) -> Result<Option<Woken>, PcieError> {
        let address = self.address;
        if self.request.read().is_ok() {
            // It stays so.
            let _ = self.request.write(1);
            return Err(PcieError::Removed {
                address,
                reason: "the kernel wants the function back: it is being removed, or unbound",
            });
        }
        if self.error.read().is_ok() {
            return Err(PcieError::Halted {
                address,
                reason: "PCIe had an error that it could not correct",
            });
        }
        Ok(self.card.read().is_ok().then_some(Woken::Interrupt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn interrupts() -> Interrupts {
        Interrupts::new("03:00.0".parse().unwrap()).unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(2)
    }

    fn far() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    #[test]
    fn interrupts_wake_once_however_many_came() {
        let interrupts = interrupts();
        interrupts.card.write(1).unwrap();
        interrupts.card.write(1).unwrap();
        assert_eq!(interrupts.wait(far()).unwrap(), Woken::Interrupt);
        let deadline = soon();
        assert_eq!(interrupts.wait(deadline).unwrap(), Woken::Deadline);
        assert!(Instant::now() >= deadline);
    }

    #[test]
    fn an_interrupt_that_is_forgotten_wakes_nobody() {
        let interrupts = interrupts();
        interrupts.forget();
        interrupts.card.write(1).unwrap();
        interrupts.forget();
        assert_eq!(interrupts.wait(soon()).unwrap(), Woken::Deadline);
        interrupts.card.write(1).unwrap();
        assert_eq!(interrupts.wait(far()).unwrap(), Woken::Interrupt);
    }

    #[test]
    fn an_interrupt_wakes_a_thread_that_waits() {
        let interrupts = interrupts();
        let card = interrupts.card.try_clone().unwrap();
        let waker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(5));
            card.write(1).unwrap();
        });
        assert_eq!(interrupts.wait(far()).unwrap(), Woken::Interrupt);
        waker.join().unwrap();
    }

    #[test]
    fn an_error_of_the_bus_is_told_once_and_a_request_for_ever() {
        let interrupts = interrupts();
        interrupts.error.write(1).unwrap();
        interrupts.card.write(1).unwrap();
        assert!(matches!(
            interrupts.wait(far()),
            Err(PcieError::Halted { .. })
        ));
        assert_eq!(interrupts.wait(far()).unwrap(), Woken::Interrupt);
        interrupts.request.write(1).unwrap();
        for _ in 0..3 {
            assert!(matches!(
                interrupts.wait(far()),
                Err(PcieError::Removed { .. })
            ));
        }
    }
}
