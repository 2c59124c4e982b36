"""ERP order to cash, second part: chains, rests, averages, reversals, dates. Expected figures are computed here from the
texts of the rules."""
import threading
from decimal import ROUND_HALF_UP, Decimal as D

from client import uuid7


def money(x):
    return D(x).quantize(D("0.01"), ROUND_HALF_UP)


class Story:
    """A tenant with ERP, spoken to by its administrator; `check` and `expect` are the run's."""

    def __init__(self, boss, check, expect, day):
        self.boss, self.check, self.expect, self.day, self.n = boss, check, expect, day, 0

    def product(self, **more):
        self.n += 1
        body = {"code": f"X{self.n}", "name": f"产品{self.n}", "unit": {"code": self.unit()}, "kind": "stocked", "salesPrice": "10", "vatRate": "0.13", **more}
        return self.expect(self.boss.post("/erp/products", body), 201, "product").json

    def unit(self):
        return self.boss.get("/erp/units").json["data"][0]["code"]

    def customer(self, **more):
        self.n += 1
        return self.expect(self.boss.post("/erp/customers", {"code": f"K{self.n}", "name": f"客户{self.n}", **more}), 201, "customer").json

    def stock(self, product, quantity, cost, reason="opening", day=None, **more):
        made = self.boss.post("/erp/stock-adjustments", {"warehouse": {"code": "WH01"}, "date": day or self.day, "reason": reason, "lines": [{"product": product["id"], "quantity": quantity, **({} if cost is None else {"unitCost": cost})}], **more})
        return self.act("stock-adjustments", self.expect(made, 201, "adjustment").json, "post")

    def act(self, what, record, action, status=200, **more):
        answer = self.boss.act(f"/erp/{what}", self.boss.get(f"/erp/{what}/{record['id']}").json, action, **more)
        return self.expect(answer, status, f"{what} {action}").json

    def refused(self, what, record, action, rule, **more):
        answer = self.boss.act(f"/erp/{what}", self.boss.get(f"/erp/{what}/{record['id']}").json, action, **more)
        self.check(answer.status == 422 and (answer.json["details"] or {}).get("rule") == rule, f"{what} {action} is refused: {rule}", answer)

    def order(self, customer, lines, confirm=True, **more):
        body = {"customer": customer["id"], "orderDate": self.day, "warehouse": {"code": "WH01"}, "lines": [{"product": p["id"], "quantity": q, **m} for p, q, m in lines], **more}
        made = self.expect(self.boss.post("/erp/sales-orders", body), 201, "order").json
        return self.act("sales-orders", made, "confirm") if confirm else made

    def follow(self, order, action, target, **data):
        made = self.act("sales-orders", order, action, **({"data": data} if data else {}))["created"]
        self.check(len(made) == 1, f"{action} creates one draft", made)
        return self.get(target, made[0])

    def get(self, what, record):
        return self.boss.get(f"/erp/{what}/{record['id']}").json

    def balance(self, product):
        found = self.boss.get(f"/erp/stock-balances?product={product['id']}").json["data"]
        return found[0] if found else {"quantity": "0", "reserved": "0", "available": "0", "value": "0"}

    def voucher(self, source):
        found = self.boss.get(f"/erp/vouchers?source={source['id']}&sort=number").json
        self.check("data" in found, "vouchers by source", found)
        out = []
        for v in found.get("data", []):
            lines = self.boss.get(f"/erp/vouchers/{v['id']}").json["lines"]
            out.append([(l["account"]["code"], D(l["debit"] or 0), D(l["credit"] or 0)) for l in lines])
        return out


def closes_and_reopens(s):
    p, c = s.product(), s.customer()
    s.stock(p, "10", "4")
    o = s.order(c, [(p, "10", {"unitPrice": "10"})])
    d = s.act("deliveries", s.follow(o, "deliver", "deliveries"), "post")
    s.check(s.get("sales-orders", o)["state"] == "confirmed", "delivered, not invoiced: still confirmed")
    i = s.act("sales-invoices", s.follow(o, "invoice", "sales-invoices"), "post")
    s.check(s.get("sales-orders", o)["state"] == "closed", "nothing left closes by itself", s.get("sales-orders", o)["state"])
    s.check(s.voucher(d) == [[("140502", D(40), D(0)), ("140501", D(0), D(40))]], "delivery: Dr 140502 / Cr 140501 at cost", s.voucher(d))
    want = {("1122", D(113), D(0)), ("5001", D(0), D(100)), ("22210107", D(0), D(13)), ("5401", D(40), D(0)), ("140502", D(0), D(40))}
    s.check({l for v in s.voucher(i) for l in v} == want, "invoice: Dr 1122 / Cr 5001, 22210107; Dr 5401 / Cr 140502", s.voucher(i))
    s.check(D(s.balance(p)["value"]) == 0 and D(s.balance(p)["quantity"]) == 0, "value ends at 0.00 with the quantity", s.balance(p))
    s.refused("deliveries", d, "reverse", "erp.document.has-successors")
    back = s.act("sales-invoices", i, "reverse")
    s.check(back["state"] == "reversed", "reversed", back["state"])
    s.check(s.get("sales-orders", o)["state"] == "confirmed", "reversing an invoice sets the order back to confirmed", s.get("sales-orders", o)["state"])
    reds = s.voucher(i)
    s.check(len(reds) == 2 and {l for v in reds[1:] for l in v} == {(a, -x, -y) for a, x, y in want}, "reversal: the same lines, negative, on the same sides", reds)
    s.act("deliveries", d, "reverse")
    s.check(D(s.balance(p)["value"]) == 40 and D(s.balance(p)["quantity"]) == 10, "goods come back at the posted cost", s.balance(p))
    s.check(D(s.get("sales-orders", o)["lines"][0]["deliveredQuantity"]) == 0, "deliveredQuantity goes back")


def rests_add_up(s):
    p, c = s.product(), s.customer()
    s.stock(p, "3", "3.33333333")
    o = s.order(c, [(p, "3", {"unitPrice": "3.335", "vatRate": "0.13", "discountRate": "0.01"})])
    whole = s.get("sales-orders", o)
    parts, costs = [], []
    for _ in range(3):
        line = whole["lines"][0]["id"]
        d = s.act("deliveries", s.follow(o, "deliver", "deliveries", lines=[{"salesOrderLine": line, "quantity": "1"}]), "post")
        i = s.act("sales-invoices", s.follow(o, "invoice", "sales-invoices"), "post")
        parts.append(i)
        costs.append(D(d["cost"]))
    for f in ("net", "tax", "total"):
        s.check(sum(D(i[f]) for i in parts) == D(whole[f]), f"the last follow-up takes the rest of {f}", ([i[f] for i in parts], whole[f]))
    s.check(sum(costs) == 10 and D(s.balance(p)["value"]) == 0, "Σ cost of issues = value in", costs)


def averages(s):
    p, c = s.product(), s.customer()
    s.stock(p, "10", "1")
    s.stock(p, "5", "2", reason="gain")
    s.check(D(s.balance(p)["value"]) == 20, "10 × 1 + 5 × 2", s.balance(p))
    o = s.order(c, [(p, "7", {})])
    d = s.act("deliveries", s.follow(o, "deliver", "deliveries"), "post")
    s.check(D(d["cost"]) == money(D(7) * 20 / 15), "issue at the moving average", d["cost"])
    r = s.boss.post("/erp/sales-returns", {"delivery": d["id"], "customer": c["id"], "warehouse": {"code": "WH01"}, "returnDate": s.day, "lines": [{"deliveryLine": d["lines"][0]["id"], "product": p["id"], "quantity": "7"}]})
    s.act("sales-returns", s.expect(r, 201, "return").json, "post")
    s.check(D(s.balance(p)["value"]) == 20, "a return comes back at the cost of its delivery", s.balance(p))
    more = s.boss.post("/erp/sales-returns", {"delivery": d["id"], "customer": c["id"], "warehouse": {"code": "WH01"}, "returnDate": s.day, "lines": [{"deliveryLine": d["lines"][0]["id"], "product": p["id"], "quantity": "1"}]})
    if more.status == 201:
        more = s.boss.act("/erp/sales-returns", more.json, "post")
    s.check(more.status in (400, 422), "no more comes back than went out", more)
    lost = s.boss.post("/erp/stock-adjustments", {"warehouse": {"code": "WH01"}, "date": s.day, "reason": "loss", "lines": [{"product": p["id"], "quantity": "-15"}]})
    s.act("stock-adjustments", s.expect(lost, 201, "loss").json, "post")
    s.check(D(s.balance(p)["value"]) == 0, "a loss of all ends at 0.00", s.balance(p))
    below = s.boss.post("/erp/stock-adjustments", {"warehouse": {"code": "WH01"}, "date": s.day, "reason": "loss", "lines": [{"product": p["id"], "quantity": "-1"}]}).json
    s.refused("stock-adjustments", below, "post", "erp.stock.insufficient")


def reservations(s):
    p, c = s.product(), s.customer()
    s.stock(p, "5", "1")
    a = s.order(c, [(p, "5", {})])
    b = s.order(c, [(p, "3", {})])
    s.check(D(s.balance(p)["reserved"]) == 5 and D(s.balance(p)["available"]) == 0, "confirm reserves min(remaining, available)", s.balance(p))
    d = s.follow(b, "deliver", "deliveries")
    s.refused("deliveries", d, "post", "erp.stock.insufficient")
    before = s.get("sales-orders", b)["version"]
    s.stock(p, "4", "1", reason="gain")
    s.check(s.get("sales-orders", b)["version"] == before, "a reservation does not change the order's version")
    s.check(D(s.balance(p)["reserved"]) == 8, "incoming stock fills the oldest shortage first", s.balance(p))
    s.act("deliveries", d, "post")
    s.check(D(s.balance(p)["reserved"]) == 5 and D(s.balance(p)["available"]) == 1, "a delivery uses its order's reservation", s.balance(p))
    s.act("sales-orders", a, "reopen")
    s.check(D(s.balance(p)["reserved"]) == 0, "reopen lets go of the reservation", s.balance(p))


def services(s):
    p, c = s.product(kind="service"), s.customer()
    o = s.order(c, [(p, "2", {"unitPrice": "50", "vatRate": "0.06"})])
    nothing = s.boss.act("/erp/sales-orders", s.get("sales-orders", o), "deliver")
    s.check(nothing.status == 422 and nothing.json["details"]["rule"] == "erp.order.nothing-remaining", "service lines need no delivery", nothing)
    i = s.act("sales-invoices", s.follow(o, "invoice", "sales-invoices"), "post")
    s.check(D(i["total"]) == 106 and s.get("sales-orders", o)["state"] == "closed", "services are invoiced on the ordered quantity", i["total"])


def credits(s):
    p, c = s.product(), s.customer()
    s.stock(p, "10", "2")
    o = s.order(c, [(p, "10", {"unitPrice": "10"})])
    d = s.act("deliveries", s.follow(o, "deliver", "deliveries"), "post")
    i = s.act("sales-invoices", s.follow(o, "invoice", "sales-invoices"), "post")
    r = s.expect(s.boss.post("/erp/sales-returns", {"delivery": d["id"], "customer": c["id"], "warehouse": {"code": "WH01"}, "returnDate": s.day, "lines": [{"deliveryLine": d["lines"][0]["id"], "product": p["id"], "quantity": "4"}]}), 201, "return").json
    s.act("sales-returns", r, "post")
    s.check(s.get("sales-orders", o)["state"] == "closed", "a return does not reopen a closed order", s.get("sales-orders", o)["state"])
    n = s.follow(o, "invoice", "sales-invoices")
    s.check(n["kind"] == "credit", "a closed order allows invoice for a credit draft", n["kind"])
    n = s.act("sales-invoices", n, "post")
    s.check(D(s.get("sales-invoices", i)["open"]) == D("67.80") and D(s.get("sales-invoices", n)["open"]) == 0, "a credit settles open invoices of its order", (s.get("sales-invoices", i)["open"], n["open"]))
    open_items = s.boss.get(f"/erp/receivables?party={c['id']}").json
    s.check("data" in open_items and sum(D(x["open"]) for x in open_items["data"]) == D("67.80"), "receivables hold what is open", open_items)


def settled(s):
    p, c = s.product(kind="service"), s.customer()
    o = s.order(c, [(p, "1", {"unitPrice": "100", "vatRate": "0"})])
    i = s.act("sales-invoices", s.follow(o, "invoice", "sales-invoices"), "post")
    r = s.expect(s.boss.post("/erp/receipts", {"customer": c["id"], "receiptDate": s.day, "bankAccount": {"code": "BANK01"}, "amount": "130", "allocations": [{"invoice": i["id"], "amount": "60"}]}), 201, "receipt").json
    r = s.act("receipts", r, "post")
    s.check(s.voucher(r) and set(s.voucher(r)[0]) == {("100201", D(130), D(0)), ("1122", D(0), D(60)), ("2203", D(0), D(70))}, "receipt: Dr bank / Cr 1122 allocated, Cr 2203 the rest", s.voucher(r))
    r = s.act("receipts", r, "allocate", data={"allocations": [{"invoice": i["id"], "amount": "40"}]})
    s.check(set(s.voucher(r)[-1]) == {("2203", D(40), D(0)), ("1122", D(0), D(40))}, "later allocation: Dr 2203 / Cr 1122", s.voucher(r))
    for a in s.get("receipts", r)["allocations"]:
        undo = s.boss.act("/erp/receipts", s.get("receipts", r), "unallocate", data={"allocations": [{"invoice": i["id"], "amount": a["amount"]}]})
        s.check(undo.status == 200, "unallocate", undo)
    s.check(D(s.get("sales-invoices", i)["open"]) == 100 and D(s.get("receipts", r)["unallocated"]) == 130, "unallocate opens the invoice again", s.get("receipts", r))
    s.act("receipts", r, "reverse")
    s.act("sales-invoices", i, "reverse")
    s.check(s.get("sales-orders", o)["state"] == "confirmed", "the chain goes back as it came")


def numbers_without_gaps(s):
    made = []
    for _ in range(12):
        v = s.expect(s.boss.post("/erp/vouchers", {"word": "记", "date": s.day, "lines": [{"account": {"code": "1001"}, "summary": "x", "debit": "1"}, {"account": {"code": "3999"}, "summary": "x", "credit": "1"}]}), 201, "voucher").json
        made.append(s.act("vouchers", v, "review"))
    answers = []
    run = [threading.Thread(target=lambda v=v: answers.append(s.boss.act("/erp/vouchers", v, "post"))) for v in made]
    [t.start() for t in run], [t.join() for t in run]
    s.check(all(a.status == 200 for a in answers), "twelve post at once", [a.status for a in answers])
    numbers = sorted(v["number"] for page in range(1, 9) for v in s.boss.get(f"/erp/vouchers?pageSize=200&page={page}&sort=number&word={'%E8%AE%B0'}&period.month={int(s.day[5:7])}").json.get("data", []) if v["number"])
    plain = sorted(int("".join(ch for ch in n.split("-")[-1] if ch.isdigit())) for n in numbers)
    s.check(plain == list(range(1, len(plain) + 1)), "voucher numbers have no gap", (numbers[:3], plain[:20]))


def races(s):
    """Sixteen at once want the last piece; the credit limit is not passed by two at once."""
    p, c = s.product(), s.customer(creditLimit="113.00")
    s.stock(p, "1", "1")
    orders = [s.order(s.customer(), [(p, "1", {})]) for _ in range(8)]
    drafts = [s.follow(o, "deliver", "deliveries") for o in orders]
    answers = []
    run = [threading.Thread(target=lambda d=d: answers.append(s.boss.act("/erp/deliveries", d, "post").status)) for d in drafts]
    [t.start() for t in run], [t.join() for t in run]
    s.check(sorted(answers) == [200] + [422] * 7, "the last piece goes out once", answers)
    drafts = [s.order(c, [(s.product(kind="service"), "10", {"unitPrice": "10"})], confirm=False) for _ in range(6)]
    answers = []
    run = [threading.Thread(target=lambda d=d: answers.append(s.boss.act("/erp/sales-orders", d, "confirm").status)) for d in drafts]
    [t.start() for t in run], [t.join() for t in run]
    s.check(sorted(answers) == [200] + [422] * 5, "a credit limit is used once", answers)
    same = {"X-Request-ID": uuid7()}
    body = {"customer": c["id"], "orderDate": s.day, "warehouse": {"code": "WH01"}, "lines": [{"product": p["id"], "quantity": "1"}]}
    answers = []
    run = [threading.Thread(target=lambda: answers.append(s.boss.post("/erp/sales-orders", body, headers=same))) for _ in range(8)]
    [t.start() for t in run], [t.join() for t in run]
    ids = {a.json["id"] for a in answers if a.status == 201}
    s.check(len(ids) == 1 and all(a.status in (201, 409) for a in answers), "one request id, one order", [a.status for a in answers])


def books_agree(s):
    year = s.day[:4]
    trial = s.boss.get(f"/erp/reports/trial-balance?from={year}-01-01&to={year}-12-31").json
    leaf = {r["account"]: r for r in trial["rows"] if not r.get("isGroup")}
    s.check(all(D(r["opening"]) + D(r["debit"]) - D(r["credit"]) == D(r["closing"]) or D(r["opening"]) - D(r["debit"]) + D(r["credit"]) == D(r["closing"]) for r in leaf.values()), "opening ± turnover = closing", leaf)
    stock = sum(D(b["value"]) for page in range(1, 5) for b in s.boss.get(f"/erp/stock-balances?pageSize=200&page={page}").json["data"])
    s.check(stock == D(leaf["140501"]["closing"]), "stock value = 140501", (stock, leaf["140501"]))
    items = sum(D(x["open"]) for page in range(1, 5) for x in s.boss.get(f"/erp/receivables?pageSize=200&page={page}").json["data"])
    prepaid = D(leaf["2203"]["closing"]) if "2203" in leaf else D(0)
    s.check(items == D(leaf["1122"]["closing"]) - abs(prepaid), "Σ open items = 1122 + 2203", (items, leaf["1122"]["closing"], prepaid))
    sheet = s.boss.get(f"/erp/reports/balance-sheet?asOf={year}-12-31").json
    s.check(len(sheet["rows"]) > 10, "balance sheet has its lines", sheet)
    entries = [e for page in range(1, 40) for e in s.boss.get(f"/erp/ledger-entries?pageSize=200&page={page}&date[gte]={year}-01-01&sort=date").json["data"]]
    s.check(sum(D(e["debit"] or 0) for e in entries) == sum(D(e["credit"] or 0) for e in entries), "entries add up")


STORIES = [closes_and_reopens, rests_add_up, averages, reservations, services, credits, settled, numbers_without_gaps, races, books_agree]


def tell(boss, check, expect, day):
    s = Story(boss, check, expect, day)
    for story in STORIES:
        try:
            story(s)
        except Exception as error:  # a story that cannot go on is a sentence that does not hold; the next one still speaks
            check(False, f"{story.__name__} goes to its end", repr(error))
