"""Wrong calls of the driver: each argument with each kind of thing that it cannot be.

``world``: what they meet. ``kinds``: what an argument cannot be. The calls: ``engine``, ``memory``,
``matmul``, ``products``, ``reorder``, ``lists``, ``plans``.
"""

from verif.mixdit.driver.wrong_calls.engine import constructor_calls, descriptor_calls, job_calls
from verif.mixdit.driver.wrong_calls.kinds import WrongCall
from verif.mixdit.driver.wrong_calls.lists import list_calls
from verif.mixdit.driver.wrong_calls.matmul import matmul_calls
from verif.mixdit.driver.wrong_calls.memory import memory_calls
from verif.mixdit.driver.wrong_calls.plans import plan_calls
from verif.mixdit.driver.wrong_calls.products import product_calls
from verif.mixdit.driver.wrong_calls.reorder import reorder_calls
from verif.mixdit.driver.wrong_calls.world import PARAMETERS, A, B, World, rows

__all__ = ["PARAMETERS", "WRONG_CALLS", "A", "B", "World", "WrongCall", "rows"]

WRONG_CALLS = [
    *constructor_calls(),
    *matmul_calls(),
    *product_calls(),
    *reorder_calls(),
    *memory_calls(),
    *job_calls(),
    *descriptor_calls(),
    *list_calls(),
    *plan_calls(),
]
