"""Floating point to blocks and back in PyTorch, bit for bit as `golden.quantize` and `golden.dequantize`.

Everything happens on bit patterns, chunk by chunk: a binary32 times a power of two, plus 1.5 * 2**23, leaves
the nearest integer, ties to even, so a chunk takes a dozen plain element-wise operations. On the CPU,
`mixdit.tensors.native` does the same for fake quantization in a single pass.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from golden import MX6, MX9, Format
from mixdit.tensors import native
from mixdit.tensors.block_tensor import BlockTensor, expand_formats, formats_text, parse_formats

_CHUNK = 1 << 18
"""Elements per chunk and thread on the CPU: scratch arrays are small, and outweigh the calls."""

_EXPONENT_MASK = 0xFF << 23
_NAN_BITS = _EXPONENT_MASK
_SMALLEST_FAST = 9 << 23
"""Least shared exponent (in a binary32's place) whose scale is normal for every format; below it, subnormal
inputs, which count as 0, would also not round to 0 of themselves."""

_LARGEST_FAST = 254 << 23
_MAGIC = 1.5 * 2**23


def _wrap(value: int) -> int:
    """The int32 with the same low 32 bits."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


class _Encoder:
    """Encodes chunks of rows of blocks, with scratch arrays of its own.

    Parameters
    ----------
    formats:
        The format of each block of a row.
    rows:
        Most rows of a chunk.
    device:
        Where chunks are.

    After `encode`, ``values`` [rows, blocks, size] holds the elements q as float32, ``scale`` what
    inputs were multiplied by, ``exponents`` [rows, blocks, 1] E in a binary32's place, and ``below`` [rows,
    blocks, size] -1 where t = 1, else 0. Blocks listed by `rare` mean nothing there.
    """

    def __init__(self, formats: tuple[Format, ...], rows: int, device: torch.device) -> None:
        fmt = formats[0]
        self.formats = formats
        self.micro = bool(fmt.subblocks)
        self.size = fmt.block_size
        shape = (rows, len(formats), fmt.block_size)
        self._scale = torch.empty(shape, dtype=torch.int32, device=device)
        self._below = torch.zeros(shape, dtype=torch.int32, device=device)
        self._exponents = torch.empty((*shape[:2], 1), dtype=torch.int32, device=device)
        self._values = torch.empty(shape, dtype=torch.float32, device=device)
        self._magic = torch.tensor(_MAGIC, dtype=torch.float32, device=device)
        # Biased exponent of the scale 2**(127 - E + m - 1), before E is subtracted.
        tops = [_wrap(253 + f.magnitude_bits << 23) for f in formats]
        self._top = torch.tensor(tops, dtype=torch.int32, device=device)[:, None]
        self._limits: tuple[Tensor, Tensor] | tuple[float, float]
        if len(set(formats)) == 1:
            self._limits = (_MAGIC - fmt.max_element, _MAGIC + fmt.max_element)
        else:
            largest = torch.tensor([f.max_element for f in formats], dtype=torch.float32, device=device)
            largest = largest.repeat_interleave(fmt.block_size).view(shape[1:])  # not broadcast: runs faster
            self._limits = (_MAGIC - largest, _MAGIC + largest)

    def encode(self, x: Tensor, out: Tensor | None = None) -> None:
        """Encode float32 ``[n, blocks, size]``, n <= rows; ``values`` are written to ``out`` if given."""
        n = len(x)
        work, self.below, self.exponents = self._scale[:n], self._below[:n], self._exponents[:n]
        self.values = self._values[:n] if out is None else out
        torch.bitwise_and(x.view(torch.int32), _EXPONENT_MASK, out=work)
        torch.amax(work, -1, keepdim=True, out=self.exponents)
        if self.micro:
            # e - E is negative where e < E. In 64-bit words, the sign of (word << 32) & word says that of
            # both elements of a pair, and an arithmetic shift spreads it over both.
            work.sub_(self.exponents)
            pairs, words = self.below.view(torch.int64), work.view(torch.int64)
            torch.bitwise_left_shift(words, 32, out=pairs)
            pairs.bitwise_and_(words).bitwise_right_shift_(63)
        self._clamped = self.exponents.clamp(_SMALLEST_FAST, _LARGEST_FAST)
        torch.sub(self._top - self._clamped, self.below, alpha=1 << 23, out=work)
        self.scale = work.view(torch.float32)
        torch.addcmul(self._magic, x, self.scale, out=self.values)
        torch.clamp(self.values, *self._limits, out=self.values)
        self.values.sub_(_MAGIC)  # ends with +0 where an element rounds to zero

    def rare(self) -> Tensor:
        """Indices ``[r, 2]`` (row, block) of blocks with E = 255 or a scale outside binary32's range."""
        if torch.equal(self._clamped, self.exponents):
            return self.exponents.new_empty((0, 2), dtype=torch.int64)
        return ((self._clamped != self.exponents) & (self.exponents != 0))[..., 0].nonzero()


def _encode_exactly(x: Tensor, formats: list[Format]) -> tuple[Tensor, Tensor, Tensor]:
    """Blocks of any exponent, in binary64, whose range no scale leaves.

    ``x`` float32 ``[r, size]``, the format of each; returns microexponents bool ``[r, size]``, elements
    float64 and their step float64 ``[r, size]``. NaN blocks have t = 0 and q = 0.
    """
    m = torch.tensor([f.magnitude_bits for f in formats], device=x.device)[:, None]
    e = x.view(torch.int32) >> 23 & 0xFF
    top = e.amax(1, keepdim=True)
    finite = top != 255
    values = torch.where((e != 0) & finite, x, 0.0).double()
    below = torch.zeros_like(e, dtype=torch.bool)
    if formats[0].subblocks:
        pairs = (e.unflatten(1, (-1, formats[0].subblock_size)) < top[..., None]).all(2) & finite
        below = pairs.repeat_interleave(formats[0].subblock_size, 1)
    step = (top - 127 - below.int() - (m - 1)).long()
    power = (step + 1023 << 52).view(torch.float64)
    largest = (1 << m) - 1.0
    q = torch.round(values / power)
    return below, torch.minimum(torch.maximum(q, -largest), largest) + 0.0, power


def checked_floats(x: Tensor) -> Tensor:
    """``x`` as float32, with its gradient; TypeError and ValueError as `fake_quantize`."""
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a torch.Tensor, not {type(x).__name__}")
    if x.layout != torch.strided or x.is_nested:
        kind = "nested" if x.is_nested else str(x.layout).removeprefix("torch.")
        raise TypeError(
            f"x must be a dense tensor, not a {kind} one; convert with x.to_dense() or padding first"
        )
    if x.dtype not in (torch.float32, torch.float16, torch.bfloat16):
        raise TypeError(
            f"x must be float32, float16 or bfloat16, not {x.dtype}: quantization is defined from binary32, "
            "and rounding twice would change bits; convert with x.float() first"
        )
    if x.ndim == 0:
        raise ValueError("x must have at least 1 axis, not 0")
    if int(x.shape[-1]) < 1:
        raise ValueError(f"the last axis of x must hold at least 1 element, not {x.shape[-1]}")
    return x.to(torch.float32).resolve_neg()


def _as_rows(values: Tensor, formats: tuple[Format, ...]) -> tuple[Tensor, tuple[Format, ...]]:
    """Float32 ``[rows, blocks, size]``, padded; the format of each block. Uniform rows are cut into rows of
    one block.
    """
    size = formats[0].block_size
    if values.shape[-1] % size:
        values = torch.nn.functional.pad(values, (0, -values.shape[-1] % size))
    if len(set(formats)) == 1:
        formats = formats[:1]
    rows = values.numel() // (len(formats) * size)
    return values.contiguous().view(rows, len(formats), size), formats


def _chunks(rows: Tensor, formats: tuple[Format, ...]) -> Iterator[tuple[int, Tensor, "_Encoder"]]:
    """First row, chunk and its encoder: one chunk on an accelerator, where nothing need fit a cache."""
    step = len(rows)
    if rows.device.type == "cpu":
        step = min(step, max(1, _CHUNK * torch.get_num_threads() // rows[0].numel() if step else 1))
    encoder = _Encoder(formats, step, rows.device)
    for start in range(0, len(rows), max(1, step)):
        yield start, rows[start : start + step], encoder


@torch.no_grad()
def _fake_quantize_chunks(values: Tensor, listed: tuple[Format, ...]) -> Tensor:
    """`fake_quantize` of float32 with tensor operations, on any device."""
    rows, formats = _as_rows(values, listed)
    out = torch.empty_like(rows)
    for start, x, encoder in _chunks(rows, formats):
        y = out[start : start + len(x)]
        encoder.encode(x, y)
        y.div_(encoder.scale)
        index = encoder.rare()
        if len(index):
            row, block = index.unbind(1)
            chosen = x[row, block]
            _, q, step = _encode_exactly(chosen, [formats[i] for i in block.tolist()])
            nan = encoder.exponents[row, block] == _NAN_BITS
            y[row, block] = torch.where(nan, torch.nan, (q * step).float())
    k, size = values.shape[-1], rows.shape[2]
    return out.view(*values.shape[:-1], -(-k // size) * size)[..., :k]


def is_plain(x: Tensor) -> bool:
    """Whether ``x`` is an ordinary tensor, and nobody traces or differentiates what is done to it."""
    return (
        not torch.compiler.is_compiling()
        and type(x) in (Tensor, nn.Parameter)
        and not (x.requires_grad and torch.is_grad_enabled())
        and not x.is_meta
        and not torch._C._is_tracing()
        and not is_in_torch_dispatch_mode()
        and not is_transformed()
    )


def is_transformed() -> bool:
    """Whether ``torch.func`` or forward-mode differentiation is at work."""
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0


def _compute(x: Tensor, formats: str) -> Tensor:
    """`fake_quantize` of float32, ``formats`` as `formats_text`."""
    if x.device.type == "cpu" and native.available():
        return native.fake_quantize(x, formats)
    return _fake_quantize_chunks(x, parse_formats(formats)).contiguous()


_fake_quantize = torch.library.custom_op("mixdit::fake_quantize", _compute, mutates_args=())
"""The operator for all that traces, transforms or differentiates calls."""


@_fake_quantize.register_fake
def _(x: Tensor, formats: str) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


@_fake_quantize.register_vmap
def _(info: Any, in_dims: tuple[int | None, None], x: Tensor, formats: str) -> tuple[Tensor, int]:
    assert in_dims[0] is not None
    return _fake_quantize(x.movedim(in_dims[0], 0), formats), 0


_fake_quantize.register_autograd(lambda context, gradient: (gradient, None))


class _StraightThrough(torch.autograd.Function):
    """`_fake_quantize` where operators cannot say their derivatives: in ``torch.func``, and forward mode."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, formats: str) -> Any:
        return _fake_quantize(x, formats)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, str], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, formats: None) -> Tensor:
        return tangent.clone()


def fake_quantize(x: Tensor, formats: Format | Sequence[Format]) -> Tensor:
    """Round to what blocks can hold: ``golden.dequantize(golden.quantize(x))``, along the last axis.

    The operator ``torch.ops.mixdit.fake_quantize`` does it, which ``torch.compile``, ``torch.export``,
    ``torch.jit.trace``, ``torch.func`` and fake tensors know.

    Parameters
    ----------
    x:
        float32, float16 or bfloat16 ``[..., K]``, K >= 1, on any device. Narrow types are widened first,
        which is exact. Subnormal binary32 values count as 0. Rows are padded to whole blocks inside.
    formats:
        One format, or the format of each k-block of 16.

    Returns
    -------
    float32 ``[..., K]``. Every element of a block with a NaN or an infinity is NaN. Its gradient goes
    straight through to ``x``.

    Raises
    ------
    TypeError
        Another dtype (float64 too), a sparse or nested tensor, or something else than formats.
    ValueError
        No last axis, K = 0, or formats whose number does not fit K.
    """
    values = checked_floats(x)
    text = formats_text(formats, int(values.shape[-1]))
    if is_plain(values):
        return _compute(values, text)  # operators take their time
    quantized: Tensor = (_StraightThrough.apply if is_transformed() else _fake_quantize)(values, text)
    return quantized


def mixed_formats(
    k: int, high_blocks: int | Sequence[bool], high: Format = MX9, low: Format = MX6
) -> tuple[Format, ...]:
    """Formats of a row of ``k`` elements: ``high`` for its first blocks, ``low`` for the rest.

    Parameters
    ----------
    k:
        Elements of the row.
    high_blocks:
        How many leading blocks are in ``high``, or one flag per block.
    high, low:
        Formats with blocks of 16.

    Raises
    ------
    ValueError
        More blocks than the row has, or another number of flags.
    """
    blocks = -(-k // high.block_size)
    if isinstance(high_blocks, int):
        if not 0 <= high_blocks <= blocks:
            raise ValueError(f"high_blocks must be 0 to {blocks}, the blocks of k={k}, not {high_blocks!r}")
        return (high,) * high_blocks + (low,) * (blocks - high_blocks)
    if len(high_blocks) != blocks:
        raise ValueError(f"high_blocks must have {blocks} flags for k={k}, not {len(high_blocks)}")
    return tuple(high if flag else low for flag in high_blocks)


def fake_quantize_mixed(
    x: Tensor, high_blocks: int | Sequence[bool], high: Format = MX9, low: Format = MX6
) -> Tensor:
    """`fake_quantize` with some k-blocks in ``high`` and the others in ``low``; see `mixed_formats`."""
    if x.ndim == 0:
        raise ValueError("x must have at least 1 axis, not 0")
    return fake_quantize(x, mixed_formats(x.shape[-1], high_blocks, high, low))


@torch.no_grad()
def quantize(x: Tensor, formats: Format | Sequence[Format]) -> BlockTensor:
    """Encode along the last axis: the codes of `golden.quantize`, each k-block in its own format.

    Arguments and errors as `fake_quantize`.
    """
    values = checked_floats(x)
    if values.is_meta:
        raise ValueError("x must have values, and a meta tensor has none")
    every = expand_formats(formats, values.shape[-1])
    rows, listed = _as_rows(values, every)
    k, size = x.shape[-1], rows.shape[2]
    exponents = torch.empty(rows.shape[:2], dtype=torch.uint8, device=rows.device)
    micro = torch.zeros_like(exponents)
    elements = torch.empty(rows.shape, dtype=torch.int8, device=rows.device)
    for start, chunk, encoder in _chunks(rows, listed):
        stop = start + len(chunk)
        encoder.encode(chunk)
        exponents[start:stop] = encoder.exponents[..., 0] >> 23
        elements[start:stop] = encoder.values
        if encoder.micro:
            micro[start:stop] = _pack_bits(encoder.below)
        index = encoder.rare()
        if len(index):
            row, block = index.unbind(1)
            below, q, _ = _encode_exactly(chunk[row, block], [listed[i] for i in block.tolist()])
            elements[start + row, block] = q.to(torch.int8)
            if encoder.micro:
                micro[start + row, block] = _pack_bits(below)
    blocks = -(-k // size)
    shape = (*x.shape[:-1], blocks)
    return BlockTensor(every, k, exponents.view(shape), micro.view(shape), elements.view(*shape, size))


def _pack_bits(below: Tensor) -> Tensor:
    """Microexponents of blocks, uint8 ``[...]``, from flags of their 16 elements."""
    weights = 1 << torch.arange(8, device=below.device)
    return ((below[..., ::2] != 0) * weights).sum(-1).to(torch.uint8)


def microexponent_factors(microexponents: Tensor, fmt: Format) -> Tensor:
    """2**(1 - microexponent) of each element: int16 ``[..., blocks, size]`` from uint8 ``[..., blocks]``."""
    if not fmt.subblocks:
        return microexponents.new_full((*microexponents.shape, fmt.block_size), 2, dtype=torch.int16)
    device = microexponents.device
    bits = torch.arange(256, device=device)[:, None] >> torch.arange(fmt.subblocks, device=device) & 1
    table = (2 - bits).repeat_interleave(fmt.subblock_size, 1).short()
    return table.index_select(0, microexponents.flatten().int()).view(*microexponents.shape, fmt.block_size)


@torch.no_grad()
def decode(t: BlockTensor, dtype: torch.dtype, nan: float) -> Tensor:
    """Values, padding included: float32 or float64 ``[..., blocks, size]``; ``nan`` times q in NaN blocks."""
    steps = {}
    for fmt in set(t.formats):
        # One more for the factor of 2 in 2**(1 - t).
        exponent = torch.arange(256) - (127 + fmt.magnitude_bits)
        steps[fmt] = torch.ldexp(torch.ones(256, dtype=torch.float64), exponent)
        steps[fmt][255] = nan
    kinds = list(steps)
    table = torch.cat(list(steps.values())).to(dtype=dtype, device=t.device)
    first = torch.tensor([256 * kinds.index(fmt) for fmt in t.formats], dtype=torch.int32, device=t.device)
    step = table.index_select(0, (t.exponents + first).flatten()).view(*t.exponents.shape, 1)
    return microexponent_factors(t.microexponents, t.formats[0]).mul_(t.elements) * step


def dequantize(t: BlockTensor) -> Tensor:
    """Decode, without the padding: float32 ``[..., K]``, see `golden.dequantize`."""
    return decode(t, torch.float32, torch.nan).flatten(-2)[..., : t.k]
