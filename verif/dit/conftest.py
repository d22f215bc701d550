"""One thread per test process: small models gain nothing from more, and xdist keeps the cores busy."""

import torch

torch.set_num_threads(1)
