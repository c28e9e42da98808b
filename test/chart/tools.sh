# Sourced by bash: puts helm, helm-unittest, kubeconform and kustomize on the PATH, in pinned versions. They live in a folder of the
# user's cache, and Go builds those that are not there.

helm_version=v4.3.1 unittest_version=v1.1.2 kubeconform_version=v0.8.0 kustomize_version=v5.8.2

# The newest modules that Go 1.26 takes.
kubernetes=k8s.io/kubernetes@v1.36.3
keda=github.com/kedacore/keda/v2@v2.21.0
gateway=sigs.k8s.io/gateway-api@v1.6.3
prometheus=github.com/prometheus-operator/prometheus-operator@v0.85.0

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tidemark/chart
tools=$cache/bin
mkdir -p "$tools"
export PATH="$PWD/node_modules/.bin:$tools:$PATH" CGO_ENABLED=0

fail() { echo "test-chart: $*" >&2; exit 1; }

# Builds a tool where it is not there in the version that is asked for. In the module's own folder, since some modules replace others.
tool() { # NAME MODULE@VERSION PACKAGE
  local name=$1 module=$2 package=$3 built=$tools/.$1-${2##*@} found
  [ -x "$tools/$name" ] && [ -e "$built" ] && return
  found=$(command -v "$name" || true)
  if ! command -v go >/dev/null; then
    [ -n "$found" ] || fail "$name is missing: install Go, which builds it, or $name ${module##*@} itself"
    echo "test-chart: without Go nobody knows whether $found is of version ${module##*@}" >&2
    return
  fi
  # Somebody else may have built it: then the binary knows of which version it is.
  if [ -n "$found" ] && go version -m "$found" 2>/dev/null | grep -qF "$(printf '\tmod\t%s\t%s' "${module%@*}" "${module##*@}")"; then return; fi
  echo "building $name ${module##*@} ..."
  go build -C "$(module_folder "$module")" -o "$tools/$name" "$package" || fail "$name could not be built"
  rm -f "$tools/.$name"-*
  touch "$built"
}

module_folder() {
  local answer
  command -v go >/dev/null || fail "Go is missing, which fetches $1: install it"
  answer=$(cd / && go mod download -json "$1") || fail "$1 cannot be had from the Go proxy: $answer"
  node -p 'JSON.parse(require("node:fs").readFileSync(0, "utf8")).Dir' <<<"$answer"
}

tool helm "helm.sh/helm/v4@$helm_version" ./cmd/helm
tool helm-unittest "github.com/helm-unittest/helm-unittest@$unittest_version" ./cmd/helm-unittest
tool kubeconform "github.com/yannh/kubeconform@$kubeconform_version" ./cmd/kubeconform
tool kustomize "sigs.k8s.io/kustomize/kustomize/v5@$kustomize_version" .
