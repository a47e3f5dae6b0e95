//! Delays of a memory that nobody can foresee, but that are the same in every run.

use crate::conformance::generator::Generator;

/// How much the memories' answers vary. Each port has random numbers of its own, so that the channels of a
/// key get out of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter {
    /// Where random numbers begin.
    pub seed: u64,
    /// Most cycles that a burst is answered later than its [`Pace`](super::Pace) says.
    pub latency: u64,
    /// One in so many cycles, or beats, begins a stall: a ready, or the next beat, is withheld.
    pub one_in: u32,
    /// Most cycles of a stall.
    pub stall: u64,
}

/// The delays of a port.
#[derive(Debug, Clone)]
pub(super) struct Stalls(Option<(Jitter, Generator)>);

impl Stalls {
    /// Of the port of this number.
    pub(super) fn new(jitter: Option<Jitter>, port: u64) -> Self {
        Self(jitter.map(|jitter| {
            // Streams that begin far from each other.
            let mut seeds = Generator::new(jitter.seed.wrapping_add(port << 32));
            (jitter, Generator::new(seeds.word()))
        }))
    }

    /// Cycles by which a burst's answer is late.
    pub(super) const fn late(&mut self) -> u64 {
        match &mut self.0 {
            Some((jitter, random)) => random.word() % (jitter.latency + 1),
            None => 0,
        }
    }

    /// Cycles by which something is late, up to so many.
    pub(super) const fn at_most(&mut self, most: u64) -> u64 {
        match &mut self.0 {
            Some((_, random)) => random.word() % (most + 1),
            None => 0,
        }
    }

    /// Whether something happens that does so once in `times`.
    pub(super) const fn happens(&mut self, times: u32) -> bool {
        match &mut self.0 {
            Some((_, random)) => random.below(times) == 0,
            None => false,
        }
    }

    /// Cycles for which something is withheld now, mostly 0.
    pub(super) const fn pause(&mut self) -> u64 {
        match &mut self.0 {
            Some((jitter, random)) => {
                let now = jitter.one_in > 0 && random.below(jitter.one_in) == 0;
                if now {
                    random.word() % (jitter.stall + 1)
                } else {
                    0
                }
            }
            None => 0,
        }
    }
}

/// A ready that is withheld at times.
#[derive(Debug, Default)]
pub(super) struct Gate {
    closed_until: u64,
}

impl Gate {
    /// Whether it is open in cycle `now`; asked once a cycle.
    pub(super) const fn is_open(&mut self, now: u64, stalls: &mut Stalls) -> bool {
        if self.closed_until <= now {
            self.closed_until = now + stalls.pause();
        }
        self.closed_until <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JITTER: Jitter = Jitter {
        seed: 1,
        latency: 40,
        one_in: 4,
        stall: 6,
    };

    fn open(port: u64) -> Vec<bool> {
        let mut stalls = Stalls::new(Some(JITTER), port);
        let mut gate = Gate::default();
        (0..2000)
            .map(|now| gate.is_open(now, &mut stalls))
            .collect()
    }

    #[test]
    fn ports_stall_by_themselves_and_always_in_the_same_way() {
        assert_eq!(open(3), open(3));
        assert_ne!(open(3), open(4));
        let opened = open(3);
        let often = opened.iter().filter(|open| **open).count();
        assert!((800..1500).contains(&often), "{often}");
        let longest = opened.split(|open| *open).map(<[bool]>::len).max();
        // Two stalls, one right behind the other, at least once.
        assert!(longest > Some(6), "{longest:?}");
        let mut stalls = Stalls::new(Some(JITTER), 3);
        assert!((0..2000).map(|_| stalls.late()).max() == Some(40));
        let happened = (0..2000).filter(|_| stalls.happens(4)).count();
        assert!((400..600).contains(&happened), "{happened}");
    }

    #[test]
    fn without_jitter_nothing_is_late() {
        let mut stalls = Stalls::new(None, 0);
        let mut gate = Gate::default();
        assert!((0..100).all(|now| gate.is_open(now, &mut stalls) && stalls.late() == 0));
        assert!(!(0..100).any(|_| stalls.happens(1)));
    }
}
