"""Wrong plans of channel orders."""

from collections.abc import Iterator

import numpy as np

from mixdit.driver import (
    Reordering,
    plan_reordering,
)
from verif.mixdit.driver.wrong_calls.kinds import (
    FLAGLESS,
    WrongCall,
    not_ints,
)


def plan_calls() -> Iterator[WrongCall]:
    def plan(mx9_blocks=1, **more):
        return plan_reordering(np.arange(20.0), mx9_blocks, **more)

    says = "mx9_blocks, for 20 channels,"
    yield from not_ints("plan_reordering", "mx9_blocks", lambda w, v: plan(v), says)
    yield from not_ints("Reordering", "mx9_blocks", lambda w, v: Reordering(np.arange(20), v), says)
    for kind, value in FLAGLESS.items():
        yield WrongCall(
            f"plan_reordering: balance {kind}",
            lambda w, v=value: plan(balance=v),
            TypeError,
            "^balance must be True",
        )
    for kind, value, error in (
        ("none", [], TypeError if np.asarray([]).dtype.kind not in "iuf" else ValueError),
        ("two axes", [[1.0]], ValueError),
        ("ragged", [[1.0], [1.0, 2.0]], ValueError),
        ("NaN", [np.nan], ValueError),
        ("complex", [1j], TypeError),
        ("texts", ["1"], TypeError),
        ("None", None, TypeError),
    ):
        yield WrongCall(
            f"plan_reordering: importance {kind}",
            lambda w, v=value: plan_reordering(v, 0),
            error,
            "^importance must",
        )
    for blocks in (-1, 3):
        yield WrongCall(
            f"plan_reordering: {blocks} blocks",
            lambda w, v=blocks: plan(v),
            ValueError,
            f"^{says} must be 0 to 2",
        )
    yield WrongCall(
        "Reordering: permutation", lambda w: Reordering(np.array([0, 0]), 0), ValueError, "^permutation must"
    )
    for method in ("producer", "consumer"):
        for value, error in ((np.ones((21, 21)), ValueError), (np.ones(()), ValueError), ([1.0], TypeError)):
            yield WrongCall(
                f"{method}: {np.shape(value)} {type(value).__name__}",
                lambda w, method=method, v=value: getattr(plan(), method)(v),
                error,
                "^weights must",
            )
