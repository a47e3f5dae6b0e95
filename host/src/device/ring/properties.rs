//! Wraps and phases, for rings of any length and completions in any order.

use super::RingDevice;
use super::fake::Fake;
use super::tests::soon;
use crate::device::{Batch, BatchTag, Device, LutSlot};
use gyrus_interface::layout::WORD_BYTES;
use gyrus_interface::registers::Register;
use gyrus_interface::{DeviceError, catalogue};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

/// One step of a user of the device.
#[derive(Debug, Clone)]
enum Step {
    /// A batch of so many ciphertexts.
    Submit(usize),
    /// The card ends one of its jobs, whichever.
    Complete(prop::sample::Index),
    Wait,
    Cancel(prop::sample::Index),
    Reset,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => (1_usize..=8).prop_map(Step::Submit),
        30 => any::<prop::sample::Index>().prop_map(Step::Complete),
        30 => Just(Step::Wait),
        3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        1 => Just(Step::Reset),
    ]
}

fn configured(device: &mut RingDevice<Fake>) {
    device.configure(&catalogue::toy(), soon()).unwrap();
    device.keys_loaded = true;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The fake card checks the phase of each descriptor, and writes that of each completion.
    #[test]
    fn every_batch_comes_back_once_in_rings_of_any_length(
        entries in 2_u32..20,
        steps in prop::collection::vec(step(), 1..250),
    ) {
        let fake = Fake::new();
        let mut device = RingDevice::take_over(fake.clone(), entries, soon()).unwrap();
        configured(&mut device);
        let whole = device.plan().unwrap().batches.clone();
        let size = catalogue::toy().big_lwe_size();
        // On the card: tag, and whether it is cancelled. Completed, and not handed back.
        let mut on_card: BTreeMap<u64, bool> = BTreeMap::new();
        let mut completed: VecDeque<(u64, bool)> = VecDeque::new();
        let mut handed_back = 0;
        let mut number = 0;
        for step in steps {
            match step {
                Step::Submit(count) => {
                    number += 1;
                    let result = device.submit(Batch {
                        inputs: vec![vec![number; size].into(); count],
                        luts: vec![LutSlot(0); count],
                        samples: 1,
                        stride: 0,
                    });
                    match result {
                        Ok(tag) => {
                            // Its words are where the descriptor says; the answer is what they are.
                            let InputsAndOutputs(from, to) = places(&device, tag);
                            let words = fake.state().load(from, count * size);
                            prop_assert!(words.iter().all(|word| *word == number));
                            let answer: Vec<u64> = words.iter().map(|word| word ^ tag.0).collect();
                            fake.state().store(to, &answer);
                            prop_assert!(on_card.insert(tag.0, false).is_none());
                        }
                        Err(DeviceError::RingFull(_)) => {
                            prop_assert!(!on_card.is_empty() || !completed.is_empty());
                        }
                        Err(error) => return Err(TestCaseError::fail(error.to_string())),
                    }
                }
                Step::Complete(index) => {
                    // It does not overwrite what was not read.
                    if !on_card.is_empty() && completed.len() + 1 < entries as usize {
                        let tags: Vec<u64> = on_card.keys().copied().collect();
                        let tag = tags[index.index(tags.len())];
                        let cancelled = on_card.remove(&tag).unwrap();
                        completed.push_back((tag, cancelled));
                        fake.state().complete(tag);
                    }
                }
                Step::Wait => {
                    let Some((tag, cancelled)) = completed.pop_front() else {
                        continue;
                    };
                    let finished = device.wait(soon()).unwrap();
                    prop_assert_eq!(finished.tag, BatchTag(tag));
                    match finished.outputs {
                        Ok(outputs) => {
                            prop_assert!(!cancelled);
                            let word = outputs[0][0];
                            prop_assert!(outputs.concat().iter().all(|other| *other == word));
                            prop_assert!((1..=number).contains(&(word ^ tag)));
                        }
                        Err(error) => {
                            prop_assert!(cancelled);
                            prop_assert_eq!(error, DeviceError::Cancelled);
                        }
                    }
                    handed_back += 1;
                    let head = fake.state().get(Register::CompletionHead) as usize;
                    prop_assert_eq!(head, handed_back % entries as usize);
                }
                Step::Cancel(index) => {
                    let tags: Vec<u64> = on_card.keys().copied().collect();
                    if !tags.is_empty() {
                        let tag = tags[index.index(tags.len())];
                        on_card.insert(tag, true);
                        device.cancel(BatchTag(tag));
                    }
                }
                Step::Reset => {
                    device.reset(soon()).unwrap();
                    configured(&mut device);
                    on_card.clear();
                    completed.clear();
                    handed_back = 0;
                }
            }
            prop_assert_eq!(device.in_flight.len(), on_card.len() + completed.len());
        }
        // Nothing is left over when everything has come back.
        for tag in std::mem::take(&mut on_card).into_keys() {
            while completed.len() + 1 >= entries as usize {
                device.wait(soon()).unwrap();
                completed.pop_front();
            }
            fake.state().complete(tag);
            completed.push_back((tag, false));
        }
        for _ in completed {
            device.wait(soon()).unwrap();
        }
        prop_assert!(device.in_flight.is_empty());
        prop_assert_eq!(&device.arena, &crate::device::arena::Arena::new(whole));
        prop_assert!(device.wait(soon()).is_err());
    }
}

/// Where the inputs of a batch lie, and where its outputs go.
struct InputsAndOutputs(u64, u64);

fn places(device: &RingDevice<Fake>, tag: BatchTag) -> InputsAndOutputs {
    let super::InFlight::Batch(batch) = &device.in_flight[&tag.0] else {
        panic!("it is in flight");
    };
    assert!(batch.buffer.inputs.is_multiple_of(WORD_BYTES as u64));
    InputsAndOutputs(batch.buffer.inputs, batch.buffer.outputs)
}
