//! Tests that take every part of Gyrus, in `tests/`; this library is empty.
//!
//! | test | what it proves |
//! |---|---|
//! | `production` | the emitted core and card with 8 lanes bootstrap as tfhe-rs does, at production size |
//! | `rtl_production_128` | the same with 128 lanes; by hand, since it takes long |
