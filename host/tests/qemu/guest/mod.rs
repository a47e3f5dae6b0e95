//! The guest's side: what runs as the first and only process on a real kernel.
//!
//! | module | what it is |
//! |---|---|
//! | `system` | files, modules, drivers: what a Linux needs before a test |
//! | `runner` | runs tests one after the other, each with a deadline |
//! | `card` | a card as the kernel shows it, and how a test asks it for a fault |
//! | `bus` | tests without the driver: what the kernel sees of the cards |
//! | `driver` | tests of the driver on cards that work |
//! | `production` | a batch at production size |
//! | `command` | tests of the `gyrus` command on them, and of what the README says |
//! | `user` | somebody who is not root, at a shell |
//! | `pool` | tests of both cards as one device |
//! | `faults` | tests of the driver on a card that fails |

mod bus;
mod card;
mod command;
#[path = "../../common/mod.rs"]
mod common;
mod driver;
mod faults;
mod pool;
mod production;
mod runner;
mod system;
mod user;

pub(crate) use driver::hold;
pub(crate) use production::outputs as production_outputs;
pub(crate) use system::MODULE_DIRECTORY;
pub(crate) use user::{SUDO, sudo};

use crate::machine::{BOOTED, DONE};
use runner::Runner;
use std::time::Duration;

/// Runs all tests, as `/init`. Never returns: the harness ends the machine when the last line is out.
pub(crate) fn init() -> ! {
    // What goes wrong before the first test shows as its failure.
    let mounted = system::mount_all();
    println!("{BOOTED}");
    let mut runner = Runner::new();
    runner.test("boot", move || Ok(mounted?));
    runner.test("modules", system::load_modules);
    bus::run(&mut runner);
    driver::run_over_sysfs(&mut runner);
    command::run_over_sysfs(&mut runner);
    faults::run_over_sysfs(&mut runner);
    driver::run(&mut runner);
    command::run(&mut runner);
    pool::run(&mut runner);
    faults::run(&mut runner);
    runner.finish();
    println!("{DONE}");
    loop {
        // Not switched off: QEMU 7.2 may crash then, and this process must not end.
        std::thread::sleep(Duration::from_secs(3600));
    }
}
