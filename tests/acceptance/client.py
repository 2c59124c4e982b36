"""A client that knows only the interface contract: standard library, HTTP, JSON."""
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import uuid


class Answer:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw
        try:
            self.json = json.loads(raw) if raw else None
        except ValueError:
            self.json = None

    @property
    def code(self):
        return self.json.get("code") if isinstance(self.json, dict) else None

    def __repr__(self):
        return f"{self.status} {self.raw[:600]!r}"


class Client:
    """One caller: a token and a tenant."""

    def __init__(self, host, port, token=None, tenant=None):
        self.host, self.port, self.token, self.tenant = host, port, token, tenant

    def call(self, method, path, body=None, headers=None, raw=None, query=None):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        head = {}
        if self.token:
            head["Authorization"] = f"Bearer {self.token}"
        if self.tenant:
            head["X-Tenant-Id"] = self.tenant
        if body is not None:
            raw, head["Content-Type"] = json.dumps(body, ensure_ascii=False).encode(), "application/json"
        for name, value in (headers or {}).items():
            head.pop(name, None)
            if value is not None:
                head[name] = value
        while True:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
            try:
                connection.request(method, "/api/v1" + path if not path.startswith("!") else path[1:], raw, head)
                answer = connection.getresponse()
                answer = Answer(answer.status, answer.headers, answer.read())
            finally:
                connection.close()
            if answer.status != 429:
                return answer
            time.sleep(float(answer.headers["Retry-After"]))  # a polite caller; without the header this is an error, as it should be

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.call("POST", path, {} if body is None else body, **kw)

    def patch(self, path, body, version, **kw):
        return self.call("PATCH", path, body, headers={"If-Match": f'"{version}"', **kw.pop("headers", {})}, **kw)

    def act(self, path, record, action, **more):
        return self.post(f"{path}/{record['id']}/transitions", {"action": action, "version": record["version"], **more})

    def sign_in(self, tenant, username, password):
        answer = self.post("/auth/token", {"grant_type": "password", "tenant": tenant, "username": username, "password": password})
        assert answer.status == 200, answer
        return Client(self.host, self.port, answer.json["access_token"], tenant)


class Program:
    """The program under test on a fresh directory, and on fresh databases of a server where its URL is given."""

    def __init__(self, binary, database=None):
        self.directory = tempfile.mkdtemp(prefix="acceptance-")
        self.data = os.path.join(self.directory, "data")
        self.log = open(os.path.join(self.directory, "log"), "w+b")
        place = ["--data", self.data]
        if database:
            place += ["--database-url", database, "--database-prefix", "acceptance_" + uuid.uuid4().hex[:8]]
            subprocess.run([binary, "migrate", *place], check=True, stdout=self.log, stderr=subprocess.STDOUT)
        self.process = subprocess.Popen([binary, "serve", *place, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--demo"],
                                        stdout=self.log, stderr=subprocess.STDOUT)
        self.host, self.port = "127.0.0.1", None
        until = time.monotonic() + 180
        while self.port is None:
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(open(self.log.name).read())
            text = open(self.log.name, errors="replace").read()
            for word in text.replace("\n", " ").split():
                if word.startswith("http://127.0.0.1:") and "is ready" in text:
                    self.port = int(word.rstrip("/.,").rsplit(":", 1)[1])
                    break
            time.sleep(0.1)

    def anonymous(self):
        return Client(self.host, self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait(90)
        self.log.close()
        shutil.rmtree(self.directory)


def uuid7():
    value = (int(time.time() * 1000) << 80) | (0x7 << 76) | (uuid.uuid4().int & ((1 << 76) - 1))
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))
