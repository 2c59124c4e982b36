# Sourced by run.sh: a PostgreSQL server of the distribution for the tests alone, in a directory that goes with it. It
# listens on 127.0.0.1 only, asks for a password, and need not survive a power cut.
# `private_postgres` starts it and exports SUPERPAAS_TEST_POSTGRES; `stop_private_postgres` ends it. Further options of the
# server may stand in `postgres_options`. `private_postgres durable` starts one that survives a power cut, as a server in
# use does: what the bench measures.

postgres_dir=""
postgres_options=""

postgres_bin() { # the newest installed
  local found
  found="$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)"
  [ -n "$found" ] || found="$(dirname "$(command -v postgres || command -v pg_ctl || echo /nowhere/x)")"
  echo "$found"
}

as_postgres() { # the server refuses to run as root, and cannot look into everybody's directories
  if [ "$(id -u)" = 0 ]; then (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"); else "$@"; fi
}

private_postgres() { # private_postgres [durable]
  local bin port password kept="-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=64MB"
  [ "${1:-}" != durable ] || kept="-c shared_buffers=256MB -c max_wal_size=4GB"
  bin="$(postgres_bin)"
  if [ ! -x "$bin/initdb" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      say "installing postgresql"
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
      bin="$(postgres_bin)"
    else
      echo "run.sh: PostgreSQL is missing; please install the package postgresql (15 or newer)." >&2
      return 1
    fi
  fi
  postgres_dir="$(mktemp -d)"
  port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
  password="$(python3 -c 'import secrets; print(secrets.token_urlsafe(18))')"
  printf '%s\n' "$password" >"$postgres_dir/password"
  [ "$(id -u)" != 0 ] || chown -R postgres:postgres "$postgres_dir"
  # The program is never the superuser: it gets a role that may create databases and roles, as an operator would give it.
  as_postgres "$bin/initdb" --pgdata="$postgres_dir/data" --username=postgres --pwfile="$postgres_dir/password" \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync >"$postgres_dir/initdb.log"
  as_postgres "$bin/pg_ctl" --pgdata="$postgres_dir/data" --log="$postgres_dir/log" --wait --silent \
    --options="-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' $kept -c max_connections=400 \
      -c log_min_messages=fatal $postgres_options" start
  PGPASSWORD="$password" "$bin/psql" --quiet --no-psqlrc --host=127.0.0.1 --port="$port" --username=postgres postgres \
    --command="CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD '$password'"
  export SUPERPAAS_TEST_POSTGRES="postgres://maker:$password@127.0.0.1:$port"
  # Without the server a test fails; nothing is left out unseen.
  export SUPERPAAS_TEST_POSTGRES_REQUIRED=1
}

# What can happen to a server: it dies and comes back, or it stands still and goes on.
restart_private_postgres() {
  as_postgres "$(postgres_bin)/pg_ctl" --pgdata="$postgres_dir/data" --log="$postgres_dir/log" --mode=immediate --wait \
    --silent restart
}

signal_private_postgres() { # signal_private_postgres <signal>: to the server and all its processes
  local server
  server="$(head -n 1 "$postgres_dir/data/postmaster.pid")"
  kill "-$1" "$server"
  # shellcheck disable=SC2046 # process ids
  kill "-$1" $(awk -v server="$server" '$4 == server { print $1 }' /proc/[0-9]*/stat 2>/dev/null) 2>/dev/null || true
}

stall_private_postgres() { signal_private_postgres STOP; }
resume_private_postgres() { signal_private_postgres CONT; }

stop_private_postgres() {
  [ -n "$postgres_dir" ] || return 0
  as_postgres "$(postgres_bin)/pg_ctl" --pgdata="$postgres_dir/data" --mode=immediate --silent stop >/dev/null 2>&1 || true
  rm -rf "$postgres_dir"
  postgres_dir=""
}
