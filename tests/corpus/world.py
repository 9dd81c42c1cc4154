"""A small company with its customers, suppliers and open items: what the payments of the corpus are drawn from."""

import datetime
from dataclasses import dataclass, field
from random import Random

from odoo.addons.bank_statement_api.tools.matching.facts import Item, Parties
from odoo.addons.bank_statement_api.tools.matching.words import fold_name

from tests.corpus import texts

TODAY = datetime.date(2026, 3, 4)
_FIRST = (
    "Nord",
    "Süd",
    "Alpen",
    "Rhein",
    "Delta",
    "Nova",
    "Kern",
    "Blau",
    "Stein",
    "Wald",
    "Lux",
    "Terra",
    "Mond",
    "Fjord",
    "Prag",
    "Torino",
    "Oslo",
    "Gent",
    "Lyon",
    "Porto",
)
_SECOND = (
    "Technik",
    "Handel",
    "Bau",
    "Logistik",
    "Medien",
    "Pharma",
    "Design",
    "Energie",
    "Foods",
    "Systems",
    "Textil",
    "Optik",
    "Metall",
    "Druck",
    "Agrar",
)
_FORM = ("GmbH", "AG", "SARL", "BV", "Oy", "AB", "SpA", "S.L.", "s.r.o.", "Ltd")
_NUMBERS = (
    "INV/2026/{:05d}",
    "RE-26-{:05d}",
    "F2026-{:06d}",
    "2026{:05d}",
    "FV/{}/03/2026",
    "R{:07d}",
    "AR 26/{:04d}",
    "{:05d}",
)
_REFERENCES = ("none", "none", "rf", "ogm", "qrr", "finnish", "kid", "ocr", "fik")


@dataclass
class Partner:
    id: int
    name: str
    iban: str
    is_known: bool


@dataclass
class World:
    """One company's books. ``closed`` are numbers of documents that are paid already."""

    random: Random
    company: int = 1
    items: dict[int, Item] = field(default_factory=dict)
    partners: list[Partner] = field(default_factory=list)
    suppliers: list[Partner] = field(default_factory=list)
    by_partner: dict[int, list[int]] = field(default_factory=dict)
    closed: dict[int, list[str]] = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)

    def parties(self) -> Parties:
        everybody = self.partners + self.suppliers
        names: dict[str, set[int]] = {}
        for partner in everybody:
            names.setdefault(fold_name(partner.name), set()).add(partner.id)
        return Parties(
            ibans={one.iban: frozenset([one.id]) for one in everybody if one.is_known},
            names={name: frozenset(ids) for name, ids in names.items()},
            shown={one.id: one.name for one in everybody},
        )


def build(seed: int, documents: int, shape: str = "") -> World:
    """Make a world.

    :param documents: open customer invoices; a third of it in supplier bills is added.
    :param shape: of the invoices' numbers; by default one of many.
    """
    random = Random(seed)
    world = World(random)
    drawn = random.choice(_NUMBERS)
    shape = shape or drawn
    scheme = random.choice(_REFERENCES)
    # Some sell subscriptions: many open invoices of one price, where an amount proves nothing.
    prices = [random.randrange(900, 20_000) for _ in range(4)] if random.random() < 0.3 else []
    count = max(8, documents // 5)
    used = set()
    for number in range(1, count + 1):
        world.partners.append(_partner(random, number, used))
    for number in range(count + 1, count + count // 4 + 2):
        world.suppliers.append(_partner(random, number, used))
    running = random.randrange(1, 300)
    for _ in range(documents):
        running += random.choice((1, 1, 1, 2, 3))
        partner = random.choice(world.partners)
        number = shape.format(running)
        world.numbers.append(number)
        if random.random() < 0.25:
            world.closed.setdefault(partner.id, []).append(number)
            continue
        _invoice(world, partner, number, scheme, running, prices)
    for _ in range(documents // 3):
        supplier = random.choice(world.suppliers)
        _bill(world, supplier)
    return world


def _partner(random: Random, number: int, used: set) -> Partner:
    while True:
        name = f"{random.choice(_FIRST)} {random.choice(_SECOND)} {random.choice(_FORM)}"
        if random.random() < 0.5:
            name = f"{random.choice(_FIRST)}{name}"
        if name not in used or random.random() < 0.02:
            used.add(name)
            return Partner(
                number, name, f"DE{random.randrange(10**19, 10**20)}", random.random() < 0.6
            )


def _amount(random: Random, prices: list[int]) -> int:
    if prices and random.random() < 0.7:
        return random.choice(prices)
    if random.random() < 0.2:
        return random.choice((5_000, 10_000, 25_000, 50_000, 100_000, 120_000))
    return round(10 ** random.uniform(3.2, 6.6))


def _invoice(
    world: World, partner: Partner, number: str, scheme: str, running: int, prices
) -> None:
    random = world.random
    amount = _amount(random, prices)
    is_credit = random.random() < 0.04
    currency = "USD" if random.random() < 0.05 else "EUR"
    discount = not is_credit and random.random() < 0.15
    add(
        world,
        partner,
        -amount // 2 if is_credit else amount,
        number,
        references=(reference(scheme, running + 1_000 * partner.id),) if scheme != "none" else (),
        currency=currency,
        discounted=amount - round(amount * 0.02) if discount else None,
        discount_until=TODAY + datetime.timedelta(days=random.randrange(-6, 10))
        if discount
        else None,
    )


def _bill(world: World, supplier: Partner) -> None:
    random = world.random
    shape = random.choice(("{:08d}", "SI-{:06d}", "A{:05d}/26", "{:010d}"))
    number = shape.format(random.randrange(10**5))
    add(
        world,
        supplier,
        -round(10 ** random.uniform(3, 6)),
        f"BILL/2026/{len(world.items):05d}",
        (number,),
    )


def add(
    world: World, partner: Partner, residual: int, number: str, references=(), **values
) -> Item:
    """Put an open item into the books."""
    item_id = len(world.items) + 1
    item = Item(
        id=item_id,
        company=world.company,
        currency=values.pop("currency", "EUR"),
        residual=residual,
        document=item_id,
        partner=partner.id,
        references=tuple(references),
        numbers=(number,),
        **values,
    )
    world.items[item_id] = item
    world.by_partner.setdefault(partner.id, []).append(item_id)
    return item


def reference(scheme: str, number: int) -> str:
    """A reference by one of the schemes, with right check digits."""
    return {
        "rf": lambda: texts.rf(f"{number:09d}"),
        "ogm": lambda: texts.ogm(number),
        "qrr": lambda: texts.qrr(number),
        "finnish": lambda: texts.finnish(100_000_000 + number),
        "kid": lambda: texts.luhn(number, 11),
        "ocr": lambda: texts.luhn(number, 9),
        "fik": lambda: texts.luhn(number, 14),
    }[scheme]()
