"""Modules of the hardware, rewritten as they are imported."""

import sys
from collections import defaultdict
from collections.abc import Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

from verif.mutation.rewrite import rewrite
from verif.mutation.site import Site

__all__ = ["rewritten_imports"]


def rewritten_imports(sites: Mapping[int, Site]) -> None:
    """From now on modules with ``sites``, by their numbers, are imported with these behind the switch.

    Raises
    ------
    RuntimeError
        One of them was imported before.
    """
    of_module: dict[str, dict[int, Site]] = defaultdict(dict)
    for number, site in sites.items():
        of_module[site.module][number] = site
    if before := of_module.keys() & sys.modules.keys():
        raise RuntimeError(f"{min(before)} was imported before it could be rewritten")
    sys.meta_path.insert(0, _Finder(of_module))


class _Finder(MetaPathFinder):
    def __init__(self, of_module: Mapping[str, Mapping[int, Site]]):
        self.of_module = of_module

    def find_spec(self, fullname, path, target=None) -> ModuleSpec | None:
        if fullname not in self.of_module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _Loader(fullname, spec.origin, self.of_module[fullname])
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, sites: Mapping[int, Site]):
        super().__init__(fullname, path)
        self.sites = sites

    def get_code(self, fullname):
        tree = rewrite(self.get_data(self.path).decode(), self.sites)
        return compile(tree, self.path, "exec", dont_inherit=True)
