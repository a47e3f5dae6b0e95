"""Trains, quantises and evaluates the 64-32-10 digit classifier that Gyrus runs under TFHE.

    python train.py                    train, write digits.json and heldout.json, print every figure
    python train.py --check            train again and compare with the committed files, byte for byte
    python train.py --cross-validate   5-fold accuracy, on the training split, of three activations

The network: integer linear layer, one LUT per hidden neuron (a sine), integer linear layer.
Training is quantisation-aware (straight-through) and noise-aware.

Reproducible on any IEEE-754 machine: the operands of every matrix product are on a dyadic grid
so coarse that the sums are exact, hence independent of the BLAS, of its kernel and of the thread
count; everything else is element-wise +, -, *, /, sqrt and table look-ups.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import argparse
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from evaluate import evaluate
from model import CLASSES, FULL, HALF, HIDDEN, MARGIN, IntegerModel, heldout_file, model_file
from torus import PARAMETERS, noise_budget, pbs_input_sigma

HERE = Path(__file__).resolve().parent
SEED = 2026
DATA_SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"

W1_MAX, W2_MAX = 15, 7
EPOCHS, BATCH = 300, 64
LEARNING_RATES = (0.5, 4.0, 0.03, 0.03)  # W1, b1, W2, b2
HINGE = 6.0
NOISE_FACTOR = 30.0  # training noise at the LUT input, over the calculated noise
LOGIT_NOISE = 3.0  # training noise on the logits, in LUT amplitudes
EDGE_RATE = 2.0**-16  # pull, per unit, on a ReLU input beyond its range
SHIFT, SHEAR, PIXEL_NOISE = 0.4, 0.1, 1.0  # augmentation: pixels, pixels per pixel, grey levels

TABLE_BITS, GRADIENT_BITS, BIAS_BITS = 20, 18, 6


# ---------------------------------------------------------------- data


def load_data():
    """Pixels [1797, 64] as float64 integers 0..16, labels [1797]."""
    digits = load_digits()
    pixels, labels = digits.data.astype(np.uint8), digits.target.astype(np.uint8)
    digest = hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()
    if digest != DATA_SHA256:
        sys.exit(f"the data set is not the expected one: SHA-256 {digest}")
    return pixels.astype(np.float64), labels.astype(np.int64)


def split(labels):
    """Indices of the training and test splits: a quarter of each class, drawn by seed, is for testing."""
    rng = np.random.default_rng(SEED)
    test = []
    for c in range(CLASSES):
        members = rng.permutation(np.flatnonzero(labels == c))
        test.extend(members[: len(members) // 4])
    test = np.array(sorted(test))
    return np.setdiff1d(np.arange(len(labels)), test), test


def choose_heldout(labels, test, rounds=5):
    """Five images a class from the test split, drawn by seed alone; every ten in a row hold all classes."""
    rng = np.random.default_rng(SEED + 1)
    drawn = [rng.permutation(test[labels[test] == c])[:rounds] for c in range(CLASSES)]
    return np.array([drawn[c][r] for r in range(rounds) for c in rng.permutation(CLASSES)])


def augment(pixels, rng):
    """Small random shifts, shears and grey-level noise; bilinear, back to integers 0..16."""
    n = len(pixels)
    dy, dx = ((rng.random((2, n)) * 2 - 1) * SHIFT)[:, :, None, None]
    ay, ax = ((rng.random((2, n)) * 2 - 1) * SHEAR)[:, :, None, None]
    y, x = np.mgrid[0:8, 0:8].astype(np.float64)
    sy = y + ay * (x - 3.5) + dy
    sx = x + ax * (y - 3.5) + dx
    y0, x0 = np.floor(sy), np.floor(sx)
    fy, fx = sy - y0, sx - x0
    padded = np.zeros((n, 12, 12))
    padded[:, 2:10, 2:10] = pixels.reshape(n, 8, 8)
    image = np.arange(n)[:, None, None]
    iy, ix = y0.astype(np.int64) + 2, x0.astype(np.int64) + 2
    top = padded[image, iy, ix] * (1 - fx) + padded[image, iy, ix + 1] * fx
    bottom = padded[image, iy + 1, ix] * (1 - fx) + padded[image, iy + 1, ix + 1] * fx
    moved = (top * (1 - fy) + bottom * fy).reshape(n, 64)
    return np.clip(np.rint(moved + rng.standard_normal(moved.shape) * PIXEL_NOISE), 0, 16)


# ---------------------------------------------------------------- training


def snap(x, bits):
    """The nearest multiples of 2^-bits."""
    return np.rint(x * 2.0**bits) * 2.0**-bits


def exact_matmul(a, b, bits):
    """a @ b for products that are multiples of 2^-bits; refuses where a sum could round."""
    if np.abs(a).max() * np.abs(b).max() * a.shape[1] * 2.0**bits >= 2.0**53:
        raise OverflowError("a matrix product is not exact: coarsen the grid")
    return a @ b


def activation(name):
    """Value and derivative (per torus) at each of the 2N steps; all satisfy f(x + 1/2) = -f(x)."""
    t = [(i if i < HALF else i - FULL) / FULL for i in range(FULL)]
    if name == "sine":
        f = [math.sin(2 * math.pi * x) for x in t]
        g = [2 * math.pi * math.cos(2 * math.pi * x) for x in t]
    elif name == "triangle":
        f = [4 * x if abs(x) < 0.25 else math.copysign(2, x) - 4 * x for x in t]
        g = [4.0 if abs(x) < 0.25 else -4.0 for x in t]
    else:  # "relu": 2 max(0, 4x) - 1 on the half torus around 0, its negacyclic continuation outside
        inside = [-0.25 <= x < 0.25 for x in t]
        near = [x if i else x - math.copysign(0.5, x) for x, i in zip(t, inside)]
        f = [(1 if i else -1) * (8 * max(0.0, x) - 1) for x, i in zip(near, inside)]
        g = [8.0 if i and x > 0 else 0.0 for x, i in zip(near, inside)]
    return snap(np.array(f), TABLE_BITS), snap(np.array(g), TABLE_BITS)


def unit_log2(name):
    """log2 of the units of pre-activation per step: ReLU has to fit half the torus, so its unit is finer."""
    return 2 if name == "relu" else 0


def train(pixels, labels, seed, name="sine"):
    """Integer W1, b1 (steps), W2, real b2 (LUT amplitudes), and the real-valued weights behind them."""
    rng = np.random.default_rng(seed)
    value, slope = activation(name)
    unit = 2 ** unit_log2(name)
    edge = (1 - MARGIN) * FULL * unit / 4 if name == "relu" else math.inf
    sigma = pbs_input_sigma(PARAMETERS, 64.0) * FULL * unit * NOISE_FACTOR
    w1 = np.clip(rng.standard_normal((HIDDEN, 64)) * 3, -W1_MAX, W1_MAX)
    w2 = rng.standard_normal((CLASSES, HIDDEN)) * (W2_MAX / 4)
    b1 = -(np.rint(w1) @ np.rint(pixels.mean(0)))
    b2 = np.zeros(CLASSES)
    shadow = [w1, b1, w2, b2]
    first = [np.zeros_like(p) for p in shadow]
    second = [np.zeros_like(p) for p in shadow]
    rows = np.arange(BATCH)
    batches = len(pixels) // BATCH
    power1, power2 = 1.0, 1.0
    for epoch in range(EPOCHS):
        order = rng.permutation(len(pixels))
        for batch in range(batches):
            chosen = order[batch * BATCH : (batch + 1) * BATCH]
            p, y = augment(pixels[chosen], rng), labels[chosen]
            q1, q2 = np.rint(w1), np.rint(w2)
            noise = np.rint(rng.standard_normal((BATCH, HIDDEN)) * sigma)
            x = exact_matmul(p, q1.T, 0) + np.rint(b1)
            index = ((x + noise).astype(np.int64) // unit) % FULL
            h = value[index]
            z = exact_matmul(h, q2.T, TABLE_BITS) + snap(b2, BIAS_BITS)
            z += snap(rng.standard_normal(z.shape) * LOGIT_NOISE, 14)
            # Squared hinge on every wrong class.
            short = np.maximum(0, HINGE - (z[rows, y][:, None] - z))
            short[rows, y] = 0
            dz = short.copy()
            dz[rows, y] = -short.sum(1)
            dz = snap(dz / BATCH, GRADIENT_BITS)
            dx = exact_matmul(dz, q2, GRADIENT_BITS) * slope[index] / (FULL * unit)
            # Nothing pulls on a sine; a ReLU is pushed back inside its half torus less the margin.
            dx += EDGE_RATE * (x - np.clip(x, -edge, edge))
            dx = snap(dx, 30)
            gradients = (
                exact_matmul(dx.T, p, 30),
                dx.sum(0),
                exact_matmul(dz.T, h, GRADIENT_BITS + TABLE_BITS),
                dz.sum(0),
            )
            # Adam, the rate falling linearly to zero; powers by products, as pow() is not exact.
            power1, power2 = power1 * 0.9, power2 * 0.99
            fall = 1 - (epoch * batches + batch) / (EPOCHS * batches)
            for s, m, v, g, rate in zip(shadow, first, second, gradients, LEARNING_RATES):
                m += 0.1 * (g - m)
                v += 0.01 * (g * g - v)
                s -= rate * fall * (m / (1 - power1)) / (np.sqrt(v / (1 - power2)) + 1e-9)
            np.clip(w1, -W1_MAX, W1_MAX, out=w1)
            np.clip(w2, -W2_MAX, W2_MAX, out=w2)
    integers = [np.rint(w1).astype(np.int64), np.rint(b1).astype(np.int64), np.rint(w2).astype(np.int64)]
    return (*integers, snap(b2, BIAS_BITS)), (w1, b1, w2, b2)


# ---------------------------------------------------------------- command line


def cross_validate(pixels, labels, repeats, folds=5):
    """Folds of the training split: how the activation was chosen. The test split is not looked at."""
    budget = noise_budget(PARAMETERS)
    fold = np.random.default_rng(SEED + 4).permutation(len(pixels)) % folds
    for name in ("sine", "triangle", "relu"):
        value, _ = activation(name)
        unit = 2 ** unit_log2(name)
        accuracy, differ, beyond, wrapped = [], [], [], []
        for k in range(folds * repeats):
            held = fold == k % folds
            x, y = pixels[held].astype(np.int64), labels[held]
            (w1, b1, w2, b2), _ = train(pixels[~held], labels[~held], SEED + k, name)
            pre = x @ w1.T + b1
            plain = (value[pre // unit % FULL] @ w2.T + b2).argmax(1)
            accuracy.append(100 * (plain == y).mean())
            reach = np.abs(pre).max(1) / (FULL * unit / 4)
            beyond.append(100 * (reach > 1 - MARGIN).mean())
            wrapped.append(100 * (reach > 1).mean())
            rng = np.random.default_rng(SEED + 5)
            sigma_in = pbs_input_sigma(PARAMETERS, float(np.sqrt((w1**2).sum(1)).max())) * FULL
            sigma_out = budget["pbs_output"] * 2 / (1 - MARGIN) * (np.abs(w2).sum(1) + np.abs(b2)).max()
            for _ in range(200):
                index = np.floor(pre / unit + 0.5 + rng.standard_normal(pre.shape) * sigma_in).astype(np.int64)
                h = value[index % FULL] + rng.standard_normal(pre.shape) * sigma_out
                differ.append(50 * ((h @ w2.T + b2).argmax(1) != plain).mean())
        error = np.std(accuracy) / math.sqrt(len(accuracy))
        print(
            f"  {name}: accuracy {np.mean(accuracy):.2f}% (standard error {error:.2f}), disagreement under noise "
            f"{np.mean(differ):.3f} per 50 images; images with a pre-activation beyond +-1/4 torus less 10% "
            f"{np.mean(beyond):.1f}%, beyond +-1/4 torus {np.mean(wrapped):.1f}%",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    parser.add_argument("--cross-validate", action="store_true", help="compare activations on the training split")
    parser.add_argument("--repeats", type=int, default=3, help="trainings per fold of the cross-validation")
    parser.add_argument("--draws", type=int, default=2000, help="noise draws per simulation")
    options = parser.parse_args()
    pixels, labels = load_data()
    train_rows, test_rows = split(labels)
    if options.cross_validate:
        cross_validate(pixels[train_rows], labels[train_rows], options.repeats)
        return
    integers, shadow = train(pixels[train_rows], labels[train_rows], SEED)
    model = IntegerModel(*integers)
    heldout = choose_heldout(labels, test_rows)
    correct = int((model.logits(pixels[test_rows]).argmax(1) == labels[test_rows]).sum())
    files = {
        "digits.json": model_file(model, correct, len(test_rows)),
        "heldout.json": heldout_file(model, pixels, labels, heldout),
    }
    if options.check:
        changed = [name for name, text in files.items() if (HERE / name).read_bytes() != text.encode()]
        if changed:
            sys.exit(f"differs from the committed file: {', '.join(changed)}")
        print("retrained: digits.json and heldout.json are identical, byte for byte")
        return
    for name, text in files.items():
        json.loads(text)
        (HERE / name).write_bytes(text.encode())
    evaluate(model, shadow, pixels, labels, train_rows, test_rows, heldout, options.draws)


if __name__ == "__main__":
    main()
