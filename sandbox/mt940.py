"""Writes bank statements as SWIFT MT940, in the dialect of German banks."""

from sandbox import money
from sandbox.bookings import statement_number

_WIDTH, _PART = 65, 27


def write(statements):
    """Return one MT940 file with all of ``statements``, each a message in its envelope."""
    return "".join(_message(statement) for statement in statements).encode()


def _message(statement):
    account, day = statement.account, statement.day
    sender = f"F01{account.bic:X<12}0000000000"
    rows = [
        f"{{1:{sender}}}{{2:O9401900{day:%y%m%d}{account.bic:X<12}0000000000{day:%y%m%d}1900N}}{{4:",
        f":20:{day:%Y%m%d}",
        f":25:{account.iban}",
        f":28C:{statement_number(day)}/1",
        _balance("60F", statement.opening, day, account.currency),
    ]
    for booking in statement.booked:
        rows += _entry(booking, account.currency)
    rows += [_balance("62F", statement.closing, day, account.currency), "-}"]
    return "\r\n".join(rows) + "\r\n"


def _amount(minor):
    return money.to_text(abs(minor)).replace(".", ",")


def _balance(tag, minor, day, currency):
    return f":{tag}:{'D' if minor < 0 else 'C'}{day:%y%m%d}{currency}{_amount(minor)}"


def _entry(booking, currency):
    taken = booking.amount < 0
    mark = ("RC" if taken else "RD") if booking.reversal_of else ("D" if taken else "C")
    kind = "NDDT" if "DDT" in booking.code else "NTRF"
    yield (
        f":61:{booking.value_date:%y%m%d}{booking.booking_date:%m%d}{mark}{_amount(booking.amount)}"
        f"{kind}NONREF//{booking.entry_reference}"
    )
    if booking.conversion:
        original = booking.conversion
        rate = str(original.rate).replace(".", ",")
        yield f"/OCMT/{original.currency}{_amount(original.amount)}//EXCH/{rate}/"
    elif booking.charges:
        yield f"/OCMT/{currency}{_amount(booking.amount + booking.charges)}//CHGS/{currency}{_amount(booking.charges)}/"
    text = f"{116 if taken else 166}?00BOOKING"
    purpose = "".join(
        f"{keyword}+{value}"
        for keyword, value in (
            ("EREF", booking.end_to_end_id),
            ("SVWZ", " ".join(filter(None, (booking.text, booking.reference)))),
        )
        if value
    )
    for place in range(0, min(len(purpose), 10 * _PART), _PART):
        text += f"?2{place // _PART}{purpose[place : place + _PART]}"
    text += f"?31{booking.party_iban}" if booking.party_iban else ""
    text += f"?32{booking.party[:_PART]}" if booking.party else ""
    for place in range(0, len(text), _WIDTH):
        yield (":86:" if not place else "") + text[place : place + _WIDTH]
