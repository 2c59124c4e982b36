#!/usr/bin/env bash
# Puts Super PaaS on this machine as one service: builds, checks the data that is there, installs, starts, waits until it
# is ready. Run again it upgrades: data stay where they are, and when the new program does not become ready the old one
# comes back. `deploy.sh --help` lists the settings.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

prefix=/opt/superpaas
data=/var/lib/superpaas/data
listen=127.0.0.1:8000
service=yes

usage() {
  cat <<TEXT
usage: deploy/deploy.sh [--prefix DIR] [--data DIR] [--listen ADDRESS] [--no-service]
  --prefix DIR       where the program goes (default $prefix)
  --data DIR         where the data go (default $data)
  --listen ADDRESS   the front door (default $listen)
  --no-service       installs the files only: no user, no unit, no start
TEXT
}

fail() { echo "deploy.sh: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case "$1" in
    --prefix) prefix="${2:?--prefix needs a directory}"; shift 2 ;;
    --data) data="${2:?--data needs a directory}"; shift 2 ;;
    --listen) listen="${2:?--listen needs an address}"; shift 2 ;;
    --no-service) service=no; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; fail "there is no option $1" ;;
  esac
done

if [ "$service" = yes ]; then
  [ "$(id -u)" = 0 ] || fail "a service is installed by root; use --no-service to install the files only"
  command -v systemctl >/dev/null 2>&1 || fail "systemd is missing; use --no-service and start the program your own way"
fi

./run.sh build
program="${CARGO_TARGET_DIR:-target}/release/superpaas"

mkdir -p "$prefix"
if [ -e "$prefix/superpaas" ]; then
  cp -p "$prefix/superpaas" "$prefix/superpaas.before"
fi
# A running program keeps its own file: the new one takes its place in one step.
install -m 0755 "$program" "$prefix/superpaas.new"
mv -f "$prefix/superpaas.new" "$prefix/superpaas"
install -m 0644 README.md README.zh-CN.md "$prefix/"

[ "$service" = yes ] || { echo "installed in $prefix; start it with: $prefix/superpaas serve --data $data --listen $listen"; exit 0; }

id superpaas >/dev/null 2>&1 || useradd --system --home-dir /var/lib/superpaas --shell /usr/sbin/nologin superpaas
install -d -o superpaas -g superpaas -m 0700 "$(dirname "$data")" "$data"
if [ ! -e /etc/superpaas.env ]; then
  printf 'SUPERPAAS_DATA=%s\nSUPERPAAS_LISTEN=%s\n' "$data" "$listen" >/etc/superpaas.env
  chmod 0600 /etc/superpaas.env
fi
sed "s#/opt/superpaas#$prefix#g" deploy/superpaas.service >/etc/systemd/system/superpaas.service
systemctl daemon-reload
systemctl enable --quiet superpaas
systemctl restart superpaas

ready() {
  for _ in $(seq 1 60); do
    curl --silent --fail --max-time 2 --output /dev/null "http://$listen/health/ready" && return 0
    sleep 0.5
  done
  return 1
}

if ready; then
  echo "Super PaaS is ready at http://$listen; first operator password: $data/system-password"
  exit 0
fi
if [ -e "$prefix/superpaas.before" ]; then
  mv -f "$prefix/superpaas.before" "$prefix/superpaas"
  systemctl restart superpaas
  fail "the new program did not become ready; the one before runs again. See: journalctl -u superpaas"
fi
fail "the program did not become ready. See: journalctl -u superpaas"
