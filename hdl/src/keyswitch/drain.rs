//! The sums of a batch as small LWE ciphertexts, a word a cycle, one ciphertext after the other.
//!
//! Word i of n + 1 is field f of word w of group g, with i = (g D + w) F + f for F fields of a word and D
//! words of a group. It goes into the upper bits of the output; the last one is the body: the
//! input's, rounded to the modulus, is added.
//!
//! Timing: the request in cycle 0 reads the sums; edge 1 has them, edge 2 the slot's, edges 3 and 4
//! the word (a tree over w), edge 5 the output, which enters a queue. `lwe_valid` and `lwe_ready`
//! stall requests alone.

use super::inputs::Inputs;
use crate::accumulator::Select16;
use crate::memory::{Delay, Fifo};
use crate::structure;
use crate::structure::many;
use rust_hdl::prelude::*;

/// Edges from a request to its word at the queue.
const LATENCY: usize = 5;

/// Places of the queue: a word a cycle from a request to its take.
const PLACES: usize = 16;

/// Requests in order.
#[derive(LogicBlock)]
struct Walk {
    clock: Signal<In, Clock>,
    start: Signal<In, Bit>,
    batch: Signal<In, Bits<5>>,
    lwe_dimension: Signal<In, Bits<12>>,
    fields: Signal<In, Bits<2>>,
    room: Signal<In, Bit>,
    ask: Signal<Out, Bit>,
    /// Requests are yet to be made.
    walking: Signal<Out, Bit>,
    group: Signal<Out, Bits<11>>,
    /// The slot, the word of the group, the field and whether it is the body.
    slot: Signal<Out, Bits<7>>,
    word: Signal<Out, Bits<7>>,
    field: Signal<Out, Bits<2>>,
    body: Signal<Out, Bit>,
    last_field: Signal<Local, Bit>,
    last_word: Signal<Local, Bit>,
    asking: Signal<Local, Bit>,
    at_body: Signal<Local, Bit>,
    active: DFF<Bit>,
    at_slot: DFF<Bits<7>>,
    column: DFF<Bits<12>>,
    at_group: DFF<Bits<11>>,
    at_word: DFF<Bits<7>>,
    at_field: DFF<Bits<2>>,
    top_word: Constant<Bits<7>>,
}

impl Walk {
    fn new(key_words: usize) -> Self {
        Self {
            clock: Default::default(),
            start: Default::default(),
            batch: Default::default(),
            lwe_dimension: Default::default(),
            fields: Default::default(),
            room: Default::default(),
            ask: Default::default(),
            walking: Default::default(),
            group: Default::default(),
            slot: Default::default(),
            word: Default::default(),
            field: Default::default(),
            body: Default::default(),
            last_field: Default::default(),
            last_word: Default::default(),
            asking: Default::default(),
            at_body: Default::default(),
            active: Default::default(),
            at_slot: Default::default(),
            column: Default::default(),
            at_group: Default::default(),
            at_word: Default::default(),
            at_field: Default::default(),
            top_word: Constant::new(key_words.saturating_sub(1).to_bits()),
        }
    }
}

impl Logic for Walk {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self, clock, active, at_slot, column, at_group, at_word, at_field
        );
        self.asking.next = self.active.q.val() & self.room.val();
        self.ask.next = self.asking.val();
        self.walking.next = self.active.q.val();
        self.group.next = self.at_group.q.val();
        self.slot.next = self.at_slot.q.val();
        self.word.next = self.at_word.q.val();
        self.field.next = self.at_field.q.val();
        self.at_body.next = self.column.q.val() == self.lwe_dimension.val();
        self.body.next = self.at_body.val();
        self.last_field.next = self.at_field.q.val() + 1 == self.fields.val();
        self.last_word.next = self.at_word.q.val() == self.top_word.val();
        if self.asking.val() {
            self.column.d.next = self.column.q.val() + 1;
            self.at_field.d.next = self.at_field.q.val() + 1;
            if self.last_field.val() {
                self.at_field.d.next = 0.into();
                self.at_word.d.next = self.at_word.q.val() + 1;
                if self.last_word.val() {
                    self.at_word.d.next = 0.into();
                    self.at_group.d.next = self.at_group.q.val() + 1;
                }
            }
            if self.at_body.val() {
                self.column.d.next = 0.into();
                self.at_field.d.next = 0.into();
                self.at_word.d.next = 0.into();
                self.at_group.d.next = 0.into();
                self.at_slot.d.next = self.at_slot.q.val() + 1;
                if self.at_slot.q.val() + 1 == bit_cast::<7, 5>(self.batch.val()) {
                    self.active.d.next = false;
                }
            }
        }
        if self.start.val() {
            self.active.d.next = true;
            self.at_slot.d.next = 0.into();
            self.column.d.next = 0.into();
            self.at_group.d.next = 0.into();
            self.at_word.d.next = 0.into();
            self.at_field.d.next = 0.into();
        }
    }
}

/// A field, with the body, as an LWE word.
#[derive(LogicBlock)]
struct Align {
    clock: Signal<In, Clock>,
    fields: Signal<In, Bits<2>>,
    modulus_log2: Signal<In, Bits<7>>,
    x: Signal<In, Bits<64>>,
    field: Signal<In, Bits<2>>,
    /// The input's body, and whether to add it.
    body: Signal<In, Bits<64>>,
    add: Signal<In, Bit>,
    y: Signal<Out, Bits<64>>,
    shifted: Signal<Local, Bits<64>>,
    rounded: Signal<Local, Bits<64>>,
    top: Signal<Local, Bits<64>>,
    sum: DFF<Bits<64>>,
    /// Half of a step of the modulus; static.
    half: DFF<Bits<64>>,
    /// The bits from a step on; static.
    steps: DFF<Bits<64>>,
    zero: Constant<Bits<64>>,
    one: Constant<Bits<64>>,
    lowest: Constant<Bits<6>>,
    mask_2: Constant<Bits<64>>,
    mask_3: Constant<Bits<64>>,
}

impl Default for Align {
    fn default() -> Self {
        let word = |word: u64| Constant::new(word.into());
        Self {
            clock: Default::default(),
            fields: Default::default(),
            modulus_log2: Default::default(),
            x: Default::default(),
            field: Default::default(),
            body: Default::default(),
            add: Default::default(),
            y: Default::default(),
            shifted: Default::default(),
            rounded: Default::default(),
            top: Default::default(),
            sum: Default::default(),
            half: Default::default(),
            steps: Default::default(),
            zero: word(0),
            one: word(1),
            lowest: Constant::new(63_u8.to_bits()),
            mask_2: word(u64::MAX << 32),
            mask_3: word(u64::MAX << 43),
        }
    }
}

impl Logic for Align {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, sum, half, steps);
        // Of mod 2^64 nothing is rounded off.
        self.half.d.next =
            self.one.val() << (self.lowest.val() - self.modulus_log2.val().get_bits::<6>(0));
        self.steps.d.next = self.zero.val() - (self.half.q.val() << 1);
        self.shifted.next = self.x.val();
        self.rounded.next = self.body.val();
        if self.fields.val() != 1 {
            self.rounded.next = (self.body.val() + self.half.q.val()) & self.steps.q.val();
        }
        if self.fields.val() == 2 {
            self.shifted.next = self.x.val() & self.mask_2.val();
            if self.field.val() == 0 {
                self.shifted.next = self.x.val() << 32;
            }
        }
        if self.fields.val() == 3 {
            self.shifted.next = self.x.val() << 43;
            if self.field.val() == 1 {
                self.shifted.next = (self.x.val() << 22) & self.mask_3.val();
            }
            if self.field.val() == 2 {
                self.shifted.next = (self.x.val() << 1) & self.mask_3.val();
            }
        }
        self.top.next = self.zero.val();
        if self.add.val() {
            self.top.next = self.rounded.val();
        }
        self.sum.d.next = self.shifted.val() + self.top.val();
        self.y.next = self.sum.q.val();
    }
}

/// What travels beside a request.
#[derive(LogicBlock)]
struct Tags {
    clock: Signal<In, Clock>,
    ask: Signal<In, Bit>,
    slot: Signal<In, Bits<7>>,
    word: Signal<In, Bits<7>>,
    field: Signal<In, Bits<2>>,
    body: Signal<In, Bit>,
    /// With the sums; with the slot's words, twice; with the word; in front of it; at the queue.
    slot_1: Signal<Out, Bits<7>>,
    word_2: Signal<Out, Bits<7>>,
    word_3: Signal<Out, Bits<7>>,
    body_slot: Signal<Out, Bits<4>>,
    field_4: Signal<Out, Bits<2>>,
    body_4: Signal<Out, Bit>,
    put: Signal<Out, Bit>,
    together: Signal<Local, Bits<18>>,
    one: Delay<18>,
    two: Delay<18>,
    three: Delay<18>,
    four: Delay<18>,
    five: Delay<18>,
}

impl Default for Tags {
    fn default() -> Self {
        Self {
            clock: Default::default(),
            ask: Default::default(),
            slot: Default::default(),
            word: Default::default(),
            field: Default::default(),
            body: Default::default(),
            slot_1: Default::default(),
            word_2: Default::default(),
            word_3: Default::default(),
            body_slot: Default::default(),
            field_4: Default::default(),
            body_4: Default::default(),
            put: Default::default(),
            together: Default::default(),
            one: Delay::new(1),
            two: Delay::new(1),
            three: Delay::new(1),
            four: Delay::new(1),
            five: Delay::new(LATENCY - 4),
        }
    }
}

impl Logic for Tags {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(self, clock, one, two, three, four, five);
        self.together.next = (bit_cast::<18, 7>(self.slot.val()) << 11)
            | (bit_cast::<18, 7>(self.word.val()) << 4)
            | (bit_cast::<18, 2>(self.field.val()) << 2);
        if self.ask.val() {
            self.together.next = (bit_cast::<18, 7>(self.slot.val()) << 11)
                | (bit_cast::<18, 7>(self.word.val()) << 4)
                | (bit_cast::<18, 2>(self.field.val()) << 2)
                | 1;
            if self.body.val() {
                self.together.next = (bit_cast::<18, 7>(self.slot.val()) << 11)
                    | (bit_cast::<18, 7>(self.word.val()) << 4)
                    | (bit_cast::<18, 2>(self.field.val()) << 2)
                    | 3;
            }
        }
        self.one.d.next = self.together.val();
        self.two.d.next = self.one.q.val();
        self.three.d.next = self.two.q.val();
        self.four.d.next = self.three.q.val();
        self.five.d.next = self.four.q.val();
        self.slot_1.next = self.one.q.val().get_bits::<7>(11);
        self.word_2.next = self.two.q.val().get_bits::<7>(4);
        self.word_3.next = self.three.q.val().get_bits::<7>(4);
        self.body_slot.next = self.three.q.val().get_bits::<4>(11);
        self.field_4.next = self.four.q.val().get_bits::<2>(2);
        self.body_4.next = self.four.q.val().get_bit(1);
        self.put.next = self.five.q.val().get_bit(0);
    }
}

/// Words out of the sums.
#[derive(LogicBlock)]
pub struct Drain {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// Begin with slot 0.
    pub start: Signal<In, Bit>,
    /// Ciphertexts; with the next three static.
    pub batch: Signal<In, Bits<5>>,
    /// n.
    pub lwe_dimension: Signal<In, Bits<12>>,
    /// Fields of a word: 1, 2 or 3.
    pub fields: Signal<In, Bits<2>>,
    /// log2 of the modulus, which takes the upper bits of a field.
    pub modulus_log2: Signal<In, Bits<7>>,
    /// The sums are read, at `group`.
    pub reading: Signal<Out, Bit>,
    /// Where.
    pub group: Signal<Out, Bits<11>>,
    /// What was asked for one edge ago: word w of slot s is `sums[s * D + w]`.
    pub sums: Vec<Signal<In, Bits<64>>>,
    /// The slot whose body is asked for.
    pub body_slot: Signal<Out, Bits<4>>,
    /// The body, one edge later.
    pub body: Signal<In, Bits<64>>,
    /// A word is there.
    pub lwe_valid: Signal<Out, Bit>,
    /// It is taken.
    pub lwe_ready: Signal<In, Bit>,
    /// The next word, in the upper bits.
    pub lwe_word: Signal<Out, Bits<64>>,
    /// Words are yet to be asked for or taken.
    pub busy: Signal<Out, Bit>,
    walk: Walk,
    tags: Tags,
    /// Of each word w, one over slots.
    slots: Vec<Select16<64>>,
    of_slot: Vec<DFF<Bits<64>>>,
    near: Select16<64>,
    middle: Vec<DFF<Bits<64>>>,
    far: Select16<64>,
    chosen: DFF<Bits<64>>,
    align: Align,
    queue: Fifo<64>,
    nothing: Signal<Local, Bits<64>>,
    unfinished: Either,
    _slots: usize,
}

impl Drain {
    /// Over so many slots and words of a group, at most 16 and 64.
    #[must_use]
    pub fn new(slots: usize, key_words: usize) -> Self {
        let padded = key_words.next_power_of_two();
        let middle = padded.div_ceil(16);
        debug_assert_eq!(Inputs::LATENCY, 1, "the body comes with the word");
        Self {
            clock: Signal::default(),
            start: Signal::default(),
            batch: Signal::default(),
            lwe_dimension: Signal::default(),
            fields: Signal::default(),
            modulus_log2: Signal::default(),
            reading: Signal::default(),
            group: Signal::default(),
            sums: many(slots * key_words, |_| Signal::default()),
            body_slot: Signal::default(),
            body: Signal::default(),
            lwe_valid: Signal::default(),
            lwe_ready: Signal::default(),
            lwe_word: Signal::default(),
            busy: Signal::default(),
            walk: Walk::new(key_words),
            tags: Tags::default(),
            slots: many(key_words, |_| Select16::new(slots.next_power_of_two(), 0)),
            of_slot: many(key_words, |_| DFF::default()),
            near: Select16::new(padded, 0),
            middle: many(middle, |_| DFF::default()),
            far: Select16::new(middle, 4),
            chosen: DFF::default(),
            align: Align::default(),
            queue: Fifo::new(PLACES),
            nothing: Signal::default(),
            unfinished: Either::default(),
            _slots: slots,
        }
    }
}

impl Logic for Drain {
    structure! { this =>
        constant!(nothing <= Bits::<64>::default());
        wire!(walk.clock <= clock);
        wire!(walk.start <= start);
        wire!(walk.batch <= batch);
        wire!(walk.lwe_dimension <= lwe_dimension);
        wire!(walk.fields <= fields);
        wire!(walk.room <= queue.room);
        wire!(reading <= walk.walking);
        wire!(group <= walk.group);
        wire!(tags.clock <= clock);
        wire!(tags.ask <= walk.ask);
        wire!(tags.slot <= walk.slot);
        wire!(tags.word <= walk.word);
        wire!(tags.field <= walk.field);
        wire!(tags.body <= walk.body);
        wire!(body_slot <= tags.body_slot);

        let key_words = this.slots.len();
        for word in 0..key_words {
            wire!(slots[word].lane <= tags.slot_1);
            for slot in 0..this.slots[word].x.len() {
                if slot < this._slots {
                    wire!(slots[word].x[slot] <= sums[slot * key_words + word]);
                } else {
                    wire!(slots[word].x[slot] <= nothing);
                }
            }
            wire!(of_slot[word].clock <= clock);
            wire!(of_slot[word].d <= slots[word].y[0]);
        }
        wire!(near.lane <= tags.word_2);
        for word in 0..this.near.x.len() {
            if word < key_words {
                wire!(near.x[word] <= of_slot[word].q);
            } else {
                wire!(near.x[word] <= nothing);
            }
        }
        wire!(far.lane <= tags.word_3);
        for i in 0..this.middle.len() {
            wire!(middle[i].clock <= clock);
            wire!(middle[i].d <= near.y[i]);
            wire!(far.x[i] <= middle[i].q);
        }
        wire!(chosen.clock <= clock);
        wire!(chosen.d <= far.y[0]);

        wire!(align.clock <= clock);
        wire!(align.fields <= fields);
        wire!(align.modulus_log2 <= modulus_log2);
        wire!(align.x <= chosen.q);
        wire!(align.field <= tags.field_4);
        wire!(align.body <= body);
        wire!(align.add <= tags.body_4);
        wire!(queue.clock <= clock);
        wire!(queue.claim <= walk.ask);
        wire!(queue.put <= tags.put);
        wire!(queue.word_in <= align.y);
        wire!(queue.ready <= lwe_ready);
        wire!(lwe_valid <= queue.valid);
        wire!(lwe_word <= queue.word);
        wire!(unfinished.walking <= walk.walking);
        wire!(unfinished.empty <= queue.empty);
        wire!(busy <= unfinished.busy);
    }
}

/// Busy until nothing is asked for or inside.
#[derive(LogicBlock, Default)]
struct Either {
    walking: Signal<In, Bit>,
    empty: Signal<In, Bit>,
    busy: Signal<Out, Bit>,
}

impl Logic for Either {
    #[hdl_gen]
    fn update(&mut self) {
        self.busy.next = self.walking.val() | !self.empty.val();
    }
}
