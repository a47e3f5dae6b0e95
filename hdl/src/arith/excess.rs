//! What the bits above 2^64 of a lazy residue weigh modulo q.
//!
//! A lazy residue x, 72 bits two's complement, is L + 2^64 H with L its low 64 bits and H its
//! signed top 8 bits. 2^64 = E = 2^32 - 1 modulo q, so x = L + H E, and H E = 2^32 H - H. With
//! `extended` = H and `complement` = -1 - H, both modulo 2^32, the 64-bit word
//! `extended` 2^32 + `complement` is
//!
//! - (H + 1) E for H >= 0, and
//! - 2^64 + H E - 1 for H < 0,
//!
//! without an adder: plus `negative` as a carry, it is H E, but one E too large for H >= 0. Who
//! adds it counts that E (a q, in fact) where it takes multiples of q off.
//!
//! Combinational: wires and inverters.

use rust_hdl::prelude::*;

/// The top of a lazy residue as summands modulo q.
#[derive(LogicBlock)]
pub struct Excess {
    /// x, two's complement.
    pub residue: Signal<In, Bits<72>>,
    /// H modulo 2^32.
    pub extended: Signal<Out, Bits<32>>,
    /// -1 - H modulo 2^32.
    pub complement: Signal<Out, Bits<32>>,
    /// `extended` 2^32 + `complement`.
    pub term: Signal<Out, Bits<64>>,
    /// H < 0.
    pub negative: Signal<Out, Bit>,
    sign_extended: Signal<Local, Bits<32>>,
    inverted: Signal<Local, Bits<32>>,
    sign_bits: Constant<Bits<32>>,
}

impl Default for Excess {
    fn default() -> Self {
        Self {
            residue: Default::default(),
            extended: Default::default(),
            complement: Default::default(),
            term: Default::default(),
            negative: Default::default(),
            sign_extended: Default::default(),
            inverted: Default::default(),
            sign_bits: Constant::new(0xffff_ff00.into()),
        }
    }
}

impl Logic for Excess {
    #[hdl_gen]
    fn update(&mut self) {
        self.sign_extended.next = bit_cast::<32, 8>(self.residue.val().get_bits::<8>(64));
        if self.residue.val().get_bit(71) {
            self.sign_extended.next =
                bit_cast::<32, 8>(self.residue.val().get_bits::<8>(64)) | self.sign_bits.val();
        }
        self.inverted.next = !self.sign_extended.val();
        self.extended.next = self.sign_extended.val();
        self.complement.next = self.inverted.val();
        self.term.next = (bit_cast::<64, 32>(self.sign_extended.val()) << 32)
            | bit_cast::<64, 32>(self.inverted.val());
        self.negative.next = self.residue.val().get_bit(71);
    }
}
