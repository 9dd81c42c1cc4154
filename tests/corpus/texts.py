"""What payers write, and what becomes of it on its way: the corruptions of real life, by a seeded generator."""

from random import Random

AROUND = (
    "{}",
    "Invoice {}",
    "Payment of invoice {} thank you",
    "Rechnung {} vom 12.03.",
    "Rg.-Nr. {} Kd 48213",
    "Überweisung für {} - vielen Dank",
    "Facture n° {} réf. client 7731",
    "Paiement {}",
    "Factuur {} klantnr 90211",
    "Betaling {} dank u",
    "Pagamento fattura {} del mese",
    "Pago factura {}",
    "Zapłata za fakturę {}",
    "Lasku {} maksu",
    "Faktura {} betalning",
    "Platba faktury {} děkujeme",
    "//{}//",
    "EREF+NOTPROVIDED SVWZ+{}",
    "{} / 1 Stk / Projekt Nord",
    "ref {} Abt. Einkauf Standort 3",
)
UNRELATED = (
    "Monthly rent as agreed",
    "Salary March 2026",
    "Kartenzahlung 4411 TANKSTELLE 55",
    "Account fee Q1/2026",
    "VAT 03/2026 tax number 133/8150/8159",
    "Insurance policy 77-4411-90",
    "Prélèvement URSSAF 2026",
    "ATM 0042 Hauptbahnhof",
    "Refund Amazon 304-1187-2291",
    "Telekom Kd.Nr. {} Mobilfunk",
    "Membership {} 2026",
)
_SLIPS = {"0": "O", "1": "I", "5": "S", "8": "B", "O": "0", "I": "1", "S": "5", "B": "8"}


def around(random: Random, named: str) -> str:
    """Put what names the invoices into a sentence."""
    return random.choice(AROUND).format(named)


def cut(text: str, length: int) -> str:
    """Cut a text as banks do."""
    return text[:length]


def wrapped(text: str, length: int = 35) -> str:
    """Break a text into lines of a fixed length, which come back joined by blanks."""
    return " ".join(text[start : start + length] for start in range(0, len(text), length))


def separators(random: Random, number: str) -> str:
    """Print a number with other separators, or none."""
    marks = random.choice((" ", "-", "", ".", " / ", "/"))
    return number.replace("/", marks).replace("-", marks)


def typo(random: Random, number: str) -> str:
    """Change, drop or swap one digit."""
    places = [place for place, char in enumerate(number) if char.isdigit()]
    place = random.choice(places[-4:])
    kind = random.randrange(3)
    if kind == 0:
        other = random.choice([digit for digit in "0123456789" if digit != number[place]])
        return number[:place] + other + number[place + 1 :]
    if kind == 1:
        return number[:place] + number[place + 1 :]
    if place + 1 < len(number):
        return number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    return number[:-1]


def ocr_slip(random: Random, number: str) -> str:
    """Take one character for one that looks like it."""
    places = [place for place, char in enumerate(number) if char in _SLIPS]
    if not places:
        return number
    place = random.choice(places)
    return number[:place] + _SLIPS[number[place]] + number[place + 1 :]


def mistyped_name(random: Random, name: str) -> str:
    """A name with a letter dropped, in capitals, or without its legal form."""
    kind = random.randrange(4)
    if kind == 0:
        return name.upper()
    if kind == 1:
        place = random.randrange(1, max(2, len(name) - 6))
        return name[:place] + name[place + 1 :]
    if kind == 2:
        return name.rsplit(" ", 1)[0]
    return name[:18]


# === REFERENCES, WITH RIGHT CHECK DIGITS === #


def rf(body: str) -> str:
    """ISO 11649 around a body of digits and capitals."""
    digits = "".join(str(int(char, 36)) for char in body + "RF00")
    return f"RF{98 - int(digits) % 97:02d}{body}"


def ogm(number: int) -> str:
    base = f"{number:010d}"
    value = base + f"{int(base) % 97 or 97:02d}"
    return f"+++{value[:3]}/{value[3:7]}/{value[7:]}+++"


def qrr(number: int) -> str:
    base, carry = f"{number:026d}", 0
    for digit in base:
        carry = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)[(carry + int(digit)) % 10]
    return base + str((10 - carry) % 10)


def finnish(number: int) -> str:
    base = str(number)
    total = sum(int(digit) * (7, 3, 1)[place % 3] for place, digit in enumerate(reversed(base)))
    return base + str(-total % 10)


def luhn(number: int, width: int) -> str:
    base, total = f"{number:0{width}d}", 0
    for place, digit in enumerate(reversed(base)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return base + str(-total % 10)
