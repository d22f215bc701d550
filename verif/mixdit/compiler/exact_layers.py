"""Blocks of diffusers as tensor math on golden's products and functions, with no job and no address.

All channels are in their natural order here but where blocks are made.
"""

import math

import numpy as np

from golden import MX9, add_binary32, concat, dequantize, matmul, quantize
from golden.functions import divide_by_column, exp2, gelu, multiply17, normalize, silu
from mixdit.compiler.block_layers import ConditionedBlock, JointBlock, TableBlock
from verif.mixdit.compiler.exact_block import mixed, ordered, plus

__all__ = ["ExactLayers"]


class ExactLayers:
    """``block(x, condition, context, mask)`` of one sample, bit for bit: tokens, and context or None.

    x and context are float32 ``[tokens, width]``, condition and mask rows.
    """

    def __init__(self, block, parameters):
        self.block, self.parameters = block, parameters

    def __call__(self, x, condition, context=None, mask=None):
        kind = {ConditionedBlock: self.conditioned, TableBlock: self.table, JointBlock: self.joint}
        return kind[type(self.block)](x, condition, context, mask)

    def conditioned(self, x, condition, context, mask):
        b, rows = self.block, self.modulation(self.block.modulation, condition)
        inner = modulated(x, b.epsilon, rows[0], rows[1])
        (change,) = self.attention(b.heads, [(inner, b.attention)], [(inner, b.attention)])
        x = gated(x, change, rows[2])
        return self.perceptron(b.perceptron, x, rows[3:6]), None

    def table(self, x, condition, text, mask):
        b = self.block
        table = b.table.copy()
        table[[1, 4]] += np.float32(1)
        rows = [
            add_binary32(mine, theirs) for mine, theirs in zip(table, np.split(condition, 6), strict=True)
        ]
        inner = modulated(x, b.epsilon, rows[0], rows[1])
        (change,) = self.attention(b.heads, [(inner, b.attention)], [(inner, b.attention)])
        x = gated(x, change, rows[2])
        (change,) = self.attention(b.cross_heads, [(x, b.cross)], [(text, b.cross)], mask)
        return self.perceptron(b.perceptron, add_binary32(change, x), rows[3:6]), None

    def joint(self, x, condition, context, mask):
        b, last = self.block, self.block.context_perceptron is None
        rows = self.modulation(b.modulation, condition)
        of_context = self.modulation(b.context_modulation, condition, scales=(0,) if last else (1, 4, 7))
        shift, scale = (of_context[1], of_context[0]) if last else of_context[:2]
        inner = modulated(x, b.epsilon, rows[0], rows[1])
        inner_context = modulated(context, b.context_epsilon, shift, scale)
        sides = [(inner, b.attention), (inner_context, b.context_attention)]
        change, *others = self.attention(b.heads, sides[:1] if last else sides, sides)
        second = None if b.second is None else modulated(x, b.epsilon, rows[6], rows[7])
        x = gated(x, change, rows[2])
        if second is not None:
            (change,) = self.attention(b.second_heads, [(second, b.second)], [(second, b.second)])
            x = gated(x, change, rows[8])
        x = self.perceptron(b.perceptron, x, rows[3:6])
        if not last:
            context = gated(context, others[0], of_context[2])
            context = self.perceptron(b.context_perceptron, context, of_context[3:6])
        return x, context

    def modulation(self, layer, condition, scales=(1, 4, 7)):
        """All rows, 1 added to scales."""
        rows = self.linear(silu(condition)[None], layer)[0].reshape(-1, layer.in_features)
        biases = layer.bias.reshape(rows.shape).copy()
        for n in scales:
            if n < len(biases):
                biases[n] += np.float32(1)
        return list(plus(rows, biases))

    def attention(self, plan, asking, asked, mask=None):
        """What is added for each sequence that asks, behind its output layer and its bias."""
        d = asking[0][1].key.out_features // len(plan.heads)
        base = np.float32(math.log2(math.e) / math.sqrt(d))
        queries = [self.heads_of(x, layers.query, layers.query_norm, d, base) for x, layers in asking]
        q = np.concatenate(queries)
        first = asked[0][1].value
        keys, values, scores_mask = [], [], []
        for n, (x, layers) in enumerate(asked):
            gap = -len(x) % 16 if n + 1 < len(asked) else 0
            k, v = self.heads_of(x, layers.key, layers.key_norm, d, None), self.value(x, layers.value, first)
            keys.append(np.pad(k, ((0, gap), (0, 0))))
            values.append(np.pad(v, ((0, gap), (0, 0))))
            scores_mask.append(np.pad(np.zeros(len(x), np.float32), (0, gap), constant_values=-np.inf))
        k, v = np.concatenate(keys), np.concatenate(values)
        if mask is None and np.concatenate(scores_mask).any():
            mask = np.concatenate(scores_mask)
        gathered = []
        for h, of in enumerate(plan.heads):
            part = slice(h * d, (h + 1) * d)
            scores = self.product(quantize(q[:, part], of.q), quantize(k[:, part], of.k))
            p = exp2(scores if mask is None else plus(scores, mask))
            with_ones = np.concatenate([v[:, part], np.ones((len(v), 1), np.float32)], axis=1)
            sums = self.product(quantize(p, of.p), quantize(np.ascontiguousarray(with_ones.T), of.v))
            gathered.append(divide_by_column(sums[:, :d], sums[:, d:]))
        gathered = np.concatenate(gathered, axis=1)
        start = 0
        for x, layers in asking:
            rows = gathered[start : start + len(x)]
            start += len(x)
            through = layers.output.weights.weight.astype(np.float64) @ first.bias
            bias = (layers.output.bias + through).astype(np.float32)
            yield plus(self.linear(rows, layers.output), bias)

    def heads_of(self, x, layer, norm, d, scale):
        """Queries or keys of all heads, ``[tokens, heads * d]``."""
        y = plus(self.linear(x, layer), layer.bias)
        if norm is not None:
            weight = norm.weight if scale is None else norm.weight * scale
            heads = y.reshape(len(x), -1, d)
            return normalize(heads, eps=norm.epsilon, scale=weight, mean=False).reshape(y.shape)
        return y if scale is None else multiply17(y, scale)

    def value(self, x, layer, first):
        """V without its bias; with what its bias differs by from the first one's as a block in front."""
        if np.array_equal(layer.bias, first.bias):
            return self.linear(x, layer)
        constant, ones = np.zeros((layer.out_features, 16), np.float32), np.zeros((len(x), 16), np.float32)
        ones[:, 0], ones[:, 2] = 1, 1 / 64
        constant[:, 0] = layer.bias - first.bias
        constant[:, 2] = (constant[:, 0] - dequantize(quantize(constant, MX9))[:, 0]) * 64
        a, b = self.operands(x, layer)
        return self.product(joined(ones, a), joined(constant, b))

    def perceptron(self, layers, x, rows):
        inner = modulated(x, layers.epsilon, rows[0], rows[1])
        hidden = gelu(plus(self.linear(inner, layers.hidden), layers.hidden.bias))
        return gated(x, plus(self.linear(hidden, layers.output), layers.output.bias), rows[2])

    def linear(self, x, layer):
        """A layer's product, without its bias."""
        return self.product(*self.operands(x, layer))

    def operands(self, x, layer):
        plan = layer.plan
        return mixed(ordered(x, plan), plan), quantize(ordered(layer.weights.weight, plan), plan.weight)

    def product(self, a, b):
        p = self.parameters
        return matmul(a, b, fraction_bits=p.fraction_bits, k_blocks=p.k_blocks)


def modulated(x, epsilon, shift, scale):
    return normalize(x, eps=epsilon, scale=scale, shift=shift)


def gated(x, change, gate):
    return add_binary32(multiply17(change, gate), x)


def joined(block, rest):
    return concat([quantize(block, MX9), rest])
