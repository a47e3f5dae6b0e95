//! The big LWE ciphertexts of a batch, read by rows: one word of each mask at a time.
//!
//! After `start`: `batch` ciphertexts, one after the other, each k N mask words and the body, over
//! valid/ready. `loaded` is high when all are in.
//!
//! Timing: a word a cycle in; `words` are the mask words whose number was on `fetch` one edge ago,
//! `body` the body of the ciphertext on `body_slot` then.

use crate::memory::{Address, Ram};
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// Counts words into slots.
#[derive(LogicBlock, Default)]
struct Count {
    clock: Signal<In, Clock>,
    clear: Signal<In, Bit>,
    start: Signal<In, Bit>,
    batch: Signal<In, Bits<5>>,
    rows: Signal<In, Bits<12>>,
    half: Signal<In, Bit>,
    valid: Signal<In, Bit>,
    ready: Signal<Out, Bit>,
    /// Write a word of the mask, or the body.
    mask: Signal<Out, Bit>,
    body: Signal<Out, Bit>,
    slot: Signal<Out, Bits<5>>,
    address: Signal<Out, Address>,
    body_address: Signal<Out, Address>,
    loaded: Signal<Out, Bit>,
    at_body: Signal<Local, Bit>,
    moving: Signal<Local, Bit>,
    open: DFF<Bit>,
    current: DFF<Bits<5>>,
    index: DFF<Bits<12>>,
}

impl Logic for Count {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, open, current, index);
        self.ready.next = self.open.q.val();
        self.loaded.next = !self.open.q.val();
        self.moving.next = self.valid.val() & self.open.q.val();
        self.at_body.next = self.index.q.val() == self.rows.val();
        self.mask.next = self.moving.val() & !self.at_body.val();
        self.body.next = self.moving.val() & self.at_body.val();
        self.slot.next = self.current.q.val();
        self.address.next = bit_cast::<16, 12>(self.index.q.val());
        self.body_address.next = bit_cast::<16, 5>(self.current.q.val()) << 1;
        if self.half.val() {
            self.body_address.next = (bit_cast::<16, 5>(self.current.q.val()) << 1) | 1;
        }
        if self.moving.val() {
            self.index.d.next = self.index.q.val() + 1;
            if self.at_body.val() {
                self.index.d.next = 0.into();
                self.current.d.next = self.current.q.val() + 1;
                if self.current.q.val() + 1 == self.batch.val() {
                    self.open.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.open.d.next = true;
            self.current.d.next = 0.into();
            self.index.d.next = 0.into();
        }
        if self.clear.val() {
            self.open.d.next = false;
        }
    }
}

/// A slot's write enable.
#[derive(LogicBlock)]
struct Strobe {
    write: Signal<In, Bit>,
    slot: Signal<In, Bits<5>>,
    enable: Signal<Out, Bit>,
    own: Constant<Bits<5>>,
}

impl Strobe {
    fn new(slot: usize) -> Self {
        Self {
            write: Signal::default(),
            slot: Signal::default(),
            enable: Signal::default(),
            own: Constant::new(slot.to_bits()),
        }
    }
}

impl Logic for Strobe {
    #[hdl_gen]
    fn update(&mut self) {
        self.enable.next = self.write.val() & (self.slot.val() == self.own.val());
    }
}

/// Read addresses.
#[derive(LogicBlock, Default)]
struct Where {
    fetch: Signal<In, Bits<12>>,
    body_slot: Signal<In, Bits<4>>,
    body_half: Signal<In, Bit>,
    row: Signal<Out, Address>,
    body: Signal<Out, Address>,
}

impl Logic for Where {
    #[hdl_gen]
    fn update(&mut self) {
        self.row.next = bit_cast::<16, 12>(self.fetch.val());
        self.body.next = bit_cast::<16, 4>(self.body_slot.val()) << 1;
        if self.body_half.val() {
            self.body.next = (bit_cast::<16, 4>(self.body_slot.val()) << 1) | 1;
        }
    }
}

/// The ciphertexts of a batch.
#[derive(LogicBlock)]
pub struct Inputs {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Expect no further words.
    pub clear: Signal<In, Bit>,
    /// Begin with slot 0.
    pub start: Signal<In, Bit>,
    /// Ciphertexts; with `rows` static.
    pub batch: Signal<In, Bits<5>>,
    /// k N.
    pub rows: Signal<In, Bits<12>>,
    /// Where the bodies go, while those in the other half are still read. Changes with `start`.
    pub half: Signal<In, Bit>,
    /// A word is there.
    pub lwe_valid: Signal<In, Bit>,
    /// It is taken.
    pub lwe_ready: Signal<Out, Bit>,
    /// The next word.
    pub lwe_word: Signal<In, Bits<64>>,
    /// All words are in.
    pub loaded: Signal<Out, Bit>,
    /// The row to read.
    pub fetch: Signal<In, Bits<12>>,
    /// Its words, of each slot.
    pub words: Vec<Signal<Out, Bits<64>>>,
    /// The slot whose body to read.
    pub body_slot: Signal<In, Bits<4>>,
    /// From where.
    pub body_half: Signal<In, Bit>,
    /// Its body.
    pub body: Signal<Out, Bits<64>>,
    count: Count,
    strobes: Vec<Strobe>,
    place: Where,
    masks: Vec<Ram<64>>,
    bodies: Ram<64>,
}

impl Inputs {
    /// Rising edges from `fetch` to `words`, and from `body_slot` to `body`.
    pub const LATENCY: usize = Ram::<64>::LATENCY;

    /// For so many ciphertexts of up to so many mask words.
    #[must_use]
    pub fn new(slots: usize, rows: usize) -> Self {
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            start: Signal::default(),
            batch: Signal::default(),
            rows: Signal::default(),
            half: Signal::default(),
            lwe_valid: Signal::default(),
            lwe_ready: Signal::default(),
            lwe_word: Signal::default(),
            loaded: Signal::default(),
            fetch: Signal::default(),
            words: many(slots, |_| Signal::default()),
            body_slot: Signal::default(),
            body_half: Signal::default(),
            body: Signal::default(),
            count: Count::default(),
            strobes: many(slots, Strobe::new),
            place: Where::default(),
            masks: many(slots, |_| Ram::new(rows)),
            bodies: Ram::new(2 * slots),
        }
    }
}

impl Logic for Inputs {
    structure! { this =>
        wire!(count.clock <= clock);
        wire!(count.clear <= clear);
        wire!(count.start <= start);
        wire!(count.batch <= batch);
        wire!(count.rows <= rows);
        wire!(count.half <= half);
        wire!(count.valid <= lwe_valid);
        wire!(lwe_ready <= count.ready);
        wire!(loaded <= count.loaded);
        wire!(place.fetch <= fetch);
        wire!(place.body_slot <= body_slot);
        wire!(place.body_half <= body_half);
        for slot in 0..this.masks.len() {
            wire!(strobes[slot].write <= count.mask);
            wire!(strobes[slot].slot <= count.slot);
            wire!(masks[slot].clock <= clock);
            wire!(masks[slot].write_enable <= strobes[slot].enable);
            wire!(masks[slot].write_address <= count.address);
            wire!(masks[slot].write_data <= lwe_word);
            wire!(masks[slot].read_address <= place.row);
            wire!(words[slot] <= masks[slot].read_data);
        }
        wire!(bodies.clock <= clock);
        wire!(bodies.write_enable <= count.body);
        wire!(bodies.write_address <= count.body_address);
        wire!(bodies.write_data <= lwe_word);
        wire!(bodies.read_address <= place.body);
        wire!(body <= bodies.read_data);
    }
}
