"""``python -m gen``: the command ``mixdit``."""

import os
import sys
from pathlib import Path


def _leave_out_working_directory() -> None:
    """Take the working directory off the path, where ``-m`` put it first, unless this package lies in it.

    A folder there may well be called hw or golden. (One called gen runs in place of this package: there,
    ``python -P -m gen`` does what the script ``mixdit`` does.)
    """
    home = Path(__file__).resolve().parent.parent
    if not sys.flags.safe_path and sys.path[0] == os.getcwd() != str(home):
        del sys.path[0]


if __name__ == "__main__":
    _leave_out_working_directory()
    from gen.cli import main

    main()
