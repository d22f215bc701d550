"""``python -m perf.cycles``: the model beside the hardware, see ``perf.cycles.validate``."""

import sys

from perf.cycles.validate import main

sys.exit(main())
