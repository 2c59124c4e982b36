#!/usr/bin/env python3
"""The interface contract and the ERP rules, spoken from outside by a second reader: nothing of ours is imported.

usage: contract.py <superpaas binary> [<url of a PostgreSQL server>]
Every check carries the sentence of the contract it reads. The run ends with status 1 when one does not hold.
"""
import re
import subprocess
import sys
import time
from decimal import ROUND_HALF_UP, Decimal

import erp_rules
import platform_rules
from client import Client, Program, uuid7

FAILED, PASSED = [], 0


def check(holds, sentence, seen=""):
    global PASSED
    if holds:
        PASSED += 1
    else:
        FAILED.append(sentence)
        print(f"FAIL {sentence}\n     {str(seen)[:900]}")


def expect(answer, status, sentence, code=None):
    check(answer.status == status and (code is None or answer.code == code), f"{sentence} → {status} {code or ''}", answer)
    return answer


def money(text):
    return Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)


def envelope(answer, sentence):
    body = answer.json
    check(isinstance(body, dict) and set(body) == {"code", "message", "details", "requestId"}, f"one envelope: {sentence}", answer)


def transport(p, admin, nobody):
    answer = admin.get("/erp/products")
    for header in ("X-Request-ID", "X-Response-Time", "traceparent", "X-Content-Type-Options"):
        check(answer.headers.get(header), f"§1 answers carry {header}", dict(answer.headers))
    check(re.fullmatch(r"\d+(\.\d+)?", answer.headers.get("X-Response-Time", "")), "§1 X-Response-Time is milliseconds", answer.headers.get("X-Response-Time"))
    given = admin.get("/erp/products", headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})
    check("4bf92f3577b34da6a3ce929d0e0e4736" in given.headers.get("traceparent", ""), "§1 traceparent goes on", given.headers.get("traceparent"))
    envelope(expect(admin.get("/erp/products", headers={"X-Tenant-Id": None}), 400, "§2 no tenant header", "MISSING_TENANT_ID"), "no tenant")
    envelope(expect(admin.get("/erp/products", headers={"X-Tenant-Id": "system"}), 403, "§2 another tenant", "TENANT_MISMATCH"), "another tenant")
    envelope(expect(nobody.get("/erp/products", headers={"X-Tenant-Id": "demo"}), 401, "§2 no token", "UNAUTHENTICATED"), "no token")
    envelope(expect(admin.get("/erp/nothings"), 404, "§2 unknown resource", "NOT_FOUND"), "unknown resource")
    envelope(expect(admin.get("/crx/nothings"), 404, "§2 unknown cell"), "unknown cell")
    envelope(expect(admin.call("POST", "/erp/units", raw=b"{", headers={"Content-Type": "application/json"}), 400, "§2 broken JSON", "MALFORMED_REQUEST"), "broken JSON")
    envelope(expect(admin.call("POST", "/erp/units", raw=b"a=b", headers={"Content-Type": "text/plain"}), 415, "§2 text/plain", "UNSUPPORTED_MEDIA_TYPE"), "text/plain")
    for path, code in (("/erp/products?nope=1", "UNKNOWN_FILTER"), ("/erp/products?sort=nope", "UNKNOWN_FILTER"), ("/erp/products?pageSize=201", "VALIDATION_FAILED"),
                       ("/erp/products?page=0", "VALIDATION_FAILED"), ("/erp/products?page=x", None), ("/erp/products?fields=nope", None), ("/erp/products?code[foo]=1", None)):
        envelope(expect(admin.get(path), 400, f"§2 {path}", code), path)
    answer = admin.get("/erp/sales-orders?note=x")
    check(answer.status == 400 and answer.code == "UNKNOWN_FILTER" and answer.json["details"].get("reason") == "not-indexed", "§2 a filter that no index serves", answer)
    check(admin.get("/erp/sales-orders?note=x&state=draft").status == 200, "§4 any other field narrows a query that uses an index", "")
    zh, en = admin.get("/erp/units/x"), admin.get("/erp/units/x", headers={"Accept-Language": "en-US"})
    check(zh.json["message"] != en.json["message"] and re.search("[一-鿿]", zh.json["message"]), "§2 messages in the person's language", (zh, en))
    for path in ("!/health/live", "!/health/ready", "!/health"):
        expect(nobody.get(path), 200, f"§5 {path} without a token")
    health = nobody.get("!/health").json
    check("erp" in str(health) and "latency" in str(health).lower() and "version" in str(health).lower(), "§5 /health: every cell's state, latency, version", health)
    expect(nobody.get("!/metrics"), 404, "§5 metrics are never on the front door")
    expect(admin.get("/platform/health-summary"), 200, "§5 health-summary (admin)")
    expect(admin.get("/openapi.json"), 200, "§4 merged OpenAPI")
    check(admin.get("/erp/openapi.json").json["openapi"].startswith("3.1"), "§4 OpenAPI 3.1 of a cell")
    check(nobody.get("!/docs").status == 200 or nobody.get("!/api/v1/docs").status == 200, "§4 /docs")


def sign_in(p, nobody):
    wrong = nobody.post("/auth/token", {"grant_type": "password", "tenant": "demo", "username": "sales", "password": "no"})
    unknown = nobody.post("/auth/token", {"grant_type": "password", "tenant": "demo", "username": "nobody", "password": "no"})
    nowhere = nobody.post("/auth/token", {"grant_type": "password", "tenant": "nowhere", "username": "sales", "password": "no"})
    for answer, what in ((wrong, "wrong password"), (unknown, "unknown user"), (nowhere, "unknown tenant")):
        envelope(expect(answer, 401, f"§3 {what}", "INVALID_CREDENTIALS"), what)
        check(answer.json["message"] == wrong.json["message"], f"§3 {what} is answered alike", answer)
    form = nobody.call("POST", "/auth/token", raw=b"grant_type=password&tenant=demo&username=auditor&password=Demo%4012345", headers={"Content-Type": "application/x-www-form-urlencoded"})
    expect(form, 200, "§3 sign-in as a form")
    for name in ("access_token", "token_type", "expires_in", "refresh_token"):
        check(name in form.json, f"§3 the token answer has {name}", form.json.keys())
    check(form.json["expires_in"] == 600, "§3 access tokens live 10 minutes", form.json["expires_in"])
    first = nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": form.json["refresh_token"]})
    again = nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": form.json["refresh_token"]})
    check(first.status == again.status == 200 and first.json["refresh_token"] == again.json["refresh_token"], "§3 a refresh token used twice within 30 s gives the same successor", (first, again))
    auditor = Client(p.host, p.port, first.json["access_token"], "demo")
    me = expect(auditor.get("/auth/me"), 200, "§3 me").json
    for name in ("person", "membership", "tenant", "department", "roles", "permissions", "menus", "cells"):
        check(name in me, f"§3 me has {name}", me.keys())
    check(all(isinstance(p, str) for p in me["permissions"]), "§3 permissions is a list of codes", me["permissions"][:3])
    expect(auditor.post("/auth/revoke", {"token": first.json["refresh_token"]}), 200, "§3 revoke")
    time.sleep(1.1)
    expect(auditor.get("/erp/products"), 401, "§3 revocation acts within 1 s")
    system = open(p.data + "/system-password").read().strip()
    operator = nobody.sign_in("system", "admin", system)
    expect(operator.get("/platform/tenants"), 403, "§3 first password must be changed", "PASSWORD_CHANGE_REQUIRED")
    expect(operator.post("/auth/password", {"currentPassword": system, "newPassword": "Operator@12345"}), 200, "§3 change of the first password")
    return nobody.sign_in("system", "admin", "Operator@12345")


def tenants(nobody, operator):
    made = operator.post("/platform/tenants", {"code": "acme", "name": "Acme", "adminUsername": "boss", "adminPassword": "12345678", "cells": ["erp"]})
    expect(made, 201, "platform-names: POST tenants")
    boss = nobody.sign_in("acme", "boss", "12345678")
    expect(boss.get("/erp/sales-orders"), 200, "platform-names: the admin can work at once")
    accounts = {a["code"] for page in (1, 2) for a in boss.get(f"/erp/accounts?pageSize=200&page={page}").json["data"]}
    for code in "1001 100201 1122 1123 1402 140501 140502 190101 220201 220202 2203 22210101 22210107 22210109 222102 3999 5001 5401".split():
        check(code in accounts, f"erp-names: seeded account {code}", sorted(accounts)[:10])
    periods = boss.get("/erp/periods?pageSize=50").json["data"]
    check(len(periods) == 12 and all(q["year"] == time.localtime().tm_year for q in periods), "erp-names: the periods of the current year", periods[:2])
    check([w["code"] for w in boss.get("/erp/warehouses").json["data"]] == ["WH01"], "erp-names: one warehouse WH01")
    check({"BANK01", "CASH01"} <= {b["code"] for b in boss.get("/erp/bank-accounts").json["data"]}, "erp-names: BANK01 and CASH01")
    expect(boss.get("/platform/tenants"), 403, "platform-names: tenants is the operator's")
    expect(boss.get("/erp/products/" + uuid7()), 404, "unknown id", "NOT_FOUND")
    record = made.json
    stopped = operator.act("/platform/tenants", record, "suspend")
    expect(stopped, 200, "platform-names: suspend")
    time.sleep(1.1)
    expect(boss.get("/erp/products"), 403, "§2 suspended tenant", "TENANT_SUSPENDED")
    expect(nobody.post("/auth/token", {"grant_type": "password", "tenant": "acme", "username": "boss", "password": "wrong"}), 401, "§3 suspended tenant, wrong password", "INVALID_CREDENTIALS")
    expect(nobody.post("/auth/token", {"grant_type": "password", "tenant": "acme", "username": "boss", "password": "12345678"}), 403, "§3 suspended tenant, right password", "TENANT_SUSPENDED")
    expect(operator.act("/platform/tenants", stopped.json, "resume"), 200, "platform-names: resume")
    time.sleep(1.1)
    return nobody.sign_in("acme", "boss", "12345678")


def masters(boss):
    unit = boss.get("/erp/units").json["data"][0]
    product = expect(boss.post("/erp/products", {"code": " P1 ", "name": "螺丝", "nameEn": "Screw", "unit": {"code": unit["code"]}, "kind": "stocked", "salesPrice": 10.5, "purchasePrice": "6", "vatRate": "0.13"}), 201, "§4 create").json
    check(product["code"] == "P1", "§1 blanks are trimmed", product["code"])
    check(re.fullmatch(r"10\.50*", product["salesPrice"]) is not None, "§1 money is a decimal string", product["salesPrice"])
    check(boss.get("/erp/products?code=P1", headers={"Accept-Language": "en-US"}).json["data"][0]["name"] == "Screw", "§4 name follows Accept-Language")
    for name in ("id", "version", "state", "allowedActions", "createdAt", "createdBy", "updatedAt", "updatedBy", "owner", "department"):
        check(name in product, f"§4 a record has {name}", product.keys())
    got = boss.get(f"/erp/products/{product['id']}")
    check(got.headers.get("ETag") == f'"{product["version"]}"', "§4 ETag on single records", got.headers.get("ETag"))
    expect(boss.post("/erp/products", {"code": "P1", "name": "x", "unit": unit["id"], "kind": "stocked"}), 409, "§2 unique key", "DUPLICATE")
    missing = expect(boss.post("/erp/products", {"name": "x"}), 400, "erp-names: code, unit, kind required", "VALIDATION_FAILED")
    check({"code", "unit", "kind"} <= {d["field"] for d in missing.json["details"]}, "§2 details name each field", missing)
    expect(boss.post("/erp/products", {"code": "P9", "name": "x", "unit": unit["id"], "kind": "stocked", "colour": "red"}), 400, "§4 unknown field", "UNKNOWN_FIELD")
    expect(boss.post("/erp/products", {"code": "P9", "name": "x", "unit": unit["id"], "kind": "stocked", "salesPrice": "1.123456789"}), 400, "§1 more decimals than the field holds", "VALIDATION_FAILED")
    expect(boss.patch(f"/erp/products/{product['id']}", {"name": "螺丝钉"}, product["version"] + 7), 409, "§4 stale version", "CONFLICT")
    expect(boss.call("PATCH", f"/erp/products/{product['id']}", {"name": "y"}), 400, "§4 a version is required")
    changed = expect(boss.patch(f"/erp/products/{product['id']}", {"name": "螺丝钉"}, product["version"]), 200, "§4 PATCH").json
    check(changed["version"] == product["version"] + 1 and changed["salesPrice"] == product["salesPrice"], "§4 merge patch", changed)
    by_body = expect(boss.call("PATCH", f"/erp/products/{product['id']}", {"barcode": "690", "version": changed["version"]}), 200, "§4 PATCH with body version").json
    check(expect(boss.call("PATCH", f"/erp/products/{product['id']}", {"barcode": None, "version": by_body["version"]}), 200, "§4 null clears").json["barcode"] is None, "§4 merge patch null")
    history = expect(boss.get(f"/erp/products/{product['id']}/history"), 200, "§4 history").json
    check("螺丝钉" in str(history) and "boss" in str(history), "§4 history: who, what, before → after", str(history)[:300])
    mine = uuid7()
    body = {"id": mine, "code": "P2", "name": "螺母", "unit": {"code": unit["code"]}, "kind": "stocked", "salesPrice": "3", "vatRate": "0.13"}
    expect(boss.post("/erp/products", body), 201, "§4 client-made id")
    check(boss.post("/erp/products", body).json["id"] == mine, "§4 client-made id repeated, same content → the record")
    expect(boss.post("/erp/products", {**body, "name": "other"}), 409, "§4 client-made id, other content", "DUPLICATE")
    key = {"X-Request-ID": uuid7()}
    one = boss.post("/erp/products", {"code": "P3", "name": "垫片", "unit": unit["id"], "kind": "stocked"}, headers=key)
    two = boss.post("/erp/products", {"code": "P3", "name": "垫片", "unit": unit["id"], "kind": "stocked"}, headers=key)
    check(one.status == two.status == 201 and one.json == two.json and two.headers.get("X-Idempotent-Replay") == "true", "§4 replay", two)
    expect(boss.post("/erp/products", {"code": "P4", "name": "垫片", "unit": unit["id"], "kind": "stocked"}, headers=key), 422, "§4 same id, other body", "IDEMPOTENCY_MISMATCH")
    dry = boss.post("/erp/products?dryRun=true", {"code": "P5", "name": "x", "unit": unit["id"], "kind": "stocked"})
    check(dry.status in (200, 201) and boss.get("/erp/products?code=P5").json["total"] == 0, "§4 dryRun leaves nothing", dry)
    batch = boss.post("/erp/products/batch", {"mode": "each", "items": [{"code": "B1", "name": "b", "unit": unit["id"], "kind": "stocked"}, {"name": "bad"}]})
    check(batch.status == 200 and boss.get("/erp/products?code=B1").json["total"] == 1, "§4 batch each: a result per item", batch)
    batch = boss.post("/erp/products/batch", {"mode": "all-or-nothing", "items": [{"code": "B2", "name": "b", "unit": unit["id"], "kind": "stocked"}, {"name": "bad"}]})
    check(batch.status == 400 and boss.get("/erp/products?code=B2").json["total"] == 0, "§4 batch all-or-nothing", batch)
    spare = boss.get("/erp/products?code=B1").json["data"][0]
    gone = boss.call("DELETE", f"/erp/products/{spare['id']}", headers={"If-Match": f'"{spare["version"]}"'})
    check(gone.status in (200, 204), "§4 DELETE of an unused master", gone)
    for query, n in (("code[in]=P1,P2", 2), ("code[startsWith]=P", None), ("q=螺丝钉", 1), ("q=lsd", 1), ("code[ne]=P1&sort=-code", None), ("code[isNull]=true", 0)):
        answer = boss.get("/erp/products?" + __import__("urllib.parse").parse.quote(query, safe="=&[],-"))
        check(answer.status == 200 and (n is None or answer.json["total"] == n), f"§4 {query} finds {n}", answer)
    page = boss.get("/erp/products?pageSize=1&sort=code").json
    check(page["next"] and set(page) >= {"data", "page", "pageSize", "total", "totalExact", "next"}, "§4 list answer", page.keys())
    after = boss.get(f"/erp/products?pageSize=1&sort=code&after={page['next']}").json
    check(after["data"][0]["code"] == "P2", "§4 next is the cursor for after=", after)
    only = boss.get("/erp/products?fields=code,name").json["data"][0]
    check(set(only) <= {"id", "code", "name", "version"} , "§4 fields=", only)
    customer = expect(boss.post("/erp/customers", {"code": "C1", "name": "客户一", "phone": "13800138000", "creditLimit": None, "paymentTermDays": 30}), 201, "customers").json
    for form, kind in (("json", "application/json"), ("csv", "text/csv"), ("xlsx", "spreadsheet")):
        export = boss.get(f"/erp/products/export?format={form}")
        check(export.status == 200 and kind in export.headers.get("Content-Type", ""), f"§4 export {form}", (export.status, export.headers.get("Content-Type")))
    return product, customer


def order(boss, product, customer, quantity="10", price="9.99", **more):
    made = expect(boss.post("/erp/sales-orders", {"customer": {"code": customer["code"]}, "orderDate": DAY, "warehouse": {"code": "WH01"}, "lines": [{"product": {"code": product["code"]}, "quantity": quantity, "unitPrice": price, "discountRate": "0.05", "vatRate": "0.13"}], **more}), 201, "order").json
    return made


# The business date: that of the tenant, whose zone is Asia/Shanghai, wherever and whenever this runs.
DAY = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))


def loop(boss, product, customer):
    opening = expect(boss.post("/erp/stock-adjustments", {"warehouse": {"code": "WH01"}, "date": DAY, "reason": "opening", "lines": [{"product": {"code": product["code"]}, "quantity": "100", "unitCost": "6.12345678"}]}), 201, "opening").json
    expect(boss.act("/erp/stock-adjustments", opening, "post"), 200, "post opening")
    balance = boss.get("/erp/stock-balances?product.code=P1").json["data"][0]
    check(Decimal(balance["quantity"]) == 100 and money(balance["value"]) == money("612.35"), "opening value rounds half up", balance)
    draft = order(boss, product, customer)
    gross = money(Decimal("10") * Decimal("9.99") * Decimal("0.95"))
    tax = money(gross * Decimal("0.13"))
    check(money(draft["net"]) == gross and money(draft["tax"]) == tax and money(draft["total"]) == gross + tax, "erp-names rounding", draft)
    check({a["action"] for a in draft["allowedActions"]} >= {"confirm", "void"} and all("label" in a for a in draft["allowedActions"]), "allowedActions of a draft", draft["allowedActions"])
    expect(boss.act("/erp/sales-orders", draft, "deliver"), 409, "not allowed now", "INVALID_TRANSITION")
    confirmed = expect(boss.act("/erp/sales-orders", draft, "confirm"), 200, "confirm").json
    check(confirmed["state"] == "confirmed", "confirmed", confirmed["state"])
    balance = boss.get("/erp/stock-balances?product.code=P1").json["data"][0]
    check(Decimal(balance["reserved"]) == 10 and Decimal(balance["available"]) == 90, "confirm reserves", balance)
    line = confirmed["lines"][0]["id"]
    over = boss.act("/erp/sales-orders", confirmed, "deliver", data={"lines": [{"salesOrderLine": line, "quantity": "11"}]})
    if over.status == 200:
        made = over.json["created"][0]
        d = boss.get(f"/erp/deliveries/{made['id']}").json
        over = boss.act("/erp/deliveries", d, "post")
    check(over.status == 422 and over.json["details"]["rule"] == "erp.delivery.exceeds-order", "erp.delivery.exceeds-order", over)
    confirmed = boss.get(f"/erp/sales-orders/{draft['id']}").json
    part = expect(boss.act("/erp/sales-orders", confirmed, "deliver", data={"lines": [{"salesOrderLine": line, "quantity": "4"}]}), 200, "deliver a part").json
    check([c["type"] for c in part["created"]] and part["created"][0]["number"] is not None, "created: type, id, number", part["created"])
    delivery = boss.get(f"/erp/deliveries/{part['created'][0]['id']}").json
    posted = expect(boss.act("/erp/deliveries", delivery, "post"), 200, "post delivery").json
    check(money(posted["cost"]) == money(Decimal("4") * Decimal("612.35") / 100), "cost at moving average", posted["cost"])
    current = boss.get(f"/erp/sales-orders/{draft['id']}").json
    check(Decimal(current["lines"][0]["deliveredQuantity"]) == 4, "deliveredQuantity", current["lines"][0])
    reopened = boss.act("/erp/sales-orders", current, "reopen")
    check(reopened.status in (409, 422), "reopen only while nothing was delivered", reopened)
    invoiced = expect(boss.act("/erp/sales-orders", current, "invoice"), 200, "invoice").json
    invoice = boss.get(f"/erp/sales-invoices/{invoiced['created'][0]['id']}").json
    check(Decimal(invoice["lines"][0]["quantity"]) == 4, "invoice takes the delivered quantity", invoice)
    invoice = expect(boss.act("/erp/sales-invoices", invoice, "post"), 200, "post invoice").json
    check(money(invoice["open"]) == money(invoice["total"]) and invoice["state"] == "posted", "open amount", invoice)
    again = boss.act("/erp/sales-orders", boss.get(f"/erp/sales-orders/{draft['id']}").json, "invoice")
    check(again.status == 422 and again.json["details"]["rule"] == "erp.order.nothing-remaining", "erp.order.nothing-remaining", again)
    total = money(invoice["total"])
    over = boss.post("/erp/receipts", {"customer": {"code": "C1"}, "receiptDate": DAY, "bankAccount": {"code": "BANK01"}, "amount": str(total + 5), "allocations": [{"invoice": {"number": invoice["number"]}, "amount": str(total + 1)}]})
    if over.status == 201:
        over = boss.act("/erp/receipts", over.json, "post")
    check(over.status == 422 and over.json["details"]["rule"] == "erp.allocation.exceeds-open", "erp.allocation.exceeds-open", over)
    receipt = expect(boss.post("/erp/receipts", {"customer": {"code": "C1"}, "receiptDate": DAY, "bankAccount": {"code": "BANK01"}, "amount": str(total + 5)}), 201, "receipt").json
    receipt = expect(boss.act("/erp/receipts", receipt, "post"), 200, "post receipt").json
    check(money(receipt["unallocated"]) == total + 5, "unallocated", receipt)
    receipt = expect(boss.act("/erp/receipts", receipt, "allocate", data={"allocations": [{"invoice": invoice["id"], "amount": str(total)}]}), 200, "allocate").json
    check(money(receipt["unallocated"]) == 5, "allocated", receipt)
    check(money(boss.get(f"/erp/sales-invoices/{invoice['id']}").json["open"]) == 0, "invoice is settled")
    blocked = boss.act("/erp/sales-invoices", boss.get(f"/erp/sales-invoices/{invoice['id']}").json, "reverse")
    check(blocked.status == 422 and blocked.json["details"]["rule"] == "erp.document.has-successors", "erp.document.has-successors", blocked)
    goods = boss.post("/erp/sales-returns", {"delivery": {"number": posted["number"]}, "customer": {"code": "C1"}, "warehouse": {"code": "WH01"}, "returnDate": DAY, "lines": [{"deliveryLine": posted["lines"][0]["id"], "product": {"code": "P1"}, "quantity": "1"}]})
    goods = expect(goods, 201, "return").json
    expect(boss.act("/erp/sales-returns", goods, "post"), 200, "post return")
    credit = expect(boss.act("/erp/sales-orders", boss.get(f"/erp/sales-orders/{draft['id']}").json, "invoice"), 200, "credit draft").json
    note = boss.get(f"/erp/sales-invoices/{credit['created'][0]['id']}").json
    check(note["kind"] == "credit", "negative remaining makes a credit draft", note)
    note = expect(boss.act("/erp/sales-invoices", note, "post"), 200, "post credit").json
    check(money(note["open"]) < 0, "what is left stays negative in open", note["open"])
    return draft


def paper(pdf):
    return subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, stdout=subprocess.PIPE, check=True).stdout.decode()


def books(boss):
    trial = expect(boss.get(f"/erp/reports/trial-balance?from={DAY[:4]}-01-01&to={DAY}"), 200, "trial-balance").json
    leaf = [r for r in trial["rows"] if not r.get("isGroup")]
    debit, credit = (sum(Decimal(r[c]) for r in leaf) for c in ("debit", "credit"))
    check(debit == credit and Decimal(trial["totals"]["debit"]) == debit, "debit = credit, totals are the leaves", (debit, credit, trial["totals"]))
    english = boss.get(f"/erp/reports/trial-balance?from={DAY[:4]}-01-01&to={DAY}", headers={"Accept-Language": "en-US"}).json
    named = {r["account"]: r["accountName"] for r in english["rows"]}
    check(named.get("1122") == "Accounts receivable", "§4 name follows Accept-Language, also in reports", named)
    check(set(trial["columns"][0]) >= {"name", "label", "type"} and "asOf" in trial, "§4 report shape", trial["columns"][0])
    for lang, report in (("zh-CN", trial), ("en-US", english)):
        file = boss.get(f"/erp/reports/trial-balance?format=pdf&from={DAY[:4]}-01-01&to={DAY}", headers={"Accept-Language": lang})
        check(file.status == 200 and file.headers.get("Content-Type") == "application/pdf", f"§4 report as pdf ({lang})", (file.status, file.headers.get("Content-Type")))
        printed = {" ".join(line.split()) for line in paper(file.raw).splitlines()}
        for row in report["rows"] + [{"account": {"zh-CN": "合计", "en-US": "Total"}[lang], "accountName": "", **report["totals"]}]:
            figures = [f"{Decimal(row[c]):,.2f}" for c in ("opening", "debit", "credit", "closing")]
            line = " ".join([*f"{row['account']} {row['accountName']}".split(), *figures])
            check(line in printed, f"§4 printed as answered ({lang})", (line, sorted(printed)))
    for name in ("balance-sheet", "income-statement", "sales-margin", "stock-summary", "ar-aging"):
        for form, start in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("csv", b"")):
            file = boss.get(f"/erp/reports/{name}?format={form}")
            check(file.status == 200 and file.raw.startswith(start) and len(file.raw) > 20, f"§4 report {name} as {form}", (file.status, file.raw[:40]))
    stock = boss.get("/erp/reports/stock-summary").json
    value = sum(Decimal(r["value"]) for r in boss.get("/erp/stock-balances?pageSize=200").json["data"])
    ledger = next(Decimal(r["closing"]) for r in leaf if r["account"] == "140501")
    check(value == ledger, "stock value = account 140501", (value, ledger))
    aging = boss.get(f"/erp/reports/ar-aging?asOf={DAY}").json
    named = {r["account"]: Decimal(r["closing"]) for r in leaf}
    due = sum(Decimal(r["balance"]) for r in aging["rows"] if not r.get("isGroup"))
    receivable = named.get("1122", 0)
    prepaid = named.get("2203", 0)
    check(due in (receivable + prepaid, receivable - prepaid), "ar-aging: Σ balance = 1122 + 2203", (due, receivable, prepaid))
    for name in ("balance-sheet", "income-statement", "sales-margin", "stock-summary"):
        expect(boss.get(f"/erp/reports/{name}"), 200, f"report {name} of the year until today")
    for voucher in boss.get("/erp/vouchers?pageSize=200&sort=number").json["data"]:
        full = boss.get(f"/erp/vouchers/{voucher['id']}").json
        check(sum(Decimal(l["debit"] or 0) for l in full["lines"]) == sum(Decimal(l["credit"] or 0) for l in full["lines"]), "Σ debit = Σ credit", full["number"])
    entries = boss.get("/erp/ledger-entries?account.code=1122").json
    check(entries["data"] and {"voucher", "account", "date", "debit", "credit"} <= set(entries["data"][0]), "ledger-entries", entries["data"][:1])
    unbalanced = boss.post("/erp/vouchers", {"word": "记", "date": DAY, "lines": [{"account": {"code": "1001"}, "summary": "x", "debit": "10"}, {"account": {"code": "3999"}, "summary": "x", "credit": "9"}]})
    if unbalanced.status == 201:
        unbalanced = boss.act("/erp/vouchers", unbalanced.json, "review")
    check(unbalanced.status == 422 and unbalanced.json["details"]["rule"] == "erp.voucher.unbalanced", "erp.voucher.unbalanced", unbalanced)
    hand = expect(boss.post("/erp/vouchers", {"word": "记", "date": DAY, "lines": [{"account": {"code": "1001"}, "summary": "x", "debit": "10"}, {"account": {"code": "3999"}, "summary": "x", "credit": "10"}]}), 201, "voucher").json
    check(hand["number"] is None, "number is null until post", hand["number"])
    hand = expect(boss.act("/erp/vouchers", hand, "review"), 200, "review").json
    hand = expect(boss.act("/erp/vouchers", hand, "post"), 200, "post").json
    red = expect(boss.act("/erp/vouchers", hand, "reverse"), 200, "reverse").json
    red = boss.get(f"/erp/vouchers/{red['created'][0]['id']}").json
    check(money(red["lines"][0]["debit"]) == -10 and money(red["lines"][1]["credit"]) == -10, "red voucher: negative amounts on the same sides", red["lines"])
    parent = boss.post("/erp/vouchers", {"word": "记", "date": DAY, "lines": [{"account": {"code": "1405"}, "summary": "x", "debit": "10"}, {"account": {"code": "3999"}, "summary": "x", "credit": "10"}]})
    if parent.status == 201:
        parent = boss.act("/erp/vouchers", parent.json, "review")
    check(parent.status == 422 and parent.json["details"]["rule"] == "erp.account.not-leaf", "erp.account.not-leaf", parent)
    past = boss.post("/erp/vouchers", {"word": "记", "date": "2001-01-01", "lines": [{"account": {"code": "1001"}, "summary": "x", "debit": "10"}, {"account": {"code": "3999"}, "summary": "x", "credit": "10"}]})
    for action in ("review", "post"):
        if past.status in (200, 201):
            past = boss.act("/erp/vouchers", past.json, action)
    check(past.status == 422 and past.json["details"]["rule"] == "erp.period.closed", "erp.period.closed", past)


def rules(boss, product):
    strict = boss.post("/erp/customers", {"code": "C2", "name": "客户二", "creditLimit": "100.00"}).json
    rich = order(boss, product, strict, quantity="10", price="20")
    refused = boss.act("/erp/sales-orders", rich, "confirm")
    check(refused.status == 422 and refused.json["details"]["rule"] == "erp.credit.exceeded", "erp.credit.exceeded", refused)
    big = order(boss, product, {"code": "C1"}, quantity="1000", price="1")
    big = expect(boss.act("/erp/sales-orders", big, "confirm"), 200, "confirm never refuses for stock").json
    made = expect(boss.act("/erp/sales-orders", big, "deliver"), 200, "deliver").json["created"][0]
    short = boss.act("/erp/deliveries", boss.get(f"/erp/deliveries/{made['id']}").json, "post")
    check(short.status == 422 and short.json["details"]["rule"] == "erp.stock.insufficient" and "available" in str(short.json["details"]), "erp.stock.insufficient names product, asked, available", short)
    for line in ({"quantity": "0"}, {"quantity": "-1"}, {"unitPrice": "-1"}, {"discountRate": "1.1"}):
        bad = boss.post("/erp/sales-orders", {"customer": {"code": "C1"}, "orderDate": DAY, "warehouse": {"code": "WH01"}, "lines": [{"product": {"code": "P1"}, "quantity": "1", **line}]})
        check(bad.status == 400 and bad.code == "VALIDATION_FAILED" and bad.json["details"][0]["field"].startswith("lines[0]."), f"line {line} → 400", bad)
    empty = boss.post("/erp/sales-orders", {"customer": {"code": "C1"}, "orderDate": DAY, "warehouse": {"code": "WH01"}, "lines": []})
    check(empty.status == 400, "at least one line", empty)
    incl = order(boss, product, {"code": "C1"}, quantity="3", price="11.30", taxIncluded=True)
    gross = money(Decimal(3) * Decimal("11.30") * Decimal("0.95"))
    net = money(gross / Decimal("1.13"))
    check(money(incl["net"]) == net and money(incl["tax"]) == gross - net and money(incl["total"]) == gross, "taxIncluded rounding", incl)
    expect(boss.act("/erp/sales-orders", incl, "void"), 200, "void")
    many = boss.post("/erp/sales-orders/transitions", {"action": "void", "items": [{"id": rich["id"], "version": rich["version"]}, {"id": uuid7(), "version": 1}]})
    results = many.json["data"]
    check(many.status == 200 and len(results) == 2, "§4 bulk transitions: a result per item", many)
    check(boss.get(f"/erp/sales-orders/{rich['id']}").json["state"] == "void", "§4 bulk transitions: each its own transaction", many)
    links = boss.get(f"/erp/sales-orders/{big['id']}/links")
    check(links.status == 200 and made["id"] in str(links.json), "§4 links", links)


def scopes(nobody, boss):
    admin_users = expect(boss.get("/platform/users"), 200, "users").json
    roles = [expect(boss.post("/platform/roles", role), 201, "roles").json["id"] for role in (
        {"code": "clerk", "name": "Clerk", "dataScope": "own", "permissions": ["erp.sales-order.read", "erp.sales-order.create"]},
        {"code": "looker", "name": "Looker", "dataScope": "all", "permissions": ["erp.customer.read", "erp.product.read", "erp.warehouse.read"]})]
    user = expect(boss.post("/platform/users", {"username": "kim", "name": "Kim", "password": "12345678", "roles": roles}), 201, "users").json
    check("password" not in user, "password is write only", user.keys())
    kim = nobody.sign_in("acme", "kim", "12345678")
    check(kim.get("/erp/sales-orders").json["total"] == 0, "scope own: no record of others")
    theirs = boss.get("/erp/sales-orders").json["data"][0]
    expect(kim.get(f"/erp/sales-orders/{theirs['id']}"), 404, "outside the data scope", "NOT_FOUND")
    mine = order(kim, {"code": "P1"}, {"code": "C1"})
    expect(kim.act("/erp/sales-orders", mine, "confirm"), 403, "no permission", "FORBIDDEN")
    check(kim.get("/erp/sales-orders").json["total"] == 1, "scope own: the own record")
    phone = kim.get("/erp/customers?code=C1").json
    check("13800138000" not in str(phone), "§4 sensitive fields are masked", phone)
    expect(boss.act("/platform/users", user, "disable"), 200, "disable")
    time.sleep(1.1)
    check(kim.get("/erp/sales-orders").status in (401, 403), "a disabled user is out within 1 s", "")
    log = expect(boss.get("/platform/audit-log"), 200, "audit-log").json["data"]
    check(log and {"at", "actor", "action", "cell", "type", "subject", "before", "after", "requestId"} <= set(log[0]), "audit-log fields", log[:1])
    expect(boss.get("/platform/audit-log/checkpoint"), 200, "checkpoint")
    for name in ("sessions", "dictionaries", "settings", "departments"):
        expect(boss.get(f"/platform/{name}"), 200, f"platform-names: {name}")


def main():
    p = Program(*sys.argv[1:])
    try:
        nobody = p.anonymous()
        admin = nobody.sign_in("demo", "admin", "Demo@12345")
        transport(p, admin, nobody)
        operator = sign_in(p, nobody)
        boss = tenants(nobody, operator)
        product, customer = masters(boss)
        loop(boss, product, customer)
        rules(boss, product)
        books(boss)
        scopes(nobody, boss)
        erp_rules.tell(boss, check, expect, DAY)
        platform_rules.tell(nobody, boss, "acme", check, expect, DAY)
        events = operator.get("/platform/events?limit=5")
        check(events.status == 200, "§5 events for operators", events)
    finally:
        p.stop()
    print(f"{PASSED} sentences hold, {len(FAILED)} do not")
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
