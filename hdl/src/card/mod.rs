//! The card: jobs from rings in host memory to key switch and blind rotation and back.
//!
//! ```text
//!             BAR0 --> RegisterFile, Control, Configure, Faults
//!
//!  host memory --> Fetch --> Decode, Execute --> Issue -----+-----------------+----------------.
//!       |                        |                          v                 v                v
//!       |--------------------> Transfer ==> card memory    Feed             Rotate           Store
//!       |                                    |   |          |                 |                |
//!       '============ ciphertexts ===========|===|========> KeySwitch ====> BlindRotate =====> host memory
//!                                            |   '== key ====^                ^ ^
//!                                            '== tables, key =================' '
//! ```
//!
//! | block | what it does |
//! |---|---|
//! | [`Card`] | all of it |
//! | [`CardParameters`] | the sizes of a build |
//! | [`Control`](control::Control), [`Configure`] | the driver's commands and settings |
//! | [`Faults`](faults::Faults), [`Watchdog`](watchdog::Watchdog) | the first error, interrupts, dead buses |
//! | [`Fetch`], [`Decode`] | descriptors |
//! | [`Execute`] | their checks, uploads and copies |
//! | [`Slots`], [`Transfer`], [`KeyPosition`](key_position::KeyPosition) | what these need |
//! | [`CompletionCursor`](completion_cursor::CompletionCursor) | the next place in the completion ring |
//! | [`Issue`] | batches of a job |
//! | [`Feed`], [`Rotate`], [`Store`] | the stages of a batch |
//! | [`KeyControl`] | when the keys stream |
//! | [`ReadShare`], [`WriteShare`], [`Streams`] | who is connected to what |
//!
//! # How jobs overlap
//!
//! [`Execute`] takes jobs one by one. A bootstrap is checked, cut into batches of the hardware's size, and
//! announced to the three stages, each of which has a queue; then the next job is looked at. So while one batch is
//! rotated the next is switched, and the one behind it may be read. [`Store`] works through results and
//! completions in order, so jobs complete in order.
//!
//! # When something is wrong
//!
//! A stage never stops for an error: words that could not be read are passed on as they came, a batch that
//! the key switch dropped goes on as zeros. A batch's status travels beside it to [`Store`], which then throws
//! the results away. Only a wrong bootstrapping key stops the rotation: then batches behind it are swallowed until
//! nothing is under way. So neighbours see nothing of an error, and nothing waits for what will not come.
//! A bus that does not answer halts the card ([`Watchdog`](watchdog::Watchdog)); a reset completes what was begun on
//! the buses that live.

mod bounds;
mod completion_cursor;
mod configure;
mod control;
mod decode;
mod execute;
mod faults;
mod feed;
mod fetch;
mod issue;
mod key_control;
mod key_position;
mod parameters;
mod read_share;
mod rotate;
mod slots;
mod store;
mod streams;
mod summary;
mod top;
mod transfer;
mod watchdog;
mod write_share;

pub use parameters::{CardError, CardParameters};
pub use top::Card;

use configure::Configure;
use decode::Decode;
use execute::Execute;
use feed::Feed;
use fetch::Fetch;
use issue::Issue;
use key_control::KeyControl;
use read_share::ReadShare;
use rotate::Rotate;
use slots::Slots;
use store::Store;
use streams::Streams;
use transfer::Transfer;
use write_share::WriteShare;
