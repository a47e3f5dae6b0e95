//! Completions: how they are read, and what becomes of the jobs that they end.

use super::super::Transport;
use super::super::driver::{Woken, in_time};
use super::{InFlight, RingDevice};
use gyrus_interface::job::{COMPLETION_BYTES, COMPLETION_PHASE_WORD};
use gyrus_interface::layout::{self, WORD_BYTES};
use gyrus_interface::{Completion, DeviceError, JobStatus};
use std::time::Instant;

/// How a job ended: its tag, and its error.
type Ended = (u64, Result<(), DeviceError>);

fn ended(bytes: &[u8; COMPLETION_BYTES]) -> Ended {
    let tag = Completion::tag_of(bytes);
    let result = match Completion::decode(bytes) {
        Ok(completion) => match completion.status {
            JobStatus::Ok => Ok(()),
            status => Err(DeviceError::Job {
                tag,
                status,
                detail: completion.detail,
            }),
        },
        Err(code) => Err(DeviceError::Protocol(format!(
            "job {tag} ended with the undefined status {code}"
        ))),
    };
    (tag, result)
}

impl<T: Transport> RingDevice<T> {
    /// The next completion, if one is there.
    fn poll(&mut self) -> Result<Option<Ended>, DeviceError> {
        let rings = self.plan()?.rings;
        let at = rings.completion + (self.completion.index() * COMPLETION_BYTES) as u64;
        let transport = &self.driver.transport;
        let mut words = [0; COMPLETION_BYTES / WORD_BYTES];
        let (_, last) = words.split_at_mut(COMPLETION_PHASE_WORD / WORD_BYTES);
        // The card writes this word last. So the others are read behind it, if it is new.
        last.fill(transport.load_acquire(at + COMPLETION_PHASE_WORD as u64)?);
        let is_new = Completion::phase_of(&layout::to_bytes(&words)) == self.completion.phase();
        if !is_new {
            return Ok(None);
        }
        let (others, _) = words.split_at_mut(COMPLETION_PHASE_WORD / WORD_BYTES);
        transport.read(at, others)?;
        let bytes = layout::to_bytes(&words);
        let mut next = self.completion;
        next.advance();
        self.driver.taken(next.index())?;
        self.completion = next;
        Ok(Some(ended(&bytes)))
    }

    /// Takes the job of a completion out of those in flight.
    fn job_of(&mut self, (tag, result): Ended) -> Result<(Ended, InFlight), DeviceError> {
        let job = self.in_flight.remove(&tag).ok_or_else(|| {
            DeviceError::Protocol(format!("a completion for job {tag}, not in flight"))
        })?;
        Ok(((tag, result), job))
    }

    /// Waits for the next completion, and takes its job out of those in flight. What the card completed
    /// before it went wrong comes before the error.
    ///
    /// The card's registers are not touched unless nothing comes for a while: reading one takes as long as many
    /// looks at the ring.
    fn next_ended(&mut self, deadline: Instant) -> Result<(Ended, InFlight), DeviceError> {
        if let Some(ended) = self.poll()? {
            return self.job_of(ended);
        }
        if let Some(error) = self.fault.take() {
            return Err(error);
        }
        let start = Instant::now();
        let found = match self.look(start, deadline) {
            Ok(Some(ended)) => Ok(ended),
            Ok(None) => self.await_interrupts(start, deadline),
            Err(error) => Err(error),
        };
        self.pace.waited(start.elapsed());
        self.job_of(found?)
    }

    /// Looks at the completion ring for as long as is worth while.
    fn look(&mut self, start: Instant, deadline: Instant) -> Result<Option<Ended>, DeviceError> {
        let until = deadline.min(start + self.pace.window());
        while Instant::now() < until {
            std::hint::spin_loop();
            let found = self.poll()?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Waits for interrupts until there is a completion.
    fn await_interrupts(
        &mut self,
        start: Instant,
        deadline: Instant,
    ) -> Result<Ended, DeviceError> {
        let mut woken = Woken::Deadline;
        loop {
            // A completion that comes after the interrupt causes were cleared is seen by the look
            // behind it or raises the interrupt.
            match self.driver.acknowledge() {
                Ok(0) if woken == Woken::Interrupt => self.statistics.spurious_interrupts += 1,
                Ok(_) if woken == Woken::Interrupt => self.statistics.interrupts += 1,
                Ok(_) => (),
                Err(error) => {
                    // A completion may have come between the look at the ring and the fault. If
                    // even this look fails, the fault says more.
                    let Ok(Some(ended)) = self.poll() else {
                        return Err(error);
                    };
                    self.fault = Some(error);
                    return Ok(ended);
                }
            }
            if let Some(ended) = self.poll()? {
                return Ok(ended);
            }
            in_time(start, deadline)?;
            let before = Instant::now();
            woken = self.driver.wait(deadline)?;
            self.statistics.interrupt_waits.record(before.elapsed());
            if let Some(ended) = self.poll()? {
                // Its cause stands until the next wait. An interrupt that came together with the deadline is
                // not lost.
                let lost = match woken {
                    Woken::Interrupt => false,
                    Woken::Deadline => self.driver.has_raised().is_ok_and(|raised| !raised),
                    Woken::Time => true,
                };
                if lost {
                    self.statistics.lost_interrupts += 1;
                } else {
                    self.statistics.interrupts += 1;
                }
                return Ok(ended);
            }
        }
    }

    /// Takes the next completion: keeps a finished batch, whose buffer it frees, or frees the place of a
    /// look-up table. An upload that failed is an error.
    pub(super) fn absorb(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        let ((tag, result), job) = self.next_ended(deadline)?;
        self.unstall();
        let result = match job {
            InFlight::Batch(batch) => {
                self.finish_batch(tag, batch, result);
                return Ok(());
            }
            InFlight::Lut { place } => {
                self.free_lut_places.push(place);
                result
            }
            InFlight::KeyPiece(piece) => {
                if let Some(uploaded) = &mut self.uploaded {
                    uploaded.ended(piece, result.is_ok());
                }
                result
            }
            InFlight::Adoption => result,
        };
        result.inspect_err(|_| self.statistics.errors += 1)
    }

    /// Waits for one job, and for those that end before it.
    pub(super) fn absorb_until(&mut self, tag: u64, deadline: Instant) -> Result<(), DeviceError> {
        while self.in_flight.contains_key(&tag) {
            self.absorb(deadline)?;
        }
        Ok(())
    }

    /// Something waits for room from now on.
    pub(super) fn stall(&mut self) {
        self.stalled.get_or_insert_with(Instant::now);
    }

    /// There may be room again.
    pub(super) fn unstall(&mut self) {
        if let Some(since) = self.stalled.take() {
            self.statistics.stalls.record(since.elapsed());
        }
    }
}
