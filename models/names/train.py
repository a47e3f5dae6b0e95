"""Trains the names model, and writes names.safetensors and names.json.

    python train.py [--steps N]
"""

import argparse
import json
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file

import data
import model

HERE = Path(__file__).resolve().parent
BATCH, STEPS, RATE = 256, 8000, 4e-3
NOISE, CONSISTENCY = 1.5, 6.0


def loss_of(logits, targets, there):
    losses = optax.softmax_cross_entropy_with_integer_labels(logits, targets)
    return jnp.sum(losses * there) / jnp.sum(there)


def evaluate(params, arrays, key):
    inputs, targets, there = arrays
    exact = model.exact(params, inputs, there)
    noisy = model.noisy(params, inputs, there, key)
    p, q = jax.nn.log_softmax(exact), jax.nn.log_softmax(noisy)
    # The first letter follows no prompt: it is no answer.
    answers = there.at[:, 0].set(0)
    count = jnp.sum(answers)
    kl = jnp.sum(jnp.sum(jnp.exp(p) * (p - q), -1) * answers) / count
    same = jnp.sum((jnp.argmax(exact, -1) == jnp.argmax(noisy, -1)) * answers) / count
    return {
        "loss": loss_of(exact, targets, there),
        "noisy": loss_of(noisy, targets, there),
        "kl": kl,
        "top-1": same,
    }


def train(steps, seed=1):
    (names, weights), (held, held_weights) = data.split()
    rng = np.random.default_rng(seed)
    all_arrays = data.arrays(names)
    picked = rng.choice(len(held), 1000, p=held_weights)
    held_arrays = [part[picked] for part in data.arrays(held)]
    params = model.initial(jax.random.key(seed))
    rate = optax.warmup_cosine_decay_schedule(0.0, RATE, steps // 20, steps, RATE / 50)

    def decayed(params):
        return {name: name.endswith(".weight") for name in params}

    optimiser = optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=0.02, mask=decayed)
    )
    state = optimiser.init(params)

    @jax.jit
    def step(params, state, batch, key):
        inputs, targets, there = batch

        def objective(params):
            exact, found = model.exact_with_widths(params, inputs, there)
            noisy = model.noisy(params, inputs, there, key, NOISE, found)
            p, q = jax.nn.log_softmax(exact), jax.nn.log_softmax(noisy)
            kl = jnp.sum(jnp.sum(jnp.exp(p) * (p - q), -1) * there) / jnp.sum(there)
            return loss_of(noisy, targets, there) + CONSISTENCY * kl

        loss, gradient = jax.value_and_grad(objective)(params)
        updates, state = optimiser.update(gradient, state, params)
        return optax.apply_updates(params, updates), state, loss

    check = jax.jit(evaluate)
    start = time.time()
    for number in range(steps):
        picked = rng.choice(len(names), BATCH, p=weights)
        batch = [part[picked] for part in all_arrays]
        params, state, loss = step(params, state, batch, jax.random.key(seed * 1_000_003 + number))
        if number % 500 == 499 or number == 20:
            found = check(params, held_arrays, jax.random.key(7))
            text = ", ".join(f"{name} {value:.4f}" for name, value in found.items())
            print(f"step {number + 1}: train {loss:.4f}; held out: {text}; {time.time() - start:.0f} s", flush=True)
    return params, {name: round(float(value), 4) for name, value in found.items()}


def calibration(rng, count=300):
    """Sequences of names to train on, as the model sees them: without the last token."""
    (names, weights), _ = data.split()
    picked = rng.choice(len(names), count, p=weights)
    return [data.tokens(names[index])[:-1] for index in picked]


def examples(params):
    """Logits of the exact model, by which another implementation can be checked."""
    result = []
    for text in ("emma", "mcallister", "jo"):
        tokens = data.tokens(text)[:-1]
        inputs = np.zeros((1, data.CONTEXT), np.int32)
        there = np.zeros((1, data.CONTEXT), np.float32)
        inputs[0, : len(tokens)], there[0, : len(tokens)] = tokens, 1
        logits = np.asarray(model.exact(params, inputs, there))[0, : len(tokens)]
        result.append({"tokens": tokens, "logits": [[round(float(x), 4) for x in row] for row in logits]})
    return result


def export(params, evaluation):
    tensors = {name: np.asarray(params[name], np.float32) for name in ("embedding", "position")}
    for name in params:
        if name.endswith(".scale"):
            name = name.removesuffix(".scale")
            step = params[name + ".scale"]
            integers = model.quantise(params[name + ".weight"], step)
            tensors[name + ".weight"] = np.asarray(jnp.round(integers), np.int8)
            tensors[name + ".step"] = np.asarray(step, np.float32).reshape(1)
            tensors[name + ".bias"] = np.asarray(params[name + ".bias"], np.float32)
    save_file(tensors, HERE / "names.safetensors")
    description = {
        "format": "gyrus-transformer",
        "version": 1,
        "name": "names",
        "description": "A character-level GPT on names.",
        "data": "US census of 1990 as the package names 0.3.0 (MIT) has it",
        "parameter_set": "V1_7_HPU_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128",
        "vocabulary": data.VOCABULARY,
        "start": 0,
        "end": 0,
        "context": data.CONTEXT,
        "heads": model.HEADS,
        "kv_heads": model.HEADS,
        "blocks": model.LAYERS,
        "epsilon": model.EPSILON,
        "activation": "silu",
        "last_norm": False,
        "positions": "learned",
        "evaluation": evaluation,
        "examples": examples(params),
        "calibration": calibration(np.random.default_rng(2)),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in description.items()]
    (HERE / "names.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=STEPS)
    export(*train(parser.parse_args().steps))
