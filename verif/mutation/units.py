"""Modules of the hardware, and the tests that claim them."""

from pathlib import Path

__all__ = ["ROOT", "modules", "tests_of"]

ROOT = Path(__file__).resolve().parents[2]

_TESTS: dict[str, tuple[str, ...]] = {}
"""Of modules that no test of the same name claims."""


def modules(under: str = "hw") -> dict[str, Path]:
    """Every module with logic below a package or module, by name, with its file."""
    found = {}
    for path in sorted((ROOT / "hw").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if path.stem != "__init__" and (name == under or name.startswith(f"{under}.")):
            found[name] = path
    return found


def tests_of(module: str) -> tuple[str, ...]:
    """Paths that pytest takes: those named above, the test of the module's name, or all beside it.

    Raises
    ------
    ValueError
        For a module that none claims.
    """
    if module in _TESTS:
        return _TESTS[module]
    folder, name = Path("verif", *module.split(".")[:-1]), module.rpartition(".")[2]
    for found in (folder / f"test_{name}.py", folder):
        if (ROOT / found).exists():
            return (str(found),)
    raise ValueError(f"no test claims {module}")
