//! What is connected to what: the core has no logic of its own.

use super::*;
use crate::structure;

impl Logic for BlindRotate {
    structure! { this =>
        // Control and parameters.
        wire!(control.clock <= clock);
        wire!(control.start <= start);
        wire!(start_ready <= control.start_ready);
        wire!(control.load_ready <= load.start_ready);
        wire!(control.closed <= load.closed);
        wire!(control.rests <= sequencer.rests);
        wire!(control.delivering <= deliver.busy);
        wire!(busy <= control.busy);
        wire!(failed <= control.failed);
        wire!(control.key_error <= key_store.checksum_error);
        wire!(control.drop <= drop);
        wire!(turning <= sequencer.read_valid);
        wire!(control.settled <= slots.settled);
        wire!(configuration.clock <= clock);
        wire!(configuration.log2_n <= log2_n);

        // LWE words to degrees.
        wire!(modulus_switch.clock <= clock);
        wire!(modulus_switch.log2_n <= log2_n);
        wire!(modulus_switch.lwe_dimension <= lwe_dimension);
        wire!(modulus_switch.centred <= centred);
        wire!(modulus_switch.narrow <= narrow);
        wire!(modulus_switch.lwe_valid <= lwe_in_valid);
        wire!(lwe_in_ready <= modulus_switch.lwe_ready);
        wire!(modulus_switch.lwe_word <= lwe_in_word);
        wire!(modulus_switch.switched_ready <= load.switched_ready);

        wire!(modulus_switch.clear <= control.abort);

        wire!(load.clock <= clock);
        wire!(load.start <= control.load_start);
        wire!(load.batch <= batch);
        wire!(load.flush <= control.flush);
        wire!(load.log2_n <= log2_n);
        wire!(load.switched_valid <= modulus_switch.switched_valid);
        wire!(load.switched_last <= modulus_switch.switched_last);
        wire!(load.table_valid <= table_valid);
        wire!(table_ready <= load.table_ready);
        wire!(load.table_done <= table_tag.done);
        wire!(load.table_done_slot <= table_tag.slot_out);
        wire!(load.batch_done <= sequencer.batch_done);
        wire!(degree_write.slot <= load.degree_slot);
        wire!(degree_write.half <= load.degree_half);
        wire!(degree_write.index <= modulus_switch.switched_index);
        wire!(degrees.clock <= clock);
        wire!(degrees.write_enable <= load.degree_write);
        wire!(degrees.write_address <= degree_write.address);
        wire!(degrees.write_data <= modulus_switch.switched_word);
        wire!(degree_read.slot <= sequencer.degree_slot);
        wire!(degree_read.half <= load.batch_half);
        wire!(degree_read.index <= sequencer.degree_index);
        wire!(degrees.read_address <= degree_read.address);
        wire!(tables.clock <= clock);
        wire!(tables.log2_n <= log2_n);
        wire!(tables.write_valid <= load.table_write);
        wire!(tables.write_slot <= load.table_slot);
        wire!(tables.write_index <= load.table_index);
        wire!(tables.write_word <= table_word);

        // Turns.
        wire!(sequencer.clock <= clock);
        wire!(sequencer.abort <= control.abort);
        wire!(sequencer.key_start <= key_start);
        wire!(sequencer.lwe_dimension <= lwe_dimension);
        wire!(sequencer.degree_mask <= configuration.degree_mask);
        wire!(sequencer.batch_ready <= load.batch_ready);
        wire!(sequencer.batch_size <= load.batch_size);
        wire!(sequencer.staged <= load.staged);
        wire!(sequencer.taken_results <= deliver.taken);
        wire!(sequencer.level_count <= level_count);
        wire!(sequencer.pass_cycles <= configuration.pass_cycles);
        wire!(sequencer.last_time <= configuration.last_time);
        wire!(sequencer.degree <= degrees.read_data);
        wire!(slack.degree <= sequencer.next_degree);
        wire!(slack.fine_mask <= configuration.fine_mask);
        wire!(slots.clock <= clock);
        wire!(slots.slot <= sequencer.next_slot);
        wire!(sequencer.next_slack <= slack.cycles);
        wire!(slots.slack <= sequencer.slack);
        wire!(slots.grant <= sequencer.grant);
        wire!(slots.turn <= sequencer.turn);
        wire!(sequencer.slot_ready <= slots.ready);
        wire!(sequencer.settled <= slots.settled);

        // Rotate and subtract.
        wire!(accumulator.clock <= clock);
        wire!(accumulator.log2_n <= log2_n);
        wire!(accumulator.read_valid <= sequencer.read_valid);
        wire!(accumulator.read_slot <= sequencer.read_slot);
        wire!(accumulator.read_time <= sequencer.read_time);
        wire!(accumulator.read_degree <= sequencer.read_degree);
        wire!(accumulator.read_alone <= sequencer.read_alone);

        // Digits.
        wire!(gadget.clock <= clock);
        wire!(gadget.base_log <= base_log);
        wire!(gadget.level_count <= level_count);
        wire!(level_line.clock <= clock);
        wire!(level_line.d <= sequencer.read_level);
        wire!(digit_control.clock <= clock);
        wire!(digit_control.valid_in <= accumulator.difference_valid);
        wire!(digit_control.time_in <= accumulator.difference_time);
        wire!(forward.clock <= clock);
        wire!(forward.pass_cycles <= configuration.pass_cycles);
        wire!(forward.fine_bits <= configuration.fine_bits);
        wire!(forward.valid_in <= digit_control.valid_out);
        wire!(forward.time_in <= digit_control.time_out);
        for lane in 0..this.digits.len() {
            wire!(digits[lane].clock <= clock);
            wire!(digits[lane].offset <= gadget.offset);
            wire!(digits[lane].below_sign <= gadget.below_sign);
            wire!(digits[lane].field_0 <= gadget.field_0);
            wire!(digits[lane].field_1_low <= gadget.field_1_low);
            wire!(digits[lane].field_1_top <= gadget.field_1_top);
            wire!(digits[lane].shift_0 <= gadget.shift_0);
            wire!(digits[lane].shift_1 <= gadget.shift_1);
            wire!(digits[lane].shift_2 <= gadget.shift_2);
            wire!(digits[lane].digit_mask <= gadget.digit_mask);
            wire!(digits[lane].minus_half <= gadget.minus_half);
            wire!(digits[lane].minus_base <= gadget.minus_base);
            wire!(digits[lane].minus_both <= gadget.minus_both);
            wire!(digits[lane].last_level <= gadget.last_level);
            wire!(digits[lane].x <= accumulator.difference[lane]);
            wire!(digits[lane].level <= level_line.q);
            wire!(forward.x[lane] <= digits[lane].digit);
        }

        // Key.
        wire!(key_tag.clock <= clock);
        wire!(key_tag.cycle_in <= sequencer.read_time);
        wire!(key_tag.level_in <= sequencer.read_level);
        wire!(key_tag.half_in <= sequencer.read_half);
        wire!(key_tag.end_in <= sequencer.read_end);
        wire!(sequencer.row_end <= key_tag.end_out);
        wire!(sequencer.row_half <= key_tag.half_out);
        wire!(key_store.clock <= clock);
        wire!(key_store.lwe_dimension <= lwe_dimension);
        wire!(key_store.cycles_per_pass <= configuration.pass_cycles);
        wire!(key_store.level_count <= level_count);
        wire!(key_store.start <= key_start);
        wire!(key_store.stop <= key_stop);
        wire!(key_idle <= key_store.idle);
        wire!(key_request_valid <= key_store.request_valid);
        wire!(key_store.request_ready <= key_request_ready);
        wire!(key_request_slice <= key_store.request_slice);
        wire!(key_store.data_valid <= key_data_valid);
        wire!(key_data_ready <= key_store.data_ready);
        for word in 0..this.key_data.len() {
            wire!(key_store.data[word] <= key_data[word]);
        }
        wire!(key_store.read_half <= key_tag.half_out);
        wire!(key_store.read_level <= key_tag.level_out);
        wire!(key_store.read_time <= key_tag.cycle_out);
        wire!(key_store.slice_wanted <= sequencer.slice_wanted);
        wire!(key_store.slice_take <= sequencer.slice_take);
        wire!(key_store.slice_release <= sequencer.slice_release);
        wire!(sequencer.slice_ready <= key_store.slice_ready);
        wire!(sequencer.slice_half <= key_store.slice_half);
        wire!(checksum_error <= key_store.checksum_error);
        wire!(error_slice <= key_store.error_slice);
        wire!(protocol_error <= key_store.protocol_error);
        wire!(key_wait.wanted <= sequencer.slice_wanted);
        wire!(key_wait.ready <= key_store.slice_ready);
        wire!(key_wait.turning <= sequencer.read_valid);
        wire!(key_waiting <= key_wait.waiting);
        wire!(underrun <= key_store.underrun);
        wire!(underrun_cycles <= key_store.underrun_cycles);

        // Multiply, transform back, switch, add.
        wire!(mac_tag.clock <= clock);
        wire!(mac_tag.level_in <= sequencer.read_level);
        wire!(mac_tag.last_in <= sequencer.read_last_level);
        wire!(mac.clock <= clock);
        wire!(mac.valid_in <= forward.valid_out);
        wire!(mac.time_in <= forward.time_out);
        wire!(mac.first <= mac_tag.first_out);
        wire!(mac.last <= mac_tag.last_out);
        for word in 0..this.mac.key.len() {
            wire!(mac.key[word] <= key_store.key[word]);
        }
        wire!(inverse.clock <= clock);
        wire!(inverse.pass_cycles <= configuration.pass_cycles);
        wire!(inverse.fine_bits <= configuration.fine_bits);
        wire!(inverse.valid_in <= mac.valid_out);
        wire!(inverse.time_in <= mac.time_out);
        wire!(result_tag.clock <= clock);
        wire!(result_tag.slot_in <= sequencer.read_slot);
        wire!(result_tag.load_in <= sequencer.read_load);
        wire!(result_tag.alone_in <= sequencer.read_alone);
        // The accumulator reads the old word in the meantime.
        wire!(result_tag.result_valid <= inverse.valid_early);
        wire!(accumulator.add_valid <= result_tag.add_valid);
        wire!(accumulator.add_time <= inverse.time_early);
        wire!(accumulator.add_slot <= result_tag.slot_out);
        wire!(accumulator.load <= result_tag.load_out);
        wire!(table_tag.clock <= clock);
        wire!(table_tag.slot_in <= sequencer.read_slot);
        wire!(table_tag.cycle_in <= sequencer.read_time);
        wire!(table_tag.load_in <= sequencer.read_load);
        wire!(table_tag.last_in <= sequencer.read_last_time);
        wire!(tables.read_slot <= table_tag.slot_out);
        wire!(tables.read_time <= table_tag.cycle_out);
        for lane in 0..this.words.len() {
            wire!(mac.x[lane] <= forward.y[lane]);
            wire!(inverse.x[lane] <= mac.z[lane]);
            wire!(words[lane].clock <= clock);
            wire!(words[lane].residue <= inverse.y[lane]);
            wire!(accumulator.addend[lane] <= words[lane].word);
            wire!(accumulator.carry[lane] <= words[lane].round_up);
            wire!(accumulator.load_words[lane] <= tables.words[lane]);
            wire!(results.words[lane] <= accumulator.difference[lane]);
        }

        // Results. They are rotated to their end: the coefficient at degree 0 is the sample.
        wire!(result_end.valid <= accumulator.difference_valid);
        wire!(result_end.alone <= accumulator.difference_alone);
        wire!(result_end.cycle <= accumulator.difference_time);
        wire!(result_end.last_time <= configuration.last_time);
        wire!(results.clock <= clock);
        wire!(results.log2_n <= log2_n);
        wire!(results.write_valid <= result_end.write);
        wire!(results.write_slot <= accumulator.difference_slot);
        wire!(results.write_time <= accumulator.difference_time);
        wire!(deliver.clock <= clock);
        wire!(deliver.drop <= drop);
        wire!(deliver.enable <= lwe_out_enable);
        wire!(deliver.samples <= lwe_out_samples);
        wire!(deliver.stride <= lwe_out_stride);
        wire!(deliver.granted <= sequencer.grant_result);
        wire!(deliver.granted_slot <= sequencer.next_slot);
        wire!(deliver.written <= result_end.written);
        wire!(deliver.written_slot <= accumulator.difference_slot);
        wire!(deliver.extract_busy <= sample_extract.busy);
        wire!(control.lwe_valid <= sample_extract.lwe_valid);
        wire!(control.lwe_ready <= lwe_out_ready);
        wire!(control.lwe_last <= sample_extract.lwe_last);
        wire!(deliver.word_last <= control.word_last);
        wire!(sample_extract.clock <= clock);
        wire!(sample_extract.start <= deliver.extract_start);
        wire!(sample_extract.slot <= deliver.slot);
        wire!(sample_extract.body <= deliver.degree);
        wire!(sample_extract.log2_n <= log2_n);
        wire!(sample_extract.lwe_ready <= lwe_out_ready);
        wire!(results.read_valid <= sample_extract.extract_valid);
        wire!(results.read_slot <= sample_extract.extract_slot);
        wire!(results.read_row <= sample_extract.extract_row);
        wire!(results.read_index <= sample_extract.extract_index);
        wire!(sample_extract.word_valid <= results.word_valid);
        wire!(sample_extract.word <= results.word);
        wire!(lwe_out_valid <= sample_extract.lwe_valid);
        wire!(lwe_out_word <= sample_extract.lwe_word);
        wire!(lwe_out_last <= sample_extract.lwe_last);
    }
}
