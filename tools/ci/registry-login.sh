#!/bin/sh
# Lets buildctl, crane, cosign and helm into the project's registry: all of them read Docker's file. Runs in BusyBox as well.
set -eu
: "${CI_REGISTRY:?GitLab sets it where the project has a container registry}" "${CI_REGISTRY_USER:?}" "${CI_REGISTRY_PASSWORD:?}"

folder=${DOCKER_CONFIG:-$HOME/.docker}
mkdir -p "$folder"
authorization=$(printf '%s:%s' "$CI_REGISTRY_USER" "$CI_REGISTRY_PASSWORD" | base64 | tr -d '\n')
(umask 077 && printf '{"auths":{"%s":{"auth":"%s"}}}\n' "$CI_REGISTRY" "$authorization" >"$folder/config.json")
