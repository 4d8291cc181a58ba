"""The chart as Helm renders it, and its pods as the kubelet would start them."""

import os
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "candled"
EXAMPLES = sorted((CHART / "examples").glob("*.yaml"))
INFRA = Path(os.environ.get("INFRA_DIR") or ROOT / "build" / "infra")
KUBERNETES = "1.34.0"


class Refused(Exception):
    """Helm would not render it; the text says why."""


def helm(*arguments):
    done = subprocess.run([INFRA / "bin" / "helm", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def render(values=None, files=(), release="rel"):
    """The objects, for values as a tree and for files of them; the tree wins."""
    arguments = ["template", release, CHART, "--namespace", "market"]
    for file in files:
        arguments += ["--values", file]
    if values is None:
        return load(helm(*arguments))
    done = subprocess.run([INFRA / "bin" / "helm", *map(str, arguments), "--values", "-"], input=yaml.safe_dump(values),
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    if done.returncode:
        raise Refused(done.stderr)
    return load(done.stdout)


def load(text):
    return [item for item in yaml.safe_load_all(text) if item]


def one(objects, kind, name=None):
    found = [item for item in objects if item["kind"] == kind and name in (None, item["metadata"]["name"])]
    if len(found) != 1:
        raise LookupError(f"{len(found)} objects are a {kind} called {name}")
    return found[0]


class Pod:
    """One pod of the StatefulSet, or of the Deployment: its command line, its variables and its files."""

    def __init__(self, objects, ordinal, secrets=None, kind="StatefulSet"):
        self.set = one(objects, kind)
        self.spec = self.set["spec"]["template"]["spec"]
        self.container = self.spec["containers"][0]
        self.name = f"{self.set['metadata']['name']}-{ordinal}"
        self.labels = self.set["spec"]["template"]["metadata"]["labels"] | {
            "apps.kubernetes.io/pod-index": str(ordinal), "statefulset.kubernetes.io/pod-name": self.name,
        }  # fmt: skip
        self.secrets = secrets or {}
        self.config_text = one(objects, "ConfigMap")["data"]["candled.yaml"]

    @property
    def arguments(self):
        return list(self.container["args"])

    def environment(self):
        """What the kubelet would set, fields and Secrets resolved."""
        return {entry["name"]: self.value_of(entry) for entry in self.container.get("env") or []}

    def value_of(self, entry):
        source = entry.get("valueFrom")
        if source is None:
            return entry["value"]
        if "secretKeyRef" in source:
            return self.secrets[source["secretKeyRef"]["name"]][source["secretKeyRef"]["key"]]
        return self.field(source["fieldRef"]["fieldPath"])

    def field(self, path):
        if path == "metadata.name":
            return self.name
        assert path.startswith("metadata.labels['") and path.endswith("']"), path
        return self.labels[path[len("metadata.labels['") : -2]]

    def volume(self, name):
        return next((volume for volume in self.spec.get("volumes") or [] if volume["name"] == name), None)

    def mounts(self):
        return {mount["mountPath"]: mount["name"] for mount in self.container["volumeMounts"]}

    def files(self):
        """path in the pod -> content, of what the ConfigMap and the Secrets put there."""
        files = {}
        for path, name in self.mounts().items():
            volume = self.volume(name) or {}
            if name == "config":
                files[f"{path}/candled.yaml"] = self.config_text
            for source in volume.get("projected", {}).get("sources", []):
                secret = source["secret"]
                for item in secret["items"]:
                    files[f"{path}/{item['path']}"] = self.secrets[secret["name"]][item["key"]]
        return files
