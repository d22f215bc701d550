"""What was published of image quality: the lines of all tables, and the claims that were checked."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from gen.files import write_text
from mixdit.digits.recipes import RECIPES
from mixdit.quality.checks import Check
from mixdit.quality.row import Row
from mixdit.rivals.variants import VARIANTS

__all__ = ["FILE", "Published"]

FILE = Path(__file__).with_name("published.json")

_MODELS, _VARIANTS = list(RECIPES), list(VARIANTS)


@dataclass(frozen=True)
class Published:
    """Figures of models in the project, and what was claimed of them.

    Parameters
    ----------
    rows:
        In the order of models and variants.
    checks:
        Claims, by model.
    """

    rows: Sequence[Row] = field(default_factory=list)
    checks: Sequence[Check] = field(default_factory=list)

    def rows_of(self, model: str, *, steps: int = 20, guidance: float = 1.0) -> list[Row]:
        """Those of a model that was sampled so."""
        return [row for row in self.rows if (row.model, row.steps, row.guidance) == (model, steps, guidance)]

    def renewed(self, new: "Published") -> "Published":
        """Both; what ``new`` has takes the place of the same: of a variant sampled so, of a model's claims.

        Raises
        ------
        ValueError
            A model or a variant that is none of the project's.
        """
        for row in new.rows:
            if row.model not in _MODELS or row.variant not in _VARIANTS:
                raise ValueError(f"{row.variant!r} of {row.model!r} is none of the project's variants")
        rows = {_key(row): row for row in (*self.rows, *new.rows)}
        judged = {check.model for check in new.checks}
        checks = [check for check in self.checks if check.model not in judged]
        return Published(
            [rows[key] for key in sorted(rows)],
            sorted((*checks, *new.checks), key=lambda check: _MODELS.index(check.model)),
        )

    @classmethod
    def of_folders(cls, folders: Iterable[Path]) -> Self:
        """What ``mixdit quality --output`` wrote into these.

        Raises
        ------
        ValueError
            A folder without figures.
        """
        rows: list[Row] = []
        checks: list[Check] = []
        for folder in folders:
            try:
                rows += [_row(each) for each in json.loads((folder / "quality.json").read_text())]
                claims = folder / "claims.json"
                if claims.exists():
                    checks += [Check(**each) for each in json.loads(claims.read_text())]
            except (FileNotFoundError, TypeError, ValueError) as error:
                raise ValueError(f"{folder} has no figures of mixdit quality: {error}") from error
        return cls(rows, checks)

    @classmethod
    def read(cls, path: Path = FILE) -> Self:
        """What `write` kept."""
        found = json.loads(path.read_text())
        return cls([_row(row) for row in found["rows"]], [Check(**check) for check in found["checks"]])

    def write(self, path: Path = FILE) -> None:
        """Keep it, a line for each variant and each claim."""
        write_text(path, f'{{\n"rows": {_lines(self.rows)},\n"checks": {_lines(self.checks)}\n}}\n')


def _lines(of: Sequence[Row] | Sequence[Check]) -> str:
    lines = ",\n".join(json.dumps(asdict(each)) for each in of)
    return f"[\n{lines}\n]"


def _row(figures: dict[str, object]) -> Row:
    row = Row(**figures)  # type: ignore[arg-type]
    row.sqnr_by_timestep = {int(step): value for step, value in row.sqnr_by_timestep.items()}
    return row


def _key(row: Row) -> tuple[int, float, int, int]:
    return row.steps, row.guidance, _MODELS.index(row.model), _VARIANTS.index(row.variant)
