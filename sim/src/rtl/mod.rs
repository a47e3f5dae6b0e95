//! The emitted RTL as a card: Verilator's simulation of it in this process, with memories around.
//!
//! | module | what it is |
//! |---|---|
//! | `card` | [`RtlCard`], a [`Card`](crate::device::Card) like the functional model |
//! | `library` | the simulation, as a shared library that is built when it is first needed |
//! | `pins` | which port is where |
//! | `axi` | memory at the other end of the buses |
//! | `pace` | how fast it answers |
//! | `lite` | the driver at the other end of BAR0 |
//! | `stalls` | delays at random |
//! | `rules` | what AXI asks of the card there |
//! | `memory` | what is in it |
//!
//! The simulation stands still between calls: reading a register takes some cycles of it, waiting for an
//! interrupt as many as it takes. Building needs Verilator, a C++ compiler and make; an error says
//! which one is missing. If the card breaks a rule of its buses, every call says so from then on.

mod axi;
mod card;
mod library;
mod lite;
mod memory;
mod pace;
mod pins;
mod rules;
mod stalls;

pub use card::{RtlCard, RtlError, RtlOptions};
pub use gyrus_hdl::blind_rotate::CoreParameters;
pub use gyrus_hdl::card::CardParameters;
pub use library::LibraryError;
pub use pace::{NoPace, Pace};
pub use pins::NoPort;
pub use rules::{Rule, Violation};
pub use stalls::Jitter;
