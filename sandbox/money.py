"""Money as whole minor units; every currency of the sandbox has two decimals."""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation


def to_text(minor):
    """Return ``minor`` units as the decimal string of the interfaces, such as ``-12.30``."""
    return f"{Decimal(minor).scaleb(-2):.2f}"


def to_minor(text):
    """Return the decimal string (or int) ``text`` in minor units.

    :raise ValueError: not a number, a float, or more than two decimals.
    """
    if isinstance(text, float):
        raise ValueError('send amounts as strings, such as "12.30"')
    try:
        minor = Decimal(str(text)).scaleb(2)
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is not an amount") from error
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise ValueError(f"{text!r} is not an amount with at most two decimals")
    return int(minor)


def convert(minor, rate):
    """Return ``minor`` times the Decimal ``rate``, rounded half to even."""
    return int((Decimal(minor) * rate).to_integral_value(ROUND_HALF_EVEN))
