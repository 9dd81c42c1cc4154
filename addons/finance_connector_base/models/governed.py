"""Fields that only buttons and the machine set: every way in which a caller could name a value for them."""


def without_defaults(records, names):
    """Return ``records`` for a creation in which the caller's context names no values for ``names``.

    A ``default_`` key of the context fills a field that the values leave out, read-only ones among them.

    :param names: names of the fields that a caller may not set
    """
    refused = {f"default_{name}" for name in names}
    context = {key: value for key, value in records.env.context.items() if key not in refused}
    return records.with_env(records.env(context=context))
