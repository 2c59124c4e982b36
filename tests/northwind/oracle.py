#!/usr/bin/env python3
"""Independent computation of the Northwind order-to-cash books.

Reads only the CSV files and implements, with exact integers and fractions, the rules of the specification;
it imports nothing of the product. Order of events: see LOAD_ORDER.md beside this file.

    oracle.py [--dir demo/northwind] [--output oracle.json]

Money is an integer number of cents inside and a decimal string with two decimals in the output.
"""

import argparse
import csv
import datetime
import json
import pathlib
import sys
from collections import defaultdict
from fractions import Fraction

VAT_RATE = Fraction(13, 100)
PURCHASE_SHARE = Fraction(6, 10)
OPENING_DATE = datetime.date(1996, 7, 1)
FROM, TO = datetime.date(1996, 1, 1), datetime.date(1998, 12, 31)
TERM_DAYS = 30
AGING_BOUNDS = (30, 60, 90, 120)
AGING_COLUMNS = ("notDue", "d30", "d60", "d90", "d120", "over")
AGING_DATES = ("1996-12-31", "1997-06-30", "1997-12-31", "1998-01-31", "1998-12-31")
BANK, RECEIVABLE, STOCK, SHIPPED = "100201", "1122", "140501", "140502"
ADVANCE, OUTPUT_TAX, OPENING, REVENUE, COST = "2203", "22210107", "3999", "5001", "5401"
CREDIT_SIDE = {ADVANCE, OUTPUT_TAX, OPENING, REVENUE}


def round_half_away(value):
    """Nearest integer of an exact fraction; halves go away from zero."""
    value = Fraction(value)
    doubled, whole = 2 * abs(value.numerator), 2 * value.denominator
    magnitude = (doubled + value.denominator) // whole
    return -magnitude if value < 0 else magnitude


def cents(amount):
    """An exact amount of money, rounded to whole cents."""
    return round_half_away(Fraction(amount) * 100)


def money(amount_cents):
    """Cents as a decimal string with two decimals."""
    sign = "-" if amount_cents < 0 else ""
    return f"{sign}{abs(amount_cents) // 100}.{abs(amount_cents) % 100:02d}"


def plain(quantity):
    """A quantity as an exact decimal string with four decimals."""
    scaled = round_half_away(Fraction(quantity) * 10000)
    sign = "-" if scaled < 0 else ""
    return f"{sign}{abs(scaled) // 10000}.{abs(scaled) % 10000:04d}"


def line_amounts(quantity, unit_price, discount_rate, vat_rate, tax_included=False):
    """(net, tax) of a document line in cents."""
    gross = cents(Fraction(quantity) * Fraction(unit_price) * (1 - Fraction(discount_rate)))
    if tax_included:
        net = round_half_away(gross / (1 + Fraction(vat_rate)))
        return net, gross - net
    return gross, round_half_away(gross * Fraction(vat_rate))


def share(source, source_quantity, taken, taken_quantity, quantity):
    """Part of a source line's cents; a follow-up that takes the rest takes the rest of the cents."""
    if quantity == source_quantity - taken_quantity:
        return source - taken
    return round_half_away(Fraction(source) * Fraction(quantity) / Fraction(source_quantity))


class MovingAverage:
    """Quantity and value (cents) of one product in one warehouse."""

    def __init__(self):
        self.quantity, self.value, self.reserved = Fraction(0), 0, Fraction(0)

    def receive(self, quantity, value):
        self.quantity += quantity
        self.value += value

    def issue(self, quantity):
        """Takes goods out; returns their cost. The last unit takes the whole value."""
        if quantity > self.quantity:
            raise ValueError("not enough stock")
        cost = self.value if quantity == self.quantity else round_half_away(self.value * quantity / self.quantity)
        self.quantity -= quantity
        self.value -= cost
        return cost


def red(lines):
    """The reversal of voucher lines: negative amounts on the same sides."""
    return [(account, -debit, -credit) for account, debit, credit in lines]


class Line:
    """One order line and what became of it."""

    def __init__(self, row):
        self.product = "NW-" + row["product_code"]
        self.quantity = Fraction(row["quantity"])
        self.net, self.tax = line_amounts(self.quantity, row["unit_price"], row["discount"], VAT_RATE)
        self.reserved, self.cost = Fraction(0), 0


class Order:
    """One order with its due dates; `invoice` is filled on the shipping date."""

    def __init__(self, row, lines):
        self.number, self.customer, self.lines = int(row["number"]), row["customer_code"], lines
        self.ordered = datetime.date.fromisoformat(row["order_date"])
        shipped = row["shipped_date"].strip()
        self.shipped = datetime.date.fromisoformat(shipped) if shipped and shipped != "NULL" else None
        self.due = self.shipped + datetime.timedelta(days=TERM_DAYS) if self.shipped else None
        self.invoice = None

    def is_returned(self):
        return self.number % 20 == 0

    def paid_part(self, total):
        """What is received on the due date, in cents."""
        return {0: 0, 1: round_half_away(Fraction(total, 2)), 2: total, 3: total}[self.number % 4]


class Item:
    """An open item: an invoice with its settlements (date, cents)."""

    def __init__(self, order, total):
        self.order, self.customer, self.date, self.due, self.total = order.number, order.customer, order.shipped, order.due, total
        self.settled = []

    def open(self, as_of=None):
        return self.total - sum(amount for date, amount in self.settled if as_of is None or date <= as_of)


class Books:
    """The company's books; events are posted in chronological order."""

    def __init__(self, data):
        self.stock = defaultdict(MovingAverage)
        self.vouchers, self.items = [], []
        self.margin = defaultdict(lambda: [Fraction(0), 0, 0])
        self.moves = defaultdict(lambda: [Fraction(0), 0, Fraction(0), 0])
        self.products = data["products"]
        for _, _, _, post in sorted(self.events(data), key=lambda event: event[:3]):
            post()

    def events(self, data):
        """(date, class, order number, action), see LOAD_ORDER.md."""
        yield OPENING_DATE, 0, 0, lambda: self.opening(data)
        for order in data["orders"]:
            yield order.ordered, 1, order.number, lambda o=order: self.confirm(o)
            if order.shipped is None:
                continue
            yield order.shipped, 2, order.number, lambda o=order: self.ship(o)
            if order.is_returned():
                yield order.due, 3, order.number, lambda o=order: self.give_back(o)
            if order.number % 4 != 0:
                yield order.due, 4, order.number, lambda o=order: self.receive(o)

    def post(self, date, word, source, lines):
        lines = [line for line in lines if line[1] or line[2]]
        if not lines:
            return
        if sum(line[1] for line in lines) != sum(line[2] for line in lines):
            raise ValueError(f"unbalanced voucher of {source}")
        self.vouchers.append({"date": date, "word": word, "source": source, "lines": lines})

    def goods_in(self, product, quantity, value):
        self.stock[product].receive(quantity, value)
        self.moves[product][0] += quantity
        self.moves[product][1] += value

    def opening(self, data):
        needed = defaultdict(Fraction)
        for order in data["orders"]:
            for line in order.lines:
                needed[line.product] += line.quantity
        total = 0
        for code, product in self.products.items():
            quantity = needed[code] + product["openingStock"]
            if quantity:
                value = round_half_away(quantity * product["purchasePrice"])
                self.goods_in(code, quantity, value)
                total += value
        self.post(OPENING_DATE, "转", "opening", [(STOCK, total, 0), (OPENING, 0, total)])

    def confirm(self, order):
        for line in order.lines:
            stock = self.stock[line.product]
            line.reserved = min(line.quantity, stock.quantity - stock.reserved)
            stock.reserved += line.reserved

    def ship(self, order):
        for line in order.lines:
            stock = self.stock[line.product]
            stock.reserved -= line.reserved
            line.cost = stock.issue(line.quantity)
            self.moves[line.product][2] += line.quantity
            self.moves[line.product][3] += line.cost
        cost = sum(line.cost for line in order.lines)
        self.post(order.shipped, "转", f"delivery {order.number}", [(SHIPPED, cost, 0), (STOCK, 0, cost)])
        net, tax = sum(line.net for line in order.lines), sum(line.tax for line in order.lines)
        for line in order.lines:
            self.book_margin(line.product, line.quantity, line.net, line.cost)
        order.invoice = Item(order, net + tax)
        self.items.append(order.invoice)
        self.post(order.shipped, "转", f"invoice {order.number}", self.invoice_lines(net, tax, cost))

    @staticmethod
    def invoice_lines(net, tax, cost):
        return [(RECEIVABLE, net + tax, 0), (REVENUE, 0, net), (OUTPUT_TAX, 0, tax), (COST, cost, 0), (SHIPPED, 0, cost)]

    def book_margin(self, product, quantity, net, cost):
        row = self.margin[product]
        row[0] += quantity
        row[1] += net
        row[2] += cost

    def give_back(self, order):
        """The first line comes back whole at its delivery's cost, is credited, and the credit settles the invoice."""
        line = order.lines[0]
        cost = share(line.cost, line.quantity, 0, 0, line.quantity)
        self.goods_in(line.product, line.quantity, cost)
        self.post(order.due, "转", f"return {order.number}", red([(SHIPPED, cost, 0), (STOCK, 0, cost)]))
        net = share(line.net, line.quantity, 0, 0, line.quantity)
        tax = share(line.tax, line.quantity, 0, 0, line.quantity)
        self.book_margin(line.product, -line.quantity, -net, -cost)
        self.post(order.due, "转", f"credit {order.number}", red(self.invoice_lines(net, tax, cost)))
        order.invoice.settled.append((order.due, net + tax))

    def receive(self, order):
        amount = order.paid_part(order.invoice.total)
        order.invoice.settled.append((order.due, amount))
        self.post(order.due, "收", f"receipt {order.number}", [(BANK, amount, 0), (RECEIVABLE, 0, amount)])

    def trial_balance(self, first, last):
        rows = defaultdict(lambda: [0, 0, 0])
        for voucher in self.vouchers:
            for account, debit, credit in voucher["lines"]:
                row = rows[account]
                if voucher["date"] < first:
                    row[0] += debit - credit
                elif voucher["date"] <= last:
                    row[1] += debit
                    row[2] += credit
        return dict(sorted(rows.items()))

    def aging(self, as_of):
        rows = defaultdict(lambda: [0] * (len(AGING_COLUMNS) + 1))
        for item in self.items:
            if item.date > as_of:
                continue
            amount, age = item.open(as_of), (as_of - item.due).days
            bucket = 0 if age <= 0 else 1 + sum(1 for bound in AGING_BOUNDS if age > bound)
            rows[item.customer][bucket] += amount
            rows[item.customer][-1] += amount
        return {customer: row for customer, row in sorted(rows.items()) if any(row)}


def read(folder):
    """The CSV files as orders and products."""
    def rows(name):
        with open(pathlib.Path(folder) / name, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    products = {}
    for row in rows("products.csv"):
        price = Fraction(cents(Fraction(row["list_price"]) * PURCHASE_SHARE))
        products["NW-" + row["code"]] = {"purchasePrice": price, "openingStock": Fraction(row["opening_stock"])}
    lines = defaultdict(list)
    for row in rows("order_lines.csv"):
        lines[row["order_number"]].append(Line(row))
    orders = [Order(row, lines[row["number"]]) for row in rows("orders.csv")]
    return {"products": products, "orders": sorted(orders, key=lambda order: order.number)}


def trial_rows(books, first, last):
    """Trial balance rows; opening and closing are debit minus credit."""
    return [
        {
            "account": account, "direction": "credit" if account in CREDIT_SIDE else "debit",
            "opening": money(row[0]), "debit": money(row[1]), "credit": money(row[2]),
            "closing": money(row[0] + row[1] - row[2]),
        }
        for account, row in books.trial_balance(first, last).items() if any(row)
    ]


def aging_rows(books, as_of):
    columns = AGING_COLUMNS + ("balance",)
    return [
        {"party": customer, **{name: money(value) for name, value in zip(columns, row)}}
        for customer, row in books.aging(as_of).items()
    ]


def receivable_rows(books):
    per_customer = defaultdict(int)
    for item in books.items:
        per_customer[item.customer] += item.open()
    invoices = [
        {
            "order": str(item.order), "customer": item.customer, "date": item.date.isoformat(),
            "dueDate": item.due.isoformat(), "amount": money(item.total), "open": money(item.open()),
        }
        for item in books.items
    ]
    return {"perCustomer": {code: money(value) for code, value in sorted(per_customer.items())}, "invoices": invoices}


def stock_rows(books):
    rows = []
    for code in books.products:
        stock, moves = books.stock[code], books.moves[code]
        rows.append({
            "product": code, "warehouse": "WH01", "quantity": plain(stock.quantity), "reserved": plain(stock.reserved),
            "value": money(stock.value), "inQuantity": plain(moves[0]), "inValue": money(moves[1]),
            "outQuantity": plain(moves[2]), "outValue": money(moves[3]),
        })
    return rows


def margin_rows(books):
    return [
        {"product": code, "quantity": plain(row[0]), "revenue": money(row[1]), "cost": money(row[2]), "margin": money(row[1] - row[2])}
        for code, row in sorted(books.margin.items())
    ]


def result(books):
    """Everything that is compared."""
    year_ends = {f"{year}-12-31": trial_rows(books, datetime.date(year, 1, 1), datetime.date(year, 12, 31)) for year in (1996, 1997, 1998)}
    return {
        "from": FROM.isoformat(), "to": TO.isoformat(),
        "trialBalance": trial_rows(books, FROM, TO), "trialBalanceOfYear": year_ends,
        "receivables": receivable_rows(books), "stock": stock_rows(books), "salesMargin": margin_rows(books),
        "arAging": aging_rows(books, TO),
        "arAgingAt": {day: aging_rows(books, datetime.date.fromisoformat(day)) for day in AGING_DATES},
        "totals": {
            "vouchers": len(books.vouchers), "invoices": len(books.items),
            "open": money(sum(item.open() for item in books.items)),
            "stockValue": money(sum(stock.value for stock in books.stock.values())),
            "revenue": money(sum(row[1] for row in books.margin.values())),
            "cost": money(sum(row[2] for row in books.margin.values())),
            "received": money(sum(row[1] for code, row in books.trial_balance(FROM, TO).items() if code == BANK)),
        },
    }


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", default=here.parents[1] / "demo" / "northwind", help="folder of the CSV files")
    parser.add_argument("--output", help="JSON file to write; standard output when absent")
    options = parser.parse_args()
    text = json.dumps(result(Books(read(options.dir))), ensure_ascii=False, indent=1) + "\n"
    if options.output:
        pathlib.Path(options.output).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
