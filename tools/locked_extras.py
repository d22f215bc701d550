"""Which extras need a package, directly or through others."""

from collections.abc import Iterable, Mapping

# pip brings a copy: these tools run where nothing else is installed.
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

__all__ = ["locked_extras"]


def locked_extras(
    wanted: Mapping[str, Iterable[str]], packages: Iterable[Mapping[str, object]]
) -> dict[str, set[str]]:
    """Extras by the name of each package, from the metadata of ``packages`` as pip reports it.

    Raises ``KeyError`` if a package that is needed is not there.
    """
    known = {canonicalize_name(str(each["name"])): each for each in packages}
    found: dict[str, set[str]] = {str(each["name"]): set() for each in known.values()}
    for extra, requirements in wanted.items():
        todo = [Requirement(each) for each in requirements]
        seen = set()
        while todo:
            requirement = todo.pop()
            package = known[canonicalize_name(requirement.name)]
            found[str(package["name"])].add(extra)
            for option in ("", *sorted(requirement.extras)):
                if (str(package["name"]), option) in seen:
                    continue
                seen.add((str(package["name"]), option))
                needed = map(Requirement, package.get("requires_dist", []))
                todo += [
                    each for each in needed if not each.marker or each.marker.evaluate({"extra": option})
                ]
    return found
