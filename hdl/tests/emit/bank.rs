//! A block with equal and different blocks inside, counted by hand.

use gyrus_hdl::arith::{AddMod, MulMod, MulPow2};
use gyrus_hdl::emit::{Design, verilog};
use gyrus_hdl::memory::{Address, Delay, Ram, Rom};
use gyrus_hdl::structure::many;
use rust_hdl::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Multipliers in [`Bank`].
const MULTIPLIERS: usize = 3;

/// x times itself, added up, on detours through all memories.
#[derive(LogicBlock)]
pub(crate) struct Bank {
    pub(crate) clock: Signal<In, Clock>,
    pub(crate) valid_in: Signal<In, Bit>,
    pub(crate) x: Signal<In, Bits<64>>,
    pub(crate) address: Signal<In, Address>,
    pub(crate) valid_out: Signal<Out, Bit>,
    pub(crate) result: Signal<Out, Bits<64>>,
    pub(crate) word: Signal<Out, Bits<36>>,
    pub(crate) table_word: Signal<Out, Bits<16>>,
    multiply: Vec<MulMod>,
    times_8: Vec<Shift>,
    add: AddMod,
    line: Vec<Delay<64>>,
    short_line: Delay<8>,
    store: Ram<36>,
    tables: Vec<Rom<16>>,
    _lanes: usize,
}

/// Different modules whose field has one name: x * 2^3 or x * 2^6.
#[derive(LogicBlock)]
struct Shift {
    clock: Signal<In, Clock>,
    valid_in: Signal<In, Bit>,
    x: Signal<In, Bits<64>>,
    result: Signal<Out, Bits<64>>,
    by_3: MulPow2<3>,
    by_6: MulPow2<6>,
    choice: Constant<Bit>,
}

impl Logic for Shift {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, by_3, by_6);
        self.by_3.valid_in.next = self.valid_in.val();
        self.by_6.valid_in.next = self.valid_in.val();
        self.by_3.x.next = self.x.val();
        self.by_6.x.next = self.x.val();
        self.result.next = self.by_3.result.val();
        if self.choice.val() {
            self.result.next = self.by_6.result.val();
        }
    }
}

impl Default for Bank {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            valid_in: Default::default(),
            x: Default::default(),
            address: Default::default(),
            valid_out: Default::default(),
            result: Default::default(),
            word: Default::default(),
            table_word: Default::default(),
            multiply: many(MULTIPLIERS, |_| MulMod::default()),
            times_8: many(2, |lane| Shift {
                clock: Default::default(),
                valid_in: Default::default(),
                x: Default::default(),
                result: Default::default(),
                by_3: Default::default(),
                by_6: Default::default(),
                choice: Constant::new(lane == 1),
            }),
            add: Default::default(),
            line: many(2, |_| Delay::new(31)),
            short_line: Delay::new(4),
            store: Ram::new(500),
            tables: many(2, |table| {
                let word = |at: usize| (at * at + table).to_bits();
                Rom::new((0..32).map(word).collect())
            }),
            _lanes: MULTIPLIERS,
        }
    }
}

impl Logic for Bank {
    gyrus_hdl::structure! { this =>
        for lane in 0..this._lanes {
            wire!(multiply[lane].clock <= clock);
            wire!(multiply[lane].valid_in <= valid_in);
            wire!(multiply[lane].x <= x);
            wire!(multiply[lane].y <= x);
        }
        for lane in 0..2 {
            wire!(times_8[lane].clock <= clock);
            wire!(times_8[lane].valid_in <= valid_in);
            wire!(times_8[lane].x <= multiply[lane].result);
            wire!(line[lane].clock <= clock);
            wire!(line[lane].d <= times_8[lane].result);
            wire!(tables[lane].clock <= clock);
            wire!(tables[lane].address <= address);
        }
        wire!(add.clock <= clock);
        wire!(add.valid_in <= multiply[2].valid_out);
        wire!(add.a <= line[0].q);
        wire!(add.b <= line[1].q);
        wire!(short_line.clock <= clock);
        constant!(short_line.d <= 0xa5_u8.to_bits::<8>());
        wire!(store.clock <= clock);
        wire!(store.read_address <= address);
        wire!(store.write_address <= address);
        wire!(store.write_enable <= valid_in);
        constant!(store.write_data <= 7_u8.to_bits::<36>());
        wire!(valid_out <= add.valid_out);
        wire!(result <= add.result);
        wire!(word <= store.read_data);
        wire!(table_word <= tables[1].data);
    }
}

pub(crate) fn design() -> Design {
    let mut bank = Bank::default();
    bank.connect_all();
    let design = verilog(&bank, "bank").expect("a block that can be written");
    design.parameter("lanes", 16).latency("result", 41)
}

/// The names of the modules, in order.
pub(crate) fn modules(text: &str) -> Vec<&str> {
    let names = text.lines().filter_map(|line| line.strip_prefix("module "));
    names
        .map(|name| name.split(' ').next().expect("a name"))
        .collect()
}

#[test]
fn the_same_block_gives_the_same_bytes() {
    let (first, second) = (design(), design());
    assert_eq!(first.verilog(), second.verilog());
    let json = first.json().expect("JSON");
    assert_eq!(json, second.json().expect("JSON"));
    let home = env!("CARGO_MANIFEST_DIR");
    assert!(!first.verilog().contains(home) && !json.contains(home));
}

#[test]
fn equal_modules_are_written_once() {
    let text = design().verilog();
    let modules = modules(&text);
    assert_eq!(modules.last(), Some(&"bank"), "the top module comes last");
    let expected = [
        // The multiplier and what it shares with the others.
        "gyrus_mul_mod",
        "gyrus_mul_lazy",
        "gyrus_limbs",
        "gyrus_product_36",
        "gyrus_correct",
        "gyrus_dff_1",
        "gyrus_dff_5",
        "gyrus_dff_17",
        "gyrus_dff_18",
        "gyrus_dff_20",
        "gyrus_dff_64",
        "gyrus_dff_66",
        "gyrus_dff_72",
        // The shifts: two of the test's own that differ in a constant, and two multiplications
        // by a constant with their fold (registers: 2 valid bits, 64 and 66 bits).
        "gyrus_times_8",
        "gyrus_times_8_v2",
        "gyrus_by_3",
        "gyrus_by_6",
        "gyrus_fold",
        "gyrus_dff_2",
        "gyrus_add_mod",
        "gyrus_delay_64x31",
        "gyrus_delay_8x4",
        "gyrus_ram_36x500",
        "gyrus_rom_16x32",
        "gyrus_rom_16x32_v2",
        "bank",
    ];
    let found: BTreeSet<&str> = modules.iter().copied().collect();
    assert_eq!(found.len(), modules.len(), "no module twice");
    assert_eq!(found, BTreeSet::from(expected));
    for (at, name) in modules.iter().enumerate() {
        let used = text.find(&format!("\n    {name} ")).unwrap_or(text.len());
        let written = text.find(&format!("module {name} ")).expect("a module");
        assert!(
            written < used,
            "{name} (module {at}) is used before it is written"
        );
    }
}

#[test]
fn the_manifest_counts_what_is_there() {
    let design = design();
    let manifest = design.manifest();
    // The limbs of a factor: themselves, 6 registers. A multiplier: itself, 2 registers, the lazy
    // one with 9 products and 9 registers, the correction with its 2 registers.
    // A fold: itself, 4 registers, the correction with its 2 registers.
    let (limbs, correct) = (7, 3);
    let multiplier = 1 + 2 + (1 + 2 * limbs + 9 + 9) + correct;
    let fold = 1 + 4 + correct;
    let shift = 1 + 2 * (1 + fold);
    let add = 1 + 2 + correct;
    let memories = 2 + 1 + 1 + 2;
    assert_eq!(
        manifest.instances,
        1 + 3 * multiplier + 2 * shift + add + memories
    );
    assert_eq!(manifest.modules, modules(&design.verilog()).len() as u64);
    assert_eq!(manifest.multipliers, 3);
    let by_purpose = BTreeMap::from([
        ("line".to_owned(), 2 * 31 * 64),
        ("short_line".to_owned(), 4 * 8),
        ("store".to_owned(), 500 * 36),
        ("tables".to_owned(), 2 * 32 * 16),
    ]);
    assert_eq!(manifest.memory_bits.total, by_purpose.values().sum::<u64>());
    assert_eq!(manifest.memory_bits.by_purpose, by_purpose);
    assert_eq!(
        manifest.lines,
        design.verilog().matches('\n').count() as u64
    );
    assert_eq!(manifest.latencies["result"], 41);
    assert_eq!(manifest.parameters["lanes"], "16");

    let json: serde_json::Value =
        serde_json::from_str(&design.json().expect("JSON")).expect("JSON");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["name"], "bank");
    assert_eq!(json["memory_bits"]["by_purpose"]["store"], 18_000);
    let port = |name: &str, direction: &str, width: u64| serde_json::json!({ "name": name, "direction": direction, "width": width });
    let ports = serde_json::json!([
        port("clock", "input", 1),
        port("valid_in", "input", 1),
        port("x", "input", 64),
        port("address", "input", 16),
        port("valid_out", "output", 1),
        port("result", "output", 64),
        port("word", "output", 36),
        port("table_word", "output", 16),
    ]);
    assert_eq!(json["ports"], ports);
}

#[test]
fn the_header_says_what_it_is_and_what_lint_leaves_out() {
    let text = design().verilog();
    let version = env!("CARGO_PKG_VERSION");
    assert!(text.starts_with(&format!(
        "// bank, written by gyrus-hdl {version}\n// lanes = 16\n"
    )));
    let off = text.matches("/* verilator lint_off ").count();
    assert_eq!(off, gyrus_hdl::emit::LINT_WAIVERS.len());
}

#[test]
fn names_are_plain() {
    let text = design().verilog();
    // A product of signed numbers is written with one of Verilog's own functions.
    assert_eq!(text.replace("$signed(", "(").find('$'), None);
    assert!(text.contains("gyrus_mul_mod multiply__2 ("));
}

#[test]
fn there_is_one_clock_net() {
    let text = design().verilog();
    assert_clean_clock(&text);
    // Every module here is clocked.
    let clocked = text.matches("input wire clock").count();
    assert_eq!(clocked, modules(&text).len());
}

/// Clocks are ports `clock`, connected to the `clock` around them, and nothing else.
pub(crate) fn assert_clean_clock(text: &str) {
    for line in text.lines().filter(|line| line.contains("clock")) {
        let line = line.trim().trim_end_matches(',');
        let clean = ["input wire clock", ".clock(clock)"].contains(&line)
            || line.starts_with("always @(posedge clock)");
        assert!(clean, "'{line}' is not a clean use of the clock");
    }
}
