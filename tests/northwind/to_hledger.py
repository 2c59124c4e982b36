#!/usr/bin/env python3
"""Turns exported vouchers (JSON) into an hledger journal.

    to_hledger.py vouchers.json > books.journal

Accepts a list or {"data": [...]}; an account is a code or {"code", "name"}. Each posting carries the tag
`side:debit` or `side:credit`, because a red voucher keeps its side with a negative amount.
"""

import json
import sys
from decimal import Decimal

NOT_POSTED = {"draft", "reviewed", "void"}


def records(answer):
    """The list inside an answer of the API."""
    return answer if isinstance(answer, list) else answer.get("data", answer.get("rows", []))


def code_of(reference):
    """The code of a reference, or the reference itself."""
    return reference.get("code") or reference.get("number") if isinstance(reference, dict) else reference


def amount_of(value):
    """An exact amount; absent means zero."""
    return Decimal(str(value)) if value not in (None, "") else Decimal(0)


def one_line(text):
    """Text that cannot end a description or start a comment."""
    return " ".join(str(text or "").replace(";", ",").replace("|", "/").split())


def posted(vouchers):
    """The vouchers that are in the books, by date and number."""
    in_books = [voucher for voucher in records(vouchers) if voucher.get("state", "posted") not in NOT_POSTED]
    return sorted(in_books, key=lambda voucher: (voucher["date"], str(voucher.get("word") or ""), str(voucher.get("number") or "")))


def transaction(voucher):
    """The journal text of one voucher."""
    lines = voucher["lines"]
    summary = one_line(next((line.get("summary") for line in lines if line.get("summary")), "voucher"))
    number = one_line(voucher.get("number")).replace("(", "").replace(")", "")
    code = number if number.startswith(str(voucher.get("word"))) else f"{one_line(voucher.get('word'))}-{number}"
    text = [f"{voucher['date']} ({code}) {summary}"]
    for line in lines:
        for side, sign in (("debit", 1), ("credit", -1)):
            amount = amount_of(line.get(side)) * sign
            if amount:
                text.append(f"    {code_of(line['account'])}  CNY {amount:.2f}  ; side:{side}")
    return "\n".join(text)


def journal(vouchers):
    """The whole journal, with every commodity and account declared."""
    in_books = posted(vouchers)
    codes = sorted({str(code_of(line["account"])) for voucher in in_books for line in voucher["lines"]})
    head = ["commodity CNY 1000.00"] + [f"account {code}" for code in codes]
    return "\n".join(head) + "\n\n" + "\n\n".join(transaction(voucher) for voucher in in_books) + "\n"


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: to_hledger.py vouchers.json > books.journal")
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(journal(json.load(file, parse_float=Decimal)))


if __name__ == "__main__":
    main()
