"""The integer model of digits.json, its noise in its own units, and the text of the two data files."""

import json
import math
import sys

import numpy as np

from torus import PARAMETERS, noise_budget, pbs_input_sigma

NAME = "digits-64-32-10"
HIDDEN, CLASSES = 32, 10
HALF = PARAMETERS.polynomial_size  # steps in half a torus
FULL = 2 * HALF
INPUT_DELTA_LOG2 = 64 - PARAMETERS.log_2n  # one unit of pre-activation = one step
OUTPUT_DELTA_LOG2 = 46
MARGIN = 0.10  # of the signed range, kept free on the logits


class IntegerModel:
    """The model of digits.json: integers only, an exact function of the pixels."""

    def __init__(self, w1, b1, w2, b2):
        self.w1, self.b1, self.w2 = w1, b1, w2
        # The largest LUT amplitude with which no input at all can leave the signed range less MARGIN.
        limit = (1 - MARGIN) * 2.0 ** (63 - OUTPUT_DELTA_LOG2)
        self.amplitude = int(limit / (np.abs(w2).sum(1) + np.abs(b2)).max())
        self.b2 = np.rint(b2 * self.amplitude).astype(np.int64)
        exact = [self.amplitude * math.sin(2 * math.pi * j / FULL) for j in range(HALF)]
        if min(abs(abs(v - math.floor(v)) - 0.5) for v in exact) < 1e-9:
            sys.exit("a LUT entry is too close to a tie for its rounding to be portable")
        self.table = np.array([round(v) for v in exact], dtype=np.int64)

    def pre_activation(self, pixels):
        """[images, 64] to [images, 32], steps."""
        return pixels.astype(np.int64) @ self.w1.T + self.b1

    def lut(self, index):
        """Table look-up with the negacyclic rule: T[i + N] = -T[i]."""
        i = index % FULL
        return np.where(i < HALF, self.table[i % HALF], -self.table[i % HALF])

    def logits(self, pixels):
        return self.lut(self.pre_activation(pixels)) @ self.w2.T + self.b2

    def worst_logit(self):
        """The largest |logit| that any input can give."""
        return int((np.abs(self.w2).sum(1) * np.abs(self.table).max() + np.abs(self.b2)).max())


def budget_in_units(model):
    """Calculated standard deviations in the model's integer units."""
    norm1 = float(np.sqrt((model.w1**2).sum(1)).max())
    norm2 = float(np.sqrt((model.w2**2).sum(1)).max())
    output = noise_budget(PARAMETERS)["pbs_output"] * 2.0 ** (64 - OUTPUT_DELTA_LOG2)
    lut_in = pbs_input_sigma(PARAMETERS, norm1) * FULL
    through = lut_in * 2 * math.pi / FULL * model.amplitude
    return {
        "w1_norm": norm1,
        "w2_norm": norm2,
        "lut_input_steps": lut_in,
        "lut_output": output,
        "logit_from_lut_output": norm2 * output,
        "logit_from_lut_input": norm2 * through / math.sqrt(2),
        "logit": norm2 * math.sqrt(output**2 + through**2 / 2),
    }


def integer_rows(rows, indent):
    pad = " " * indent
    return "[\n" + ",\n".join(pad + "  " + json.dumps([int(v) for v in row]) for row in rows) + "\n" + pad + "]"


def integer_list(values, indent, width=16):
    pad = " " * indent
    lines = [", ".join(str(int(v)) for v in values[i : i + width]) for i in range(0, len(values), width)]
    return "[\n" + ",\n".join(pad + "  " + line for line in lines) + "\n" + pad + "]"


def model_file(model, correct, total):
    """Text of digits.json: one weight row a line."""
    noise = {k: float(f"{v:.5g}") for k, v in budget_in_units(model).items() if not k.endswith("_norm")}
    classes = [str(c) for c in range(CLASSES)]
    return f"""{{
  "format": "gyrus-model",
  "version": 1,
  "name": "{NAME}",
  "description": "Handwritten digits, 8x8 pixels: linear 64-32, sine LUT, linear 32-10. 32 PBS per image.",
  "parameter_set": "{PARAMETERS.name}",
  "data": {{
    "name": "Optical Recognition of Handwritten Digits, UCI Machine Learning Repository",
    "doi": "10.24432/C50P49",
    "authors": "E. Alpaydin, C. Kaynak",
    "licence": "CC BY 4.0"
  }},
  "input": {{ "shape": [8, 8], "min": 0, "max": 16, "delta_log2": {INPUT_DELTA_LOG2} }},
  "layers": [
    {{
      "type": "linear",
      "inputs": 64,
      "outputs": {HIDDEN},
      "weights": {integer_rows(model.w1, 6)},
      "bias": {integer_list(model.b1, 6)}
    }},
    {{
      "type": "lut",
      "count": {HIDDEN},
      "function": "round({model.amplitude} * sin(2 * pi * i / {FULL}))",
      "periodic": true,
      "output_delta_log2": {OUTPUT_DELTA_LOG2},
      "table": {integer_list(model.table, 6)}
    }},
    {{
      "type": "linear",
      "inputs": {HIDDEN},
      "outputs": {CLASSES},
      "weights": {integer_rows(model.w2, 6)},
      "bias": {integer_list(model.b2, 6)}
    }}
  ],
  "output": {{ "decision": "argmax", "classes": {json.dumps(classes)}, "max_abs": {model.worst_logit()} }},
  "noise_sigma": {json.dumps(noise)},
  "evaluation": {{ "test_images": {total}, "plaintext_correct": {correct} }}
}}
"""


def heldout_file(model, pixels, labels, heldout):
    """Text of heldout.json: one image a line, with the logits of the plaintext integer model."""
    lines = []
    for i, logits in zip(heldout, model.logits(pixels[heldout])):
        record = {"index": int(i), "label": int(labels[i]), "pixels": [int(v) for v in pixels[i]]}
        record["plaintext_logits"] = [int(v) for v in logits]
        lines.append("    " + json.dumps(record))
    return (
        '{\n  "format": "gyrus-images",\n  "version": 1,\n'
        f'  "model": "{NAME}",\n'
        '  "source": "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, UCI Machine Learning'
        ' Repository, doi 10.24432/C50P49; index is the row in scikit-learn load_digits; pixels unchanged",\n'
        '  "licence": "CC BY 4.0",\n  "images": [\n' + ",\n".join(lines) + "\n  ]\n}\n"
    )
