"""Jobs on the tokens of a sequence: norms, gated sums, the perceptron."""

from functools import partial

from mixdit.compiler.block_layers import Perceptron
from mixdit.compiler.layer import Layer
from mixdit.compiler.layer_inputs import LayerInputs
from mixdit.compiler.layer_jobs import LayerJobs
from mixdit.compiler.modulation import Modulation
from mixdit.compiler.recorder import Recorder
from mixdit.compiler.token_parts import product_parts, token_parts
from mixdit.driver import DeviceMatrix, DevicePermutation

__all__ = ["TokenJobs"]


class TokenJobs:
    """Records jobs of one block on a sequence of tokens for each sample.

    Parameters
    ----------
    recorder, block:
        What notes the jobs, and the block's name.
    owner:
        Whose tokens, in front of names: ``""`` or ``"context's "``.
    x:
        The tokens: binary32 ``[samples * tokens, width]``.
    samples:
        How many.
    """

    def __init__(self, recorder: Recorder, block: str, owner: str, x: DeviceMatrix, samples: int) -> None:
        self._recorder, self._block, self.owner = recorder, block, owner
        self.x, self.samples, self.tokens = x, samples, x.shape[0] // samples
        self._jobs = LayerJobs(recorder, block)

    def inputs(self, part: str, layers: list[Layer], *, ones: Layer | None = None) -> LayerInputs:
        """Room for what layers read that `normalize` writes."""
        name = f"{self.owner}input of the {part}"
        return LayerInputs(self._recorder, self._block, name, layers, self.x.shape[0], ones=ones)

    def as_they_are(self, part: str, layers: list[Layer]) -> LayerInputs:
        """The tokens as input of layers, in blocks."""
        name = f"{self.owner}input of the {part}"
        inputs = LayerInputs(self._recorder, self._block, name, layers, self.x.shape[0], floats=self.x)
        inputs.read(0, self.x.shape[0])
        return inputs

    def normalize(self, part: str, inputs: LayerInputs, modulation: DeviceMatrix, epsilon: float) -> None:
        """Each sample's tokens through the layer norm, with its shift and scale ``[2 * samples, width]``."""
        for s in range(self.samples):
            for rows in token_parts(self.tokens, self._recorder.parameters):
                first, last = self.span(s, rows)
                x = self.x.rows(first, last)
                inputs.write(first, last, partial(self._norm, part, s, x, modulation, epsilon))

    def perceive(
        self, layers: Perceptron, modulation: Modulation, *, shift: int, scale: int, gate: int
    ) -> None:
        """The perceptron, modulated by these rows."""
        part = f"{self.owner}perceptron"
        inputs = self.inputs("perceptron", [layers.hidden])
        rows = modulation.shift_and_scale(part, shift, scale, inputs.order)
        gated = modulation.gate(part, gate, layers.output.bias)
        self.normalize("perceptron", inputs, rows, layers.epsilon)
        hidden = self._recorder.room(
            f"{self.owner}hidden", (self.x.shape[0], layers.output.in_features), *layers.output.input_format
        )
        # Hidden channels come out of the first layer in the order in which the second one takes them.
        order = layers.output.order
        first = layers.hidden.rows(slice(None) if order is None else order)
        a = inputs.of(layers.hidden)
        operands = [(a.rows(*rows), hidden.rows(*rows)) for rows in self._hidden_rows(layers.hidden)]
        self._jobs.products(f"{self.owner}hidden", first, operands, function="gelu")
        weight = self.weight("perceptron", layers.output)
        for s in range(self.samples):
            self.add("perceptron", s, hidden.rows(*self.span(s)), weight, gated)

    def weight(self, part: str, layer: Layer) -> DeviceMatrix:
        """Weights of the layer behind a part, in memory."""
        return self._jobs.weight(f"the {self.owner}{part}'s output", layer.quantized())

    def add(self, part: str, sample: int, a: DeviceMatrix, weight: DeviceMatrix, gated: DeviceMatrix) -> None:
        """Add a product with bias, times the sample's gate, to its tokens.

        ``gated`` is of each sample bias and gate, or a single bias where there is no gate.
        """
        bias, gate = gated, None
        if gated.shape[0] > 1:
            bias, gate = (gated.rows(n, n + 1) for n in (2 * sample, 2 * sample + 1))
        for rows in product_parts(self.tokens, a.shape[1], self._recorder.parameters):
            self._recorder.named(f"{self._block}, sample {sample}: {self.owner}{part}, output").product(
                a.rows(rows.start, rows.stop),
                weight,
                self.x.rows(*self.span(sample, rows)),
                bias=bias,
                gate=gate,
                accumulate=True,
            )

    def span(self, sample: int, rows: range | None = None) -> tuple[int, int]:
        """Rows of a sample, or these of them."""
        rows = rows or range(self.tokens)
        return sample * self.tokens + rows.start, sample * self.tokens + rows.stop

    def _hidden_rows(self, layer: Layer) -> list[tuple[int, int]]:
        """Rows of a layer of all samples, job by job: all at once if a sample goes in one part."""
        parts = product_parts(self.tokens, layer.in_features, self._recorder.parameters)
        if len(parts) == 1:
            return [(0, self.x.shape[0])]
        return [self.span(s, rows) for s in range(self.samples) for rows in parts]

    def _norm(
        self,
        part: str,
        sample: int,
        x: DeviceMatrix,
        modulation: DeviceMatrix,
        epsilon: float,
        d: DeviceMatrix,
        order: DevicePermutation | None,
    ) -> None:
        title = f"{self._block}, sample {sample}: norm of the {self.owner}{part}"
        self._recorder.named(title).reorder(
            x,
            d,
            order,
            norm="layer",
            epsilon=epsilon,
            shift=modulation.rows(2 * sample, 2 * sample + 1),
            scale=modulation.rows(2 * sample + 1, 2 * sample + 2),
        )
