#!/usr/bin/env bash
# A server of PostgreSQL for one test that does to it what the other tests' server must not suffer. Prints its URL, then
# obeys the lines it reads (restart, stall, resume), each answered when it is done. It ends with its input, so it never
# outlives its test. Exit code 3: PostgreSQL is not installed.
# usage: own-postgres.sh [further options of the server]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { :; }

. tools/private-postgres.sh

[ -x "$(postgres_bin)/initdb" ] || exit 3
# What was committed must be there after a restart, as on a server that is not for tests.
postgres_options="-c synchronous_commit=on -c full_page_writes=on $*"
trap '[ -z "$postgres_dir" ] || resume_private_postgres || true; stop_private_postgres' EXIT
private_postgres
echo "$SUPERPAAS_TEST_POSTGRES"
while read -r order; do
  case "$order" in
    restart | stall | resume) "${order}_private_postgres" ;;
    *) echo "own-postgres.sh: unknown order '$order'" >&2; exit 2 ;;
  esac
  echo "$order"
done
