"""Bring extras of this project into .venv: ``setup_venv.py EXTRA...`` (``base`` for none).

Runs under whatever ``python3`` there is, so it keeps to syntax that old versions can read.
"""

import os
import subprocess
import sys
import time

try:
    import fcntl
except ImportError:
    fcntl = None

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")


def fail(message):
    """End with one line on stderr."""
    sys.stderr.write("make: " + message + "\n")
    sys.exit(1)


def check_python():
    """End with a line if this Python cannot make the environment."""
    found = "%d.%d" % sys.version_info[:2]
    if sys.version_info < (3, 11):
        fail("needs Python 3.11 or newer, found %s: install it and say `make PYTHON=python3.11 ...`" % found)
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail("this Python has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)")


def stamp(extra):
    """Path of the file that tells make that ``extra`` is installed."""
    return os.path.join(VENV, ".stamp-" + extra)


def is_current(extra):
    """Whether the stamp of ``extra`` is newer than what it depends on."""
    sources = [os.path.join(ROOT, name) for name in ("pyproject.toml", "requirements.lock")]
    return os.path.exists(stamp(extra)) and all(
        os.path.getmtime(stamp(extra)) >= os.path.getmtime(source) for source in sources
    )


def install(extras):
    """Install the project with ``extras``, at the versions of the lock file."""
    start = time.time()
    names = [extra for extra in extras if extra != "base"]
    what = ".[%s]" % ",".join(names) if names else "."
    sys.stderr.write("setting up .venv: mixdit-rtl%s ... " % what[1:])
    sys.stderr.flush()
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        subprocess.check_call([sys.executable, "-m", "venv", VENV])
    command = [python, "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    command += ["--constraint", "requirements.lock", "--config-settings", "editable_mode=compat"]
    result = subprocess.call(command + ["--editable", what], cwd=ROOT)
    if result:
        fail("pip could not install %s (exit code %d): see its message above" % (what, result))
    sys.stderr.write("%.0f s\n" % (time.time() - start))
    for extra in extras:
        open(stamp(extra), "w").close()


def main():
    check_python()
    if not os.path.isdir(VENV):
        os.makedirs(VENV)
    with open(os.path.join(VENV, ".lock"), "w") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        extras = [extra for extra in sys.argv[1:] if not is_current(extra)]
        if extras:
            install(extras)


main()
