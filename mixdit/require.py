"""Says at once that a package is missing, not after minutes of work."""

from importlib.util import find_spec

__all__ = ["require"]


def require(*packages: str) -> None:
    """Raise ModuleNotFoundError, as an import would, for the first of ``packages`` that is not installed.

    Commands call it when they run: their help needs none of these.
    """
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
