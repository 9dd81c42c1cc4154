"""What tells the suite's own steps from everything that would walk around them.

Superuser mode is no sign: automation, imports and other addons use it as well. A Python object in the context is:
no call from outside can carry one.
"""

_ENGINE = object()


def as_engine(records):
    """Return ``records`` for a step of the payment's life, with the rights that it needs."""
    return records.sudo().with_context(treasury_engine=_ENGINE)


def is_engine(env):
    """:return: whether the present call is such a step"""
    return env.context.get("treasury_engine") is _ENGINE
