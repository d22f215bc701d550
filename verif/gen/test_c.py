"""C of an engine's package: compiles without a warning, and runs a product on the compiled engine."""

import ctypes
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gen.designs import DESIGNS
from gen.flows.c import c
from golden import MX6, pack, quantize
from hw.gemm.engine import Engine
from mixdit.sim import build
from verif.hw.gemm.test_campaign import WIDE

HERE = Path(__file__).parent
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
C = ["gcc", "-std=c99", *WARNINGS]
CXX = ["g++", "-x", "c++", "-std=c++11", *WARNINGS]


def write(folder, name):
    """The C files of an engine called ``name``."""
    for file in c(SimpleNamespace(design=DESIGNS["mixdit_gemm"], name=name)):
        (folder / file.name).write_text(file.text)
    return folder


@pytest.fixture
def shipped(tmp_path):
    return write(tmp_path, "mixdit_gemm")


def run(command, folder, code=0):
    """What a command prints; it must end with this code."""
    result = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert result.returncode == code, result.stdout
    return result.stdout


def test_only_designs_with_registers_have_c():
    for design in DESIGNS.values():
        files = list(c(SimpleNamespace(design=design, name=design.name)))
        assert bool(files) == (design.name == "mixdit_gemm")


@pytest.mark.parametrize("compiler", [C, CXX], ids=["c", "c++"])
@pytest.mark.parametrize("header", ["mixdit_gemm_driver.h", "mixdit_gemm_platform.h"])
def test_headers_compile_alone(compiler, header, shipped):
    (shipped / "alone.c").write_text(f'#include "{header}"\n')
    assert run([*compiler, "-c", "alone.c", "-o", "alone.o"], shipped) == ""


def test_files_of_two_names_go_into_one_program(tmp_path):
    write(tmp_path, "first")
    write(tmp_path, "second")
    assert all("mixdit_gemm" not in path.name for path in tmp_path.iterdir())
    (tmp_path / "both.c").write_text('#include "first_driver.h"\n#include "second_driver.h"\n')
    run([*C, "-c", "both.c"], tmp_path)
    run([*C, "first_example.c", "second_linux.c", "-lm", "-o", "program"], tmp_path)


def test_linux_program_says_what_it_needs(shipped):
    run([*C, "mixdit_gemm_example.c", "mixdit_gemm_linux.c", "-lm", "-o", "program"], shipped)
    assert "usage: ./program UIO-DEVICE U-DMA-BUF" in run(["./program"], shipped, code=1)
    missing = run(["./program", "/dev/uio0", "none"], shipped, code=1)
    assert "/sys/class/u-dma-buf/none/size: No such file or directory" in missing


def test_example_quantizes_like_golden(shipped):
    (shipped / "encode.c").write_text(
        "#define main example_main\n"
        '#include "mixdit_gemm_example.c"\n'
        "void encode(const float *x, uint8_t *blocks, int count);\n"
        "void encode(const float *x, uint8_t *blocks, int count)\n"
        "{ for (int n = 0; n < count; n++) mx6_block(x + n * BLOCK, blocks + n * BLOCK_BYTES); }\n"
    )
    run([*C, "-shared", "-fPIC", "encode.c", "mixdit_gemm_linux.c", "-lm", "-o", "encode.so"], shipped)
    rng = np.random.default_rng(3)
    x = rng.standard_normal((4000, 16), np.float32)
    x *= np.exp2(rng.integers(-3, 4, x.shape)).astype(np.float32)  # elements of very different size
    x[:1000] *= np.exp2(rng.integers(-140, 120, (1000, 1))).astype(np.float32)  # subnormal ones, too
    x[:4] = np.array([[0.0], [np.inf], [np.nan], [-0.0]])
    x[4:, 0][::7] = 0.0
    blocks = np.zeros((len(x), 12), np.uint8)
    library = ctypes.CDLL(str(shipped / "encode.so"))
    library.encode(x.ctypes.data_as(ctypes.c_void_p), blocks.ctypes.data_as(ctypes.c_void_p), len(x))
    assert np.array_equal(blocks.reshape(-1), pack(quantize(x, MX6)).reshape(-1))


@pytest.fixture(scope="module")
def engine():
    """Library of a compiled engine, which other tests use as well."""
    return build.build_engine_library(Engine(**asdict(WIDE)))[0]


@pytest.mark.engine
@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("mixdit_gemm_example.c", "PASS mixdit_gemm: 5 x 7 x 40"),
        (HERE / "c/driver_test.c", "PASS: 83 checks"),
    ],
    ids=["example", "driver"],
)
def test_runs_on_the_compiled_engine(source, last, engine, shipped):
    shutil.copy(HERE / "c/simulated_platform.c", shipped)
    sources = [source, "simulated_platform.c", engine, f"-Wl,-rpath,{engine.parent}", "-lm"]
    folders = ["-I.", f"-I{Path(build.__file__).parent}"]
    run([*C, *folders, *sources, "-o", "program"], shipped)
    assert run(["./program"], shipped).splitlines()[-1] == last
