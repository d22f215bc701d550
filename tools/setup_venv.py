"""Bring extras of this project into .venv: ``setup_venv.py EXTRA...`` (``base`` for none).

Runs under whatever ``python3`` there is, so it keeps to syntax that old versions can read.
"""

import fcntl
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PINS = [os.path.join(ROOT, name) for name in ("pyproject.toml", "requirements.lock")]


def fail(message):
    """End with one line on stderr."""
    sys.stderr.write(f"make: {message}\n")
    sys.exit(1)


def check_python():
    """End with a line if this Python cannot make the environment."""
    if sys.version_info < (3, 11):  # noqa: UP036
        found = ".".join(map(str, sys.version_info[:2]))
        fail(f"needs Python 3.11 or newer, found {found}: install it and run `make PYTHON=python3.11 ...`")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail("this Python has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)")


def stamp(extra):
    """Path of the file whose time says when ``extra`` was installed."""
    return os.path.join(VENV, f".stamp-{extra}")


def is_current(extra):
    """Whether ``extra`` was installed after the last change of what to install."""
    path = stamp(extra)
    return os.path.exists(path) and os.path.getmtime(path) >= max(map(os.path.getmtime, PINS))


def locked(extras):
    """Packages that the base and these extras need, as the lock file has them: versions and hashes."""
    with open(PINS[1]) as lock:
        entries = lock.read().split("\n# ")[1:]
    for entry in entries:
        needed_by, _, requirement = entry.partition("\n")
        if set(needed_by.split(", ")) & {"base", *extras}:
            yield requirement.strip() + "\n"


def write(name, lines):
    """Path of a file in .venv with these lines."""
    path = os.path.join(VENV, name)
    with open(path, "w") as file:
        file.writelines(lines)
    return path


def install(extras):
    """Install the project with ``extras``: the files that the lock file names."""
    start = time.time()
    project = "." + f"[{','.join(extras)}]".replace("[base]", "").replace("[base,", "[")
    sys.stderr.write(f"setting up .venv: mixdit-rtl{project[1:]} ... ")
    sys.stderr.flush()
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        subprocess.check_call([sys.executable, "-m", "venv", VENV])
    requirements = write("requirements.txt", locked(extras))
    constraints = write("constraints.txt", (each.split(" ")[0] + "\n" for each in locked(extras)))
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-input"]
    # The compatible editable mode finds packages that are added later without another installation.
    editable = ["--no-build-isolation", "--config-settings", "editable_mode=compat", "--editable", project]
    for step in (
        ["--require-hashes", "--no-deps", "--requirement", requirements],
        # Brings what only other systems or builds need, too, such as the libraries of a torch for GPUs.
        ["--constraint", constraints, *editable],
    ):
        status = subprocess.call([*pip, *step], cwd=ROOT)
        if status:
            fail(f"pip could not install {project} (exit code {status}): its message is above")
    for extra in extras:
        with open(stamp(extra), "w"):
            pass
    sys.stderr.write(f"{time.time() - start:.0f} s\n")


def main():
    """Install those of the extras on the command line that are not current."""
    check_python()
    os.makedirs(VENV, exist_ok=True)
    with open(os.path.join(VENV, ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        extras = [extra for extra in sys.argv[1:] if not is_current(extra)]
        if extras:
            install(extras)


main()
