//! Multiply-accumulate with the bootstrapping key, in the transform domain, for k = 1.
//!
//! | module | what it is |
//! |---|---|
//! | [`PairMac`] | mask and body digit of one point times the key's 2 x 2 matrix |
//! | [`LevelSum`] | the sum over decomposition levels of one output lane |
//! | [`Mac`] | P / 2 pairs and P sums |
//!
//! A point has mask and body digit x0, x1 side by side and gives z_c = x0 y_0c + x1 y_1c for the
//! columns c = 0, 1. Winograd's inner product (1968) shares x0 x1 between the columns:
//!
//! z_c = (x0 + y_1c) (x1 + y_0c) - x0 x1 - y_0c y_1c,
//!
//! three multiplications in place of four. -y_0c y_1c comes with the key: six words a point.

mod level_sum;
mod pair;
mod unit;

pub use gyrus_interface::key_slice::POINT_WORDS;
pub use level_sum::LevelSum;
pub use pair::PairMac;
pub use unit::Mac;
