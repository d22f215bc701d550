"""Q-DiT: groups of channels, their size searched per layer (Chen et al., arXiv 2406.17343).

Weights and activations are asymmetric integers that share a scale and a zero within a group of channels;
those of activations are found as they pass, for every token. An evolutionary search picks each layer's
group size under a budget of scales. What differs from the paper: the search minimizes the error of
predicted noise, not FID, with weights rounded to nearest; GPTQ rounds those of the plan that it finds, for
inputs that other layers' quantization has not touched.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from torch import Tensor, nn

from mixdit.layers.linear import QuantizedLinear
from mixdit.rivals.calibration import Calibration
from mixdit.rivals.compensated_integers import Activation, compensated_integers
from mixdit.rivals.integer import asymmetric_grouped
from mixdit.rivals.layers import replace_layers
from mixdit.rivals.noise_error import predict, thin
from mixdit.rivals.plain import token_attention

__all__ = ["BUDGET_GROUP_SIZE", "qdit", "search_group_sizes"]

GROUP_SIZES = (16, 32, 64, 128)
BUDGET_GROUP_SIZE = 64
"""A plan may have as many groups as with this size everywhere, where it divides the channels."""

POPULATION = 8
GENERATIONS = 4
PARENTS = 3
MUTATION = 0.2
SEARCH_TIMESTEPS = 3
SEARCH_IMAGES = 8

Sizes = tuple[int, ...]
"""The group size of each layer, in the model's order."""


def qdit(c: Calibration, weight_bits: int, activation_bits: int = 8, seed: int = 0) -> nn.Module:
    """Search group sizes, then round weights for them."""
    linears = c.layers.linears
    sample = thin(c.model, c.batches, SEARCH_TIMESTEPS, SEARCH_IMAGES)
    reference = predict(c.model, sample)

    def activations(sizes: Sizes) -> dict[str, Activation]:
        return {
            name: partial(asymmetric_grouped, bits=activation_bits, group=size)
            for name, size in zip(linears, sizes, strict=True)
        }

    def build(sizes: Sizes, rounded: Mapping[str, Tensor] | None = None) -> nn.Module:
        activation = activations(sizes)
        if rounded is None:
            rounded = {
                name: asymmetric_grouped(layer.weight.detach(), weight_bits, size)
                for (name, layer), size in zip(linears.items(), sizes, strict=True)
            }
        return replace_layers(
            c.model,
            c.layers,
            lambda name, layer: QuantizedLinear(
                layer, activation=activation[name], weight=lambda _: rounded[name]
            ),
            lambda name: token_attention(),
        )

    def error(sizes: Sizes) -> float:
        difference: Tensor = predict(build(sizes), sample) - reference
        return difference.square().mean().item()

    found = search_group_sizes([layer.in_features for layer in linears.values()], error, seed)
    groups = dict(zip(linears, found, strict=True))
    return build(found, compensated_integers(c, weight_bits, groups, activations(found)))


def search_group_sizes(channels: Sequence[int], error: Callable[[Sizes], float], seed: int) -> Sizes:
    """The group size of each layer that an evolutionary search finds to give the least error.

    Parameters
    ----------
    channels:
        Input channels of each layer.
    error:
        What to minimize.
    seed:
        Of the search. Its first generation holds the plan with one size everywhere, so the result is
        never worse than that.
    """
    generator = random.Random(seed)
    options = [[size for size in GROUP_SIZES if k % size == 0] or [k] for k in channels]
    uniform = tuple(max(s for s in sizes if s <= BUDGET_GROUP_SIZE or s == sizes[0]) for sizes in options)

    def groups(sizes: Sizes) -> int:
        return sum(k // size for k, size in zip(channels, sizes, strict=True))

    def fit(sizes: Sizes) -> Sizes:
        """Enlarge groups at random until the budget holds."""
        while groups(sizes) > groups(uniform):
            layer = generator.randrange(len(sizes))
            larger = [size for size in options[layer] if size > sizes[layer]]
            if larger:
                sizes = (*sizes[:layer], larger[0], *sizes[layer + 1 :])
        return sizes

    def mutate(sizes: Sizes) -> Sizes:
        return fit(
            tuple(
                generator.choice(choices) if generator.random() < MUTATION else size
                for size, choices in zip(sizes, options, strict=True)
            )
        )

    def cross(a: Sizes, b: Sizes) -> Sizes:
        return fit(tuple(generator.choice(pair) for pair in zip(a, b, strict=True)))

    errors = {uniform: error(uniform)}
    population = [mutate(uniform) for _ in range(POPULATION - 1)]
    for _ in range(GENERATIONS):
        errors.update({sizes: error(sizes) for sizes in population if sizes not in errors})
        parents = sorted(errors, key=errors.__getitem__)[:PARENTS]
        population = [mutate(cross(*generator.choices(parents, k=2))) for _ in range(POPULATION)]
    return min(errors, key=errors.__getitem__)
