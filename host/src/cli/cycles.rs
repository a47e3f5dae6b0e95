//! `gyrus cycles`: what bootstraps take in cycles of the card's clock.

use super::Insecure;
use super::error::CliError;
use super::keygen::{find_parameters, warn_if_insecure};
use super::machine::{Logic, Machine, describe};
use super::output::Output;
use crate::device::{Batch, Counters, Device, LutSlot};
use crate::files;
use crate::model::noise;
use crate::tfhe;
use ::tfhe::shortint::ClientKey;
use clap::Args;
use gyrus_interface::{PRIMARY, ParameterSet, layout};
use std::time::{Duration, Instant};

/// Longest wait for a batch; simulated logic is slow.
const DEADLINE: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of the parameter set; `gyrus info` lists them.
    #[arg(long, value_name = "NAME", default_value = PRIMARY)]
    parameters: String,
    /// Batches in flight.
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=16))]
    queued: u8,
    /// Batches to measure, behind the first.
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    batches: u16,
    #[command(flatten)]
    logic: Logic,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    insecure: Insecure,
}

/// Different inputs: the middles of the torus' eighths, in turn.
const EIGHTHS: usize = 8;

/// The middle of an eighth of the torus.
const fn input(number: usize) -> u64 {
    (2 * (number % EIGHTHS) as u64 + 1) << 60
}

/// What the table makes of that input: 1 to 4 sixteenths of the torus for the first half of it, and
/// their negatives, as always, for the second.
const fn output(number: usize) -> u64 {
    let eighth = number % EIGHTHS;
    let value = (eighth % 4 + 1) as u64 * (1 << 60);
    if eighth < 4 {
        value
    } else {
        value.wrapping_neg()
    }
}

/// The table that does.
fn table(set: &ParameterSet) -> Vec<u64> {
    let words = layout::lut_words(set);
    (0..words).map(|at| output(4 * at / words)).collect()
}

/// Looks at everything that comes back.
struct Check<'a> {
    client: &'a ClientKey,
    /// Farthest that noise takes an output, mod 2^64.
    limit: u64,
    wrong: usize,
    count: usize,
}

impl<'a> Check<'a> {
    fn new(client: &'a ClientKey, set: &ParameterSet) -> Self {
        // Sixteen standard deviations, and a hundredth of what is between two outputs at the most.
        let limit = 16.0 * noise::bootstrap_variance(set).sqrt() * 2_f64.powi(64);
        Self {
            client,
            limit: limit as u64,
            wrong: 0,
            count: 0,
        }
    }

    /// Decrypts the outputs of inputs 0, 1, ... and so on.
    fn outputs(&mut self, outputs: &[u64], inputs: usize) -> Result<(), CliError> {
        let phases = tfhe::decrypt_phases(self.client, outputs)?;
        let right = phases.iter().take(inputs).enumerate();
        let right = right.filter(|(number, phase)| {
            let error = phase.wrapping_sub(output(*number)).cast_signed();
            error.unsigned_abs() <= self.limit
        });
        self.wrong += inputs - right.count();
        self.count += inputs;
        Ok(())
    }

    /// An error if an output was wrong.
    const fn verdict(&self) -> Result<(), CliError> {
        match self.wrong {
            0 => Ok(()),
            wrong => Err(CliError::WrongResults {
                wrong,
                count: self.count,
            }),
        }
    }
}

/// Waits for a batch that went well.
fn finish(device: &mut dyn Device) -> Result<Vec<u64>, CliError> {
    let finished = device.wait(Instant::now() + DEADLINE)?;
    Ok(finished.outputs?.concat())
}

/// What the counters say of the first ciphertexts of a batch with nothing else in flight.
fn alone(
    device: &mut dyn Device,
    batch: &Batch,
    count: usize,
    check: &mut Check<'_>,
) -> Result<Counters, CliError> {
    let batch = Batch {
        inputs: batch.inputs.iter().take(count).cloned().collect(),
        luts: batch.luts.iter().take(count).copied().collect(),
        ..batch.clone()
    };
    let before = device.counters()?;
    device.submit(batch)?;
    let outputs = finish(device)?;
    let counted = device.counters()?.since(&before);
    check.outputs(&outputs, count)?;
    Ok(counted)
}

/// What the counters say of some batches in the middle of a queue, and of all of the queue: a batch's keys are
/// read while others are completed, so only all batches have read whole keys.
fn sustained(
    device: &mut dyn Device,
    batch: &Batch,
    queued: usize,
    batches: usize,
    check: &mut Check<'_>,
    out: &Output,
) -> Result<[Counters; 2], CliError> {
    let count = batch.luts.len();
    let all = queued + batches;
    let mut progress = out.progress("measuring", "bootstraps", (all * count) as u64);
    let mut to_submit = all;
    let begin = device.counters()?;
    for _ in 0..queued {
        device.submit(batch.clone())?;
        to_submit -= 1;
    }
    let mut outputs = finish(device)?;
    let before = device.counters()?;
    for done in 0..batches {
        progress.set(((done + 1) * count) as u64);
        if to_submit > 0 {
            device.submit(batch.clone())?;
            to_submit -= 1;
        }
        // The device has enough to do meanwhile.
        check.outputs(&outputs, count)?;
        outputs = finish(device)?;
    }
    let after = device.counters()?;
    check.outputs(&outputs, count)?;
    for left in (1..queued).rev() {
        progress.set(((all - left) * count) as u64);
        let outputs = finish(device)?;
        check.outputs(&outputs, count)?;
    }
    let whole = device.counters()?.since(&begin);
    Ok([after.since(&before), whole])
}

/// What was measured.
struct Measured {
    /// Cycles in which the keys were loaded.
    loading: u64,
    /// Of a bootstrap with nothing else in flight.
    single: Counters,
    /// Of two, if a batch holds two.
    pair: Option<Counters>,
    /// Of the batches that were measured.
    counted: Counters,
    /// Of these and those before and behind them.
    whole: Counters,
    /// Ciphertexts of a batch.
    count: usize,
    /// Batches in flight.
    queued: usize,
    /// Bootstraps whose outputs were right.
    checked: usize,
}

/// Measures a device, and checks all that it computes.
fn measure(
    device: &mut dyn Device,
    set: &ParameterSet,
    queued: usize,
    batches: usize,
    out: &Output,
) -> Result<Measured, CliError> {
    let (client, evaluation) = files::generate_keys(set)?;
    let key = tfhe::import_evaluation_key_as(evaluation.compressed(), set.clone())?;
    let identity = device.identity();
    let count = identity.preferred_batch.max(1);
    let queued = queued.min(identity.max_in_flight);
    let deadline = Instant::now() + DEADLINE;
    let before = device.counters()?.cycles;
    let mut progress = out.progress("loading the key", "bytes", 0);
    device.load_keys(
        &key,
        &mut |done, total| progress.set_of(done, total),
        deadline,
    )?;
    drop(progress);
    let loading = device.counters()?.cycles - before;
    device.load_luts(LutSlot(0), &[&table(set)], deadline)?;
    let words: Vec<u64> = (0..count).map(input).collect();
    client.with_key(|client| {
        let ciphertexts = tfhe::expand(&tfhe::encrypt_words(client, &words)?, set)?;
        let batch = Batch {
            inputs: ciphertexts
                .chunks_exact(set.big_lwe_size())
                .map(Into::into)
                .collect(),
            luts: vec![LutSlot(0); count],
            samples: 1,
            stride: 0,
        };
        let mut check = Check::new(client, set);
        let mut progress = out.progress("measuring", "bootstraps alone", 1 + 2);
        let single = alone(device, &batch, 1, &mut check)?;
        progress.set(1);
        let pair = if count > 1 {
            Some(alone(device, &batch, 2, &mut check)?)
        } else {
            None
        };
        drop(progress);
        let [counted, whole] = sustained(device, &batch, queued, batches, &mut check, out)?;
        check.verdict()?;
        Ok(Measured {
            loading,
            single,
            pair,
            counted,
            whole,
            count,
            queued,
            checked: check.count,
        })
    })
}

pub(super) fn run(arguments: &Arguments, out: &mut Output) -> Result<(), CliError> {
    let set = find_parameters(&arguments.parameters, &arguments.insecure)?;
    warn_if_insecure(&set, out);
    let mut device = arguments.machine.device_with(&arguments.logic, out)?;
    let device = device.as_mut();
    let identity = device.identity().clone();
    let batches = usize::from(arguments.batches);
    let Measured {
        loading,
        single,
        pair,
        counted,
        whole,
        count,
        queued,
        checked,
    } = measure(device, &set, arguments.queued.into(), batches, out)?;

    let clock = identity.clock_hz as f64;
    // HPU's figures are of the primary set.
    let primary = set.name == PRIMARY;
    let bootstraps = (batches * count) as f64;
    let seconds = counted.cycles as f64 / clock;
    let share = |cycles: u64| 100.0 * cycles as f64 / counted.cycles.max(1) as f64;
    let gigabytes = |bytes: u64| bytes as f64 / seconds / 1e9;
    // Of what all batches read, at the rate of those in the middle.
    let of_keys =
        |bytes: u64| bytes as f64 / whole.bootstraps.max(1) as f64 * bootstraps / seconds / 1e9;
    out.result(format_args!("device      {}", describe(&identity)))?;
    out.result(format_args!(
        "parameters  {}: n = {}, N = {}",
        set.name, set.lwe_dimension, set.polynomial_size
    ))?;
    if arguments.logic.upload_keys {
        out.result(format_args!(
            "keys        uploaded in {loading} cycles: {:.1} ms at {:.0} MHz",
            loading as f64 / clock * 1e3,
            clock / 1e6
        ))?;
    }
    out.result(format_args!(
        "alone       {} cycles for a KS + PBS with nothing else in flight: {:.1} us at {:.0} MHz",
        single.cycles,
        single.cycles as f64 / clock * 1e6,
        clock / 1e6
    ))?;
    if let Some(Counters { cycles, .. }) = pair {
        // HPU's figure is derived so, too.
        let cmux = cycles as f64 / set.lwe_dimension.0 as f64;
        let hpu = if primary { " (HPU: 278)" } else { "" };
        out.result(format_args!(
            "two         {cycles} cycles for two at once and nothing else: {cmux:.1} over n{hpu}"
        ))?;
    }
    out.result(format_args!(
        "sustained   {:.0} cycles a KS + PBS, {batches} batches of {count} with {queued} in flight: \
         {:.0} PBS/s at {:.0} MHz",
        counted.cycles as f64 / bootstraps,
        bootstraps / seconds,
        clock / 1e6
    ))?;
    let cmux = counted.cycles as f64 / bootstraps / set.lwe_dimension.0 as f64;
    let hpu = if primary { " (HPU: 32)" } else { "" };
    out.result(format_args!(
        "CMUX        {cmux:.2} cycles a CMUX and ciphertext{hpu}, all stages and waits included"
    ))?;
    if counted.turn_cycles == 0 {
        out.result(
            "core        there is none: the cycles of this device are nanoseconds of this computer, and say \
             nothing of a card",
        )?;
    } else {
        out.result(format_args!(
            "core        takes coefficients in {:.2}% of the cycles, waits for its key in {:.2}%",
            share(counted.turn_cycles),
            share(counted.key_wait_cycles)
        ))?;
        out.result(format_args!(
            "keys        {:.1} GB/s of the bootstrapping key, {:.1} GB/s of the key switching key: {:.1} GB/s \
             from card memory, besides tables",
            of_keys(whole.key_bytes),
            of_keys(whole.keyswitch_key_bytes),
            of_keys(whole.key_bytes + whole.keyswitch_key_bytes)
        ))?;
    }
    out.result(format_args!(
        "host        {:.2} GB/s read, {:.2} GB/s written",
        gigabytes(counted.host_bytes_read),
        gigabytes(counted.host_bytes_written)
    ))?;
    out.result(format_args!(
        "checked     all {checked} results, decrypted, are right"
    ))?;
    if !primary {
        return Ok(());
    }
    out.result(
        "reference   HPU (V80, 400 MHz, n = 879): 14,167 PBS/s, 847 us a batch of 12, 611 us at \
         least (tfhe-rs documentation); derived from these: 32 cycles a CMUX and ciphertext, 278 \
         with two in flight",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{
        BatchTag, DeviceChoice, DeviceOptions, Finished, Identity, Progress, Statistics, open,
    };
    use crate::key::EvaluationKey;
    use gyrus_interface::{DeviceError, catalogue};

    /// The model, with a fault in some of its results.
    struct Faulty {
        device: Box<dyn Device>,
        /// Batches that came back.
        batches: usize,
        /// Batch and ciphertext of which a result is wrong.
        faults: Vec<(usize, usize)>,
    }

    impl Device for Faulty {
        fn identity(&self) -> &Identity {
            self.device.identity()
        }

        fn load_keys(
            &mut self,
            key: &EvaluationKey,
            progress: Progress<'_>,
            deadline: Instant,
        ) -> Result<(), DeviceError> {
            self.device.load_keys(key, progress, deadline)
        }

        fn parameters(&self) -> Option<&ParameterSet> {
            self.device.parameters()
        }

        fn load_luts(
            &mut self,
            first: LutSlot,
            luts: &[&[u64]],
            deadline: Instant,
        ) -> Result<(), DeviceError> {
            self.device.load_luts(first, luts, deadline)
        }

        fn submit(&mut self, batch: Batch) -> Result<BatchTag, DeviceError> {
            self.device.submit(batch)
        }

        fn wait(&mut self, deadline: Instant) -> Result<Finished, DeviceError> {
            let mut finished = self.device.wait(deadline)?;
            let body = catalogue::toy().big_lwe_size() - 1;
            for (batch, number) in &self.faults {
                if *batch == self.batches
                    && let Ok(outputs) = &mut finished.outputs
                {
                    // By a 64th of the torus: a quarter of what is between two results.
                    outputs[*number][body] ^= 1 << 58;
                }
            }
            self.batches += 1;
            Ok(finished)
        }

        fn reset(&mut self, deadline: Instant) -> Result<(), DeviceError> {
            self.device.reset(deadline)
        }

        fn statistics(&self) -> Statistics {
            self.device.statistics()
        }

        fn counters(&mut self) -> Result<Counters, DeviceError> {
            self.device.counters()
        }
    }

    /// Measures two batches with two in flight: four of them behind a bootstrap alone and two of them.
    fn with_faults(faults: &[(usize, usize)]) -> Result<Measured, CliError> {
        let mut device = Faulty {
            device: open(DeviceChoice::Model, DeviceOptions::default()).expect("opens"),
            batches: 0,
            faults: faults.to_vec(),
        };
        let out = Output::new(true, Duration::from_secs(10));
        measure(&mut device, &catalogue::toy(), 2, 2, &out)
    }

    #[test]
    fn results_that_are_all_right_are_all_counted() {
        let measured = with_faults(&[]).expect("is right");
        assert!(measured.count > 1);
        assert_eq!(measured.checked, 1 + 2 + 4 * measured.count);
    }

    #[test]
    fn no_wrong_result_goes_unnoticed() {
        let all = 1 + 2 + 4 * with_faults(&[]).expect("is right").count;
        // Each of the batches, measured or not.
        let faults = [(0, 0), (1, 1), (2, 0), (3, 1), (4, 0), (5, 1)];
        for (last, fault) in faults.iter().enumerate() {
            for (faults, expected) in [(&[*fault][..], 1), (&faults[..=last], last + 1)] {
                match with_faults(faults) {
                    Err(CliError::WrongResults { wrong, count }) => {
                        assert_eq!((wrong, count), (expected, all));
                    }
                    Err(error) => panic!("{error}"),
                    Ok(_) => panic!("{faults:?} went unnoticed"),
                }
            }
        }
    }
}
