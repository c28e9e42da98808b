#!/usr/bin/env bash
# Brings the chart of this checkout to a cluster. KUBE_CONTEXT names it (empty: that of KUBECONFIG), NAMESPACE where in it.
#   review FILE    TIDEMARK_IMAGE on throw-away stores with simulated prices; writes its address to FILE where REVIEW_DOMAIN is set
#   stop-review    takes it away with its namespace
#   production     TIDEMARK_IMAGE with the values of the file PRODUCTION_VALUES
#   rollback       production at the last revision that ran another image than now, or at REVISION of `helm history`
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() { echo "deploy: $*" >&2; exit 1; }
: "${NAMESPACE:?the namespace to deploy to}"
release=tidemark
timeout=${DEPLOY_TIMEOUT:-5m}
advice='look at its pods, then mend the change, or end the environment with stop-review'
kube=() helm_context=()
if [ -n "${KUBE_CONTEXT:-}" ]; then kube=(--context "$KUBE_CONTEXT") helm_context=(--kube-context "$KUBE_CONTEXT"); fi
# An empty list is an unbound variable to the bash of macOS (3.2).
cluster() { kubectl ${kube[@]+"${kube[@]}"} "$@"; }
chart() { helm "$@" ${helm_context[@]+"${helm_context[@]}"} --namespace "$NAMESPACE"; }

# Helm 4 has another word for it than Helm 3.
back_on_failure() { if helm upgrade --help | grep -q -- --rollback-on-failure; then echo --rollback-on-failure; else echo --atomic; fi; }

make_namespace() {
  cluster get namespace "$NAMESPACE" >/dev/null 2>&1 || cluster create namespace "$NAMESPACE"
}

# The cluster pulls with the project's deploy token, which outlives the job; GitLab hands it out when it is named gitlab-deploy-token.
pull_secret=()
make_pull_secret() {
  [ -n "${CI_DEPLOY_USER:-}" ] || { echo 'No deploy token: the cluster must be able to pull the image without one.'; return; }
  cluster create secret docker-registry tidemark-registry --namespace "$NAMESPACE" --dry-run=client --output yaml \
    --docker-server "$CI_REGISTRY" --docker-username "$CI_DEPLOY_USER" --docker-password "$CI_DEPLOY_PASSWORD" |
    cluster apply --filename - >/dev/null
  pull_secret=(--set 'image.pullSecrets[0].name=tidemark-registry')
}

# image_of REVISION: what its values say of the image.
image_of() {
  chart get values "$release" --revision "$1" --output yaml |
    awk '/^[^ ]/ { inside = /^image:/ } inside && /^  (repository|tag|digest):/'
}

# The newest revision that ran, was replaced, and had another image than the one that runs now. Helm's own choice is the revision
# before, also where that one failed; and one that an upgrade was taken back to has a copy of itself, which is what runs.
last_other_revision() {
  local revisions running revision
  revisions=$(chart history "$release")
  running=$(awk -F '\t' '$3 ~ /deployed/ { last = $1 + 0 } END { print last + 0 }' <<<"$revisions")
  [ "$running" != 0 ] || fail 'no revision is deployed: name the one to go back to in REVISION'
  running=$(image_of "$running")
  for revision in $(awk -F '\t' '$3 ~ /superseded/ { print $1 + 0 }' <<<"$revisions" | sort -rn); do
    if [ "$(image_of "$revision")" != "$running" ]; then
      echo "$revision"
      return
    fi
  done
  fail 'no revision before this one ran another image: deploy another image, or name a revision in REVISION'
}

# The new release must become ready and answer with a price, or else it is as it was before.
upgrade() { # VALUES ...
  : "${TIDEMARK_IMAGE:?the image by digest}"
  case $TIDEMARK_IMAGE in *@sha256:*) ;; *) [ -n "${ALLOW_TAG:-}" ] || fail "the image must be named by digest, and is $TIDEMARK_IMAGE" ;; esac
  local image=(--set "image.repository=${TIDEMARK_IMAGE%@*}" --set "image.digest=${TIDEMARK_IMAGE#*@}")
  case $TIDEMARK_IMAGE in *@*) ;; *) image=(--set "image.repository=${TIDEMARK_IMAGE%:*}" --set "image.tag=${TIDEMARK_IMAGE##*:}") ;; esac
  make_namespace
  make_pull_secret
  if ! chart upgrade --install "$release" helm/tidemark "${image[@]}" ${pull_secret[@]+"${pull_secret[@]}"} "$@" --wait "$(back_on_failure)" --timeout "$timeout"; then
    cluster get pods,events --namespace "$NAMESPACE" || true
    fail 'the upgrade did not become ready, and was taken back'
  fi
  chart test "$release" --timeout "$timeout" || fail "the release is up, and no price came of it: $advice"
}

case ${1:-} in
  review)
    file=${2:?a file for the address}
    values=(--values helm/tidemark/values-dev.yaml)
    : >"$file"
    if [ -n "${REVIEW_DOMAIN:-}" ]; then
      host=$NAMESPACE.$REVIEW_DOMAIN
      values+=(--set ingress.enabled=true --set "ingress.hosts[0].host=$host" --set 'ingress.hosts[0].path=/' --set 'ingress.hosts[0].pathType=Prefix')
      # The Ingress asks for no certificate: REVIEW_SCHEME=https where the controller has one for the whole domain.
      echo "REVIEW_URL=${REVIEW_SCHEME:-http}://$host" >"$file"
    fi
    upgrade "${values[@]}"
    ;;
  stop-review)
    case $NAMESPACE in tidemark-review-*) ;; *) fail "$NAMESPACE is no review environment" ;; esac
    if cluster get namespace "$NAMESPACE" >/dev/null 2>&1; then
      chart uninstall "$release" --ignore-not-found --wait --timeout "$timeout"
      cluster delete namespace "$NAMESPACE" --timeout "$timeout"
    fi
    ;;
  production)
    [ -f "${PRODUCTION_VALUES:-}" ] || fail 'PRODUCTION_VALUES must be a variable of type File that holds values of the chart'
    advice='look, then go back with rollback-production'
    upgrade --values "$PRODUCTION_VALUES"
    ;;
  rollback)
    chart history "$release"
    revision=${REVISION:-$(last_other_revision)}
    chart rollback "$release" "$revision" --wait --timeout "$timeout"
    chart history "$release" --max 2
    ;;
  *) sed -n '2,6s/^# //p' "$0" >&2; exit 64 ;;
esac
