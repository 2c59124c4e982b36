"""Members, scopes, field rights, sessions and limits of a tenant, from outside."""
import time

from client import Client, uuid7

SOON = 1.1  # "takes effect within 1 s"


def soon(found):
    """What is found, once it is: acts are sealed in the log a moment after they were answered."""
    until = time.monotonic() + 60
    while not (it := found()) and time.monotonic() < until:
        time.sleep(0.1)
    return it


class Story:
    """A tenant with its administrator; members are made as a story needs them."""

    def __init__(self, nobody, boss, tenant, check, expect, day):
        self.nobody, self.boss, self.tenant, self.check, self.expect, self.day, self.n = nobody, boss, tenant, check, expect, day, 0

    def make(self, what, **body):
        return self.expect(self.boss.post(f"/platform/{what}", body), 201, what).json

    def role(self, scope, *permissions, **more):
        self.n += 1
        return self.make("roles", code=f"role{self.n}", name=f"Role {self.n}", dataScope=scope, permissions=list(permissions), **more)

    def member(self, *roles, **more):
        self.n += 1
        name = f"member{self.n}"
        user = self.make("users", username=name, name=name, password="12345678", roles=[r["id"] for r in roles], **more)
        return user, self.nobody.sign_in(self.tenant, name, "12345678")

    def department(self, parent=None):
        self.n += 1
        return self.make("departments", code=f"D{self.n}", name=f"部门{self.n}", **({"parent": parent["id"]} if parent else {}))

    def customer(self, by):
        self.n += 1
        return self.expect(by.post("/erp/customers", {"code": f"PC{self.n}", "name": f"客户{self.n}", "phone": "13700137000"}), 201, "customer").json

    def seen(self, by):
        return {r["code"] for r in by.get("/erp/customers?pageSize=200").json["data"]}


CUSTOMERS = ["erp.customer.read", "erp.customer.create", "erp.customer.update"]


def scopes(s):
    top = s.department()
    sub, other = s.department(top), s.department()
    everywhere = s.role("own", *CUSTOMERS)
    _, a = s.member(everywhere, department=top["id"])
    _, b = s.member(everywhere, department=sub["id"])
    _, c = s.member(everywhere, department=other["id"])
    made = {who: s.customer(by) for who, by in (("a", a), ("b", b), ("c", c))}
    codes = {who: r["code"] for who, r in made.items()}
    s.check(s.seen(a) == {codes["a"]}, "scope own", s.seen(a))
    for scope, want, more in (("department", "a", {}), ("department-tree", "ab", {}), ("departments", "c", {"departments": [other["id"]]}), ("all", "abc", {})):
        user, by = s.member(s.role(scope, *CUSTOMERS, **more), department=top["id"])
        got = s.seen(by)
        s.check({codes[w] for w in want} == got & set(codes.values()), f"scope {scope}: list", (want, got))
        for who, record in made.items():
            inside = who in want
            s.check(by.get(f"/erp/customers/{record['id']}").status == (200 if inside else 404), f"scope {scope}: record of {who}")
            changed = by.patch(f"/erp/customers/{record['id']}", {"address": scope + who}, s.boss.get(f"/erp/customers/{record['id']}").json["version"])
            s.check(changed.status == (200 if inside else 404), f"scope {scope}: change of {who}", changed)
            s.check(by.get(f"/erp/customers/{record['id']}/history").status == (200 if inside else 404), f"scope {scope}: history of {who}")
        total = by.get(f"/erp/customers?code[in]={','.join(codes.values())}").json["total"]
        s.check(total == len(want), f"scope {scope}: what you may not see is not counted", total)
        export = by.get("/erp/customers/export?format=json")
        s.check(export.status == 403, f"scope {scope}: export is a permission of its own", export.status)


def partners(s):
    mine, theirs = s.customer(s.boss), s.customer(s.boss)
    role = s.role("party", "erp.sales-order.read", "erp.customer.read")
    _, partner = s.member(role, kind="partner", parties=[mine["id"]])
    unit = s.boss.get("/erp/units").json["data"][0]["id"]
    product = s.expect(s.boss.post("/erp/products", {"code": f"PP{s.n}", "name": "x", "unit": unit, "kind": "service"}), 201, "product").json
    orders = [s.expect(s.boss.post("/erp/sales-orders", {"customer": c["id"], "orderDate": s.day, "warehouse": {"code": "WH01"}, "lines": [{"product": product["id"], "quantity": "1"}]}), 201, "order").json for c in (mine, theirs)]
    seen = [r["id"] for r in partner.get("/erp/sales-orders").json["data"]]
    s.check(seen == [orders[0]["id"]], "a partner sees only records of its parties", seen)
    s.check(partner.get(f"/erp/sales-orders/{orders[1]['id']}").status == 404, "a partner does not see others' records")


def field_rights(s):
    role = s.role("all", "erp.customer.read", "erp.customer.update", fieldRights={"erp.customer.creditLimit": "hidden", "erp.customer.address": "read"})
    _, by = s.member(role)
    record = s.customer(s.boss)
    got = by.get(f"/erp/customers/{record['id']}").json
    s.check("creditLimit" not in got, "a hidden field is not there", got)
    s.check("13700137000" not in str(got) and "*" in str(got["phone"]), "a sensitive field is masked", got["phone"])
    s.check(by.patch(f"/erp/customers/{record['id']}", {"address": "x"}, record["version"]).status in (400, 403), "a field that may only be read is not written")
    same = by.patch(f"/erp/customers/{record['id']}", {"phone": got["phone"], "email": "a@b.cn"}, record["version"])
    s.expect(same, 200, "a masked value sent back")
    after = s.boss.get(f"/erp/customers?phone=13700137000&code={record['code']}").json
    s.check(after["total"] == 1, "a masked value sent back changes nothing; exact search by who may unmask", after)
    s.expect(by.get("/erp/customers?phone=13700137000"), 400, "who may not unmask does not search a sensitive field")
    def sights():
        return s.boss.get("/platform/audit-log?action=unmask&type=customer&pageSize=200").json["data"]
    s.boss.get(f"/erp/customers/{record['id']}")
    told = soon(lambda: [e for e in sights() if e["subject"] == record["id"]])
    s.check(told and told[0]["after"]["unmasked"] == ["phone"] and told[0]["number"] == record["code"], "seeing a sensitive value in clear is audited", told[:1])
    s.boss.get("/erp/customers?pageSize=200")
    listed = soon(lambda: record["id"] in (sights()[0]["after"] or {}).get("records", []))
    s.check(listed, "a list that shows sensitive values in clear is audited with its records", sights()[:1])
    bad = s.boss.post("/platform/roles", {"code": "bad", "name": "bad", "dataScope": "all", "permissions": [], "fieldRights": {"erp.customer.nothing": "hidden"}})
    s.check(bad.status == 400, "field rights of a field that does not exist", bad)
    bad = s.boss.post("/platform/roles", {"code": "bad", "name": "bad", "dataScope": "all", "permissions": ["erp.customer.fly"]})
    s.check(bad.status == 400, "a permission that does not exist", bad)


def changes_act_at_once(s):
    role = s.role("all", "erp.customer.read")
    user, by = s.member(role)
    s.expect(by.get("/erp/customers"), 200, "before")
    s.expect(s.boss.patch(f"/platform/roles/{role['id']}", {"permissions": ["erp.product.read"]}, role["version"]), 200, "change of the role")
    time.sleep(SOON)
    s.expect(by.get("/erp/customers"), 403, "a role change acts within 1 s", "FORBIDDEN")
    s.expect(by.get("/erp/products"), 200, "and gives what it gives")
    s.expect(s.boss.act("/platform/users", s.boss.get(f"/platform/users/{user['id']}").json, "disable"), 200, "disable")
    time.sleep(SOON)
    s.check(by.get("/erp/products").status in (401, 403), "a disabled user is out")
    s.expect(s.nobody.post("/auth/token", {"grant_type": "password", "tenant": s.tenant, "username": user["username"], "password": "12345678"}), 401, "and does not come in")


def sessions(s):
    user, by = s.member(s.role("all", "erp.customer.read"))
    token = s.nobody.post("/auth/token", {"grant_type": "password", "tenant": s.tenant, "username": user["username"], "password": "12345678"}).json
    refresh = token["refresh_token"]
    second = s.nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": refresh}).json
    third = s.nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": second["refresh_token"]}).json
    late = s.nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": refresh})
    s.check(late.status == 401, "a refresh token two generations old is refused", late)
    gone = s.nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": third["refresh_token"]})
    s.check(gone.status == 401, "and revokes its family", gone)
    own = s.boss.get(f"/platform/sessions?user={user['id']}&state=open").json["data"]
    s.check(len(own) == 1, "the other session stays", own)
    s.expect(s.boss.act("/platform/sessions", own[0], "revoke"), 200, "an administrator ends a session")
    time.sleep(SOON)
    s.expect(by.get("/erp/customers"), 401, "an ended session is over within 1 s")


def services(s):
    role = s.role("all", "erp.customer.read")
    user = s.make("users", username="robot", name="Robot", kind="service", password="a-long-secret-of-a-robot", roles=[role["id"]])
    answer = s.nobody.post("/auth/token", {"grant_type": "client_credentials", "tenant": s.tenant, "client_id": "robot", "client_secret": "a-long-secret-of-a-robot"})
    s.expect(answer, 200, "client_credentials")
    robot = Client(s.nobody.host, s.nobody.port, answer.json["access_token"], s.tenant)
    s.expect(robot.get("/erp/customers"), 200, "a service works")
    s.expect(robot.get("/erp/products"), 403, "a service may what its roles say")


def delegation(s):
    clerk_role = s.role("all", "platform.user.*", "platform.role.read", "platform.role.create", "erp.customer.read")
    _, clerk = s.member(clerk_role)
    more = clerk.post("/platform/roles", {"code": "up", "name": "up", "dataScope": "all", "permissions": ["erp.voucher.post"]})
    s.expect(more, 403, "nobody gives a permission that he has not", "FORBIDDEN")
    within = clerk.post("/platform/roles", {"code": "within", "name": "within", "dataScope": "all", "permissions": ["erp.customer.read"]})
    s.expect(within, 201, "what one has one may give")
    boss = s.boss.get("/platform/users?username=boss").json["data"][0]
    s.expect(clerk.patch(f"/platform/users/{boss['id']}", {"password": "taken-over"}, boss["version"]), 403, "a clerk does not take the administrator's account", "FORBIDDEN")
    s.check(s.boss.get("/erp/vouchers").status == 200, "the administrator is who he was")


def limits(s):
    settings = s.boss.get("/platform/settings").json
    record = settings["data"][0] if "data" in settings else settings
    changed = s.boss.patch(f"/platform/settings/{record['id']}", {"limits": {"userPerSecond": 2, "tenantPerSecond": 2000}}, record["version"])
    s.expect(changed, 200, "settings")
    _, by = s.member(s.role("all", "erp.customer.read"))
    time.sleep(SOON)
    statuses, wait = [], None
    import http.client
    for _ in range(12):
        connection = http.client.HTTPConnection(by.host, by.port, timeout=60)
        connection.request("GET", "/api/v1/erp/customers", headers={"Authorization": f"Bearer {by.token}", "X-Tenant-Id": s.tenant})
        answer = connection.getresponse()
        statuses.append(answer.status)
        wait = answer.headers.get("Retry-After", wait)
        connection.close()
    s.check(429 in statuses and wait is not None, "a tenant's limits are live; 429 with Retry-After", (statuses, wait))
    time.sleep(SOON)
    record = s.boss.get(f"/platform/settings/{record['id']}").json
    s.expect(s.boss.patch(f"/platform/settings/{record['id']}", {"limits": {"userPerSecond": 200, "tenantPerSecond": 2000}}, record["version"]), 200, "settings back")


def other_tenants(s):
    """The same person in two tenants: linked once by both passwords, from then on by the token alone."""
    demo = {"grant_type": "switch_tenant", "tenant": "demo"}
    user, by = s.member(s.role("all", "erp.customer.read"))
    link = {**demo, "username": "buyer", "password": "Demo@12345"}
    s.check(by.post("/auth/token", demo).status == 401, "who is not linked does not switch")
    s.check(by.post("/auth/token", link).status in (400, 401), "a token alone links nobody")
    s.check(by.post("/auth/token", {**link, "currentPassword": "wrong"}).status == 401, "nor with a wrong password of one's own")
    s.expect(by.post("/auth/token", {**link, "currentPassword": "12345678"}), 200, "both passwords link")
    s.check(by.get("/erp/customers").status == 200, "and the old token still works where it was")
    there = s.expect(by.post("/auth/token", demo), 200, "from then on the token switches").json
    buyer = Client(s.nobody.host, s.nobody.port, there["access_token"], "demo")
    me = buyer.get("/auth/me").json
    s.check(me["tenant"]["code"] == "demo" and len(me["memberships"]) == 2, "one person, two memberships", me.get("memberships"))
    s.expect(by.get("/erp/customers", headers={"X-Tenant-Id": "demo"}), 403, "a token is of one tenant", "TENANT_MISMATCH")


def dictionaries(s):
    made = s.make("dictionaries", code="colour", name="颜色", nameEn="Colour", items=[{"value": "red", "name": "红"}])
    s.check(made["items"][0]["value"] == "red", "dictionaries hold items", made)
    s.expect(s.boss.post("/platform/dictionaries", {"code": "colour", "name": "again"}), 409, "a code is unique", "DUPLICATE")


STORIES = [scopes, partners, field_rights, changes_act_at_once, sessions, services, delegation, other_tenants, limits, dictionaries]


def tell(nobody, boss, tenant, check, expect, day):
    s = Story(nobody, boss, tenant, check, expect, day)
    for story in STORIES:
        try:
            story(s)
        except Exception as error:
            check(False, f"{story.__name__} goes to its end", repr(error))
