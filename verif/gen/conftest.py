"""Small exports and the tools for them, made once per test process."""

import pytest

from gen.designs import DESIGNS
from gen.files import write_files
from gen.package import make_package
from verif.tools.programs import with_programs

SMALL = {
    "mx_array": {"rows": 2, "cols": 3, "drain_rows": 1, "k_blocks": 4},
    "mx_stream": {"rows": 2, "cols": 4, "drain_rows": 1, "k_blocks": 4},
    "mixdit_gemm": {"rows": 2, "cols": 4, "drain_rows": 1, "k_blocks": 4, "arrays": 2},
}
"""Parameters that keep an export small, by design."""


def design_parameter(name):
    """Those that hold an array and more take longer than all others together."""
    return pytest.param(name, marks=pytest.mark.sweep) if name in ("mx_stream", "mixdit_gemm") else name


@pytest.fixture(scope="session", params=map(design_parameter, DESIGNS))
def package(request):
    """The package of each design, with small parameters."""
    design = DESIGNS[request.param]
    return make_package(design, design.top(SMALL.get(design.name, {})), design.name)


@pytest.fixture(scope="session")
def exported(package, tmp_path_factory):
    """Folder that holds ``package``."""
    folder = tmp_path_factory.mktemp(package.design.name)
    write_files(folder, package.files)
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """Environment in which every tool is on the path under its own name."""
    return with_programs(tmp_path_factory.mktemp("programs"))
