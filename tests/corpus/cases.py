"""Labelled payments: what each settles in truth, and whether its line proves it.

A case is *provable* when the line, as the bank delivers it, still holds a whole reference or document
number of every item it settles, names no other open one, and its amount is theirs, or differs by what an
active rule, a discount in time or an instructed amount explains. A number without check digits from
somebody who is not the customer proves nothing: a mistyped one looks the same. The label comes from the
generator, which knows what it did; the engine is not asked.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from odoo.addons.bank_statement_api.tools.matching.facts import Item, Line, Text, Tolerance
from odoo.addons.bank_statement_api.tools.matching.words import normalise

from tests.corpus import texts
from tests.corpus.world import TODAY, Partner, World, add, build

WORLD = 400
"""Open customer invoices of one world; about as many lines are made of it."""
FEE, ROUNDING, WITHHOLDING = 1, 2, 3
TOLERANCES = (
    Tolerance(FEE, 1, "fee", "EUR", maximum=1_500, rate=300),
    Tolerance(ROUNDING, 1, "rounding", "EUR", maximum=5),
    Tolerance(WITHHOLDING, 1, "withholding", "EUR", rate=2_000, partners=frozenset(range(1, 9))),
)


@dataclass(frozen=True)
class Case:
    """A line with its truth.

    :ivar truth: items it settles; empty when none of the open ones.
    :ivar group: lines that are one event (parts of a payment, a payment made twice) share it.
    """

    line: Line
    truth: frozenset[int]
    kind: str
    provable: bool
    group: int


@dataclass
class Corpus:
    world: World
    cases: list[Case]


@dataclass(frozen=True)
class Mix:
    """How often things come that are rare in life, for counting them; the default is as in life.

    :ivar boost: how many times more often the rare kinds come.
    :ivar anonymous: share of lines for which the bank tells neither name nor account of the other party.
    :ivar mistyped: share of lines with a mistyped name and no account.
    :ivar others: share of lines that another customer pays, from its own account.
    :ivar shape: of all document numbers, in place of a random one.
    """

    boost: int = 1
    anonymous: float = 0.0
    mistyped: float = 0.0
    others: float = 0.0
    shape: str = ""


_AS_IN_LIFE = Mix()


def generate(seed: int, count: int, mix: Mix = _AS_IN_LIFE) -> Iterator[Corpus]:
    """Yield worlds with their cases until there are ``count`` of them."""
    made = 0
    while made < count:
        corpus = _World(seed * 100_003 + made, mix).corpus(min(WORLD, count - made))
        made += len(corpus.cases)
        yield corpus


class _World:
    """Makes the payments of one world; every open item is paid once at most, in truth."""

    def __init__(self, seed: int, mix: Mix):
        self.mix = mix
        self.world = build(seed, WORLD, mix.shape)
        self.random = self.world.random
        self.cases: list[Case] = []
        self.free = {
            item.id
            for item in self.world.items.values()
            if item.currency == "EUR" and item.residual > 0
        }
        self.dollars = [
            one.id
            for one in self.world.items.values()
            if one.currency == "USD" and one.residual > 0
        ]
        self.bills = [
            one.id
            for one in self.world.items.values()
            if one.residual < 0 and one.partner > len(self.world.partners)
        ]
        self.kinds: list[tuple[int, Callable]] = [
            (22, self.plain), (12, self.structured), (6, self.cut_35), (4, self.cut_140), (3, self.wrapped),
            (3, self.rf_forms), (6, self.merged), (3, self.merged_cut), (2, self.with_credit), (4, self.fee),
            (2, self.rounding), (2, self.withholding), (4, self.discount), (3, self.foreign), (4, self.twins),
            (2, self.reversal), (3, self.typo), (3, self.ocr), (4, self.core), (3, self.paid_twice),
            (5, self.unrelated), (3, self.closed), (3, self.part), (1, self.over), (2, self.in_parts),
            (5, self.bill), (3, self.amount_only), (2, self.somebody_else),
        ]  # fmt: skip
        self.kinds = [
            (weight * mix.boost if weight < 5 else weight, make) for weight, make in self.kinds
        ]

    def corpus(self, count: int) -> Corpus:
        weights = [weight for weight, _make in self.kinds]
        tries = 0
        while len(self.cases) < count and tries < count * 20:
            tries += 1
            [(_weight, make)] = self.random.choices(self.kinds, weights)
            make()
        return Corpus(self.world, self.cases[:count])

    # === HELPERS === #

    def take(self, test=lambda item: True) -> Item | None:
        open_ids = sorted(self.free)
        for item_id in self.random.sample(open_ids, min(12, len(open_ids))):
            if test(self.world.items[item_id]):
                self.free.discard(item_id)
                return self.world.items[item_id]
        return None

    def partner_of(self, item: Item) -> Partner:
        everybody = self.world.partners + self.world.suppliers
        return everybody[item.partner - 1]

    def named(self, item: Item) -> str:
        if item.references and self.random.random() < 0.5:
            return item.references[0]
        return (
            texts.separators(self.random, item.numbers[0])
            if self.random.random() < 0.3
            else item.numbers[0]
        )

    def pay(
        self,
        kind,
        items,
        amount,
        text,
        *,
        payer=None,
        structured=None,
        provable=None,
        group=None,
        amounts=None,
        truth=None,
    ):
        """Add a line; whether it proves its items is worked out from what is left in it."""
        items = [item for item in items if item]
        if self.mix.others and not payer and self.random.random() < self.mix.others:
            payer = self.random.choice(self.world.partners)
        payer = payer or (self.partner_of(items[0]) if items else None)
        fields = [Text("payment_ref", text)]
        if structured:
            fields.append(Text("structured", structured, structured=True))
        name, iban = self.told_of(payer)
        line_id = len(self.cases) + 1
        line = Line(
            id=line_id,
            company=self.world.company,
            journal=1,
            amounts=amounts or (("EUR", amount),),
            date=TODAY + datetime.timedelta(days=self.random.randrange(3)),
            texts=tuple(fields),
            iban=iban,
            name=name,
        )
        own = bool(payer and items) and payer.id == items[0].partner
        is_known = own and ((payer.is_known and bool(iban)) or name == payer.name)
        if provable is None:
            provable = bool(items) and all(
                self.is_proven(item, text, structured, is_known, own) for item in items
            )
        self.cases.append(
            Case(
                line,
                frozenset(item.id for item in items) if truth is None else truth,
                kind,
                provable,
                line_id if group is None else group,
            )
        )
        return line_id

    def told_of(self, payer: Partner | None) -> tuple[str, str]:
        """:return: what the bank says of a payer: name and account, each of which may be missing"""
        draw = self.random.random()
        if not payer or draw < self.mix.anonymous:
            return "", ""
        if draw < self.mix.anonymous + self.mix.mistyped:
            return texts.mistyped_name(self.random, payer.name), ""
        draw = self.random.random()
        iban = payer.iban if self.random.random() < 0.85 else ""
        if draw < 0.6:
            return payer.name, iban
        return (texts.mistyped_name(self.random, payer.name) if draw < 0.85 else ""), iban

    def is_proven(
        self, item: Item, text: str, structured: str | None, is_known: bool, own: bool
    ) -> bool:
        left = normalise(text)
        for printed in (*item.references, *(item.numbers if own else ())):
            value = normalise(printed)
            if structured and normalise(structured) == value:
                return True
            # A short number without letters is anybody's, unless the payer is known.
            if value in left and (len(value) >= 7 or not value.isdigit() or is_known):
                return _stands_alone(value, text)
        return False

    # === WHAT PAYERS DO === #

    def plain(self):
        if item := self.take():
            self.pay("plain", [item], item.residual, texts.around(self.random, self.named(item)))

    def structured(self):
        if item := self.take(lambda one: one.references):
            self.pay("structured", [item], item.residual, "", structured=item.references[0])

    def cut_35(self):
        if item := self.take():
            text = "Zahlung " * self.random.randrange(3) + texts.around(
                self.random, self.named(item)
            )
            self.pay("cut_35", [item], item.residual, texts.cut(text, 35))

    def cut_140(self):
        if item := self.take():
            text = "Wie besprochen per Telefon mit Frau Muster " * 3 + texts.around(
                self.random, self.named(item)
            )
            self.pay("cut_140", [item], item.residual, texts.cut(text, 140))

    def wrapped(self):
        if item := self.take():
            text = "Zahlung laut Vertrag und Absprache " + texts.around(
                self.random, self.named(item)
            )
            self.pay("wrapped", [item], item.residual, texts.wrapped(text))

    def rf_forms(self):
        item = self.take(lambda one: one.references and one.references[0].startswith("RF"))
        if item:
            printed = item.references[0]
            form = self.random.choice(
                (printed[2:], "RF" + printed, f"RF {printed}", printed.lower())
            )
            text = texts.around(self.random, form)
            self.pay("rf_forms", [item], item.residual, text, provable=True)

    def merged(self, cut=None):
        first = self.take(lambda one: len(self.open_of(one.partner)) > 1)
        if not first:
            return
        others = self.open_of(first.partner)[: self.random.randrange(1, 5)]
        self.free.difference_update(one.id for one in others)
        items = [first, *others]
        text = self.random.choice((" ", ", ", " + ", " und ")).join(one.numbers[0] for one in items)
        text = texts.around(self.random, text)
        kind = "merged_cut" if cut else "merged"
        self.pay(kind, items, sum(one.residual for one in items), texts.cut(text, cut or 999))

    def merged_cut(self):
        self.merged(cut=self.random.choice((35, 60)))

    def open_of(self, partner: int) -> list[Item]:
        ids = self.world.by_partner.get(partner, ())
        return [self.world.items[one] for one in ids if one in self.free]

    def with_credit(self):
        credits_ = [
            one
            for one in self.world.items.values()
            if one.residual < 0 and one.partner <= len(self.world.partners)
        ]
        used = {item for case in self.cases for item in case.truth}
        for credit in credits_:
            invoices = [
                one for one in self.open_of(credit.partner) if one.residual > -credit.residual
            ]
            if credit.id not in used and credit.currency == "EUR" and invoices:
                self.free.discard(invoices[0].id)
                text = f"{invoices[0].numbers[0]} abzgl. Gutschrift {credit.numbers[0]}"
                total = invoices[0].residual + credit.residual
                self.pay("with_credit", [invoices[0], credit], total, text)
                return

    def fee(self):
        if item := self.take(lambda one: one.residual > 60_000):
            fee = self.random.choice((500, 750, 1_000, 1_250, 1_500))
            self.pay(
                "fee", [item], item.residual - fee, texts.around(self.random, self.named(item))
            )

    def rounding(self):
        if item := self.take():
            off = self.random.choice((-5, -2, -1, 1, 3))
            self.pay(
                "rounding", [item], item.residual + off, texts.around(self.random, self.named(item))
            )

    def withholding(self):
        if item := self.take(lambda one: one.partner <= 8):
            kept = (item.residual * 2_000 + 5_000) // 10_000
            self.pay(
                "withholding",
                [item],
                item.residual - kept,
                texts.around(self.random, self.named(item)),
            )

    def discount(self):
        if item := self.take(lambda one: one.discounted):
            in_time = item.discount_until >= TODAY + datetime.timedelta(days=3)
            text = texts.around(self.random, self.named(item)) + " abz. Skonto"
            self.pay("discount", [item], item.discounted, text, provable=None if in_time else False)

    def foreign(self):
        if not self.dollars:
            return
        item = self.world.items[self.dollars.pop()]
        booked = round(item.residual * self.random.uniform(0.88, 0.95))
        told = self.random.random() < 0.7
        amounts = (("USD", item.residual), ("EUR", booked)) if told else (("EUR", booked),)
        text = texts.around(self.random, self.named(item))
        self.pay("foreign", [item], booked, text, amounts=amounts, provable=None if told else False)

    def twins(self):
        if item := self.take():
            partner = self.partner_of(item)
            number = f"{item.numbers[0]}7"
            twin = add(self.world, partner, item.residual, number)
            self.world.numbers.append(number)
            if self.random.random() < 0.5:
                self.pay(
                    "twins_named", [item], item.residual, texts.around(self.random, item.numbers[0])
                )
            else:
                self.pay("twins", [item], item.residual, "Ihre Rechnung", provable=False)
            if self.random.random() < 0.3:
                self.pay("twins_named", [twin], twin.residual, texts.around(self.random, number))

    def reversal(self):
        if item := self.take():
            text = f"RETURN {item.numbers[0]} AC04 ACCOUNT CLOSED"
            self.pay(
                "reversal", [], -item.residual, text, payer=self.partner_of(item), provable=False
            )

    def typo(self):
        if item := self.take():
            text = texts.around(self.random, texts.typo(self.random, item.numbers[0]))
            self.pay("typo", [item], item.residual, text, provable=False)

    def ocr(self):
        if item := self.take():
            text = texts.around(self.random, texts.ocr_slip(self.random, item.numbers[0]))
            self.pay("ocr", [item], item.residual, text, provable=False)

    def core(self):
        if item := self.take():
            number = re.sub(r"^[^0-9]+", "", item.numbers[0])
            self.pay(
                "core", [item], item.residual, texts.around(self.random, number), provable=False
            )

    def paid_twice(self):
        if item := self.take():
            text = texts.around(self.random, self.named(item))
            group = self.pay("paid_twice", [item], item.residual, text, provable=False)
            self.pay("paid_twice", [item], item.residual, text, provable=False, group=group)

    def unrelated(self):
        amount = self.random.choice(
            [*(self.world.items[one].residual for one in sorted(self.free)[:40]), 4_200, 99_900]
        )
        text = self.random.choice(texts.UNRELATED).format(self.random.randrange(10_000, 99_999))
        sign = self.random.choice((1, -1, -1))
        payer = self.random.choice([None, self.random.choice(self.world.partners)])
        self.pay("unrelated", [], sign * amount, text, payer=payer, provable=False)

    def closed(self):
        """Names an invoice that is paid already, with the amount of one that is open: a payment made twice."""
        if item := self.take(lambda one: one.partner in self.world.closed):
            number = self.random.choice(self.world.closed[item.partner])
            text = texts.around(self.random, number)
            self.pay("closed", [], item.residual, text, payer=self.partner_of(item), provable=False)

    def part(self):
        if item := self.take(lambda one: one.residual > 10_000):
            amount = item.residual * self.random.choice((3, 4, 5, 6)) // 10
            self.pay(
                "part", [item], amount, texts.around(self.random, self.named(item)), provable=False
            )

    def over(self):
        if item := self.take():
            amount = item.residual + self.random.randrange(1_000, 9_000)
            self.pay(
                "over", [item], amount, texts.around(self.random, self.named(item)), provable=False
            )

    def in_parts(self):
        if item := self.take(lambda one: one.residual > 20_000):
            first = item.residual * self.random.choice((3, 4, 5)) // 10
            text = texts.around(self.random, item.numbers[0])
            group = self.pay("in_parts", [item], first, text)
            self.pay("in_parts", [item], item.residual - first, text, group=group)

    def bill(self):
        if self.bills:
            item = self.world.items[self.bills.pop()]
            text = texts.around(self.random, item.references[0])
            self.pay("bill", [item], item.residual, text)

    def amount_only(self):
        if item := self.take():
            text = self.random.choice(
                ("Ihre Rechnung", "Danke", "Payment", "as agreed", "gem. Angebot")
            )
            self.pay("amount_only", [item], item.residual, text, provable=False)

    def somebody_else(self):
        """A parent or a factor pays, from its own account."""
        if item := self.take():
            payer = self.random.choice(self.world.partners)
            self.pay(
                "somebody_else",
                [item],
                item.residual,
                texts.around(self.random, self.named(item)),
                payer=payer,
            )


def _stands_alone(value: str, text: str) -> bool:
    """Whether the value is made of whole words of the text: ``12`` in ``120`` is not it."""
    words = "".join(char if char.isalnum() else " " for char in text).split()
    joined = [normalise(word) for word in words]
    for start in range(len(joined)):
        built = ""
        for word in joined[start:]:
            built += word
            if built == value:
                return True
    return False
