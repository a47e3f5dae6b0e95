//! Completions: how they are read, and what becomes of the jobs that they end.

use super::super::driver::in_time;
use super::super::{BatchTag, Finished, Transport};
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
        let mut words = [0; COMPLETION_BYTES / WORD_BYTES];
        let (others, last) = words.split_at_mut(COMPLETION_PHASE_WORD / WORD_BYTES);
        let transport = &self.driver.transport;
        // The card writes this word last. So the others are read behind it, if it is new.
        last.fill(transport.load_acquire(at + COMPLETION_PHASE_WORD as u64)?);
        transport.read(at, others)?;
        let bytes = layout::to_bytes(&words);
        if Completion::phase_of(&bytes) != self.completion.phase() {
            return Ok(None);
        }
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
    fn next_ended(&mut self, deadline: Instant) -> Result<(Ended, InFlight), DeviceError> {
        let start = Instant::now();
        // A completion that comes after the interrupt causes were cleared is seen by the second look
        // or raises the interrupt.
        let mut acknowledged = false;
        loop {
            if let Some(ended) = self.poll()? {
                return self.job_of(ended);
            }
            if let Some(error) = self.fault.take() {
                return Err(error);
            }
            if !acknowledged {
                if let Err(error) = self.driver.acknowledge() {
                    // A completion may have come between the look at the ring and the fault. If
                    // even this look fails, the fault says more.
                    let Ok(Some(ended)) = self.poll() else {
                        return Err(error);
                    };
                    self.fault = Some(error);
                    return self.job_of(ended);
                }
                acknowledged = true;
                continue;
            }
            in_time(start, deadline)?;
            self.driver.wait(deadline)?;
            acknowledged = false;
        }
    }

    /// Takes the next completion: keeps a finished batch, whose buffer it frees, or frees the place of a
    /// look-up table. An upload that failed is an error.
    pub(super) fn absorb(&mut self, deadline: Instant) -> Result<(), DeviceError> {
        let ((tag, result), job) = self.next_ended(deadline)?;
        let result = match job {
            InFlight::Batch {
                buffer,
                bootstraps,
                words,
            } => {
                let outputs = result.and_then(|()| {
                    let mut outputs = vec![0; words];
                    self.driver.transport.read(buffer.outputs, &mut outputs)?;
                    Ok(outputs)
                });
                self.free_buffers.push(buffer);
                self.rest_if_idle();
                if outputs.is_ok() {
                    self.statistics.batches += 1;
                    self.statistics.bootstraps += bootstraps as u64;
                    self.statistics.bytes_out += (words * WORD_BYTES) as u64;
                } else {
                    self.statistics.errors += 1;
                }
                let tag = BatchTag(tag);
                self.finished.push_back(Finished { tag, outputs });
                return Ok(());
            }
            InFlight::Lut { place } => {
                self.free_lut_places.push(place);
                result
            }
            InFlight::KeyPiece => result,
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

    pub(super) fn has_batches(&self) -> bool {
        let batch = |in_flight: &InFlight| matches!(in_flight, InFlight::Batch { .. });
        self.in_flight.values().any(batch)
    }

    /// A batch has been handed over.
    pub(super) fn work(&mut self) {
        self.busy_since.get_or_insert_with(Instant::now);
    }

    /// A batch has ended: unless others are in flight, the device has nothing to do.
    pub(super) fn rest_if_idle(&mut self) {
        if !self.has_batches()
            && let Some(since) = self.busy_since.take()
        {
            self.statistics.busy += since.elapsed();
        }
    }
}
