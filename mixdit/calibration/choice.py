"""What is in the high format so far, and what more of it would cost."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mixdit.calibration.latency import Latency
from mixdit.calibration.piece import Piece
from mixdit.calibration.settings import Settings
from mixdit.plan.head_formats import HeadFormats
from mixdit.plan.plan import LinearPlan

__all__ = ["Choice"]


class Choice:
    """Pieces that were taken.

    Parameters
    ----------
    settings:
        The formats.
    latency:
        Prices of layers.
    channels:
        Of the inputs of each linear layer, by path.
    weights:
        What each range of timesteps counts.

    Attributes
    ----------
    blocks: dict[tuple[int, str], list[int]]
        Blocks taken, by range and linear layer.
    heads: dict[tuple[int, str, int], HeadFormats]
        Formats of heads with an operand taken, by range, attention and number.
    """

    def __init__(
        self, settings: Settings, latency: Latency, channels: dict[str, int], weights: Sequence[int]
    ) -> None:
        self._settings, self._latency = settings, latency
        self._channels, self._weights = channels, weights
        self._prices: dict[tuple[str, int], float] = {}
        self.blocks: dict[tuple[int, str], list[int]] = defaultdict(list)
        self.heads: dict[tuple[int, str, int], HeadFormats] = {}

    def cost(self, piece: Piece) -> float:
        """What a piece costs more, all timesteps together."""
        if not piece.operands:
            taken = len(self.blocks.get((piece.part, piece.path), ()))
            more = self._price(piece.path, taken + 1) - self._price(piece.path, taken)
        else:
            before, after = self._formats(piece)
            more = self._latency.head(piece.path, after) - self._latency.head(piece.path, before)
        return self._weights[piece.part] * more

    def take(self, piece: Piece) -> None:
        """Put a piece in the high format."""
        if not piece.operands:
            self.blocks[piece.part, piece.path].append(piece.number)
        else:
            self.heads[piece.part, piece.path, piece.number] = self._formats(piece)[1]

    def _formats(self, piece: Piece) -> tuple[HeadFormats, HeadFormats]:
        """Of a piece's head, now and with the piece."""
        low = HeadFormats.of(self._settings.low)
        before = self.heads.get((piece.part, piece.path, piece.number), low)
        return before, replace(before, **dict.fromkeys(piece.operands, self._settings.high))

    def _price(self, path: str, high_blocks: int) -> float:
        """Of a linear layer with so many blocks in the high format."""
        if (path, high_blocks) not in self._prices:
            plan = LinearPlan(
                in_features=self._channels[path],
                weight=self._settings.weight,
                high=self._settings.high,
                low=self._settings.low,
                high_blocks=high_blocks,
            )
            self._prices[path, high_blocks] = self._latency.linear(path, plan)
        return self._prices[path, high_blocks]
