#!/usr/bin/env bash
# Runs docker-compose.yml with docker compose, or with podman-compose where there is no docker: tools/compose.sh up [ARGUMENTS]
# Called by `make up`, `make down`, `make logs`, `make ps`. With DEMO=1 prices are simulated, VOLUMES=1 lets `down` remove the data too.
# COMPOSE names another command.
set -euo pipefail
cd "$(dirname "$0")/.."

# Says on standard error what is wrong, broken between words.
complain() {
  printf '%s\n' "$*" | fold -s -w 80 >&2
}

find_compose() {
  if docker compose version >/dev/null 2>&1; then
    echo 'docker compose'
  elif command -v podman-compose >/dev/null; then
    echo podman-compose
  else
    complain 'There is neither docker compose nor podman-compose: install one of them, or name another command in COMPOSE.'
    exit 69
  fi
}

# Passwords that nobody has chosen, each once. The folder is closed; the files are read by the users inside of the containers.
make_secrets() {
  local name
  mkdir -p secrets
  chmod 700 secrets
  for name in postgres_password api_database_password control_password; do
    [ -s "secrets/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"secrets/$name"
    chmod 444 "secrets/$name"
  done
}

# A demo and real prices are two systems: compose.demo.env names a project of its own. What the environment says wins over it.
use_demo() {
  local line
  while IFS= read -r line; do
    case $line in '' | '#'*) ;; *) [ -n "$(printenv "${line%%=*}")" ] || export "${line?}" ;; esac
  done <compose.demo.env
  arguments+=(--profile demo)
}

# value NAME DEFAULT: as Compose sees the variable, from the environment or from .env.
value() {
  local found=${!1:-}
  if [ -z "$found" ] && [ -f .env ]; then
    found=$(sed -n "s/^$1=//p" .env | tail -n 1 | sed "s/[[:space:]]#.*//; s/[[:space:]]*\$//; s/^\([\"']\)\(.*\)\1\$/\2/")
  fi
  printf '%s' "${found:-$2}"
}

# An empty list is an unbound variable to the bash of macOS (3.2).
run_compose() {
  # shellcheck disable=SC2086 # A command with arguments.
  $compose ${arguments[@]+"${arguments[@]}"} "$@"
}

# make_line TASK [OTHER]: the line that does it to this system, or to the other one.
make_line() {
  local demo=${DEMO:-}
  if [ "${2:-}" = other ]; then if [ "$demo" = 1 ]; then demo=0; else demo=1; fi; fi
  if [ "$demo" = 1 ]; then echo "make $1 DEMO=1"; else echo "make $1"; fi
}

# await_api HOST PORT: until the API says that it is ready, for READY_WITHIN_SECONDS (60) at most. Without curl nobody can ask.
await_api() {
  local host=$1 within=${READY_WITHIN_SECONDS:-60} limit
  limit=$((SECONDS + within))
  # Published on every address of the machine, it is asked on the machine's own.
  case $host in 0.0.0.0 | '::' | '[::]') host=localhost ;; esac
  command -v curl >/dev/null || return 0
  until curl --silent --fail --noproxy '*' --max-time 2 --output /dev/null "http://$host:$2/readyz"; do
    if [ $SECONDS -ge $limit ]; then
      complain "The API is not ready after $within s: look at \`$(make_line ps)\` and \`$(make_line logs)\`."
      exit 1
    fi
    sleep 0.5
  done
}

compose=${COMPOSE:-$(find_compose)}
arguments=()
# Set and empty it would hide the project's name from Compose.
[ -n "${COMPOSE_PROJECT_NAME:-}" ] || unset COMPOSE_PROJECT_NAME
if [ "${DEMO:-}" = 1 ]; then use_demo; fi
task=${1:-}
[ $# -eq 0 ] || shift
case $task in
  up)
    make_secrets
    run_compose up --detach "$@" || {
      status=$?
      complain "Was an address already in use? Demo and real prices are two systems on the same ports: end the other one by \`$(make_line down other)\`."
      exit $status
    }
    address=$(value PUBLISH_ADDRESS 127.0.0.1)
    await_api "$address" "$(value API_PORT 8000)"
    echo "API:     http://$address:$(value API_PORT 8000)/"
    echo "Control: http://$address:$(value CONTROL_PORT 8001)/queues"
    echo "         user tidemark, password in secrets/control_password"
    ;;
  # Workers beyond those that the file asks for are orphans to podman-compose.
  down)
    if [ "${VOLUMES:-}" = 1 ]; then set -- --volumes "$@"; fi
    run_compose down --remove-orphans "$@"
    ;;
  *) run_compose "$task" "$@" ;;
esac
