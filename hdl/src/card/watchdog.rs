//! A bus that owes something and does not move for too long.
//!
//! Timing: `expired` is high for a cycle, `deadline` cycles behind the last move; or at once if the deadline
//! becomes shorter than what has passed.

use rust_hdl::prelude::*;

/// Watches one bus. Counts in N bits, and not beyond what they can hold.
#[derive(LogicBlock, Default)]
pub(super) struct Watchdog<const N: usize> {
    /// The clock; rising edge.
    pub(super) clock: Signal<In, Clock>,
    /// Something is owed.
    pub(super) outstanding: Signal<In, Bit>,
    /// Something moved.
    pub(super) moved: Signal<In, Bit>,
    /// Cycles, at least 1.
    pub(super) deadline: Signal<In, Bits<N>>,
    /// It has been too long.
    pub(super) expired: Signal<Out, Bit>,
    waited: DFF<Bits<N>>,
    /// It was said.
    told: DFF<Bit>,
    late: Signal<Local, Bit>,
}

impl<const N: usize> Logic for Watchdog<N> {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, waited, told);
        self.late.next = self.waited.q.val() >= self.deadline.val();
        self.expired.next = self.late.val() & !self.told.q.val();
        self.told.d.next = self.told.q.val() | self.late.val();
        // The longest deadline is the highest count.
        if !self.late.val() {
            self.waited.d.next = self.waited.q.val() + 1;
        }
        if self.moved.val() | !self.outstanding.val() {
            self.waited.d.next = 0.into();
            self.told.d.next = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cycles in which a watchdog of four bits has expired, of a bus that is silent but for cycles in which
    /// it moves, or owes nothing; the deadline is `deadlines[0]`, and from cycle `deadlines[1]` on
    /// `deadlines[2]`.
    fn expired(deadlines: [u64; 3], moves: &[u64], rests: &[u64]) -> Vec<u64> {
        let mut uut = Watchdog::<4>::default();
        uut.connect_all();
        let mut found = Vec::new();
        let settle = |uut: &mut Watchdog<4>| {
            assert!(simulate(uut, 10), "it does not settle");
        };
        for cycle in 0..60 {
            let [first, change, second] = deadlines;
            let deadline = if cycle < change { first } else { second };
            uut.clock.next = Clock { clk: false };
            uut.deadline.next = deadline.into();
            uut.moved.next = moves.contains(&cycle);
            uut.outstanding.next = !rests.contains(&cycle);
            settle(&mut uut);
            if uut.expired.val() {
                found.push(cycle);
            }
            uut.clock.next = Clock { clk: true };
            settle(&mut uut);
        }
        found
    }

    #[test]
    fn it_expires_once_when_nothing_has_moved_for_so_long() {
        assert_eq!(expired([5, 99, 5], &[], &[]), [5]);
        assert_eq!(expired([5, 99, 5], &[4, 20], &[]), [10, 26]);
        assert_eq!(expired([5, 99, 5], &[], &[5, 6, 30]), [5, 12, 36]);
        assert_eq!(expired([1, 99, 1], &[7], &[]), [1, 9]);
    }

    #[test]
    fn the_longest_deadline_is_one_too() {
        assert_eq!(expired([15, 99, 15], &[], &[]), [15]);
        assert_eq!(expired([15, 99, 15], &[14, 30], &[]), [30, 46]);
    }

    #[test]
    fn a_shorter_deadline_counts_at_once() {
        assert_eq!(expired([15, 9, 4], &[], &[]), [9]);
        assert_eq!(expired([15, 20, 4], &[], &[]), [15]);
        assert_eq!(expired([4, 9, 15], &[], &[]), [4]);
        assert_eq!(expired([9, 5, 15], &[], &[]), [15]);
    }
}
