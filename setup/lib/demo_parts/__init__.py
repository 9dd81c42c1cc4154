"""What the demo shows after the statements: one module for each workflow, run in the order of :data:`PARTS`.

A part is a module with a function ``run(stage: Stage) -> Shown``. What it does inside Odoo's shell stands beside it in
a file named ``<part>_inside.py``; a shell costs some seconds, a call over JSON-2 nothing, so they share one: what a
part wants made before it plays, it says in a function ``seed(stage: Stage) -> str``, which returns the call of its
file. Like the rest of the demo a part looks for what it would make, so that a second run over the same database holds
too, and counts in Odoo and at the sandbox, never from memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import ModuleType

from lib.demo import Context
from lib.demo_clients import Odoo, Sandbox, run_each_inside


@dataclass(frozen=True)
class Stage:
    """Where a part plays.

    :ivar odoo: Odoo as an administrator's JSON-2 calls reach it
    :ivar sandbox: the sandbox's control API
    :ivar world: what the sandbox says of itself
    :ivar companies: the names of the two companies by id
    :ivar today: the sandbox's date after the statements
    :ivar seeded: by part, what its seed returned
    """

    context: Context
    odoo: Odoo
    sandbox: Sandbox
    world: Mapping
    companies: Mapping[int, str]
    today: date
    seeded: Mapping[str, Mapping] = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """What a part showed.

    :ivar figures: joins the summary under the part's name
    :ivar checks: by name, whether what Odoo holds is what the sandbox says; joins ``checks``
    :ivar sentences: the figures in a finance person's words, a line each
    """

    figures: Mapping
    checks: Mapping[str, bool]
    sentences: tuple[str, ...] = field(default=())


# The parts stand below what they are made of.
from lib.demo_parts import cash_position, exports, payments, settlements, shadow

#: The shadow comes first, while nothing else waits for work; the payments last: they move the bank's clock.
PARTS: tuple[ModuleType, ...] = (
    shadow,
    cash_position,
    settlements,
    exports,
    payments,
)


def name_of(part: ModuleType) -> str:
    return part.__name__.rpartition(".")[2]


def seeded(stage: Stage) -> Stage:
    """Let every part make what it wants to find, in one shell."""
    calls = {
        name_of(part): (
            Path(part.__file__).with_name(f"{name_of(part)}_inside.py"),
            part.seed(stage),
        )
        for part in PARTS
        if hasattr(part, "seed")
    }
    return replace(stage, seeded=run_each_inside(stage.context, calls))
