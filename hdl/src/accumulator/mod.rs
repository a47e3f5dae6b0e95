//! The memory of the accumulators: X^a * acc - acc out, acc += result in, and what lies around it:
//! tables on their way in, results on their way out.
//!
//! An accumulator is a GLWE ciphertext over 2^64 of two polynomials, row 0 the mask and row 1 the
//! body, and lies in a slot. P lanes hold its 2N coefficients as [`layout::coefficient`] says.
//!
//! | block | what it does | latency |
//! |---|---|---|
//! | [`Accumulator`] | all of this | see there |
//! | [`LaneMemory`] | the words of one lane, for three reads and a write in each cycle | 1 |
//! | [`RotateAddress`] | where a group of banks is read for X^a * acc | 1 |
//! | [`TargetTurn`] | how far the lanes are turned then | 1 |
//! | [`LaneRotate`] | turns the lanes of a row | 2 |
//! | [`SubtractLane`] | +-turned - straight | 3 |
//! | [`GroupAddress`] | addresses of straight reads and of writes | 1 |
//! | [`AccumulateLane`] | what one lane writes | 2 |
//! | [`Tables`] | look-up tables, by coefficients in and by times out | 2 |
//! | [`Results`] | rotated accumulators, by times in and by coefficients out | 4 |
//! | [`LaneSelect`] | one lane of all | 2 |
//! | [`Scale`], [`TimePosition`], [`IndexPlace`], [`JoinAddress`] | positions and addresses | 0 |
//! | [`Select4`], [`Select16`] | multiplexers | 0 |
//! | [`ReadTag`] | valid bits, times, slots | see there |

mod accumulate_lane;
mod group_address;
mod lane_memory;
mod lane_rotate;
mod lane_select;
pub mod layout;
mod position;
mod results;
mod rotate_address;
mod select;
mod subtract_lane;
mod tables;
mod tag;
mod top;
mod turn;

pub use accumulate_lane::AccumulateLane;
pub use group_address::GroupAddress;
pub use lane_memory::LaneMemory;
pub use lane_rotate::LaneRotate;
pub use lane_select::LaneSelect;
pub use layout::{Shape, Unsupported};
pub use position::{IndexPlace, JoinAddress, Scale, TimePosition};
pub use results::Results;
pub use rotate_address::RotateAddress;
pub use select::{Select4, Select16};
pub use subtract_lane::SubtractLane;
pub use tables::Tables;
pub use tag::ReadTag;
pub use top::Accumulator;
pub use turn::TargetTurn;
