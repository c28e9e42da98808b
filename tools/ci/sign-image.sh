#!/bin/sh
# sign-image.sh IMAGE@DIGEST SBOM: signs the digest and states what is in it, as the pipeline that runs this; then verifies both, as
# anybody can who knows the project.
set -eu
image=$1
sbom=$2
: "${CI_SERVER_URL:?}" "${CI_PROJECT_URL:?}"
cosign=${GOBIN:+$GOBIN/}cosign
case $image in
  *@sha256:*) ;;
  *) echo "Signed is a digest, and not $image" >&2; exit 64 ;;
esac
if [ -n "${CI_COMMIT_TAG:-}" ]; then reference=refs/tags/$CI_COMMIT_TAG; else reference=refs/heads/$CI_COMMIT_BRANCH; fi

"$cosign" sign "$image"
"$cosign" attest --type cyclonedx --predicate "$sbom" "$image"
set -- --certificate-identity "$CI_PROJECT_URL//.gitlab-ci.yml@$reference" --certificate-oidc-issuer "$CI_SERVER_URL"
"$cosign" verify "$@" "$image" >/dev/null
"$cosign" verify-attestation --type cyclonedx "$@" "$image" >/dev/null
echo "Signed: $image"
