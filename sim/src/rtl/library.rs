//! The verilated card in this process: a shared library with three C functions, see
//! [`gyrus_hdl::verilate::CardLibrary`].

use gyrus_hdl::verilate::{CYCLE, CardLibrary, FREE, NEW};
use libloading::{Library, Symbol};
use std::ffi::{CString, c_char, c_void};
use std::path::Path;
use std::ptr::{self, NonNull};
use thiserror::Error;

type New = unsafe extern "C" fn(*const c_char) -> *mut c_void;
type Cycle = unsafe extern "C" fn(*mut c_void, *const u64, *mut u64);
type Free = unsafe extern "C" fn(*mut c_void);

/// Why the library cannot be used.
#[derive(Debug, Error)]
pub enum LibraryError {
    /// It cannot be loaded, or is another one.
    #[error("the verilated card cannot be loaded")]
    Load(#[from] libloading::Error),
    /// The simulation did not start.
    #[error("the simulation did not start; the waveform may not be writable")]
    Start,
    /// The waveform's path has a zero byte.
    #[error("'{0}' is no name of a file")]
    Path(String),
}

/// A simulation of a card, from power-on.
#[derive(Debug)]
pub(super) struct Simulation {
    card: NonNull<c_void>,
    cycle: Cycle,
    free: Free,
    inputs: Vec<u64>,
    outputs: Vec<u64>,
    /// The functions live as long as it is loaded.
    _library: Library,
}

// SAFETY: the simulation has no thread-local state, and only its owner calls it.
unsafe impl Send for Simulation {}

impl Simulation {
    /// Powers a card on; its waveform goes to `trace`, if the library was built for that.
    pub(super) fn new(library: &CardLibrary, trace: Option<&Path>) -> Result<Self, LibraryError> {
        let trace = trace.map(|path| path.to_string_lossy().into_owned());
        let trace = trace
            .map(|path| CString::new(path.clone()).map_err(|_| LibraryError::Path(path)))
            .transpose()?;
        // SAFETY: the library was built from generated code of ours, whose initialisers do nothing.
        let loaded = unsafe { Library::new(library.path()) }?;
        // SAFETY: `CardLibrary` documents these functions with these types.
        let (new, cycle, free) = unsafe {
            let new: Symbol<'_, New> = loaded.get(NEW.as_bytes())?;
            let cycle: Symbol<'_, Cycle> = loaded.get(CYCLE.as_bytes())?;
            let free: Symbol<'_, Free> = loaded.get(FREE.as_bytes())?;
            (*new, *cycle, *free)
        };
        let path = trace.as_ref().map_or(ptr::null(), |path| path.as_ptr());
        // SAFETY: `path` is null or a string that lives until after the call.
        let card = unsafe { new(path) };
        Ok(Self {
            card: NonNull::new(card).ok_or(LibraryError::Start)?,
            cycle,
            free,
            inputs: vec![0; library.inputs().len()],
            outputs: vec![0; library.outputs().len()],
            _library: loaded,
        })
    }

    /// One cycle with these inputs; the outputs before its rising edge.
    pub(super) fn cycle(&mut self) -> &[u64] {
        // SAFETY: `card` came from the library and is freed only in `drop`; the arrays have as many words
        // as the library's ports.
        unsafe {
            (self.cycle)(
                self.card.as_ptr(),
                self.inputs.as_ptr(),
                self.outputs.as_mut_ptr(),
            );
        }
        &self.outputs
    }

    /// The inputs of the next cycle.
    pub(super) fn inputs(&mut self) -> &mut [u64] {
        &mut self.inputs
    }

    /// The outputs of the last cycle.
    pub(super) fn outputs(&self) -> &[u64] {
        &self.outputs
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // SAFETY: `card` came from the library, and nobody uses it any more.
        unsafe { (self.free)(self.card.as_ptr()) }
    }
}
