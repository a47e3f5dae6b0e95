//! The tables at the end, and the bars.

use gyrus_sim::model::Kernel;
use std::num::NonZeroUsize;

use crate::measure::{Figure, Part, Results};
use crate::ours;
use crate::theirs;
use crate::{LARGEST_BATCH, OTHER_SETS, PRIMARY_LABEL};

pub(crate) fn cpu() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown CPU", |rest| {
        rest.trim_start_matches([' ', '\t', ':'])
    });
    let cores = std::thread::available_parallelism().map_or(0, NonZeroUsize::get);
    format!("{model}, {cores} CPU(s)")
}

/// Which kernels were measured, and which were not.
pub(crate) fn print_kernels() {
    let join = |kernels: &[Kernel]| {
        let names: Vec<String> = kernels.iter().map(Kernel::to_string).collect();
        names.join(", ")
    };
    let available = Kernel::available();
    println!(
        "kernels here: {}; the fastest is {}",
        join(&available),
        Kernel::best()
    );
    let missing: Vec<Kernel> = Kernel::ALL
        .into_iter()
        .filter(|kernel| !available.contains(kernel))
        .collect();
    if !missing.is_empty() {
        println!("NOT MEASURED, not on this CPU: {}", join(&missing));
    }
}

/// A table for each part with one set: milliseconds, and ratios to tfhe-rs.
pub(crate) fn print_table(results: &Results, set: &'static str, parts: &[Part]) {
    let names = [theirs::NTT, theirs::FFT, theirs::FFT_BATCHED].map(str::to_owned);
    let names: Vec<String> = names
        .into_iter()
        .chain(Kernel::available().into_iter().map(ours::name))
        .collect();
    for &part in parts {
        let of = |name: &str| results.milliseconds(&Figure::new(set, part, name));
        // Criterion's filter may have left it out.
        if names.iter().all(|name| of(name).is_none()) {
            continue;
        }
        println!(
            "\n{:52} {:>10} {:>8} {:>8}",
            format!("{set}: {part}"),
            "ms/ct",
            "/NTT",
            "/FFT"
        );
        for name in &names {
            let Some(ours) = of(name) else { continue };
            let ratio = |to: &str| {
                of(to).map_or_else(|| "-".to_owned(), |theirs| format!("{:.3}", ours / theirs))
            };
            let (ntt, fft) = (ratio(theirs::NTT), ratio(theirs::FFT));
            println!("  {name:50} {ours:>10.3} {ntt:>8} {fft:>8}");
        }
    }
}

/// Microseconds of a transform, and of a CMUX of four.
pub(crate) fn print_transforms(results: &Results, set: &'static str) {
    let of = |name: &str| results.milliseconds(&Figure::new(set, Part::Transform, name));
    let Some(theirs) = of(theirs::NTT_CRATE) else {
        return;
    };
    println!(
        "\n{:52} {:>10} {:>8} {:>8}",
        format!("{set}: a transform, 1 thread, data in the cache"),
        "us",
        "ratio",
        "us/CMUX"
    );
    let note = ", forward or back, nothing else";
    println!(
        "  {:50} {:>10.2} {:>8.3} {:>8}",
        format!("{}{note}", theirs::NTT_CRATE),
        theirs * 1e3,
        1.0,
        "-"
    );
    for name in Kernel::available().into_iter().map(ours::name) {
        if let Some(ours) = of(&name) {
            println!(
                "  {:50} {:>10.2} {:>8.3} {:>8.2}",
                format!("{name}, a quarter of a CMUX"),
                ours * 1e3,
                ours / theirs,
                ours * 4e3
            );
        }
    }
}

/// A figure that has a bar. Smaller is better, but for speed-ups.
struct Bar {
    what: String,
    measured: Option<f64>,
    bar: Option<f64>,
    stretch: Option<f64>,
    larger_is_better: bool,
}

/// The bars of this engine with the fastest kernel, and whether all that were measured hold.
pub(crate) fn print_bars(results: &Results) -> bool {
    let best = ours::name(Kernel::best());
    let of = |set, part, name: &str| results.milliseconds(&Figure::new(set, part, name));
    let ratio =
        |set, part, ours: &str, theirs: &str| Some(of(set, part, ours)? / of(set, part, theirs)?);
    let whole = Part::Whole(LARGEST_BATCH, 1);
    let bar = |what: &str, measured, bar: Option<f64>, stretch| Bar {
        what: what.to_owned(),
        measured,
        bar,
        stretch,
        larger_is_better: false,
    };
    let primary = PRIMARY_LABEL;
    let switch = Part::Keyswitch(LARGEST_BATCH);
    let mut bars = vec![
        bar(
            "KS + PBS, 1 thread, to tfhe-rs' NTT path",
            ratio(primary, whole, &best, theirs::NTT),
            Some(0.33),
            None,
        ),
        bar(
            "the same, to tfhe-rs' batched FFT path",
            ratio(primary, whole, &best, theirs::FFT_BATCHED),
            None,
            Some(1.0),
        ),
        bar(
            "KS, to tfhe-rs'",
            // The same function, measured twice: the lower of its times.
            ratio(primary, switch, &best, theirs::FFT)
                .zip(ratio(primary, switch, &best, theirs::NTT))
                .map(|(one, other)| one.max(other)),
            Some(0.25),
            Some(0.1),
        ),
        Bar {
            larger_is_better: true,
            ..bar(
                "KS + PBS, 1 thread to 2",
                of(primary, whole, &best)
                    .zip(of(primary, Part::Whole(LARGEST_BATCH, 2), &best))
                    .map(|(one, two)| one / two),
                Some(1.9),
                Some(2.0),
            )
        },
        bar(
            "transform, to tfhe-ntt's",
            of(primary, Part::Transform, &best)
                .zip(of(primary, Part::Transform, theirs::NTT_CRATE))
                .map(|(ours, theirs)| ours / theirs),
            Some(0.6),
            Some(0.35),
        ),
    ];
    for (label, _) in OTHER_SETS {
        bars.push(bar(
            &format!("{label}: KS + PBS, to tfhe-rs' NTT path"),
            ratio(label, whole, &best, theirs::NTT),
            Some(0.33),
            None,
        ));
        bars.push(bar(
            &format!("{label}: to tfhe-rs' batched FFT path"),
            ratio(label, whole, &best, theirs::FFT_BATCHED),
            None,
            Some(1.0),
        ));
    }
    if Kernel::available().contains(&Kernel::Avx2) {
        bars.push(bar(
            "avx2: KS + PBS, to tfhe-rs' NTT path on this CPU",
            ratio(primary, whole, &ours::name(Kernel::Avx2), theirs::NTT),
            Some(0.5),
            None,
        ));
    }
    println!(
        "\n{:60} {:>9} {:>6} {:>8}",
        format!("bars, batch {LARGEST_BATCH}, {best}"),
        "measured",
        "bar",
        "stretch"
    );
    let mut all_held = true;
    for bar in bars {
        let Some(measured) = bar.measured else {
            println!("  {:58} not measured", bar.what);
            continue;
        };
        let within = |limit: f64| {
            if bar.larger_is_better {
                measured >= limit
            } else {
                measured <= limit
            }
        };
        let held = bar.bar.is_none_or(within);
        all_held &= held;
        let show = |limit: Option<f64>| limit.map_or_else(|| "-".to_owned(), |x| x.to_string());
        let verdict = match (held, bar.stretch.map(within)) {
            (false, _) => "MISSED",
            (true, Some(true)) => "held, and the stretch",
            (true, Some(false)) if bar.bar.is_none() => "stretch missed",
            (true, _) => "held",
        };
        println!(
            "  {:58} {measured:>9.3} {:>6} {:>8}  {verdict}",
            bar.what,
            show(bar.bar),
            show(bar.stretch)
        );
    }
    all_held
}
