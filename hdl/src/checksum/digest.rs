//! The slices' checksum, a beat a cycle.
//!
//! The words of a beat are summed in a tree, each advanced over the words behind it: a node of
//! depth d advances its left half by the words of its right half and adds the right. Beats narrower
//! than a power of two have zeros in front, which count for nothing. Only the last adder is a loop:
//! state := state advanced over a beat + sum of the beat.
//!
//! Timing: `words` one edge behind their flags `beat`, `first`, `last`; `levels` edges for the
//! tree, one for the state; the verdict on a slice is out [`Digest::latency`] edges behind `last`.

use super::advance::Advance;
use crate::memory::{Delay, index_bits};
use crate::structure;
use crate::structure::many;
use gyrus_interface::key_slice::CHECKSUM_SEED;
use rust_hdl::prelude::*;

/// A flag on its way beside the data; `clear` forgets it.
#[derive(LogicBlock, Default)]
struct Marker {
    clock: Signal<In, Clock>,
    clear: Signal<In, Bit>,
    d: Signal<In, Bit>,
    q: Signal<Out, Bit>,
    flag: DFF<Bit>,
}

impl Logic for Marker {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, flag);
        self.flag.d.next = self.d.val() & !self.clear.val();
        self.q.next = self.flag.q.val();
    }
}

/// A node of the tree: `sum` = `left` advanced + `right`, one edge later.
#[derive(LogicBlock)]
struct Node {
    clock: Signal<In, Clock>,
    left: Signal<In, Bits<64>>,
    right: Signal<In, Bits<64>>,
    sum: Signal<Out, Bits<64>>,
    advance: Advance,
    value: DFF<Bits<64>>,
}

impl Node {
    fn new(words: usize) -> Self {
        Self {
            clock: Signal::default(),
            left: Signal::default(),
            right: Signal::default(),
            sum: Signal::default(),
            advance: Advance::new(words),
            value: DFF::default(),
        }
    }
}

impl Logic for Node {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, value);
        self.advance.state.next = self.left.val();
        self.value.d.next = self.advance.advanced.val() ^ self.right.val();
        self.sum.next = self.value.q.val();
    }
}

/// The checksum's state over the beats of a slice.
#[derive(LogicBlock)]
struct State {
    clock: Signal<In, Clock>,
    /// `sum` is a beat's; it is the first of a slice.
    beat: Signal<In, Bit>,
    first: Signal<In, Bit>,
    /// The number of that slice.
    number: Signal<In, Bits<12>>,
    sum: Signal<In, Bits<64>>,
    /// One edge later: nothing is left.
    zero: Signal<Out, Bit>,
    advance: Advance,
    value: DFF<Bits<64>>,
    seed: Constant<Bits<64>>,
}

impl State {
    fn new(beat_words: usize) -> Self {
        Self {
            clock: Signal::default(),
            beat: Signal::default(),
            first: Signal::default(),
            number: Signal::default(),
            sum: Signal::default(),
            zero: Signal::default(),
            advance: Advance::new(beat_words),
            value: DFF::default(),
            seed: Constant::new(CHECKSUM_SEED.into()),
        }
    }
}

impl Logic for State {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, value);
        self.advance.state.next = self.value.q.val();
        if self.first.val() {
            self.advance.state.next = self.seed.val() ^ bit_cast::<64, 12>(self.number.val());
        }
        if self.beat.val() {
            self.value.d.next = self.advance.advanced.val() ^ self.sum.val();
        }
        self.zero.next = self.value.q.val() == 0;
    }
}

/// Checks slices; beats of `beat_words` words.
#[derive(LogicBlock)]
pub(crate) struct Digest {
    pub(crate) clock: Signal<In, Clock>,
    /// Forget the slices whose end has come in but not yet been judged.
    pub(crate) clear: Signal<In, Bit>,
    /// The next cycle's `words` are a beat; it is the first of a slice, or its last, the checksum.
    pub(crate) beat: Signal<In, Bit>,
    pub(crate) first: Signal<In, Bit>,
    pub(crate) last: Signal<In, Bit>,
    /// With `first`: the number of its slice.
    pub(crate) number: Signal<In, Bits<12>>,
    pub(crate) words: Vec<Signal<In, Bits<64>>>,
    /// In one cycle for each `last`: the slice can be judged, and it is good if `zero` is set.
    pub(crate) judged: Signal<Out, Bit>,
    pub(crate) zero: Signal<Out, Bit>,
    nothing: Signal<Local, Bits<64>>,
    never: Signal<Local, Bit>,
    /// A heap: node i has the children 2 i + 1 and 2 i + 2, the words (with zeros in front) lie
    /// behind the nodes.
    nodes: Vec<Node>,
    state: State,
    beats: Vec<Marker>,
    firsts: Vec<Marker>,
    lasts: Vec<Marker>,
    number_line: Delay<12>,
}

impl Digest {
    pub(crate) fn new(beat_words: usize) -> Self {
        let leaves = beat_words.next_power_of_two();
        let edges = Self::levels(beat_words) + 1;
        Self {
            clock: Signal::default(),
            clear: Signal::default(),
            beat: Signal::default(),
            first: Signal::default(),
            last: Signal::default(),
            number: Signal::default(),
            words: many(beat_words, |_| Signal::default()),
            judged: Signal::default(),
            zero: Signal::default(),
            nothing: Signal::default(),
            never: Signal::default(),
            nodes: many(leaves - 1, |node| {
                Node::new(leaves >> ((node + 1).ilog2() + 1))
            }),
            state: State::new(beat_words),
            beats: many(edges, |_| Marker::default()),
            firsts: many(edges, |_| Marker::default()),
            lasts: many(edges + 1, |_| Marker::default()),
            number_line: Delay::new(edges),
        }
    }

    /// Levels of the tree.
    fn levels(beat_words: usize) -> usize {
        if beat_words > 1 {
            index_bits(beat_words)
        } else {
            0
        }
    }

    /// Rising edges from `last` to `judged`.
    pub(crate) fn latency(beat_words: usize) -> usize {
        Self::levels(beat_words) + 2
    }
}

impl Logic for Digest {
    structure! { this =>
        constant!(nothing <= Bits::<64>::default());
        constant!(never <= false);
        let zeros = this.words.len().next_power_of_two() - this.words.len();
        let nodes = this.nodes.len();
        for node in 0..nodes {
            wire!(nodes[node].clock <= clock);
            for (child, left) in [(2 * node + 1, true), (2 * node + 2, false)] {
                if child < nodes && left {
                    wire!(nodes[node].left <= nodes[child].sum);
                } else if child < nodes {
                    wire!(nodes[node].right <= nodes[child].sum);
                } else if child < nodes + zeros && left {
                    wire!(nodes[node].left <= nothing);
                } else if child < nodes + zeros {
                    wire!(nodes[node].right <= nothing);
                } else if left {
                    wire!(nodes[node].left <= words[child - nodes - zeros]);
                } else {
                    wire!(nodes[node].right <= words[child - nodes - zeros]);
                }
            }
        }

        let edges = this.beats.len();
        for edge in 0..edges {
            wire!(beats[edge].clock <= clock);
            wire!(firsts[edge].clock <= clock);
            wire!(beats[edge].clear <= never);
            wire!(firsts[edge].clear <= never);
            if edge == 0 {
                wire!(beats[edge].d <= beat);
                wire!(firsts[edge].d <= first);
            } else {
                wire!(beats[edge].d <= beats[edge - 1].q);
                wire!(firsts[edge].d <= firsts[edge - 1].q);
            }
        }
        for edge in 0..=edges {
            wire!(lasts[edge].clock <= clock);
            wire!(lasts[edge].clear <= clear);
            if edge == 0 {
                wire!(lasts[edge].d <= last);
            } else {
                wire!(lasts[edge].d <= lasts[edge - 1].q);
            }
        }

        wire!(number_line.clock <= clock);
        wire!(number_line.d <= number);
        wire!(state.number <= number_line.q);
        wire!(state.clock <= clock);
        wire!(state.beat <= beats[edges - 1].q);
        wire!(state.first <= firsts[edges - 1].q);
        if nodes == 0 {
            wire!(state.sum <= words[0]);
        } else {
            wire!(state.sum <= nodes[0].sum);
        }
        wire!(zero <= state.zero);
        wire!(judged <= lasts[edges].q);
    }
}
