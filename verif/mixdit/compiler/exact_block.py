"""A transformer block as tensor math on golden's products and functions, with no job and no address.

All channels are in their natural order here but where blocks are made.
"""

import math

import numpy as np

from golden import MX9, add_binary32, concat, matmul, quantize
from golden.functions import divide_by_column, exp2, gelu, multiply17, normalize, silu


class ExactBlock:
    """``block(x, condition)`` of one sample, float32 ``[tokens, width]`` and ``[width]``, bit for bit.

    ``made`` holds what the last call computed on the way, by name.
    """

    def __init__(self, weights, plan, parameters):
        self.weights, self.plan, self.parameters = weights, plan, parameters
        self.made = {}

    def __call__(self, x, condition):
        modulation = self.modulation(silu(condition))
        for part, branch in (("attention", self.attention), ("perceptron", self.perceptron)):
            shift, scale, gate = (next(modulation) for _ in range(3))
            inner = normalize(x, eps=self.weights.epsilon, scale=scale, shift=shift)
            result, bias = branch(inner)
            self.made |= {f"input of the {part}": inner, f"gate of the {part}": gate}
            x = add_binary32(multiply17(plus(result, bias), gate), x)
        return x

    def modulation(self, activated):
        """Shift, scale with its 1, gate; twice."""
        w = self.weights
        product = self.linear(activated[None], "modulation")[0]
        for n, name in enumerate(("shift", "scale", "gate", "shift", "scale", "gate")):
            part = slice(n * w.width, (n + 1) * w.width)
            bias = w.modulation.bias[part] + np.float32(1) if name == "scale" else w.modulation.bias[part]
            yield plus(product[None, part], bias)[0]

    def attention(self, inner):
        w, d = self.weights, self.weights.head_width
        q, k, v = np.split(self.linear(inner, "qkv"), 3, axis=1)
        q_bias, k_bias, v_bias = np.split(w.qkv.bias, 3)
        q = multiply17(plus(q, q_bias), np.float32(math.log2(math.e) / math.sqrt(d)))
        k = plus(k, k_bias)
        heads = []
        for h, of in enumerate(self.plan.attention.heads):
            part = slice(h * d, (h + 1) * d)
            p = exp2(self.product(quantize(q[:, part], of.q), quantize(k[:, part], of.k)))
            values = np.concatenate([v[:, part], np.ones((len(v), 1), np.float32)], axis=1)
            sums = self.product(quantize(p, of.p), quantize(np.ascontiguousarray(values.T), of.v))
            heads.append(divide_by_column(sums[:, :d], sums[:, d:]))
        self.made["attended"] = np.concatenate(heads, axis=1)
        bias = w.projection.bias + w.projection.weight.astype(np.float64) @ v_bias
        return self.linear(self.made["attended"], "projection"), bias.astype(np.float32)

    def perceptron(self, inner):
        hidden = gelu(plus(self.linear(inner, "fc1"), self.weights.fc1.bias))
        self.made["hidden"] = hidden
        return self.linear(hidden, "fc2"), self.weights.fc2.bias

    def linear(self, x, name):
        """A layer's product, without its bias."""
        plan, weight = getattr(self.plan, name), getattr(self.weights, name).weight
        return self.product(mixed(ordered(x, plan), plan), quantize(ordered(weight, plan), plan.weight))

    def product(self, a, b):
        p = self.parameters
        return matmul(a, b, fraction_bits=p.fraction_bits, k_blocks=p.k_blocks)


def ordered(x, plan):
    return x if plan.permutation is None else np.ascontiguousarray(x[:, list(plan.permutation)])


def mixed(x, plan):
    split = 16 * plan.high_blocks
    if split == 0 or plan.high == plan.low:
        return quantize(x, plan.low)
    if split >= x.shape[1]:
        return quantize(x, plan.high)
    assert plan.high == MX9
    return concat([quantize(x[:, :split], plan.high), quantize(x[:, split:], plan.low)])


def plus(x, row):
    return add_binary32(x, np.broadcast_to(row, x.shape))
