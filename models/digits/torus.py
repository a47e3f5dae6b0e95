"""Noise calculation and torus-level simulation of one KS + PBS, for the parameter set the model is made for.

Units: "torus" is a fraction of the full torus (2^64 = 1); "step" is one of the 2N positions of
the modulus switch (2^52 for N = 2048). Keys and ciphertexts made here are for measurement only:
the generator is seeded and not cryptographic.

Sources: tfhe-rs 1.8.2, `core_crypto/commons/noise_formulas` (variances),
`core_crypto/algorithms/{lwe_keyswitch,modulus_switch}.rs` and
`core_crypto/commons/math/decomposition` (the operations).
"""

from dataclasses import dataclass
from math import log2, sqrt

import numpy as np


@dataclass(frozen=True)
class ParameterSet:
    """A KS32 set with ciphertexts of modulus 2^64, k = 1 and a binary key."""

    name: str
    lwe_dimension: int
    polynomial_size: int
    glwe_dimension: int
    pbs_base_log: int
    pbs_level: int
    ks_base_log: int
    ks_level: int
    ks_modulus_log: int
    glwe_noise_bound_log: int
    lwe_noise_bound_log: int

    @property
    def log_2n(self):
        """log2 of the modulus the blind rotation works in, 2N."""
        return self.polynomial_size.bit_length()

    @property
    def big_dimension(self):
        """LWE dimension of model inputs, hidden values and logits, k * N."""
        return self.glwe_dimension * self.polynomial_size


PARAMETERS = ParameterSet(
    name="V1_7_HPU_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128",
    lwe_dimension=879,
    polynomial_size=2048,
    glwe_dimension=1,
    pbs_base_log=23,
    pbs_level=1,
    ks_base_log=2,
    ks_level=8,
    ks_modulus_log=21,
    glwe_noise_bound_log=17,
    lwe_noise_bound_log=3,
)


def tuniform_variance(bound_log, modulus_log):
    """Variance of TUniform(b): every integer of [-2^b, 2^b], the two ends at half weight; torus^2."""
    return (2.0 ** (2 * bound_log + 1) + 1) / 6 * 2.0 ** (-2 * modulus_log)


def noise_budget(p):
    """Standard deviations, torus, of each noise source of one KS + PBS."""
    n, big_n, base = p.lwe_dimension, p.big_dimension, 2.0**p.ks_base_log
    fresh = tuniform_variance(p.glwe_noise_bound_log, 64)
    # Key switch: k*N*l products of a digit of variance (B^2 + 2)/12 and a key noise; the part of the
    # mask below the last level is lost under a binary key; the body is rounded to the KS modulus.
    ks_key = big_n * p.ks_level * (base**2 / 12 + 1 / 6) * tuniform_variance(p.lwe_noise_bound_log, p.ks_modulus_log)
    ks_rounding = big_n / 24 * base ** (-2 * p.ks_level) + 2.0 ** (-2 * p.ks_modulus_log) / 12
    # Centred modulus switch: phase error = e_b - sum e_i (s_i - 1/2), e uniform on one step of width
    # w = 1/2N and (s_i - 1/2)^2 = 1/4 whatever the key: w^2/12 for the body, n w^2/48 for the mask.
    step = 2.0**-p.log_2n
    switch = n * step**2 / 48 + step**2 / 12
    # Blind rotation: per CMUX, (k+1) l N products of a digit and a key noise, and the mask bits
    # below the gadget under a binary key (and the body's, under the CMUX bit).
    base = 2.0**p.pbs_base_log
    gadget = base ** (-2 * p.pbs_level) / 24
    pbs_key = (
        n * p.pbs_level * p.polynomial_size * (p.glwe_dimension + 1) * (base**2 / 12 + 1 / 6) * fresh
    )
    pbs_rounding = n * (big_n / 2 + 1) * gadget
    return {
        "fresh": sqrt(fresh),
        "key_switch": sqrt(ks_key + ks_rounding),
        "modulus_switch": sqrt(switch),
        "pbs_output": sqrt(pbs_key + pbs_rounding),
    }


def pbs_input_sigma(p, weight_norm):
    """Noise of the phase the LUT sees, after a dot product of 2-norm `weight_norm` on fresh inputs; torus."""
    b = noise_budget(p)
    return sqrt((weight_norm * b["fresh"]) ** 2 + b["key_switch"] ** 2 + b["modulus_switch"] ** 2)


def describe_budget(p):
    """Lines of text: each source in torus, as a power of two and in steps."""
    steps = 2.0**p.log_2n
    return [f"  {k:15s} {v:.3e} torus = 2^{log2(v):.2f} = {v * steps:.3g} steps" for k, v in noise_budget(p).items()]


def tuniform(rng, bound_log, shape):
    """Samples of TUniform(b), as int64."""
    r = rng.integers(0, 2 ** (bound_log + 2), shape, dtype=np.int64)
    return (r >> 1) + (r & 1) - 2**bound_log


def encrypt(rng, key, messages, noise_bound_log):
    """LWE encryptions [len(messages), dimension + 1], u64, mask then body, of torus words."""
    mask = rng.integers(0, 2**64, (len(messages), len(key)), dtype=np.uint64)
    noise = tuniform(rng, noise_bound_log, len(messages)).astype(np.uint64)
    body = (mask * key).sum(1, dtype=np.uint64) + messages + noise
    return np.concatenate([mask, body[:, None]], 1)


def decompose(p, x):
    """Balanced key-switch digits [ks_level, ...] of u64 words, least significant level first."""
    rep = p.ks_base_log * p.ks_level
    s = (x >> np.uint64(63 - rep)).astype(np.int64)
    tie = s & 1
    s = ((s + 1) >> 1) & (2**rep - 1)
    half = 2 ** (rep - 1)
    s -= ((s > half) | ((s == half) & (tie == 1))).astype(np.int64) << rep
    digits = []
    for _ in range(p.ks_level):
        r = s & (2**p.ks_base_log - 1)
        s >>= p.ks_base_log
        carry = (((r - 1) | s) & r) >> (p.ks_base_log - 1)
        s += carry
        digits.append(r - (carry << p.ks_base_log))
    return np.stack(digits)


def key_switch(p, rng, big_key, small_key, ciphertexts, block=128):
    """tfhe-rs KS32 of [batch, kN + 1] u64 under a fresh key switching key: [batch, n + 1], words of 32 bits in int64.

    The key is drawn a block of input elements at a time. Its words are split in 16-bit halves,
    which keeps each float64 product and sum an exact integer.
    """
    n, w = p.lwe_dimension, p.ks_modulus_log
    scale = 2 ** (32 - w)
    out = np.zeros((len(ciphertexts), n + 1))
    for start in range(0, p.big_dimension, block):
        rows = slice(start, start + block)
        digits = decompose(p, ciphertexts[:, :-1][:, rows]).transpose(1, 2, 0).reshape(len(ciphertexts), -1)
        levels = np.arange(p.ks_level, 0, -1)
        message = big_key[rows, None].astype(np.int64) << (w - p.ks_base_log * levels)[None, :]
        mask = rng.integers(0, 2**w, (message.size, n), dtype=np.int64)
        body = mask @ small_key.astype(np.int64) + message.reshape(-1) + tuniform(rng, p.lwe_noise_bound_log, message.size)
        key = np.concatenate([mask, body[:, None]], 1) * scale % 2**32
        digits = digits.astype(np.float64)
        total = digits @ (key >> 16).astype(np.float64) % 2**16 * 2**16 + digits @ (key & 0xFFFF).astype(np.float64)
        out = (out - total) % 2**32
    rounded = ((ciphertexts[:, -1] >> np.uint64(63 - w)) + np.uint64(1)) & ~np.uint64(1)
    out[:, -1] = (out[:, -1] + ((rounded << np.uint64(63 - w)) >> np.uint64(32)).astype(np.float64)) % 2**32
    return out.astype(np.int64)


def centred_modulus_switch(p, small_key, ciphertexts):
    """tfhe-rs CenteredMeanNoiseReduction of 32-bit words to 2N, and the decrypted LUT index of each."""
    shift = 32 - p.log_2n
    half_step = 2 ** (shift - 1)
    mask, body = ciphertexts[:, :-1], ciphertexts[:, -1]
    switched = (mask + half_step) >> shift
    error = (switched << shift) - mask
    half = np.sign(error) * (np.abs(error) >> 1)
    doubled = (2 * half - error).sum(1)
    correction = half.sum(1) - np.sign(doubled) * (np.abs(doubled) >> 1) - half_step
    switched_body = (body + correction + half_step) % 2**32 >> shift
    return (switched_body - switched @ small_key.astype(np.int64)) % (2 * p.polynomial_size)


def simulate_lut_indices(p, rng, pixels, weights, bias, delta_log2, centre):
    """Encrypt images, run the first linear layer, key switch and modulus switch on real LWE ciphertexts.

    pixels [images, inputs], weights [outputs, inputs]; returns LUT indices [images, outputs].
    `centre` adds half a step to the body: what a custom LUT needs under the centred modulus switch.
    """
    big_key = rng.integers(0, 2, p.big_dimension, dtype=np.uint64)
    small_key = rng.integers(0, 2, p.lwe_dimension, dtype=np.uint64)
    constant = (bias.astype(np.int64).astype(np.uint64) << np.uint64(delta_log2)) + np.uint64(
        2 ** (63 - p.log_2n) if centre else 0
    )
    weights = weights.astype(np.int64).astype(np.uint64)
    rows = []
    for image in pixels:
        fresh = encrypt(rng, big_key, image.astype(np.uint64) << np.uint64(delta_log2), p.glwe_noise_bound_log)
        hidden = weights @ fresh
        hidden[:, -1] += constant
        rows.append(hidden)
    switched = key_switch(p, rng, big_key, small_key, np.concatenate(rows))
    return centred_modulus_switch(p, small_key, switched).reshape(len(pixels), -1)
