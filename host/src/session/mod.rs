//! A loaded evaluation key on a device, shared by any number of threads.
//!
//! A session owns its device through one dispatcher thread. Requests of all threads meet in the
//! dispatcher's queue, which turns them into batches: at once when the device idles (after a short
//! linger in which other threads may join), otherwise when a full batch has gathered or the device
//! is done. A device that fails is reset, gets its key and tables again, and the requests are
//! repeated; what fails twice is reported.

mod dispatcher;
mod slots;

use crate::device::{Device, Identity, Progress, Statistics};
use crate::key::EvaluationKey;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use dispatcher::{Answer, Dispatcher, Request};
use gyrus_interface::{DeviceError, ParameterSet, layout};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Why a session did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SessionError {
    /// The device failed, and did again after it was reset.
    #[error("the device failed: {0}")]
    Device(#[from] DeviceError),
    /// The request does not fit the session's parameters.
    #[error("bad request: {0}")]
    Request(String),
    /// The dispatcher has ended.
    #[error("the session is closed")]
    Closed,
    /// The call took longer than it may ([`Session::within`]).
    #[error("not done within {0:?}")]
    Deadline(Duration),
    /// Nothing moved for far longer than [`SessionOptions::deadline`], not even a recovery: the
    /// dispatcher itself hangs.
    #[error("the session did not move for {0:?}")]
    Timeout(Duration),
    /// The dispatcher thread could not be started.
    #[error("cannot start the session's thread: {0}")]
    Thread(String),
}

/// Longest duration that is taken seriously.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How a session behaves.
#[derive(Debug, Clone, Copy)]
pub struct SessionOptions {
    /// Longest time that the device may take over a batch, and over a reset.
    pub deadline: Duration,
    /// Longest time that loading the evaluation key may take.
    pub key_deadline: Duration,
    /// How long an idle device waits for other threads' requests to join the first one.
    pub linger: Duration,
    /// Times that a request is handed to the device before its error is reported.
    pub attempts: u32,
    /// Accept `INSECURE_` parameter sets: for tests, they protect nothing.
    pub insecure_parameters: bool,
}

impl SessionOptions {
    /// With durations that can be added to any time of day without overflow.
    fn bounded(mut self) -> Self {
        for duration in [&mut self.deadline, &mut self.key_deadline, &mut self.linger] {
            *duration = DAY.min(*duration);
        }
        self
    }
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(120),
            key_deadline: Duration::from_secs(300),
            linger: Duration::from_micros(200),
            attempts: 2,
            insecure_parameters: false,
        }
    }
}

/// What a session has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStatistics {
    /// The device at work.
    pub identity: Identity,
    /// The device's own counters.
    pub device: Statistics,
    /// Requests answered, well or not.
    pub requests: u64,
    /// Batches handed to the device.
    pub batches: u64,
    /// Inputs of the largest batch.
    pub largest_batch: usize,
    /// Times that the device was reset and loaded again.
    pub recoveries: u64,
    /// Look-up tables uploaded.
    pub lut_uploads: u64,
}

/// A look-up table: the body of a trivial GLWE ciphertext, `N` words mod 2^64. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lut(Arc<LutBody>);

#[derive(Debug)]
struct LutBody {
    /// BLAKE3 of the words: what tells tables apart, so that equal ones share a slot.
    digest: [u8; 32],
    words: Box<[u64]>,
}

/// State that the session's handles and its dispatcher share.
#[derive(Debug)]
struct Shared {
    statistics: Mutex<SessionStatistics>,
    /// Counts everything that the device finishes; a waiting thread sees by it that things move.
    progress: AtomicU64,
    /// No handle of the session is left.
    closing: AtomicBool,
}

/// A loaded evaluation key on a device. Clones share the device.
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
    /// Longest time of a call.
    limit: Option<Duration>,
}

#[derive(Debug)]
struct Inner {
    key: Arc<EvaluationKey>,
    options: SessionOptions,
    shared: Arc<Shared>,
    /// `None` only while dropping.
    requests: Option<Sender<Vec<Request>>>,
    dispatcher: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.requests = None;
        self.shared.closing.store(true, Ordering::Relaxed);
        let handle = self
            .dispatcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(handle) = handle {
            // Ends as soon as the batch in flight does, which has a deadline.
            let _ = handle.join();
        }
    }
}

impl Session {
    /// Loads the key into the device and starts the dispatcher. The key is kept for recovery.
    /// Durations of `options` are cut to a day.
    ///
    /// # Errors
    /// The parameter set is refused, or the device does not take the key.
    pub fn open(
        mut device: Box<dyn Device>,
        key: Arc<EvaluationKey>,
        options: SessionOptions,
        progress: Progress<'_>,
    ) -> Result<Self, SessionError> {
        let options = options.bounded();
        key.parameters()
            .admit(options.insecure_parameters)
            .map_err(DeviceError::from)?;
        device.identity().validate()?;
        device.load_keys(&key, progress, Instant::now() + options.key_deadline)?;
        let shared = Arc::new(Shared {
            statistics: Mutex::new(SessionStatistics {
                identity: device.identity().clone(),
                device: device.statistics(),
                requests: 0,
                batches: 0,
                largest_batch: 0,
                recoveries: 0,
                lut_uploads: 0,
            }),
            progress: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        });
        let (requests, inbox) = unbounded();
        let dispatcher = Dispatcher::new(
            device,
            Arc::clone(&key),
            options,
            Arc::clone(&shared),
            inbox,
        );
        let handle = std::thread::Builder::new()
            .name("gyrus-session".to_owned())
            .spawn(move || dispatcher.run())
            .map_err(|error| SessionError::Thread(error.to_string()))?;
        let inner = Arc::new(Inner {
            key,
            options,
            shared,
            requests: Some(requests),
            dispatcher: Mutex::new(Some(handle)),
        });
        Ok(Self { inner, limit: None })
    }

    /// The same session for callers that wait no longer than this, cut to a day: calls end with
    /// [`SessionError::Deadline`] then. What has not been handed to the device by then never is, and
    /// the outputs of the rest are not fetched.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            limit: Some(limit.min(DAY)),
        }
    }

    /// The parameter set of the loaded key.
    #[must_use]
    pub fn parameters(&self) -> &ParameterSet {
        self.inner.key.parameters()
    }

    /// The key that the session was opened with.
    #[must_use]
    pub fn key(&self) -> &Arc<EvaluationKey> {
        &self.inner.key
    }

    /// What the session has done so far.
    #[must_use]
    pub fn statistics(&self) -> SessionStatistics {
        self.inner
            .shared
            .statistics
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A handle for a look-up table. Equal tables share one slot on the device, whatever their
    /// handles, and stay there until less recently used ones are needed.
    ///
    /// # Errors
    /// [`SessionError::Request`] when it does not have `N` words.
    pub fn lut(&self, body: &[u64]) -> Result<Lut, SessionError> {
        let size = layout::lut_words(self.parameters());
        if body.len() != size {
            return Err(SessionError::Request(format!(
                "a look-up table has {} words, the parameters ask for {size}",
                body.len()
            )));
        }
        let mut hasher = blake3::Hasher::new();
        for word in body {
            hasher.update(&word.to_le_bytes());
        }
        Ok(Lut(Arc::new(LutBody {
            digest: *hasher.finalize().as_bytes(),
            words: body.into(),
        })))
    }

    /// Key switch and bootstrap of one big LWE ciphertext (`k*N + 1` words); blocks.
    ///
    /// # Errors
    /// The ciphertext has another size, or the device failed.
    pub fn bootstrap(&self, input: &[u64], lut: &Lut) -> Result<Vec<u64>, SessionError> {
        let mut outputs = self.bootstrap_many_lut(input, lut, 1, 0)?;
        outputs.pop().ok_or(SessionError::Closed)
    }

    /// As [`Self::bootstrap`], with `samples` outputs, extracted at degrees `0, stride, 2*stride`,
    /// and so on.
    ///
    /// # Errors
    /// As [`Self::bootstrap`]; also when a degree is `N` or more.
    pub fn bootstrap_many_lut(
        &self,
        input: &[u64],
        lut: &Lut,
        samples: u16,
        stride: u32,
    ) -> Result<Vec<Vec<u64>>, SessionError> {
        let reach = u64::from(samples.saturating_sub(1)) * u64::from(stride);
        if samples == 0 || reach >= self.parameters().polynomial_size.0 as u64 {
            return Err(SessionError::Request(format!(
                "{samples} samples {stride} coefficients apart do not fit the polynomial"
            )));
        }
        let mut outputs = self.run(
            vec![input.into()],
            std::slice::from_ref(lut),
            samples,
            stride,
            &mut |_| (),
        )?;
        outputs.pop().ok_or(SessionError::Closed)
    }

    /// A whole run: `inputs[i]` through `luts[i]`. Calls `on_progress` with the number of answers
    /// so far.
    ///
    /// # Errors
    /// As [`Self::bootstrap`]; the first error ends the run, and what has not been handed to the
    /// device by then is dropped.
    pub fn bootstrap_all(
        &self,
        inputs: &[&[u64]],
        luts: &[Lut],
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<u64>>, SessionError> {
        let inputs = inputs.iter().map(|&input| input.into()).collect();
        self.bootstrap_shared(inputs, luts, on_progress)
    }

    /// As [`Self::bootstrap_all`], of ciphertexts that are not copied but to where the device reads them.
    ///
    /// # Errors
    /// As [`Self::bootstrap_all`].
    pub fn bootstrap_shared(
        &self,
        inputs: Vec<Arc<[u64]>>,
        luts: &[Lut],
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<u64>>, SessionError> {
        let outputs = self.run(inputs, luts, 1, 0, on_progress)?;
        Ok(outputs.into_iter().flatten().collect())
    }

    /// The outputs of each input.
    fn run(
        &self,
        inputs: Vec<Arc<[u64]>>,
        luts: &[Lut],
        samples: u16,
        stride: u32,
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<Vec<u64>>>, SessionError> {
        let size = self.parameters().big_lwe_size();
        if let Some(input) = inputs.iter().find(|input| input.len() != size) {
            return Err(SessionError::Request(format!(
                "a ciphertext has {} words, the parameters ask for {size}",
                input.len()
            )));
        }
        let words = layout::lut_words(self.parameters());
        if luts.len() != inputs.len() || luts.iter().any(|lut| lut.0.words.len() != words) {
            return Err(SessionError::Request(
                "every ciphertext needs one look-up table of N words".to_owned(),
            ));
        }
        let (reply, answers) = unbounded();
        let abandoned = Arc::new(AtomicBool::new(false));
        let count = inputs.len();
        let until = self.limit.map(|limit| (Instant::now() + limit, limit));
        let requests = std::iter::zip(inputs, luts)
            .enumerate()
            .map(|(index, (input, lut))| Request {
                input,
                lut: lut.clone(),
                samples,
                stride,
                index,
                attempts: 0,
                abandoned: Arc::clone(&abandoned),
                reply: reply.clone(),
            })
            .collect();
        drop(reply);
        let queue = self.inner.requests.as_ref().ok_or(SessionError::Closed)?;
        queue.send(requests).map_err(|_| SessionError::Closed)?;
        let outputs = self.collect(count, &answers, until, on_progress);
        if outputs.is_err() {
            abandoned.store(true, Ordering::Relaxed);
        }
        outputs
    }

    fn collect(
        &self,
        count: usize,
        answers: &Receiver<Answer>,
        until: Option<(Instant, Duration)>,
        on_progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Vec<Vec<u64>>>, SessionError> {
        let mut outputs = vec![Vec::new(); count];
        for done in 1..=count {
            let (index, answer) = self.answer(answers, until)?;
            if let Some(output) = outputs.get_mut(index) {
                *output = answer?;
            }
            on_progress(done);
        }
        Ok(outputs)
    }

    /// Waits for the next answer for as long as the device keeps finishing things, and not longer than
    /// until the caller's deadline.
    fn answer(
        &self,
        answers: &Receiver<Answer>,
        until: Option<(Instant, Duration)>,
    ) -> Result<Answer, SessionError> {
        // A request may have to wait for its turn and a recovery; the dispatcher's own deadlines
        // expire first unless it hangs.
        let patience = 3 * self.inner.options.deadline + self.inner.options.key_deadline;
        loop {
            let before = self.inner.shared.progress.load(Ordering::Relaxed);
            let end = Instant::now() + patience;
            let end = until.map_or(end, |(until, _)| end.min(until));
            match answers.recv_deadline(end) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err(SessionError::Closed),
                Err(RecvTimeoutError::Timeout) => match until {
                    Some((until, limit)) if Instant::now() >= until => {
                        return Err(SessionError::Deadline(limit));
                    }
                    _ if self.inner.shared.progress.load(Ordering::Relaxed) == before => {
                        return Err(SessionError::Timeout(patience));
                    }
                    _ => (),
                },
            }
        }
    }
}
