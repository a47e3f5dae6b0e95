//! Which look-up table is in which slot of the device; the least recently used one makes room.

use super::Lut;
use crate::device::LutSlot;
use std::collections::HashMap;

/// What tells look-up tables apart.
type Digest = [u8; 32];

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    lut: Option<Digest>,
    last_use: u64,
    /// Batches in flight that use the slot.
    users: u32,
}

/// The device's look-up table slots.
#[derive(Debug)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    by_lut: HashMap<Digest, usize>,
    clock: u64,
}

impl Slots {
    pub(super) fn new(count: u32) -> Self {
        Self {
            slots: vec![Slot::default(); count as usize],
            by_lut: HashMap::new(),
            clock: 0,
        }
    }

    /// Forgets everything, as the device does when it is reset.
    pub(super) fn clear(&mut self) {
        self.slots.fill(Slot::default());
        self.by_lut.clear();
    }

    /// Takes a slot for `lut` on behalf of one batch; the flag says that the table has to be
    /// uploaded there. `None` when every slot is used by a batch in flight.
    pub(super) fn acquire(&mut self, lut: &Lut) -> Option<(LutSlot, bool)> {
        self.clock += 1;
        let id = lut.0.digest;
        let known = self.by_lut.get(&id).copied();
        let index = match known {
            Some(index) => index,
            None => {
                let idle = self
                    .slots
                    .iter()
                    .enumerate()
                    .filter(|(_, slot)| slot.users == 0);
                idle.min_by_key(|(_, slot)| slot.last_use)?.0
            }
        };
        let number = u32::try_from(index).ok()?;
        let slot = self.slots.get_mut(index)?;
        slot.last_use = self.clock;
        slot.users += 1;
        if known.is_none() {
            if let Some(evicted) = slot.lut.replace(id) {
                self.by_lut.remove(&evicted);
            }
            self.by_lut.insert(id, index);
        }
        Some((LutSlot(number), known.is_none()))
    }

    /// Forgets what is in the slot: the table did not get there.
    pub(super) fn forget(&mut self, slot: LutSlot) {
        let lut = self.slots.get_mut(slot.0 as usize);
        if let Some(lut) = lut.and_then(|slot| slot.lut.take()) {
            self.by_lut.remove(&lut);
        }
    }

    /// One batch is done with the slot.
    pub(super) fn release(&mut self, slot: LutSlot) {
        if let Some(slot) = self.slots.get_mut(slot.0 as usize) {
            slot.users = slot.users.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::LutBody;
    use std::sync::Arc;

    fn lut(id: u8) -> Lut {
        Lut(Arc::new(LutBody {
            digest: [id; 32],
            words: Box::default(),
        }))
    }

    #[test]
    fn tables_in_flight_stay_and_the_least_recently_used_one_goes() {
        let mut slots = Slots::new(2);
        let (a, fresh) = slots.acquire(&lut(1)).unwrap();
        assert!(fresh);
        let (b, _) = slots.acquire(&lut(2)).unwrap();
        assert_ne!(a, b);
        assert_eq!(slots.acquire(&lut(3)), None);
        assert_eq!(slots.acquire(&lut(1)), Some((a, false)));
        slots.release(b);
        assert_eq!(slots.acquire(&lut(3)), Some((b, true)));
        slots.release(b);
        slots.release(a);
        slots.release(a);
        assert_eq!(
            slots.acquire(&lut(4)),
            Some((a, true)),
            "slot a was used before b"
        );
        assert_eq!(slots.acquire(&lut(3)), Some((b, false)));
        slots.forget(b);
        slots.release(b);
        assert_eq!(slots.acquire(&lut(3)), Some((b, true)), "its upload failed");
    }
}
