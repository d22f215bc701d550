"""Says at once that a package is missing, so that commands may import it late."""

from importlib.util import find_spec

__all__ = ["require"]


def require(*packages: str) -> None:
    """Raise ModuleNotFoundError, as an import would, for the first of ``packages`` that is not installed.

    Modules of commands call this: importing torch just to print a list of commands takes seconds.
    """
    for package in packages:
        if find_spec(package) is None:
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)
