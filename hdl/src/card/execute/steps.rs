//! The steps of a job: one state after the other, whose timing is that of [`super::Execute`].

use super::{Execute, State};
use rust_hdl::prelude::*;

impl Logic for Execute {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(
            self,
            clock,
            state,
            code,
            fault,
            start_cycle,
            product,
            reach,
            waited,
            to,
            words,
            at,
            bytes,
            gap
        );
        self.bounds.clock.next = self.clock.val();
        self.bounds.address.next = self.at.q.val();
        self.bounds.bytes.next = self.bytes.q.val();
        self.bounds.first.next = self.window_start.val();
        self.bounds.limit.next = self.window_end.val();
        self.idle.next = (self.state.q.val() == State::Rest) & !self.valid.val();
        self.committed.next = self.is_bootstrap.val()
            & (self.state.q.val() != State::Rest)
            & (self.state.q.val() != State::Forget)
            & (self.state.q.val() != State::Forgetting);
        self.take.next = (self.state.q.val() == State::Finishing) & self.issue_done.val();
        self.status.next = self.code.q.val();
        self.detail.next = self.fault.q.val();
        self.began.next = self.start_cycle.q.val();
        self.move_start.next = self.state.q.val() == State::Move;
        self.move_words.next = self.words.q.val().get_bits::<24>(0);
        self.move_to.next = self.to.q.val();
        self.piece_begin.next =
            (self.state.q.val() == State::Unmark) & (self.is_key.val() | self.is_adopt.val());
        self.piece_adopt.next = false;
        self.piece_accept.next = false;
        self.piece_drop.next = false;
        self.slots_start.next = (self.state.q.val() == State::Forget)
            | (self.state.q.val() == State::List)
            | ((self.state.q.val() == State::Unmark) & self.is_luts.val())
            | (self.state.q.val() == State::Mark);
        self.slots_command.next = self.forget_all.val();
        if self.state.q.val() == State::List {
            self.slots_command.next = self.list_one.val();
            if self.has_list.val() {
                self.slots_command.next = self.list_each.val();
            }
        }
        if self.state.q.val() == State::Unmark {
            self.slots_command.next = self.forget.val();
        }
        if self.state.q.val() == State::Mark {
            self.slots_command.next = self.loaded.val();
        }
        self.issue_start.next = self.state.q.val() == State::Issue;
        self.issue_finish.next = self.state.q.val() == State::Finish;

        self.wide_count.next = bit_cast::<64, 32>(self.count.val());
        self.outputs.next = bit_cast::<64, 32>(self.product.q.val());
        self.last_slot.next =
            bit_cast::<64, 32>(self.slot.val()) + bit_cast::<64, 32>(self.count.val());
        self.fewer.next = self.samples.val() - 1;
        self.short_stride.next = !self.stride.val().get_bits::<16>(16).any();
        self.several.next = self.samples.val() > 1;
        self.checked.next = self.waited.q.val() == self.last_wait.val();
        self.waited.d.next = self.waited.q.val() + 1;

        match self.state.q.val() {
            State::Forget => {
                self.state.d.next = State::Forgetting;
            }
            State::Forgetting => {
                if self.slots_done.val() {
                    self.state.d.next = State::Rest;
                }
            }
            State::Rest => {
                self.start_cycle.d.next = self.now.val();
                self.code.d.next = 0.into();
                self.fault.d.next = 0.into();
                if self.valid.val() {
                    self.state.d.next = State::Decode;
                }
            }
            State::Decode => {
                // What multiplication there is; factors that are too great are refused.
                self.product.d.next = self.count.val().get_bits::<16>(0) * self.samples.val();
                self.reach.d.next = self.fewer.val() * self.stride.val().get_bits::<16>(0);
                self.state.d.next = State::Quiet;
                if self.is_bootstrap.val() {
                    self.state.d.next = State::Counts;
                }
                if self.is_key.val() {
                    self.state.d.next = State::Piece;
                }
                if self.is_luts.val() {
                    self.state.d.next = State::Tables;
                }
                if self.is_copy.val() {
                    self.state.d.next = State::Length;
                }
                if self.stale.val() | !self.known.val() | !self.well_formed.val() {
                    self.state.d.next = State::Finish;
                    self.fault.d.next = self.entry.val();
                    self.code.d.next = self.malformed.val();
                    if !self.stale.val() & !self.known.val() {
                        self.code.d.next = self.unknown_opcode.val();
                    }
                }
            }

            State::Counts => {
                self.state.d.next = State::Reach;
                if !self.count.val().any()
                    | !self.samples.val().any()
                    | (self.count.val() > self.most.val())
                    | (bit_cast::<32, 16>(self.samples.val()) > self.most.val())
                    | (self.product.q.val() > self.most.val())
                {
                    self.state.d.next = State::Finish;
                    self.code.d.next = self.overflow.val();
                    self.fault.d.next = self.wide_count.val();
                }
                if !self.keys_loaded.val() {
                    self.state.d.next = State::Finish;
                    self.code.d.next = self.no_keys.val();
                    self.fault.d.next = 0.into();
                }
            }
            State::Reach => {
                self.at.d.next = self.destination.val();
                self.bytes.d.next =
                    ((self.outputs.val() << self.log2_n.val()) + self.outputs.val()) << 3;
                self.waited.d.next = 0.into();
                self.state.d.next = State::Destination;
                if self.several.val()
                    & (!self.short_stride.val()
                        | (self.reach.q.val() >= (self.one.val() << self.log2_n.val())))
                {
                    self.state.d.next = State::Finish;
                    self.code.d.next = self.malformed.val();
                    self.fault.d.next = bit_cast::<64, 32>(self.stride.val());
                }
            }
            State::ListPlace => {
                if self.checked.val() {
                    self.state.d.next = State::List;
                    if !self.bounds.contained.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.out_of_range.val();
                        self.fault.d.next = self.length.val();
                    }
                    if !self.bounds.aligned.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.misaligned.val();
                        self.fault.d.next = self.length.val();
                    }
                }
            }
            State::List => {
                self.state.d.next = State::Listing;
            }
            State::Listing => {
                self.at.d.next = self.source.val();
                self.bytes.d.next =
                    ((self.wide_count.val() << self.log2_n.val()) + self.wide_count.val()) << 3;
                self.waited.d.next = 0.into();
                if self.slots_done.val() {
                    self.state.d.next = State::Source;
                    if self.slots_missing.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.no_lut.val();
                        self.fault.d.next = bit_cast::<64, 32>(self.slots_bad.val());
                    }
                    if self.slots_wrong.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.bus_error.val();
                        self.fault.d.next = self.slots_wrong_address.val();
                    }
                }
            }
            State::Issue => {
                self.state.d.next = State::Issuing;
            }
            State::Issuing => {
                if self.issue_done.val() {
                    self.state.d.next = State::Finish;
                }
            }

            State::Piece => {
                self.at.d.next = self.source.val();
                self.bytes.d.next = self.length.val();
                self.words.d.next = self.length.val() >> 3;
                self.to.d.next = self.key_address.val() + self.destination.val();
                if self.keyswitch.val() {
                    self.to.d.next = self.keyswitch_address.val() + self.destination.val();
                }
                self.waited.d.next = 0.into();
                self.state.d.next = State::PieceFits;
                if self.length.val().get_bits::<3>(0).any() {
                    self.state.d.next = State::Finish;
                    self.code.d.next = self.misaligned.val();
                    self.fault.d.next = self.length.val();
                }
            }
            State::PieceFits => {
                if self.checked.val() {
                    self.waited.d.next = 0.into();
                    self.state.d.next = State::Source;
                    if !self.fits.val() | (self.words.q.val() > self.most_words.val()) {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.overflow.val();
                        self.fault.d.next = self.length.val();
                    }
                    if !self.in_order.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.malformed.val();
                        self.fault.d.next = self.destination.val();
                    }
                }
            }

            State::Tables => {
                self.at.d.next = self.source.val();
                self.bytes.d.next = (self.wide_count.val() << 3) << self.log2_n.val();
                self.words.d.next = self.wide_count.val() << self.log2_n.val();
                self.to.d.next = self.lut_address.val()
                    + ((bit_cast::<64, 32>(self.slot.val()) << 3) << self.log2_n.val());
                self.waited.d.next = 0.into();
                self.state.d.next = State::Source;
                if !self.count.val().any() | (self.last_slot.val() > self.slots.val()) {
                    self.state.d.next = State::Finish;
                    self.code.d.next = self.overflow.val();
                    self.fault.d.next = self.last_slot.val();
                }
            }

            State::Length => {
                self.at.d.next = self.destination.val();
                self.bytes.d.next = self.length.val();
                self.words.d.next = self.length.val() >> 3;
                self.to.d.next = self.destination.val();
                self.waited.d.next = 0.into();
                self.state.d.next = State::Destination;
                if (self.length.val() >> 3) > self.most_words.val() {
                    self.state.d.next = State::Finish;
                    self.code.d.next = self.overflow.val();
                    self.fault.d.next = self.length.val();
                }
                if self.length.val().get_bits::<3>(0).any() {
                    self.state.d.next = State::Finish;
                    self.code.d.next = self.misaligned.val();
                    self.fault.d.next = self.length.val();
                }
            }
            State::Overlap => {
                // The one that lies lower ends before the other begins.
                self.gap.d.next = self.source.val() - self.destination.val();
                if self.source.val() < self.destination.val() {
                    self.gap.d.next = self.destination.val() - self.source.val();
                }
                if self.checked.val() {
                    self.state.d.next = State::Quiet;
                    if self.gap.q.val() < self.length.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.malformed.val();
                        self.fault.d.next = self.destination.val();
                    }
                }
            }

            State::Destination => {
                if self.checked.val() {
                    self.waited.d.next = 0.into();
                    self.at.d.next = self.source.val();
                    self.state.d.next = State::Source;
                    if self.is_bootstrap.val() {
                        self.state.d.next = State::List;
                        if self.has_list.val() {
                            self.at.d.next = self.length.val();
                            self.bytes.d.next = ((self.wide_count.val() + 1) >> 1) << 3;
                            self.state.d.next = State::ListPlace;
                        }
                    }
                    if !self.bounds.contained.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.out_of_range.val();
                        self.fault.d.next = self.destination.val();
                    }
                    if !self.bounds.aligned.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.misaligned.val();
                        self.fault.d.next = self.destination.val();
                    }
                }
            }
            State::Source => {
                if self.checked.val() {
                    self.waited.d.next = 0.into();
                    self.state.d.next = State::Quiet;
                    if self.is_bootstrap.val() {
                        self.state.d.next = State::Issue;
                    }
                    if self.is_copy.val() {
                        self.state.d.next = State::Overlap;
                    }
                    if !self.bounds.contained.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.out_of_range.val();
                        self.fault.d.next = self.source.val();
                    }
                    if !self.bounds.aligned.val() {
                        self.state.d.next = State::Finish;
                        self.code.d.next = self.misaligned.val();
                        self.fault.d.next = self.source.val();
                    }
                }
            }

            State::Quiet => {
                if self.complete.val() | (self.is_luts.val() & self.tables_read.val()) {
                    self.state.d.next = State::Unmark;
                    if !self.is_key.val() & !self.is_luts.val() & !self.is_adopt.val() {
                        self.state.d.next = State::Finish;
                        if self.is_copy.val() & self.words.q.val().any() {
                            self.state.d.next = State::Move;
                        }
                    }
                }
            }
            State::Unmark => {
                self.state.d.next = State::Unmarking;
            }
            State::Unmarking => {
                if (self.is_luts.val() & self.slots_done.val())
                    | (self.is_key.val() & self.keys_stopped.val())
                {
                    self.state.d.next = State::Move;
                }
                if self.is_adopt.val() & self.keys_stopped.val() {
                    self.piece_adopt.next = true;
                    self.state.d.next = State::Finish;
                }
            }
            State::Move => {
                self.state.d.next = State::Moving;
            }
            State::Moving => {
                if self.move_done.val() {
                    self.state.d.next = State::Judge;
                }
            }
            State::Judge => {
                self.state.d.next = State::Finish;
                if (self.move_sum.val() != self.checksum.val()) & !self.is_copy.val() {
                    self.code.d.next = self.mismatch.val();
                    self.fault.d.next = bit_cast::<64, 32>(self.move_sum.val());
                    self.piece_drop.next = self.is_key.val();
                } else if self.move_wrong.val() {
                    self.piece_drop.next = self.is_key.val();
                } else {
                    self.piece_accept.next = self.is_key.val();
                    if self.is_luts.val() {
                        self.state.d.next = State::Mark;
                    }
                }
                if self.move_wrong.val() {
                    self.code.d.next = self.bus_error.val();
                    self.fault.d.next = self.move_wrong_address.val();
                }
            }
            State::Mark => {
                self.state.d.next = State::Marking;
            }
            State::Marking => {
                if self.slots_done.val() {
                    self.state.d.next = State::Finish;
                }
            }

            State::Finish => {
                self.state.d.next = State::Finishing;
            }
            State::Finishing => {
                if self.issue_done.val() {
                    self.state.d.next = State::Rest;
                }
            }
        }
        if self.clear.val() | self.restart.val() {
            self.state.d.next = State::Forget;
        }
    }
}
