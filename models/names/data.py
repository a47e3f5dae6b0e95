"""The names: those of the US census of 1990, first and last ones, as the package `names` (MIT) has them.

Each line of its files is "NAME frequency cumulated rank"; the frequency is in percent of those whom it lists.
"""

import hashlib
import importlib.resources
import sys

import numpy as np

FILES = {
    "dist.female.first": "bd2f310fc4e5d5e5",
    "dist.male.first": "0a5078ef6effe3b4",
    "dist.all.last": "b0e2b3743ccbad64",
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Token 0 stands before and behind a name.
VOCABULARY = ["."] + list(LETTERS)
CONTEXT = 14
HELD_OUT = 10  # one name of so many is not trained on


def load():
    """{name: frequency}, all files together."""
    names = {}
    for file, digest in FILES.items():
        text = importlib.resources.files("names").joinpath(file).read_bytes()
        found = hashlib.sha256(text).hexdigest()
        if not found.startswith(digest):
            sys.exit(f"{file} is not the expected one: SHA-256 {found}")
        for line in text.decode("ascii").splitlines():
            name, frequency, *_ = line.lower().split()
            if name.isalpha() and len(name) < CONTEXT:
                names[name] = names.get(name, 0.0) + float(frequency)
    return dict(sorted(names.items()))


def tokens(name):
    return [0] + [VOCABULARY.index(letter) for letter in name] + [0]


def arrays(names):
    """Inputs, targets, and which are there, [names][CONTEXT] each."""
    inputs = np.zeros((len(names), CONTEXT), np.int32)
    targets = np.zeros_like(inputs)
    there = np.zeros((len(names), CONTEXT), np.float32)
    for row, name in enumerate(names):
        all_tokens = tokens(name)
        count = len(all_tokens) - 1
        inputs[row, :count] = all_tokens[:-1]
        targets[row, :count] = all_tokens[1:]
        there[row, :count] = 1
    return inputs, targets, there


def split():
    """Names to train on with the probability of each, and names held out with theirs.

    Of a frequency its square root counts: common names come up more often, rare ones still do.
    """
    names = load()
    is_held = [
        hashlib.sha256(name.encode()).digest()[0] % HELD_OUT == 0 for name in names
    ]
    result = []
    for held in (False, True):
        part = [name for name, h in zip(names, is_held) if h == held]
        weights = np.sqrt([names[name] for name in part])
        result.append((part, weights / weights.sum()))
    return result
