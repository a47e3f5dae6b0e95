"""Accuracy, and agreement with the integer model under noise: simulated, by the normal law, and on real LWE ciphertexts."""

import math

import numpy as np

from model import CLASSES, FULL, HALF, INPUT_DELTA_LOG2, OUTPUT_DELTA_LOG2, budget_in_units
from torus import PARAMETERS, describe_budget, simulate_lut_indices

NOISE_SEED, LWE_SEED = 2028, 2029


def noisy_classes(model, pixels, rng, sigma_in, sigma_out):
    """Classes under Gaussian noise at the LUT input (steps) and output (units). The compensated
    centred modulus switch takes floor(phase + 1/2 step + noise)."""
    x = model.pre_activation(pixels)
    index = np.floor(x + 0.5 + rng.standard_normal(x.shape) * sigma_in).astype(np.int64)
    h = model.lut(index) + rng.standard_normal(x.shape) * sigma_out
    return (h @ model.w2.T + model.b2).argmax(1)


def report_noise(model, pixels, labels, heldout_rows, draws, factor):
    """Monte Carlo over the whole chain at `factor` times the calculated noise."""
    sigma = budget_in_units(model)
    plain = model.logits(pixels).argmax(1)
    rng = np.random.default_rng(NOISE_SEED)
    differs = np.zeros((draws, len(pixels)), dtype=bool)
    correct = np.empty(draws)
    for d in range(draws):
        got = noisy_classes(model, pixels, rng, sigma["lut_input_steps"] * factor, sigma["lut_output"] * factor)
        differs[d] = got != plain
        correct[d] = (got == labels).mean()
    fifty = differs[:, heldout_rows].sum(1)
    print(
        f"  noise x{factor:g}: accuracy {100 * correct.mean():.2f}% (draws {100 * correct.min():.2f}..{100 * correct.max():.2f}); "
        f"disagreement with the integer model per 50 images: test split {50 * differs.mean():.4f}, "
        f"committed 50 {fifty.mean():.4f}; P(more than one of the committed 50) {np.mean(fifty > 1):.4f}  [{draws} draws]"
    )


def report_margins(model, pixels, name):
    """Gap between the best and each other logit, in standard deviations of that difference."""
    sigma = budget_in_units(model)
    phase = model.pre_activation(pixels) * (2 * math.pi / FULL)
    per_neuron = sigma["lut_output"] ** 2 + (sigma["lut_input_steps"] * 2 * math.pi / FULL * model.amplitude * np.cos(phase)) ** 2
    z = model.logits(pixels)
    best = z.argmax(1)
    gaps = []
    for i, b in enumerate(best):
        deviation = np.sqrt(((model.w2[b] - model.w2) ** 2 * per_neuron[i]).sum(1))
        others = np.arange(CLASSES) != b
        gaps.append(((z[i, b] - z[i]) / np.where(others, deviation, 1))[others].min())
    gaps = np.sort(gaps)
    expected = sum(0.5 * math.erfc(g / math.sqrt(2)) for g in gaps) / len(gaps) * 50
    print(
        f"  {name}: smallest gaps {', '.join(f'{g:.1f}' for g in gaps[:5])} sigma; median {np.median(gaps):.0f} sigma; "
        f"expected disagreements per 50 by the normal law {expected:.4f}"
    )


def report_ciphertexts(model, pixels, repeats):
    """Real LWE encryption, linear layer, key switch and modulus switch; LUT and logits on the result."""
    images = np.concatenate([pixels] * repeats)
    x, plain = model.pre_activation(images), model.logits(images).argmax(1)
    sigma = budget_in_units(model)
    for centre in (True, False):
        rng = np.random.default_rng(LWE_SEED)
        index = simulate_lut_indices(PARAMETERS, rng, images, model.w1, model.b1, INPUT_DELTA_LOG2, centre)
        error = (index - x + HALF) % FULL - HALF
        h = model.lut(index) + rng.standard_normal(x.shape) * sigma["lut_output"]
        agree = ((h @ model.w2.T + model.b2).argmax(1) == plain).sum()
        print(
            f"  half step {'added' if centre else 'left out'}: LUT index error mean {error.mean():+.3f} "
            f"(standard error {error.std() / math.sqrt(error.size):.3f}), sigma {error.std():.3f} steps "
            f"(calculated {sigma['lut_input_steps']:.3f}); same class as the integer model {agree} of {len(images)}"
        )


def evaluate(model, shadow, pixels, labels, train_rows, test_rows, heldout, draws):
    x, y = pixels[test_rows], labels[test_rows]
    sigma = budget_in_units(model)
    print(f"parameter set {PARAMETERS.name}; calculated noise, one sigma:")
    print("\n".join(describe_budget(PARAMETERS)))
    print("calculated noise in units of the model (LUT input: steps of 2^-12 torus; LUT output, logits: integers):")
    print("  " + ", ".join(f"{k} {v:.4g}" for k, v in sigma.items()))
    pre = model.pre_activation(pixels)
    print(f"pre-activation on all data: {pre.min()} .. {pre.max()} steps; the sine has period {FULL} and no edge")
    limit = 2 ** (63 - OUTPUT_DELTA_LOG2)
    print(
        f"LUT amplitude {model.amplitude} units of 2^{OUTPUT_DELTA_LOG2}; |logit| <= {model.worst_logit()} for any input, "
        f"{100 * model.worst_logit() / limit:.1f}% of the signed range; on the data <= {np.abs(model.logits(pixels)).max()}"
    )
    w1, b1, w2, b2 = shadow
    real = np.sin((x @ w1.T + b1) * (2 * math.pi / FULL)) @ w2.T + b2
    print(f"accuracy on the {len(y)} test images:")
    print(f"  real-valued weights, no noise: {(real.argmax(1) == y).sum()} correct, {100 * (real.argmax(1) == y).mean():.2f}%")
    correct = model.logits(x).argmax(1) == y
    print(f"  integer model, no noise: {correct.sum()} correct, {100 * correct.mean():.2f}%")
    trained = model.logits(pixels[train_rows]).argmax(1) == labels[train_rows]
    print(f"  (integer model on the {len(train_rows)} training images: {100 * trained.mean():.2f}%)")
    held = model.logits(pixels[heldout]).argmax(1) == labels[heldout]
    print(f"  (integer model on the committed {len(heldout)}: {held.sum()} correct)")
    print("noise simulation, whole chain, Gaussian:")
    heldout_rows = np.searchsorted(test_rows, heldout)
    for factor in (1.0, 2.0, 4.0):
        report_noise(model, x, y, heldout_rows, draws, factor)
    print("logit gaps:")
    report_margins(model, x, "test split")
    report_margins(model, pixels[heldout], "committed 50")
    print("torus-level simulation, real key switch and centred modulus switch, committed 50 twice:")
    report_ciphertexts(model, pixels[heldout], repeats=2)
