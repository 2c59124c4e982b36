#!/usr/bin/env python3
"""Checks the oracle against golden vectors and invariants, and the comparison against answers made from the oracle.

    python3 tests/northwind/test_oracle.py
"""

import contextlib
import datetime
import io
import json
import pathlib
import shutil
import tempfile
import unittest
from collections import defaultdict
from fractions import Fraction

import compare
import oracle

DATA = pathlib.Path(__file__).resolve().parents[2] / "demo" / "northwind"
BOOKS = oracle.Books(oracle.read(DATA))
RESULT = oracle.result(BOOKS)


class GoldenVectors(unittest.TestCase):
    def test_v1_moving_average(self):
        stock = oracle.MovingAverage()
        stock.receive(10, 100_000)
        stock.receive(10, 200_000)
        self.assertEqual((stock.issue(5), stock.quantity, stock.value), (75_000, 15, 225_000))

    def test_v2_last_unit_takes_the_rest(self):
        stock = oracle.MovingAverage()
        stock.receive(3, 1000)
        self.assertEqual([stock.issue(1) for _ in range(3)], [333, 334, 333])
        self.assertEqual(stock.value, 0)

    def test_v7_price_with_tax(self):
        rates = (("0.13", 8850, 1150), ("0.09", 9174, 826), ("0.06", 9434, 566), ("0.03", 9709, 291), ("0.01", 9901, 99))
        for rate, net, tax in rates:
            self.assertEqual(oracle.line_amounts(1, "100", 0, rate, tax_included=True), (net, tax))

    def test_v9_tax_is_rounded_per_line(self):
        lines = [oracle.line_amounts(1, "0.05", 0, "0.13") for _ in range(10)]
        self.assertEqual(sum(tax for _, tax in lines), 10)
        self.assertEqual(oracle.line_amounts(1, "0.50", 0, "0.13")[1], 7)

    def test_v13_red_voucher_keeps_its_sides(self):
        lines = [("1122", 11300, 0), ("5001", 0, 10000), ("2221", 0, 1300)]
        self.assertEqual(oracle.red(lines), [("1122", -11300, 0), ("5001", 0, -10000), ("2221", 0, -1300)])
        both = lines + oracle.red(lines)
        self.assertEqual((sum(line[1] for line in both), sum(line[2] for line in both)), (0, 0))

    def test_rounding_goes_away_from_zero(self):
        for value, expected in (("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("-2.5", -3), ("2.49", 2)):
            self.assertEqual(oracle.round_half_away(Fraction(value)), expected)

    def test_the_rest_takes_the_rest(self):
        parts = [oracle.share(1000, 3, 0, 0, 1), oracle.share(1000, 3, 333, 1, 1), oracle.share(1000, 3, 666, 2, 1)]
        self.assertEqual(parts, [333, 333, 334])


class Invariants(unittest.TestCase):
    def balance(self, account):
        row = BOOKS.trial_balance(oracle.FROM, oracle.TO)[account]
        return row[0] + row[1] - row[2]

    def test_debit_equals_credit(self):
        rows = BOOKS.trial_balance(oracle.FROM, oracle.TO).values()
        self.assertEqual(sum(row[1] for row in rows), sum(row[2] for row in rows))

    def test_stock_equals_its_account(self):
        self.assertEqual(sum(stock.value for stock in BOOKS.stock.values()), self.balance(oracle.STOCK))
        self.assertEqual(self.balance(oracle.SHIPPED), 0)

    def test_open_items_equal_their_accounts(self):
        advance = BOOKS.trial_balance(oracle.FROM, oracle.TO).get(oracle.ADVANCE, [0, 0, 0])
        self.assertEqual(sum(item.open() for item in BOOKS.items), self.balance(oracle.RECEIVABLE) + advance[0] + advance[1] - advance[2])

    def test_ageing_equals_receivables_at_every_date(self):
        for day in oracle.AGING_DATES:
            day = datetime.date.fromisoformat(day)
            row = BOOKS.trial_balance(day, day)[oracle.RECEIVABLE]
            self.assertEqual(sum(r[-1] for r in BOOKS.aging(day).values()), row[0] + row[1] - row[2])
            self.assertTrue(all(sum(r[:-1]) == r[-1] for r in BOOKS.aging(day).values()))

    def test_stock_left_is_opening_stock_and_returns(self):
        data = oracle.read(DATA)
        left = {code: product["openingStock"] for code, product in data["products"].items()}
        for order in data["orders"]:
            if order.is_returned() and order.shipped:
                left[order.lines[0].product] += order.lines[0].quantity
        self.assertEqual({code: BOOKS.stock[code].quantity for code in left}, left)

    def test_every_cost_is_the_purchase_price(self):
        for code, product in BOOKS.products.items():
            self.assertEqual(BOOKS.stock[code].value, oracle.round_half_away(BOOKS.stock[code].quantity * product["purchasePrice"]))

    def test_counts(self):
        self.assertEqual((len(BOOKS.items), len(BOOKS.products)), (560, 77))


def vouchers():
    """The oracle's vouchers in the shape of an export."""
    counts, found = defaultdict(int), []
    for voucher in BOOKS.vouchers:
        key = voucher["word"], voucher["date"].isoformat()[:7]
        counts[key] += 1
        lines = [
            {"account": {"code": account}, "summary": voucher["source"], "debit": oracle.money(debit), "credit": oracle.money(credit)}
            for account, debit, credit in voucher["lines"]
        ]
        found.append({"date": voucher["date"].isoformat(), "word": key[0], "number": str(counts[key]), "state": "posted", "lines": lines})
    return found


def long_names(row):
    """An ageing row with the long column names."""
    long = {short: name for name, short in compare.AGING_NAMES.items()}
    return {long.get(name, name): value for name, value in row.items()}


def answers(folder):
    """Writes answers as the API would give them for the oracle's figures."""
    receivables = [
        {"party": {"code": row["customer"]}, "source": {"type": "sales-invoice"}} | row for row in RESULT["receivables"]["invoices"]
    ]
    shapes = {
        "trial-balance": {"rows": compare.signed(RESULT["trialBalance"], "direction")},
        "trial-balance-1997": {"rows": RESULT["trialBalanceOfYear"]["1997-12-31"]},
        "receivables": {"data": receivables}, "stock-balances": RESULT["stock"],
        "sales-margin": {"rows": RESULT["salesMargin"]}, "ar-aging": {"rows": RESULT["arAging"]},
        "ar-aging-1997-12-31": {"rows": [long_names(row) for row in RESULT["arAgingAt"]["1997-12-31"]]}, "vouchers": {"data": vouchers()},
    }
    for name, shape in shapes.items():
        (pathlib.Path(folder) / f"{name}.json").write_text(json.dumps(shape), encoding="utf-8")
    return shapes


@unittest.skipUnless(shutil.which("hledger"), "hledger is not installed")
class Comparison(unittest.TestCase):
    def run_with(self, change):
        with tempfile.TemporaryDirectory() as folder:
            shapes = answers(folder)
            change(shapes)
            for name, shape in shapes.items():
                (pathlib.Path(folder) / f"{name}.json").write_text(json.dumps(shape), encoding="utf-8")
            with contextlib.redirect_stdout(io.StringIO()) as said:
                report = compare.compare(folder, RESULT)
            return report, said.getvalue()

    def test_equal_answers_pass(self):
        report, said = self.run_with(lambda shapes: None)
        self.assertEqual((report.failed, said), (0, ""))
        self.assertGreater(report.passed, 1500)

    def test_a_cent_is_found(self):
        def in_stock(shapes):
            shapes["stock-balances"][0]["value"] = "0.01"

        def in_invoice(shapes):
            shapes["receivables"]["data"][7]["open"] = "0.01"

        def in_voucher(shapes):
            lines = shapes["vouchers"]["data"][5]["lines"]
            lines[0]["debit"] = "1.00"

        def in_ageing(shapes):
            shapes["ar-aging"]["rows"][3]["over"] = "1.00"

        def lost_row(shapes):
            del shapes["sales-margin"]["rows"][2]

        def gap(shapes):
            del shapes["vouchers"]["data"][3]

        for change in (in_stock, in_invoice, in_voucher, in_ageing, lost_row, gap):
            with self.subTest(change.__name__):
                shapes_result, said = self.run_with(lambda shapes, change=change: (change_copy(shapes), change(shapes)))
                self.assertGreater(shapes_result.failed, 0)
                self.assertIn("MISMATCH", said)


def change_copy(shapes):
    """Replaces every shape by a deep copy, so that a change stays in one test."""
    for name in shapes:
        shapes[name] = json.loads(json.dumps(shapes[name]))


if __name__ == "__main__":
    unittest.main()
