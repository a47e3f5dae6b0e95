//! Structural logic: wiring between sub-blocks, written once for simulation and Verilog.
//!
//! `#[hdl_gen]` unrolls loops over literal bounds and one index a name. A datapath of P lanes, with
//! permutations that are calculated when the block is built, needs ordinary Rust around its
//! assignments. [`structure!`](macro@crate::structure) takes a body of such Rust in which
//!
//! - `wire!(to.port[i] <= from.port[j])` drives one signal by another, and
//! - `constant!(to.port[i] <= value)` drives a signal by a constant,
//!
//! and expands it to the three methods that Rust-HDL asks for: the simulation step, the list of
//! driven signals and the Verilog. So the three cannot differ.

/// Implements `Logic`'s methods from one body of wiring; see [the module](mod@crate::structure).
///
/// ```ignore
/// impl Logic for Pair {
///     structure! { this =>
///         for (lane, unit) in this._order.clone().into_iter().enumerate() {
///             wire!(unit[lane].x <= x[unit]);
///         }
///     }
/// }
/// ```
#[macro_export]
macro_rules! structure {
    ($this:ident => $($body:tt)*) => {
        $crate::structure_with_dollar! { ($) $this => $($body)* }
    };
}

/// The second half of [`structure!`](macro@crate::structure), which needs `$` as a token.
#[doc(hidden)]
#[macro_export]
macro_rules! structure_with_dollar {
    (($d:tt) $this:ident => $($body:tt)*) => {
        fn update(&mut self) {
            let $this = self;
            #[allow(unused_macros)]
            macro_rules! wire {
                ($d a:ident $d([$d i:expr])? $d(. $d b:ident $d([$d j:expr])?)* <=
                 $d c:ident $d([$d k:expr])? $d(. $d e:ident $d([$d l:expr])?)*) => {
                    $this.$d a $d([$d i])? $d(.$d b $d([$d j])?)*.next =
                        $this.$d c $d([$d k])? $d(.$d e $d([$d l])?)*.val()
                };
            }
            #[allow(unused_macros)]
            macro_rules! constant {
                ($d a:ident $d([$d i:expr])? $d(. $d b:ident $d([$d j:expr])?)* <= $d value:expr) => {
                    $this.$d a $d([$d i])? $d(.$d b $d([$d j])?)*.next = $d value
                };
            }
            $($body)*
        }

        #[allow(
            clippy::if_same_then_else,
            reason = "branches that differ in the source alone drive the same signal"
        )]
        fn connect(&mut self) {
            let $this = self;
            #[allow(unused_macros)]
            macro_rules! wire {
                ($d a:ident $d([$d i:expr])? $d(. $d b:ident $d([$d j:expr])?)* <=
                 $d c:ident $d([$d k:expr])? $d(. $d e:ident $d([$d l:expr])?)*) => {
                    // Indices of the source are used only where the source is read.
                    {
                        $d(let _ = &$d k;)?
                        $d($d(let _ = &$d l;)?)*
                        $this.$d a $d([$d i])? $d(.$d b $d([$d j])?)*.connect()
                    }
                };
            }
            #[allow(unused_macros)]
            macro_rules! constant {
                ($d a:ident $d([$d i:expr])? $d(. $d b:ident $d([$d j:expr])?)* <= $d value:expr) => {
                    {
                        let _ = &$d value;
                        $this.$d a $d([$d i])? $d(.$d b $d([$d j])?)*.connect()
                    }
                };
            }
            $($body)*
        }

        fn hdl(&self) -> rust_hdl::prelude::Verilog {
            let $this = self;
            let mut statements: Vec<rust_hdl::prelude::ast::VerilogStatement> = Vec::new();
            #[allow(unused_macros)]
            macro_rules! wire {
                ($d a:ident $d([$d i:expr])? $d(. $d b:ident $d([$d j:expr])?)* <=
                 $d c:ident $d([$d k:expr])? $d(. $d e:ident $d([$d l:expr])?)*) => {
                    statements.push($crate::structure::assign(
                        $crate::signal_name!($d a $d([$d i])? $d(. $d b $d([$d j])?)*),
                        rust_hdl::prelude::ast::VerilogExpression::Signal(
                            $crate::signal_name!($d c $d([$d k])? $d(. $d e $d([$d l])?)*),
                        ),
                    ))
                };
            }
            #[allow(unused_macros)]
            macro_rules! constant {
                ($d a:ident $d([$d i:expr])? $d(. $d b:ident $d([$d j:expr])?)* <= $d value:expr) => {
                    statements.push($crate::structure::assign(
                        $crate::signal_name!($d a $d([$d i])? $d(. $d b $d([$d j])?)*),
                        rust_hdl::prelude::ast::VerilogExpression::Literal(
                            rust_hdl::prelude::Synth::verilog($d value),
                        ),
                    ))
                };
            }
            $($body)*
            rust_hdl::prelude::Verilog::Combinatorial(statements)
        }
    };
}

/// The Verilog name of a signal given as a path of fields and indices.
#[doc(hidden)]
#[macro_export]
macro_rules! signal_name {
    ($a:ident $([$i:expr])? $(. $b:ident $([$j:expr])?)*) => {{
        #[allow(unused_mut, reason = "a path may be a single field")]
        let mut name = String::from(stringify!($a));
        $(name += &format!("${}", $i);)?
        $(
            name += concat!("$", stringify!($b));
            $(name += &format!("${}", $j);)?
        )*
        name
    }};
}

use rust_hdl::prelude::ast::{VerilogExpression, VerilogStatement};

/// One blocking assignment.
#[doc(hidden)]
#[must_use]
pub fn assign(to: String, from: VerilogExpression) -> VerilogStatement {
    VerilogStatement::Assignment(VerilogExpression::Signal(to), from)
}

/// So many blocks of a kind: `block(0)`, `block(1)`, ..
#[must_use]
pub fn many<B>(count: usize, block: impl Fn(usize) -> B) -> Vec<B> {
    (0..count).map(block).collect()
}
