//! A core, its bridge and both ends of the line.

use super::join::Join;
use super::{Bridge, Receiver, Sender};
use crate::blind_rotate::{BlindRotate, BuildError, CoreParameters};
use crate::structure;
use rust_hdl::prelude::*;

/// The parameters out of the settings' word; combinational.
#[derive(LogicBlock, Default)]
struct Fields {
    word: Signal<In, Bits<64>>,
    log2_n: Signal<Out, Bits<4>>,
    base_log: Signal<Out, Bits<5>>,
    level_count: Signal<Out, Bits<2>>,
    centred: Signal<Out, Bit>,
    narrow: Signal<Out, Bit>,
    batch: Signal<Out, Bits<5>>,
    lwe_dimension: Signal<Out, Bits<12>>,
    stride: Signal<Out, Bits<12>>,
    samples: Signal<Out, Bits<16>>,
}

impl Logic for Fields {
    #[hdl_gen]
    fn update(&mut self) {
        self.log2_n.next = self.word.val().get_bits::<4>(0);
        self.base_log.next = self.word.val().get_bits::<5>(4);
        self.level_count.next = self.word.val().get_bits::<2>(9);
        self.centred.next = self.word.val().get_bit(11);
        self.narrow.next = self.word.val().get_bit(12);
        self.batch.next = self.word.val().get_bits::<5>(13);
        self.lwe_dimension.next = self.word.val().get_bits::<12>(18);
        self.stride.next = self.word.val().get_bits::<12>(30);
        self.samples.next = self.word.val().get_bits::<16>(42);
    }
}

/// A core behind a serial line; see [the module](super).
#[derive(LogicBlock)]
pub struct SerialCore {
    /// The clock; rising edge.
    pub clock: Signal<In, Clock>,
    /// The line from the host, high at rest.
    pub receive: Signal<In, Bit>,
    /// The line to the host, high at rest.
    pub send: Signal<Out, Bit>,
    /// Busy, turning, waiting for the key; failed, wrong checksum, key store misused, word lost, byte lost.
    pub lights: Signal<Out, Bits<8>>,
    receiver: Receiver,
    sender: Sender,
    bridge: Bridge,
    fields: Fields,
    status: Join,
    lamps: Join,
    core: BlindRotate,
}

impl SerialCore {
    /// A core of these sizes, whose beats of key memory are one word, and a line of so many cycles a bit, 4 at
    /// least.
    ///
    /// # Errors
    /// [`BuildError`] for sizes that there is no core for.
    pub fn new(parameters: &CoreParameters, bit_cycles: u16) -> Result<Self, BuildError> {
        let parameters = CoreParameters {
            beat_words: 1,
            ..*parameters
        };
        Ok(Self {
            clock: Default::default(),
            receive: Default::default(),
            send: Default::default(),
            lights: Default::default(),
            receiver: Receiver::new(bit_cycles),
            sender: Sender::new(bit_cycles),
            bridge: Bridge::default(),
            fields: Fields::default(),
            status: Join::default(),
            lamps: Join::default(),
            core: parameters.build()?,
        })
    }
}

impl Logic for SerialCore {
    structure! { this =>
        wire!(receiver.clock <= clock);
        wire!(receiver.line <= receive);
        wire!(sender.clock <= clock);
        wire!(sender.valid <= bridge.send_valid);
        wire!(sender.value <= bridge.send_byte);
        wire!(send <= sender.line);

        wire!(bridge.clock <= clock);
        wire!(bridge.byte_valid <= receiver.valid);
        wire!(bridge.byte_in <= receiver.value);
        wire!(bridge.byte_wrong <= receiver.wrong);
        wire!(bridge.send_ready <= sender.ready);
        wire!(bridge.lwe_ready <= core.lwe_in_ready);
        wire!(bridge.table_ready <= core.table_ready);
        wire!(bridge.key_ready <= core.key_data_ready);
        wire!(bridge.request_valid <= core.key_request_valid);
        wire!(bridge.result_valid <= core.lwe_out_valid);
        wire!(bridge.result <= core.lwe_out_word);
        wire!(bridge.key_idle <= core.key_idle);
        wire!(bridge.start_ready <= core.start_ready);
        wire!(bridge.status <= status.value);

        wire!(fields.word <= bridge.settings);
        wire!(core.clock <= clock);
        wire!(core.log2_n <= fields.log2_n);
        wire!(core.lwe_dimension <= fields.lwe_dimension);
        wire!(core.base_log <= fields.base_log);
        wire!(core.level_count <= fields.level_count);
        wire!(core.centred <= fields.centred);
        wire!(core.narrow <= fields.narrow);
        wire!(core.batch <= fields.batch);
        wire!(core.lwe_out_samples <= fields.samples);
        wire!(core.lwe_out_stride <= fields.stride);
        constant!(core.lwe_out_enable <= true);
        wire!(core.start <= bridge.start);
        wire!(core.drop <= bridge.drop);
        wire!(core.lwe_in_valid <= bridge.lwe_valid);
        wire!(core.lwe_in_word <= bridge.word);
        wire!(core.table_valid <= bridge.table_valid);
        wire!(core.table_word <= bridge.word);
        wire!(core.lwe_out_ready <= bridge.result_ready);
        wire!(core.key_start <= bridge.key_start);
        wire!(core.key_stop <= bridge.key_stop);
        wire!(core.key_request_ready <= bridge.request_ready);
        wire!(core.key_data_valid <= bridge.key_valid);
        for word in 0..this.core.key_data.len() {
            wire!(core.key_data[word] <= bridge.word);
        }

        wire!(status.bits[0] <= core.busy);
        wire!(status.bits[1] <= core.start_ready);
        wire!(status.bits[2] <= core.failed);
        wire!(status.bits[3] <= core.checksum_error);
        wire!(status.bits[4] <= core.protocol_error);
        wire!(status.bits[5] <= core.underrun);
        wire!(status.bits[6] <= bridge.overrun);
        wire!(status.bits[7] <= bridge.framing_error);
        wire!(lamps.bits[0] <= core.busy);
        wire!(lamps.bits[1] <= core.turning);
        wire!(lamps.bits[2] <= core.key_waiting);
        wire!(lamps.bits[3] <= core.failed);
        wire!(lamps.bits[4] <= core.checksum_error);
        wire!(lamps.bits[5] <= core.protocol_error);
        wire!(lamps.bits[6] <= bridge.overrun);
        wire!(lamps.bits[7] <= bridge.framing_error);
        wire!(lights <= lamps.value);
    }
}
