#!/bin/sh
# build-image.sh TARGET FILE: builds a target of the Dockerfile by BuildKit, pushes it to IMAGE_REPOSITORY, and writes to FILE by which
# name with a digest it is had, such as TIDEMARK_IMAGE=registry.example.org/tidemark@sha256:... Runs in BusyBox as well.
set -eu
target=$1
file=$2
: "${IMAGE_REPOSITORY:?}" "${BASE_IMAGE:?the base by digest}" "${CI_COMMIT_SHA:?}"
case $BASE_IMAGE in
  *@sha256:*) ;;
  *) echo "The base must be named by digest, and is $BASE_IMAGE" >&2; exit 64 ;;
esac

# Without a tag a registry takes the image for rubbish; with one of the commit it stays, and what is used is the digest.
suffix=${target#tidemark}
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
version=${CI_COMMIT_TAG:-v$version-$(printf %.8s "$CI_COMMIT_SHA")}
metadata=$(mktemp)

set -- --frontend dockerfile.v0 --local context=. --local dockerfile=. --opt "target=$target"
set -- "$@" --opt "build-arg:NODE_IMAGE=$BASE_IMAGE" --opt "build-arg:VERSION=${version#v}"
set -- "$@" --opt "build-arg:REVISION=$CI_COMMIT_SHA" --opt "build-arg:SOURCE=${CI_PROJECT_URL:-}"
set -- "$@" --opt "label:org.opencontainers.image.created=${CI_COMMIT_TIMESTAMP:-}"
set -- "$@" --opt "label:org.opencontainers.image.base.name=${BASE_IMAGE%%@*}" --opt "label:org.opencontainers.image.base.digest=${BASE_IMAGE#*@}"
# Who built it of what, as BuildKit tells it.
set -- "$@" --opt attest:provenance=mode=max
if [ "${BUILD_CACHE:-true}" = true ]; then
  set -- "$@" --import-cache "type=registry,ref=$IMAGE_REPOSITORY/cache:$target"
  set -- "$@" --export-cache "type=registry,ref=$IMAGE_REPOSITORY/cache:$target,mode=max,ignore-error=true"
fi
buildctl-daemonless.sh build "$@" --metadata-file "$metadata" \
  --output "type=image,name=$IMAGE_REPOSITORY:$CI_COMMIT_SHA$suffix,push=true${BUILD_OUTPUT:-}"

digest=$(sed -n 's/.*"containerimage.digest": *"\(sha256:[0-9a-f]*\)".*/\1/p' "$metadata" | head -n 1)
rm -f "$metadata"
[ -n "$digest" ] || { echo 'BuildKit gave no digest.' >&2; exit 1; }
name=$(printf %s "$target" | tr 'a-z-' 'A-Z_')_IMAGE
printf '%s=%s@%s\n' "$name" "$IMAGE_REPOSITORY" "$digest" | tee "$file"
