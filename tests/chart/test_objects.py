"""The objects that the chart makes, and the files of the image."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

from chart import image
from chart.rendered import CHART, EXAMPLES, INFRA, KUBERNETES, ROOT, Pod, helm, one, render
from chart.test_config import expect, refusal

TESTS = []
PRODUCTION = CHART / "examples" / "production.yaml"


def test(function):
    TESTS.append(function)
    return function


def kinds(objects):
    return sorted(item["kind"] for item in objects)


def template(objects):
    return one(objects, "StatefulSet")["spec"]["template"]


def checksum(**values):
    return template(render(values))["metadata"]["annotations"]["checksum/config"]


@test
def helm_finds_nothing_to_say_about_the_chart_and_its_examples():
    for files in ([], *(["--values", file] for file in EXAMPLES)):
        helm("lint", "--strict", CHART, *files)


@test
def every_object_is_valid_in_the_oldest_and_in_newer_kubernetes():
    for file in EXAMPLES:
        done = subprocess.run([ROOT / "tests/servers/helm.sh", "check", CHART, "--values", file], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
        skipped = "1" if file == PRODUCTION else "0"  # the ServiceMonitor has no schema
        found = re.findall(r"^(1\.\d+\.0).*Valid: (\d+), Invalid: 0, Errors: 0, Skipped: (\d+)", done.stdout, re.M)
        expect([(version, wanted) for version, valid, wanted in found if int(valid) >= 7],
               [(version, skipped) for version in ("1.28.0", "1.34.0", "1.37.0")], done.stdout)  # fmt: skip


@test
def a_misspelt_field_would_be_found():
    text = yaml.safe_dump_all(render()).replace("podManagementPolicy", "podManagmentPolicy")
    kubeconform = ["-strict", "-kubernetes-version", KUBERNETES, "-schema-location", str(INFRA / "k8s-schemas"), "-"]
    done = subprocess.run([INFRA / "bin" / "kubeconform", *kubeconform], input=text, capture_output=True, text=True)
    assert done.returncode != 0 and "podManagmentPolicy" in done.stdout + done.stderr, done.stdout


@test
def an_older_kubernetes_is_refused():
    done = subprocess.run([INFRA / "bin" / "helm", "template", "rel", CHART, "--kube-version", "1.27.9"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode != 0 and "kubeVersion" in done.stderr, done.stderr


@test
def the_objects_are_these_and_are_called_after_the_release():
    objects = render()
    expect(kinds(objects), sorted(["ConfigMap", "PodDisruptionBudget", "Pod", "Service", "Service", "ServiceAccount", "StatefulSet"]))
    names = {item["metadata"]["name"] for item in objects}
    expect(names, {"rel-candled", "rel-candled-headless", "rel-candled-metrics", "rel-candled-config-check"})
    names = {item["metadata"]["name"] for item in render(release="candled-eu")}
    assert "candled-eu" in names, names
    expect(one(render({"fullnameOverride": "c"}), "StatefulSet")["metadata"]["name"], "c")
    long = one(render({"nameOverride": "n" * 60}), "StatefulSet")["metadata"]["name"]
    assert len(long) <= 52, long


@test
def optional_objects_come_when_they_are_asked_for():
    objects = render(files=[PRODUCTION])
    assert {"ServiceMonitor", "NetworkPolicy"} <= set(kinds(objects)), kinds(objects)
    values = {"podDisruptionBudget": {"enabled": False}, "serviceAccount": {"create": False}}
    expect(kinds(render(values)), sorted(["ConfigMap", "Pod", "Service", "Service", "StatefulSet"]))
    expect(template(render(values))["spec"]["serviceAccountName"], "default")


@test
def the_shards_start_and_stop_in_parallel_under_stable_names():
    found = one(render(), "StatefulSet")
    expect(found["spec"]["podManagementPolicy"], "Parallel")
    expect(found["spec"]["serviceName"], "rel-candled-headless")
    expect(found["spec"]["replicas"], 2)
    expect(one(render(), "Service", "rel-candled-headless")["spec"]["clusterIP"], "None")
    expect(one(render({"replicaCount": 0}), "StatefulSet")["spec"]["replicas"], 0)


@test
def every_selector_finds_the_pods_of_this_release_and_no_others():
    objects = render(files=[PRODUCTION])
    labels = template(objects)["metadata"]["labels"]
    selectors = [one(objects, "StatefulSet")["spec"]["selector"]["matchLabels"],
                 one(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
                 one(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
                 template(objects)["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
                 *(item["spec"]["selector"] for item in objects if item["kind"] == "Service")]  # fmt: skip
    other = template(render(release="other"))["metadata"]["labels"]
    check = one(objects, "Pod")["metadata"]["labels"]
    for selector in selectors:
        assert selector.items() <= labels.items(), selector
        assert not selector.items() <= other.items() and not selector.items() <= check.items(), selector
    monitor = one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    found = [item["metadata"]["name"] for item in objects if item["kind"] == "Service" and monitor.items() <= item["metadata"]["labels"].items()]
    expect(found, ["rel-candled-metrics"])


@test
def the_batch_is_a_job_by_the_clock_of_its_zone_that_nothing_takes_for_a_shard():
    objects = render(files=[CHART / "examples" / "batch.yaml"])
    found = one(objects, "CronJob")
    spec = found["spec"]
    expect([found["metadata"]["name"], spec["schedule"], spec["timeZone"]], ["rel-candled-batch", "30 0 * * *", "America/New_York"])
    expect([spec["concurrencyPolicy"], spec["suspend"]], ["Forbid", False])
    job = spec["jobTemplate"]["spec"]["template"]
    assert not one(objects, "StatefulSet")["spec"]["selector"]["matchLabels"].items() <= job["metadata"]["labels"].items()
    container = job["spec"]["containers"][0]
    expect(spec["jobTemplate"]["spec"]["activeDeadlineSeconds"], 21600)
    expect(container["args"][:3], ["batch", "schedule", "--once"])
    expect([job["spec"]["restartPolicy"], container["securityContext"]["readOnlyRootFilesystem"]], ["Never", True])
    variables = {item["name"]: item for item in container["env"]}
    mounts = {item["name"]: item["mountPath"] for item in container["volumeMounts"]}
    expect(variables["TMPDIR"]["value"], mounts["scratch"])
    expect(variables["AWS_ACCESS_KEY_ID"]["valueFrom"]["secretKeyRef"]["name"], "market-state-writer")
    assert one(objects, "ConfigMap")["data"]["candled.yaml"].count("s3://candled/backups") == 1 and "backups" not in mounts
    volumes = {item["name"] for item in job["spec"]["volumes"]}
    assert set(mounts) == volumes, (mounts, volumes)
    assert "CronJob" not in kinds(render())
    assert len(one(render({"batch": {"enabled": True, "existingClaim": "x"}}, release="r" * 53), "CronJob")["metadata"]["name"]) <= 52


@test
def backups_stand_on_a_claim_or_in_a_bucket_and_nowhere_else():
    objects = render({"batch": {"enabled": True, "existingClaim": "shared"}})
    job = one(objects, "CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    mounts = {item["name"]: item["mountPath"] for item in job["containers"][0]["volumeMounts"]}
    expect({"name": "CANDLED_BATCH__BACKUP_DIR", "value": mounts["backups"]} in job["containers"][0]["env"], True)
    assert {"name": "backups", "persistentVolumeClaim": {"claimName": "shared"}} in job["volumes"]
    assert "has no disk that stays" in refusal({"batch": {"enabled": True}})
    assert "has no disk that stays" in refusal({"batch": {"enabled": True}, "config": {"batch": {"backup_dir": "/var/backups"}}})
    assert "only one of them" in refusal({"batch": {"enabled": True, "existingClaim": "x"}, "config": {"batch": {"backup_dir": "s3://a/b"}}})
    assert refusal({"batch": {"schedule": "at noon"}})


@test
def the_collector_is_one_pod_that_nothing_takes_for_a_shard():
    objects = render({"persistence": {"storageClass": "ssd"}, "serviceMonitor": {"enabled": True}}, files=[CHART / "examples" / "collect.yaml"])
    found = one(objects, "Deployment")
    expect([found["metadata"]["name"], found["spec"]["replicas"], found["spec"]["strategy"]], ["rel-candled-collect", 1, {"type": "Recreate"}])
    labels = found["spec"]["template"]["metadata"]["labels"]
    shards = one(objects, "StatefulSet")["spec"]["selector"]["matchLabels"]
    assert not shards.items() <= labels.items() and not found["spec"]["selector"]["matchLabels"].items() <= template(objects)["metadata"]["labels"].items()
    mine = [item for item in objects if item["metadata"]["name"].startswith("rel-candled-collect") and item["kind"] in ("Service", "NetworkPolicy")]
    for item in mine:
        assert (item["spec"].get("selector") or item["spec"]["podSelector"]["matchLabels"]).items() <= labels.items(), item
    expect(kinds(mine), ["NetworkPolicy", "Service"])
    expect(mine[0]["spec"].keys() | mine[1]["spec"].keys() >= {"egress", "ports"}, True)
    monitor = one(objects, "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    assert monitor.items() <= one(objects, "Service", "rel-candled-collect-metrics")["metadata"]["labels"].items()
    claim = one(objects, "PersistentVolumeClaim")
    expect(claim["spec"], {"accessModes": ["ReadWriteOnce"], "storageClassName": "ssd", "resources": {"requests": {"storage": "5Gi"}}})
    expect(claim["metadata"]["annotations"]["helm.sh/resource-policy"], "keep")
    expect(Pod(objects, 0, kind="Deployment").volume("data")["persistentVolumeClaim"], {"claimName": claim["metadata"]["name"]})
    spec = found["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False and spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True
    without = render({"collect": {"enabled": True, "persistence": {"enabled": False}}})
    expect(Pod(without, 0, kind="Deployment").volume("data"), {"name": "data", "emptyDir": {"sizeLimit": "3Gi"}})
    assert "Deployment" not in kinds(render())


@test
def the_checksum_changes_when_the_configuration_does_and_only_then():
    before = checksum()
    expect(checksum(replicaCount=5, resources={"limits": {"memory": "1Gi"}}), before)
    assert checksum(config={"candles": {"grace": "3m"}}) != before
    before, after = render(), render({"replicaCount": 5})
    expect(template(after), template(before), "a scale restarts pods: the template")


@test
def the_grace_period_fits_the_stop_and_the_snapshots():
    for timeout, wanted in [("10s", 35), ("1500ms", 27), ("2m", 145), ("1h", 3625)]:
        found = template(render({"config": {"shutdown": {"timeout": timeout}}}))["spec"]["terminationGracePeriodSeconds"]
        expect(found, wanted, timeout)
    expect(template(render({"config": {"shutdown": {"timeout": None}}}))["spec"]["terminationGracePeriodSeconds"], 35)
    expect(template(render({"terminationGracePeriodSeconds": 120}))["spec"]["terminationGracePeriodSeconds"], 120)
    properties = json.loads((CHART / "values.schema.json").read_text())["properties"]["config"]["properties"]
    expect(properties["shutdown"]["properties"]["timeout"]["default"], "10s", "the program's default, which the templates repeat")
    expect(properties["http"]["properties"]["ops_listen"]["default"], "127.0.0.1:9464", "the same")


@test
def the_probes_ask_the_port_that_the_configuration_opens():
    container = template(render({"config": {"http": {"ops_listen": "[::]:9999"}}}))["spec"]["containers"][0]
    expect(container["ports"], [{"name": "metrics", "containerPort": 9999}])
    paths = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    expect(paths, {"startup": {"path": "/healthz", "port": "metrics"}, "liveness": {"path": "/healthz", "port": "metrics"},
                   "readiness": {"path": "/readyz", "port": "metrics"}})  # fmt: skip
    ports = {item["spec"]["ports"][0]["port"] for item in render() if item["kind"] == "Service"}
    expect(ports, {9464})


@test
def the_pods_keep_to_the_restricted_standard():
    for spec in (template(render())["spec"], one(render(), "Pod")["spec"]):
        container = spec["containers"][0]
        assert spec["securityContext"]["runAsNonRoot"] is True and spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        expect(container["securityContext"], {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False
        assert "hostPath" not in str(spec) and "hostNetwork" not in spec and "command" not in container
    expect(one(render(), "ServiceAccount")["automountServiceAccountToken"], False)


@test
def the_state_is_on_a_claim_of_the_pods_own_or_on_an_empty_folder():
    claim = one(render(files=[PRODUCTION]), "StatefulSet")["spec"]["volumeClaimTemplates"][0]
    expect(claim["spec"], {"accessModes": ["ReadWriteOncePod"], "storageClassName": "fast-ssd", "resources": {"requests": {"storage": "40Gi"}}})
    found = one(render({"persistence": {"enabled": False, "size": "3Gi"}}), "StatefulSet")
    assert "volumeClaimTemplates" not in found["spec"]
    expect(Pod(render({"persistence": {"enabled": False, "size": "3Gi"}}), 0).volume("data"), {"name": "data", "emptyDir": {"sizeLimit": "3Gi"}})
    expect(Pod(render(), 0).mounts()["/var/lib/candled"], "data")


@test
def what_is_the_clusters_own_is_handed_on():
    values = {"nodeSelector": {"disk": "ssd"}, "tolerations": [{"operator": "Exists"}], "affinity": {"nodeAffinity": {}},
              "priorityClassName": "high", "imagePullSecrets": [{"name": "r"}], "podLabels": {"a": "b"}, "podAnnotations": {"c": "d"},
              "extraEnvFrom": [{"secretRef": {"name": "more"}}], "commonLabels": {"team": "data"}}  # fmt: skip
    objects = render(values)
    found = template(objects)
    for name in ("nodeSelector", "tolerations", "affinity", "priorityClassName", "imagePullSecrets"):
        expect(found["spec"][name], values[name], name)
    expect([found["metadata"]["labels"]["a"], found["metadata"]["annotations"]["c"]], ["b", "d"])
    expect(found["spec"]["containers"][0]["envFrom"], values["extraEnvFrom"])
    assert all(item["metadata"]["labels"].get("team") == "data" for item in objects if item["kind"] != "Pod")
    mounts = template(render(files=[PRODUCTION]))["spec"]["containers"][0]["volumeMounts"]
    assert {"name": "internal-ca", "mountPath": "/etc/ssl/internal", "readOnly": True} in mounts, mounts


@test
def the_image_is_named_by_tag_or_digest():
    for values, wanted in [({}, "candled:0.1.0"), ({"registry": "r.example.com/x", "tag": "7"}, "r.example.com/x/candled:7"),
                           ({"tag": "7", "digest": "sha256:" + "a" * 64}, "candled@sha256:" + "a" * 64)]:  # fmt: skip
        expect(template(render({"image": values}))["spec"]["containers"][0]["image"], wanted)
    assert "/image/digest" in refusal({"image": {"digest": "abc"}})


@test
def the_network_policy_opens_the_metrics_port_and_adds_dns():
    spec = one(render(files=[PRODUCTION]), "NetworkPolicy")["spec"]
    expect(spec["ingress"][0]["ports"], [{"port": "metrics", "protocol": "TCP"}])
    expect({port["port"] for port in spec["egress"][0]["ports"]}, {53})
    expect(spec["policyTypes"], ["Ingress", "Egress"])
    expect(one(render({"networkPolicy": {"enabled": True}}), "NetworkPolicy")["spec"]["policyTypes"], ["Ingress"])


def notes(*sets):
    """Helm shows them only when it installs, and then wants a cluster: here they are a template like the others."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(CHART, Path(folder, "candled"))
        text = (copy / "templates" / "NOTES.txt").read_text()
        text = '{{- define "notes" -}}' + text + '{{- end -}}\nnotes: {{ include "notes" . | quote }}\n'
        (copy / "templates" / "notes.yaml").write_text(text)
        words = [word for item in sets for word in ("--set", item)]
        return yaml.safe_load(helm("template", "rel", copy, "--show-only", "templates/notes.yaml", *words))["notes"]


@test
def the_notes_warn_of_what_will_be_missed():
    assert "rel-candled-0" in notes()
    assert "No snapshots are shared" in notes() and "kept over" not in notes()
    assert "No snapshots are shared" not in notes("snapshots.existingClaim=x")
    assert "Nothing is kept" in notes("persistence.enabled=false")
    assert "A password stands" in notes("config.redis.url=redis://u:p@r") and "A password stands" not in notes()


# --- the image ---


def lines_of_image():
    return list(image.instructions(image.DOCKERFILE.read_text()))


@test
def image_chart_and_program_have_one_version_and_one_user():
    version = re.search(r"^ *version: '([^']+)'", (ROOT / "meson.build").read_text(), re.M)[1]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    expect([chart["appVersion"], dict(lines_of_image()[::-1])["ARG"]], [version, f"VERSION={version}"])
    user = [rest for word, rest in lines_of_image() if word == "USER"]
    context = yaml.safe_load((CHART / "values.yaml").read_text())["podSecurityContext"]
    expect(user, [f"{context['runAsUser']}:{context['runAsGroup']}"])


@test
def the_image_begins_with_the_program_and_holds_only_its_last_stage():
    words = [word for word, _ in lines_of_image()]
    expect(set(words) - image.INSTRUCTIONS, set())
    expect(words.count("FROM"), 2)
    last = lines_of_image()[len(words) - 1 - words[::-1].index("FROM") :]
    expect([rest for word, rest in last if word == "ENTRYPOINT"], ['["/usr/local/bin/candled"]'])
    expect([rest for word, rest in last if word == "COPY"], ["--from=build /out/usr/local/bin/candled /usr/local/bin/candled"])
    assert "-dev" not in " ".join(rest for _, rest in last), "a runtime image needs no headers"


@test
def the_build_is_sent_the_sources_and_nothing_that_was_built():
    files = set(image.context_files())
    assert {"dev", "dev.d/packages.sh", "meson.build", "ops/main.c", "tests/meson.build"} <= files
    assert not [name for name in files if name.startswith((".git/", "build", "data/")) or "__pycache__" in name or name == "candled.yaml"]
    assert image.is_ignored("build/release/ops/candled", image.ignore_patterns())
