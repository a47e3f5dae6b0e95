//! What cannot be emitted gives an error that says why.

use gyrus_hdl::arith::{AddMod, Correct};
use gyrus_hdl::emit::{EmitError, verilog};
use rust_hdl::prelude::*;
use std::fs;
use std::path::PathBuf;

/// A register on a clock of its own.
#[derive(LogicBlock, Default)]
struct TwoClocks {
    clock: Signal<In, Clock>,
    other_clock: Signal<In, Clock>,
    d: Signal<In, Bit>,
    q: Signal<Out, Bit>,
    register: DFF<Bit>,
}

impl Logic for TwoClocks {
    #[hdl_gen]
    fn update(&mut self) {
        self.register.clock.next = self.other_clock.val();
        self.register.d.next = self.d.val();
        self.q.next = self.register.q.val();
    }
}

/// A register whose clock is a gated one.
#[derive(LogicBlock, Default)]
struct GatedClock {
    clock: Signal<In, Clock>,
    enable: Signal<In, Bit>,
    q: Signal<Out, Bit>,
    register: DFF<Bit>,
}

impl Logic for GatedClock {
    #[hdl_gen]
    fn update(&mut self) {
        self.register.d.next = self.enable.val();
        if self.enable.val() {
            self.register.clock.next = self.clock.val();
        }
        self.q.next = self.register.q.val();
    }
}

/// An inverted clock for an inner block.
#[derive(LogicBlock, Default)]
struct InvertedClock {
    clock: Signal<In, Clock>,
    q: Signal<Out, Bit>,
    register: DFF<Bit>,
}

impl Logic for InvertedClock {
    #[hdl_gen]
    fn update(&mut self) {
        self.register.clock.next = !self.clock.val();
        self.register.d.next = true;
        self.q.next = self.register.q.val();
    }
}

/// An inner block whose inputs nobody drives.
#[derive(LogicBlock, Default)]
struct Open {
    clock: Signal<In, Clock>,
    result: Signal<Out, Bits<64>>,
    correct: Correct,
}

impl Logic for Open {
    #[hdl_gen]
    fn update(&mut self) {
        self.correct.clock.next = self.clock.val();
        self.result.next = self.correct.result.val();
    }
}

/// `int` is a reserved word of SystemVerilog.
#[derive(LogicBlock, Default)]
struct Reserved {
    int: Signal<In, Bit>,
    out: Signal<Out, Bit>,
}

impl Logic for Reserved {
    #[hdl_gen]
    fn update(&mut self) {
        self.out.next = self.int.val();
    }
}

#[allow(non_snake_case, reason = "the case that is tested")]
/// A signal with the name that a port of `register` gets.
#[derive(LogicBlock, Default)]
struct Collision {
    clock: Signal<In, Clock>,
    register__d: Signal<In, Bit>,
    out: Signal<Out, Bit>,
    register: DFF<Bit>,
}

impl Logic for Collision {
    #[hdl_gen]
    fn update(&mut self) {
        self.register.clock.next = self.clock.val();
        self.register.d.next = self.register__d.val();
        self.out.next = self.register.q.val();
    }
}

/// Verilog with an array that nobody counts.
#[derive(LogicBlock, Default)]
struct Uncounted {
    clock: Signal<In, Clock>,
    out: Signal<Out, Bit>,
}

impl Logic for Uncounted {
    fn update(&mut self) {}

    fn connect(&mut self) {
        self.out.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(
            "reg [7:0] words [0:3];\nalways @(posedge clock) out <= words[0][0];".into(),
        )
    }
}

/// Bits of an expression, which Verilog does not have.
#[derive(LogicBlock, Default)]
struct PartOfSum {
    a: Signal<In, Bits<8>>,
    out: Signal<Out, Bit>,
}

impl Logic for PartOfSum {
    #[hdl_gen]
    fn update(&mut self) {
        self.out.next = (self.a.val() + self.a.val()).get_bit(7);
    }
}

fn refused<B: Block + Default>() -> EmitError {
    let mut block = B::default();
    block.connect_all();
    verilog(&block, "refused").expect_err("a block that cannot be written")
}

#[test]
fn other_clocks() {
    let clock = |error: EmitError| match error {
        EmitError::Clock { name, .. } => name,
        error => panic!("another error: {error}"),
    };
    assert_eq!(clock(refused::<TwoClocks>()), "other_clock");
    assert_eq!(clock(refused::<GatedClock>()), "register$clock");
    assert_eq!(clock(refused::<InvertedClock>()), "register$clock");
}

#[test]
fn undriven_signals() {
    match refused::<Open>() {
        EmitError::Check(text) => assert_eq!(
            text,
            "undriven signals: uut.correct.sum, uut.correct.valid_in"
        ),
        error => panic!("another error: {error}"),
    }
}

#[test]
fn names() {
    let error = refused::<Reserved>();
    assert!(
        matches!(error, EmitError::IllegalName { ref name, .. } if name == "int"),
        "{error}"
    );
    let error = refused::<Collision>();
    assert!(
        matches!(error, EmitError::NameCollision { ref name, .. } if name == "register__d"),
        "{error}"
    );
    let mut unit = AddMod::default();
    unit.connect_all();
    for name in ["", "2x", "module", "a$b", "a b"] {
        let error = verilog(&unit, name).expect_err("not a name");
        assert!(matches!(error, EmitError::IllegalName { .. }), "{error}");
    }
}

#[test]
fn what_the_printer_cannot_write() {
    let error = refused::<Uncounted>();
    assert!(
        matches!(error, EmitError::UncountedMemory { .. }),
        "{error}"
    );
    let error = refused::<PartOfSum>();
    assert!(matches!(error, EmitError::Unsupported { .. }), "{error}");
}

#[test]
fn a_directory_that_cannot_be() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("a_file");
    fs::write(&file, "").expect("a writable directory");
    let error = super::bank::design().write(&file.join("below"));
    let error = error.expect_err("a file is not a directory");
    assert!(matches!(error, EmitError::Write { .. }), "{error}");
}
