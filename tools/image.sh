#!/usr/bin/env bash
# Builds the image and brings it to a cluster. Called by `make image` and `make image-load`.
#   build   IMAGE, TARGET (tidemark, tidemark-ccxt), NODE_IMAGE; NPMRC and CERTIFICATES name files for a registry of your own
#   load    IMAGE to kind (KIND_CLUSTER), k3d (K3D_CLUSTER), containerd, or whatever command KUBE_LOAD is, given an archive
# CONTAINER_ENGINE is the command that builds: docker, or podman where there is no docker.
set -euo pipefail
cd "$(dirname "$0")/.."

image=${IMAGE:-localhost/tidemark:dev}

find_engine() {
  local candidate
  for candidate in docker podman; do
    if command -v "$candidate" >/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo 'There is neither docker nor podman: install one of them, or name another command in CONTAINER_ENGINE.' | fold -s -w 80 >&2
  exit 69
}

build() {
  local arguments=(--target "${TARGET:-tidemark}" --tag "$image")
  arguments+=(--build-arg "VERSION=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)")
  arguments+=(--build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)")
  [ -z "${SOURCE:-}" ] || arguments+=(--build-arg "SOURCE=$SOURCE")
  [ -z "${NODE_IMAGE:-}" ] || arguments+=(--build-arg "NODE_IMAGE=$NODE_IMAGE")
  [ -z "${NPMRC:-}" ] || arguments+=(--secret "id=npmrc,src=$NPMRC")
  [ -z "${CERTIFICATES:-}" ] || arguments+=(--secret "id=certificates,src=$CERTIFICATES")
  # Podman writes the format of the OCI unless it is told otherwise, and that has no HEALTHCHECK.
  case $engine in *podman* | *buildah*) arguments+=(--format docker) ;; esac
  # shellcheck disable=SC2086 # A command with arguments.
  $engine build "${arguments[@]}" .
}

# How the local cluster takes an archive.
find_loader() {
  if [ -n "${KUBE_LOAD:-}" ]; then
    echo "$KUBE_LOAD"
  elif command -v kind >/dev/null && [ -n "$(kind get clusters 2>/dev/null)" ]; then
    echo "kind load image-archive --name ${KIND_CLUSTER:-$(kind get clusters | head -n 1)}"
  elif command -v k3d >/dev/null && [ -n "$(k3d cluster list --no-headers 2>/dev/null)" ]; then
    echo "k3d image import --cluster ${K3D_CLUSTER:-$(k3d cluster list --no-headers | awk 'NR == 1 { print $1 }')}"
  elif command -v k3s >/dev/null; then
    echo 'k3s ctr images import'
  elif command -v ctr >/dev/null && ctr version >/dev/null 2>&1; then
    echo 'ctr --namespace k8s.io images import'
  else
    echo 'No cluster of kind, k3d, k3s or containerd was found: name a command in KUBE_LOAD that takes an archive.' | fold -s -w 80 >&2
    exit 69
  fi
}

load() {
  local loader archive
  loader=$(find_loader)
  archive=$(mktemp -d)/image.tar
  # shellcheck disable=SC2064 # The folder of now.
  trap "rm -rf '${archive%/*}'" EXIT
  # shellcheck disable=SC2086 # A command with arguments.
  $engine save --output "$archive" "$image" >/dev/null
  # shellcheck disable=SC2086 # A command with arguments.
  $loader "$archive"
  echo "The cluster has $image."
}

engine=${CONTAINER_ENGINE:-$(find_engine)}
case ${1:-} in
  build | load) "$1" ;;
  *) sed -n '2,5s/^# //p' "$0" >&2; exit 64 ;;
esac
