#!/usr/bin/env bash
# Runs docker-compose.yml with docker compose, or with podman-compose where there is no docker: tools/compose.sh up [ARGUMENTS]
# Called by `make up`, `make down`, `make logs`, `make ps`. With DEMO=1 prices are simulated. COMPOSE names another command.
set -euo pipefail
cd "$(dirname "$0")/.."

find_compose() {
  if docker compose version >/dev/null 2>&1; then
    echo 'docker compose'
  elif command -v podman-compose >/dev/null; then
    echo podman-compose
  else
    echo 'There is neither docker compose nor podman-compose: install one of them, or name another command in COMPOSE.' >&2
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

# A demo and real prices are two systems, which share neither data nor passwords of the stores' volumes.
use_demo() {
  local line
  while IFS= read -r line; do
    case $line in '' | '#'*) ;; *) [ -n "$(printenv "${line%%=*}")" ] || export "${line?}" ;; esac
  done <compose.demo.env
  arguments+=(--profile demo)
  export COMPOSE_PROJECT_NAME="${COMPOSE_PROJECT_NAME:-tidemark-demo}"
}

compose=${COMPOSE:-$(find_compose)}
arguments=()
export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-}
if [ "${DEMO:-}" = 1 ]; then use_demo; else export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-tidemark}; fi
task=${1:-}
[ $# -eq 0 ] || shift
case $task in
  up)
    make_secrets
    # shellcheck disable=SC2086 # A command with arguments.
    $compose "${arguments[@]}" up --detach "$@"
    echo "API:     http://${PUBLISH_ADDRESS:-127.0.0.1}:${API_PORT:-8000}/"
    echo "Control: http://${PUBLISH_ADDRESS:-127.0.0.1}:${CONTROL_PORT:-8001}/queues, user tidemark, password in secrets/control_password"
    ;;
  # Workers beyond those that the file asks for are orphans to podman-compose.
  # shellcheck disable=SC2086 # A command with arguments.
  down) exec $compose "${arguments[@]}" down --remove-orphans "$@" ;;
  # shellcheck disable=SC2086 # A command with arguments.
  *) exec $compose "${arguments[@]}" "$task" "$@" ;;
esac
