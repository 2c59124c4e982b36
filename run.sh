#!/usr/bin/env bash
# The one door to the project: start, build, test, check. `./run.sh help` lists what there is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

. tools/private-postgres.sh

say() { printf '\n== %s\n' "$*"; }

need() { # need <program> <what to do>
  command -v "$1" >/dev/null 2>&1 || { echo "run.sh: $1 is missing. $2" >&2; exit 1; }
}

install() { # install <program> <Debian package>
  command -v "$1" >/dev/null 2>&1 || install_package "$2" "$1"
}

install_package() { # install_package <Debian package> <what is missing without it>: only where that is possible
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing $1"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null
  else
    echo "run.sh: $2 is missing; please install the package $1." >&2
    exit 1
  fi
}

poppler() { # reads printed reports back; its data knows the Chinese encodings
  install pdftotext poppler-utils
  command -v apt-get >/dev/null 2>&1 || return 0
  [ -e /usr/share/poppler/cMap/Adobe-GB1/UniGB-UTF16-H ] || install_package poppler-data "poppler's data"
}

# Tests of the program that do not look into its files.
on_postgresql='^(order_to_cash|attacks|clock)::|an_answered_write|agrees_with_an_independent'

rust_tests() {
  need cargo "Install Rust 1.95 with rustup."
  need python3 "Install Python 3.11 or newer."
  install hledger hledger
  install openssl openssl
  poppler
  say "Rust: format and lints"
  cargo fmt --all --check
  cargo clippy --workspace --all-targets --locked --quiet
  say "Rust: tests, on SQLite and on a private PostgreSQL"
  trap stop_private_postgres EXIT
  private_postgres
  if command -v cargo-nextest >/dev/null 2>&1; then
    cargo nextest run --workspace --locked --no-fail-fast
    # Stories of cells and of the whole program play on one database at a time: SQLite above, PostgreSQL here.
    SUPERPAAS_TEST_ON=postgresql cargo nextest run --locked -p paas-cell -p paas-testkit -p cell-erp -p superpaas \
      --test resource --test erp --test it -E "not package(superpaas) or test(/$on_postgresql/)"
  else
    cargo test --workspace --locked
    SUPERPAAS_TEST_ON=postgresql cargo test --locked -p paas-cell -p cell-erp --test resource --test erp
    SUPERPAAS_TEST_ON=postgresql cargo test --locked -p paas-testkit --test it
    SUPERPAAS_TEST_ON=postgresql cargo test --locked -p superpaas --test it -- \
      order_to_cash:: attacks:: clock:: an_answered_write agrees_with_an_independent
  fi
  stop_private_postgres
  trap - EXIT
}

web_tests() {
  install npm npm
  say "web: types, lint, unit tests"
  (cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent check && npm run --silent lint && npm run --silent test)
}

oracle_tests() {
  say "Northwind: the independent oracle checks itself"
  python3 tests/northwind/test_oracle.py
}

acceptance_tests() {
  poppler
  say "acceptance: the interface contract and the rules of ERP, read by another language"
  cargo build --locked -p superpaas
  local program="${CARGO_TARGET_DIR:-target}/debug/superpaas"
  python3 tests/acceptance/contract.py "$program"
  trap stop_private_postgres EXIT
  private_postgres
  python3 tests/acceptance/contract.py "$program" "$SUPERPAAS_TEST_POSTGRES"
  stop_private_postgres
  trap - EXIT
}

# Starts a program on a fresh demo company; sets `demo_dir` and `demo_url`. Stopped with the shell, or by `stop_demo`.
start_demo() { # program
  local port
  demo_dir="$(mktemp -d)"
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  demo_url="http://127.0.0.1:$port"
  "$1" serve --data "$demo_dir/data" --listen "127.0.0.1:$port" --admin-listen 127.0.0.1:0 --demo >"$demo_dir/log" 2>&1 &
  demo_pid=$!
  # shellcheck disable=SC2064 # now, while the names are known: they are gone when the shell ends
  trap "kill $demo_pid 2>/dev/null || true; rm -rf '$demo_dir'" EXIT
  for _ in $(seq 1 120); do grep -q "is ready" "$demo_dir/log" && return 0 || sleep 0.25; done
  cat "$demo_dir/log" >&2
  exit 1
}

stop_demo() { # the exit status of the program
  kill "$demo_pid"
  wait "$demo_pid"
}

forget_demo() {
  trap - EXIT
  rm -rf "$demo_dir"
}

browser_tests() {
  install chromium chromium
  say "browser: the stories of the page, on the real program"
  SUPERPAAS_WEB=full cargo build --locked -p superpaas
  start_demo "${CARGO_TARGET_DIR:-target}/debug/superpaas"
  (cd web && BASE_URL="$demo_url" SYSTEM_PASSWORD_FILE="$demo_dir/data/system-password" npm run --silent e2e)
  stop_demo || true
  forget_demo
}

release() {
  need cargo "Install Rust 1.95 with rustup."
  command -v npm >/dev/null 2>&1 || [ "$(id -u)" != 0 ] || install npm npm
  cargo build --release --locked -p superpaas
}

structure() {
  say "a new cell from the templates, in a copy"
  cargo xtask rehearse
  say "cells and platform without each other, in a copy"
  trap stop_private_postgres EXIT
  private_postgres
  cargo xtask amputate --test
  stop_private_postgres
  trap - EXIT
}

fresh_demo() { # the release starts on nothing, seeds the demo company, stops, and its data proves itself
  say "release: a fresh demo company proves itself"
  local program="${CARGO_TARGET_DIR:-target}/release/superpaas"
  start_demo "$program"
  stop_demo
  "$program" self-check --data "$demo_dir/data"
  forget_demo
}

rows_tests() { # what every question visits, at 100,000 rows of each type and tenant
  say "rows visited at 100,000 rows of each type and tenant, on both databases"
  trap stop_private_postgres EXIT
  private_postgres
  SUPERPAAS_TEST_ROWS=100000 cargo nextest run --workspace --locked -E 'test(questions_cost_what_they_answer)'
  stop_private_postgres
  trap - EXIT
}

schemathesis_tests() { # what the merged OpenAPI says, held against what the program answers; six minutes at the most
  say "schemathesis: no 5xx, no undocumented status, no drift from the schema"
  need python3 "Install Python 3.11 or newer with venv."
  need curl "Install curl."
  cargo build --locked -p superpaas
  local token
  start_demo "${CARGO_TARGET_DIR:-target}/debug/superpaas"
  python3 -m venv "$demo_dir/venv"
  "$demo_dir/venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis>=4,<5'
  token="$(curl -sS -H 'Content-Type: application/json' "$demo_url/api/v1/auth/token" \
    -d '{"grant_type":"password","tenant":"demo","username":"admin","password":"Demo@12345"}' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')"
  # Signing out would end the session of the run itself. The token lives ten minutes.
  (cd "$demo_dir" && timeout 360 venv/bin/schemathesis run "$demo_url/openapi.json" \
    --url "$demo_url" -H "Authorization: Bearer $token" -H "X-Tenant-Id: demo" \
    --exclude-path /api/v1/auth/revoke --phases examples,coverage,fuzzing --max-time "${SCHEMATHESIS_SECONDS:-240}" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance \
    --workers 1 --seed 20261124 --warnings off --no-color --continue-on-failure)
  stop_demo || true
  forget_demo
}

bench() { # one table: the program beside its database alone; --full takes long
  release
  trap stop_private_postgres EXIT
  private_postgres durable
  SUPERPAAS_BENCH_POSTGRES="$SUPERPAAS_TEST_POSTGRES" \
    cargo xtask bench --program "${CARGO_TARGET_DIR:-target}/release/superpaas" "$@"
  stop_private_postgres
  trap - EXIT
}

tests() {
  rust_tests
  oracle_tests
  web_tests
  acceptance_tests
  browser_tests
  say "all tests passed"
}

data="${SUPERPAAS_DATA:-data}"

case "${1:-serve}" in
  serve) release; exec "${CARGO_TARGET_DIR:-target}/release/superpaas" serve --data "$data" --demo ;;
  build) release ;;
  test) tests ;;
  full_verify) tests; rows_tests; schemathesis_tests; structure; release; fresh_demo; bench; say "everything is verified" ;;
  bench) shift; bench "$@" ;;
  e2e) browser_tests ;;
  acceptance) acceptance_tests ;;
  schemathesis) schemathesis_tests ;;
  self_check) release; exec "${CARGO_TARGET_DIR:-target}/release/superpaas" self-check --data "$data" ;;
  help | -h | --help) echo "usage: ./run.sh [serve | build | test | acceptance | schemathesis | e2e | self_check | full_verify | bench [--full]]" ;;
  *) echo "run.sh: unknown command '$1'; there is: serve, build, test, acceptance, schemathesis, e2e, self_check, full_verify, bench." >&2; exit 2 ;;
esac
