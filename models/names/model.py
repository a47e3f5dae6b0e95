"""The transformer as it runs under TFHE: integer weights, and noise wherever a ciphertext is bootstrapped.

A value x of a tensor travels as the phase x * unit of the torus. `Widths` holds how wide each tensor that
enters a look-up table is; from these follow the units, as Gyrus' compiler sets them (host/src/model), and from
the units what the noise of a bootstrap is in terms of values.
"""

import jax
import jax.numpy as jnp

DIMENSION, HEADS, LAYERS, HIDDEN = 32, 4, 2, 64
HEAD = DIMENSION // HEADS
EPSILON = 1e-2
WEIGHT_LIMIT = 7

# Of V1_7_HPU_PARAM_MESSAGE_2_CARRY_2_KS32_PBS_TUNIFORM_2M128 (n = 879,
# N = 2048), in fractions of the torus: what key switch and modulus
# switch add to a table's input, and what is in a table's output. host/src/model/noise.rs computes both.
SWITCHING = 2.0**-9.81
OUTPUT = 2.0**-15.03
WINDOW = 0.42  # of the torus's half; the compiler uses 0.45 of values that it has seen, this leaves for others


def quantise(weights, scale):
    """Integers up to WEIGHT_LIMIT times the scale; gradients pass the rounding."""
    scaled = jnp.clip(weights / scale, -WEIGHT_LIMIT, WEIGHT_LIMIT)
    return scaled + jax.lax.stop_gradient(jnp.round(scaled) - scaled)


class Net:
    """One pass. Without widths it is exact and collects them; with, noise is drawn for every table."""

    def __init__(self, params, there, widths=None, key=None, level=1.0):
        self.params, self.there = params, there
        self.units = None if widths is None else self.set_units(widths)
        self.key, self.level = key, level
        self.found = {}

    def set_units(self, widths):
        units = {name: WINDOW / width for name, width in widths.items()}
        # Tensors that are sums of each other have one unit.
        for group in ("residual", *(f"qkv.{layer}" for layer in range(LAYERS))):
            members = [name for name in units if name.startswith(group)]
            common = jnp.min(jnp.stack([units[name] for name in members]))
            units.update({name: common for name in members})
        return units

    def see(self, name, values, mask=None):
        """Notes the width of a tensor."""
        if self.units is None:
            mask = self.there if mask is None else mask
            mask = mask.reshape(mask.shape + (1,) * (values.ndim - mask.ndim))
            low = jnp.min(jnp.where(mask > 0, values, jnp.inf))
            high = jnp.max(jnp.where(mask > 0, values, -jnp.inf))
            self.found[name] = jnp.maximum(self.found.get(name, 0.0), high - low)

    def noise(self, values, variance):
        if self.units is None:
            return values
        self.key, key = jax.random.split(self.key)
        return values + self.level * jnp.sqrt(variance + 1e-12) * jax.random.normal(key, values.shape)

    def into(self, name, values, tables=0.0):
        """What a table sees of values that are sums of so many tables' outputs."""
        if self.units is None:
            return values
        variance = (SWITCHING**2 + OUTPUT**2 * tables) / self.units[name] ** 2
        return self.noise(values, variance)

    def variance(self, name):
        return 0.0 if self.units is None else (SWITCHING / self.units[name]) ** 2

    def linear(self, name, values, squares=False, unit=None):
        """Integer weights; noise of the tables in front of it, two for each value that is a product."""
        integers = quantise(self.params[name + ".weight"], self.params[name + ".scale"])
        result = values @ (integers * self.params[name + ".scale"]).T + self.params[name + ".bias"]
        if self.units is None:
            return result
        norms = jnp.sum(integers**2, axis=1) * (2.0 if squares else 1.0)
        return self.noise(result, norms * (OUTPUT / self.units[unit]) ** 2)

    def norm(self, name, r):
        """RMSNorm: squares, their sum, a table for one over the root, products."""
        self.see("residual." + name, r)
        square = self.into("residual." + name, r) ** 2
        mean = jnp.mean(square, axis=-1, keepdims=True)
        self.see("sum." + name, mean)
        mean = self.into("sum." + name, mean, DIMENSION)
        inverse = jax.lax.rsqrt(jnp.maximum(mean, 0.0) + EPSILON)
        # Products: ((r + c i)^2 - (r - c i)^2) / 4c
        c = jax.lax.stop_gradient(jnp.max(jnp.abs(r)) / jnp.max(inverse))
        self.see("residual." + name + ".plus", r + c * inverse)
        self.see("residual." + name + ".minus", r - c * inverse)
        variance = self.variance("residual." + name) * (r**2 / c**2 + inverse**2) / 2
        return self.noise(r * inverse, variance)

    def attention(self, name, x):
        batch, length, _ = x.shape
        qkv = self.linear(name + ".qkv", x, True, "qkv." + name + ".plus")
        q, k, v = (
            part.reshape(batch, length, HEADS, HEAD).transpose(0, 2, 1, 3)
            for part in jnp.split(qkv, 3, axis=-1)
        )
        causal = jnp.tril(jnp.ones((length, length)))
        mask = causal[None] * self.there[:, None, :] * self.there[:, :, None]
        mask = jnp.broadcast_to(mask[:, None], (batch, HEADS, length, length))
        if self.units is None:
            pairs = q[:, :, :, None], k[:, :, None]
            self.see("qkv." + name + ".plus", pairs[0] + pairs[1], mask)
            self.see("qkv." + name + ".minus", pairs[0] - pairs[1], mask)
        scores = q @ k.transpose(0, 1, 3, 2)
        squares = jnp.sum(q**2, -1)[..., None] + jnp.sum(k**2, -1)[:, :, None]
        scores = self.noise(scores, self.variance("qkv." + name + ".plus") * squares / 2) / HEAD**0.5
        low = jnp.where(mask > 0, scores, -1e9)
        largest = jnp.max(low, axis=-1, keepdims=True)
        difference = scores - largest
        if self.units is None:
            # The tournament compares any two.
            least = jnp.min(jnp.where(mask > 0, scores, jnp.inf), axis=-1, keepdims=True)
            spread = jnp.where(least < jnp.inf, largest - least, 0.0)
            self.found["scores." + name] = 2 * jnp.max(spread)
        # Its own noise cancels in what follows.
        unit = "scores." + name
        e = jnp.exp(jnp.minimum(self.into(unit, difference, 4 * HEAD), 1.0)) * mask
        total = jnp.sum(e, axis=-1, keepdims=True)
        self.see("total." + name, total, mask[:, 0, :, 0][:, None])
        total = jnp.log(jnp.maximum(self.into("total." + name, total), 0.3))
        p = jnp.exp(jnp.minimum(self.into(unit, difference - total, 4 * HEAD), 0.5)) * mask
        c = jax.lax.stop_gradient(jnp.max(jnp.abs(v)))
        if self.units is None:
            v_of, p_of = v[:, :, None], c * p[..., None]
            self.see("qkv." + name + ".plus", v_of + p_of, mask)
            self.see("qkv." + name + ".minus", v_of - p_of, mask)
        variance = self.variance("qkv." + name + ".plus") / 2
        variance = variance * ((mask @ v**2) / c**2 + jnp.sum(p**2, -1, keepdims=True))
        o = self.noise(p @ v, variance).transpose(0, 2, 1, 3).reshape(batch, length, DIMENSION)
        self.see("o." + name, o)
        o = self.into("o." + name, o, length)
        return self.linear(name + ".o", o, False, "residual.0.first")

    def forward(self, inputs):
        params = self.params
        r = params["embedding"][inputs] + params["position"][: inputs.shape[1]]
        for layer in range(LAYERS):
            name = str(layer)
            r = r + self.attention(name, self.norm(name + ".first", r))
            x = self.norm(name + ".second", r)
            h = self.linear(name + ".up", x, True, "hidden." + name)
            self.see("hidden." + name, h)
            h = jax.nn.silu(self.into("hidden." + name, h))
            r = r + self.linear(name + ".down", h, False, "residual.0.first")
        # A table that changes nothing, for another scale: of the residual's the logits would not fit the torus.
        self.see("residual.last", r)
        logits = self.linear("out", self.into("residual.last", r), False, "logits")
        self.see("logits", logits / 2)
        return logits


def initial(key):
    shapes = {"out": (27, DIMENSION)}
    for layer in range(LAYERS):
        shapes[f"{layer}.qkv"] = (3 * DIMENSION, DIMENSION)
        shapes[f"{layer}.o"] = (DIMENSION, DIMENSION)
        shapes[f"{layer}.up"] = (HIDDEN, DIMENSION)
        shapes[f"{layer}.down"] = (DIMENSION, HIDDEN)
    params = {}
    for name, shape in shapes.items():
        key, part = jax.random.split(key)
        deviation = shape[1] ** -0.5 * (0.5 if name[-1] in "on" and name != "out" else 1.0)
        params[name + ".weight"] = deviation * jax.random.normal(part, shape)
        params[name + ".bias"] = jnp.zeros(shape[0])
        params[name + ".scale"] = jnp.array(deviation * 2.5 / WEIGHT_LIMIT)
    for name, rows in (("embedding", 27), ("position", 14)):
        key, part = jax.random.split(key)
        params[name] = 0.3 * jax.random.normal(part, (rows, DIMENSION))
    return params


def widths(params, inputs, there):
    net = Net(params, there)
    net.forward(inputs)
    return net.found


def exact_with_widths(params, inputs, there):
    net = Net(params, there)
    return net.forward(inputs), net.found


def exact(params, inputs, there):
    return Net(params, there).forward(inputs)


def noisy(params, inputs, there, key, level=1.0, of=None):
    """`of`: widths; those of these inputs when left out."""
    of = widths(params, inputs, there) if of is None else of
    return Net(params, there, of, key, level).forward(inputs)
