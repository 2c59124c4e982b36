#!/usr/bin/env python3
"""Compares answers fetched from the API with the oracle and with hledger, figure by figure.

    compare.py --oracle oracle.json --answers DIR

DIR holds: trial-balance.json (from 1996-01-01 to 1998-12-31), receivables.json, stock-balances.json and
vouchers.json (all pages: a list or {"data": [...]}), sales-margin.json, ar-aging.json (as of 1998-12-31); when present
also stock-summary.json, trial-balance-YYYY.json (one year) and ar-aging-YYYY-MM-DD.json.
Prints each mismatch; exit code 1 when there is one or an answer is missing.
"""

import argparse
import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from decimal import Decimal, InvalidOperation

import to_hledger
from to_hledger import amount_of, code_of, records

AGING_COLUMNS = ("notDue", "d30", "d60", "d90", "d120", "over", "balance")
AGING_NAMES = {"days1to30": "d30", "days31to60": "d60", "days61to90": "d90", "days91to120": "d120", "over120": "over"}


class Report:
    """Counts what agrees and prints what does not."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, what, expected, found):
        try:
            same = Decimal(str(expected)) == Decimal(str(found))
        except InvalidOperation:
            same = str(expected) == str(found)
        self.tell(same, f"{what}: expected {expected}, found {found}")

    def tell(self, good, sentence):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"MISMATCH {sentence}")


def leaves(answer):
    """Rows of a report that are not group rows."""
    return [row for row in answer.get("rows", records(answer)) if not row.get("isGroup")]


def by_key(rows, column):
    """Rows by the code in a column; a second row of the same code is an error of the answer."""
    found = {}
    for row in rows:
        code = str(code_of(row[column]))
        if code in found:
            raise ValueError(f"two rows of {code}")
        found[code] = row
    return found


def compare_rows(report, what, expected, found, key, columns):
    """Every column of every row; a row only one side has counts as zeros on the other."""
    expected, found = by_key(expected, key), by_key(found, key)
    for code in sorted(expected.keys() | found.keys()):
        for column in columns:
            want, have = expected.get(code, {}).get(column, "0"), found.get(code, {}).get(column, "0")
            report.check(f"{what} {code} {column}", amount_of(want), amount_of(have))


def signed(rows, convention):
    """Trial balance rows with opening and closing as the answer may show them: debit positive, or own direction."""
    turned = []
    for row in rows:
        sign = -1 if convention == "direction" and row["direction"] == "credit" else 1
        turned.append(row | {name: str(amount_of(row[name]) * sign) for name in ("opening", "closing")})
    return turned


def compare_trial_balance(report, what, expected, answer):
    """Leaf rows in the answer's own sign convention (one for all rows), group rows as sums of leaves, totals."""
    found = leaves(answer)
    convention = "debit"
    credit_codes = {row["account"] for row in expected if row["direction"] == "credit" and amount_of(row["closing"]) < 0}
    shown = [amount_of(row["closing"]) for row in found if str(code_of(row["account"])) in credit_codes]
    if shown and all(value > 0 for value in shown):
        convention = "direction"
    compare_rows(report, what, signed(expected, convention), found, "account", ("opening", "debit", "credit", "closing"))
    for group in (row for row in answer.get("rows", []) if row.get("isGroup")):
        code = str(code_of(group["account"]))
        for side in ("debit", "credit"):
            total = sum(amount_of(row[side]) for row in expected if row["account"].startswith(code))
            report.check(f"{what} group {code} {side}", total, amount_of(group[side]))
    debit, credit = (sum(amount_of(row[side]) for row in found) for side in ("debit", "credit"))
    report.check(f"{what} total debit = total credit", debit, credit)
    for side, total in (("debit", debit), ("credit", credit)):
        if side in answer.get("totals", {}):
            report.check(f"{what} totals {side}", total, amount_of(answer["totals"][side]))


def is_invoice(item):
    """Whether an open item comes from a normal invoice."""
    kind = str((item.get("source") or {}).get("type", "sales-invoice"))
    return kind.endswith(("sales-invoice", "sales-invoices")) and amount_of(item["amount"]) > 0


def compare_receivables(report, oracle, answer):
    """Open amount per customer; and the set of invoices with date, due date, amount and open amount."""
    open_of = defaultdict(Decimal)
    for item in records(answer):
        open_of[str(code_of(item["party"]))] += amount_of(item["open"])
    for code in sorted(oracle["perCustomer"].keys() | open_of.keys()):
        report.check(f"receivables {code} open", oracle["perCustomer"].get(code, "0"), open_of.get(code, Decimal(0)))
    expected = Counter(
        (row["customer"], row["date"], row["dueDate"], amount_of(row["amount"]), amount_of(row["open"])) for row in oracle["invoices"]
    )
    found = Counter(
        (str(code_of(row["party"])), row["date"], row["dueDate"], amount_of(row["amount"]), amount_of(row["open"]))
        for row in records(answer) if is_invoice(row)
    )
    for invoice in expected.keys() | found.keys():
        shown = " ".join(str(part) for part in invoice)
        report.tell(expected[invoice] == found[invoice], f"invoice {shown}: expected {expected[invoice]}, found {found[invoice]}")


def compare_aging(report, what, expected, answer):
    """Every bucket of every party; the answer may use the short or the long column names."""
    found = [{AGING_NAMES.get(name, name): value for name, value in row.items()} for row in leaves(answer)]
    for row in found:
        missing = [name for name in AGING_COLUMNS if name not in row]
        report.tell(not missing, f"{what} {code_of(row['party'])}: no column {', '.join(missing)}")
    compare_rows(report, what, expected, found, "party", AGING_COLUMNS)


def compare_stock(report, oracle, balances, summary):
    """Quantity, reservation and value per product; in and out when the summary is there."""
    compare_rows(report, "stock", oracle, records(balances), "product", ("quantity", "reserved", "value"))
    if summary is None:
        return
    names = {
        "inQuantity": "inQuantity", "inValue": "inValue", "outQuantity": "outQuantity", "outValue": "outValue",
        "closingQuantity": "quantity", "closingValue": "value",
    }
    expected = [{"product": row["product"]} | {column: row[own] for column, own in names.items()} for row in oracle]
    compare_rows(report, "stock summary", expected, leaves(summary), "product", tuple(names))


def compare_books(report, stock, trial, receivables):
    """The sub-ledgers of the answers agree with the general ledger of the answers."""
    accounts = by_key(leaves(trial), "account")

    def debit_balance(code):
        row = accounts.get(code, {})
        opening = amount_of(row.get("opening"))
        return opening + amount_of(row.get("debit")) - amount_of(row.get("credit"))

    report.check("stock value = account 140501", debit_balance("140501"), sum(amount_of(row["value"]) for row in records(stock)))
    report.check("goods shipped, account 140502", 0, debit_balance("140502"))
    total_open = sum(amount_of(row["open"]) for row in records(receivables))
    report.check("open items = 1122 + 2203", debit_balance("1122") + debit_balance("2203"), total_open)


def compare_numbers(report, vouchers):
    """Voucher numbers are gapless from 1 within word and month."""
    series = defaultdict(list)
    for voucher in to_hledger.posted(vouchers):
        digits = ""
        for character in reversed(str(voucher.get("number") or "")):
            if not character.isdigit():
                break
            digits = character + digits
        series[voucher.get("word"), voucher["date"][:7]].append(int(digits or 0))
    for (word, month), numbers in sorted(series.items()):
        gapless = sorted(numbers) == list(range(1, len(numbers) + 1))
        report.tell(gapless, f"voucher numbers {word} {month}: {len(numbers)} vouchers, not 1 to {len(numbers)}")


def hledger(journal, *arguments):
    """Output of one hledger call; an error of hledger is raised with its own words."""
    done = subprocess.run(["hledger", "-f", str(journal), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[0] if done.stderr.strip() else f"exit code {done.returncode}")
    return done.stdout


def hledger_balances(journal, *query):
    """Balance per account as hledger computes it."""
    text = hledger(journal, "balance", "--flat", "--empty", "--no-total", "--output-format", "csv", *query)
    rows = list(csv.reader(io.StringIO(text)))[1:]
    return {row[0]: Decimal(row[1].replace("CNY", "").replace(",", "").strip() or "0") for row in rows}


def compare_hledger(report, vouchers, expected, trial):
    """hledger accepts the exported vouchers and computes the oracle's and our trial balance from them."""
    accounts = {row["account"]: row for row in expected}
    ours = by_key(leaves(trial), "account")
    with tempfile.TemporaryDirectory() as folder:
        journal = pathlib.Path(folder) / "books.journal"
        journal.write_text(to_hledger.journal(vouchers), encoding="utf-8")
        try:
            hledger(journal, "check", "--strict", "ordereddates")
            report.tell(True, "")
            sides = {"closing": (1, ()), "debit": (1, ("tag:side=^debit$",)), "credit": (-1, ("tag:side=^credit$",))}
            for column, (sign, query) in sides.items():
                balances = hledger_balances(journal, *query)
                for code in sorted(accounts.keys() | balances.keys()):
                    value = balances.get(code, Decimal(0)) * sign
                    report.check(f"hledger {code} {column} (oracle)", accounts.get(code, {}).get(column, "0"), value)
                    if column != "closing":
                        report.check(f"hledger {code} {column} (trial balance)", amount_of(ours.get(code, {}).get(column)), value)
        except (ValueError, FileNotFoundError) as error:
            report.tell(False, f"hledger: {error}")


def compare(folder, oracle):
    """All comparisons; returns the report."""
    folder, report = pathlib.Path(folder), Report()

    def answer(name, required=True):
        path = folder / f"{name}.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        if required:
            report.tell(False, f"{path.name} is missing in the answers")
        return None

    names = ("trial-balance", "receivables", "stock-balances", "sales-margin", "ar-aging", "vouchers")
    trial, receivables, stock, margin, aging, vouchers = (answer(name) for name in names)
    if report.failed:
        return report
    compare_trial_balance(report, "trial balance", oracle["trialBalance"], trial)
    for day, rows in oracle["trialBalanceOfYear"].items():
        if (year := answer(f"trial-balance-{day[:4]}", required=False)) is not None:
            compare_trial_balance(report, f"trial balance {day[:4]}", rows, year)
    compare_receivables(report, oracle["receivables"], receivables)
    compare_stock(report, oracle["stock"], stock, answer("stock-summary", required=False))
    compare_rows(report, "sales margin", oracle["salesMargin"], leaves(margin), "product", ("quantity", "revenue", "cost", "margin"))
    compare_aging(report, "ageing", oracle["arAging"], aging)
    for day, rows in oracle["arAgingAt"].items():
        if (other := answer(f"ar-aging-{day}", required=False)) is not None:
            compare_aging(report, f"ageing {day}", rows, other)
    compare_books(report, stock, trial, receivables)
    compare_numbers(report, vouchers)
    compare_hledger(report, vouchers, oracle["trialBalance"], trial)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--oracle", required=True, help="output of oracle.py")
    parser.add_argument("--answers", required=True, help="folder of the answers fetched from the API")
    options = parser.parse_args()
    oracle = json.loads(pathlib.Path(options.oracle).read_text(encoding="utf-8"))
    report = compare(options.answers, oracle)
    print(f"{report.passed} passed, {report.failed} failed")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
