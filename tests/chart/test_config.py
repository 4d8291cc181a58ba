"""From values to the settings that a shard has."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

import yaml

from chart import agreement, schema, values_table
from chart.rendered import CHART, EXAMPLES, ROOT, Pod, Refused, one, render

TESTS = []
SECRETS = {
    "redis-auth": {"password": "p:1 #x"}, "mongo-auth": {"uri": "mongodb://me:secret@mongo:27017"},
    "kafka-candled": {"password": "k"}, "market-state-writer": {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"},
}  # fmt: skip


def test(function):
    TESTS.append(function)
    return function


def program():
    return os.environ.get("CANDLED_BIN") or str(ROOT / "build" / "candled")


def expect(found, wanted, what=""):
    assert found == wanted, f"{what or 'found'}: {found!r}, wanted {wanted!r}"


def placed(pod, folder):
    """The pod's files below a folder; its command line and variables with the paths of there."""
    places = {}
    for path, content in pod.files().items():
        places[path] = folder / path.lstrip("/")
        places[path].parent.mkdir(parents=True, exist_ok=True)
        places[path].write_text(content)

    def moved(text):
        return str(places.get(text, text))

    return [moved(word) for word in pod.arguments], {name: moved(value) for name, value in pod.environment().items()}


def effective(pod):
    """What `candled config show` says in the pod, as section.key -> value; it fails where the program refuses."""
    with tempfile.TemporaryDirectory() as folder:
        arguments, environment = placed(pod, Path(folder))
        words = [program(), "config", "show", *arguments[1:]]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        tree = yaml.safe_load(done.stdout)
    flat = {name: value for name, value in tree.items() if not isinstance(value, dict)}
    return flat | {f"{section}.{key}": value for section, keys in tree.items() if isinstance(keys, dict) for key, value in keys.items()}


def refusal(values):
    try:
        render(values)
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"helm took {values}")


@test
def the_schema_of_config_is_what_the_program_says_now():
    wanted = schema.of_the_program()
    assert schema.of_the_chart()["properties"]["config"] == wanted, "stale: CANDLED_BIN=... tests/chart/schema.py --write"


@test
def the_schema_and_the_program_take_the_same_values_of_every_setting():
    with tempfile.TemporaryDirectory() as folder:
        found = list(agreement.disagreements(program(), Path(folder), schema.of_the_program()))
    assert not found, f"{len(found)} disagreements: " + "; ".join(found[:10])


@test
def the_names_that_secrets_may_have_are_those_that_the_program_reads_from_files():
    chart = schema.of_the_chart()["properties"]
    pattern = chart["secrets"]["propertyNames"]["pattern"]
    for section, item in chart["config"]["properties"].items():
        for key in item.get("properties", {}):
            if key != "tokens_file":
                is_secret = f"{key}_file" in item["properties"]
                expect(bool(re.search(pattern, f"{section}.{key}")), is_secret, f"{section}.{key}")
    assert re.search(pattern, "kafka.properties.sasl.password")


@test
def the_table_of_values_in_the_readme_is_made_of_values_yaml():
    expect(values_table.readme(), values_table.table())


@test
def an_unknown_setting_is_refused_and_named():
    assert "'topik' not allowed" in refusal({"config": {"kafka": {"topik": "x"}}})
    assert "'kafak' not allowed" in refusal({"config": {"kafak": {}}})
    assert "'replicas' not allowed" in refusal({"replicas": 3})


@test
def values_outside_of_their_limits_are_refused_at_their_place():
    for place, value in [("kafka/session_timeout", "999ms"), ("kafka/session_timeout", "61m"), ("kafka/session_timeout", 45),
                         ("candles/intervals", ["7m"]), ("candles/intervals", []), ("outbox/max_bytes", "1023KiB"),
                         ("checkpoint/max_records", 1_000_001), ("checkpoint/sync", "never"), ("candles/trade_ids", False),
                         ("redis/enabled", "yes"), ("kafka/start", "yesterday")]:  # fmt: skip
        section, key = place.split("/")
        assert f"/config/{place}" in refusal({"config": {section: {key: value}}}), place


@test
def what_cannot_work_in_a_pod_is_refused_with_the_reason():
    for values, words in [
        ({"config": {"kafka": {"instance_id": "a"}}}, "staticMembership"),
        ({"config": {"shard": {"count": 2}}}, "assignment: ordinal"),
        ({"config": {"http": {"ops_listen": "127.0.0.1:9464"}}}, "cannot be reached by the kubelet"),
        ({"config": {"http": {"ops_listen": "localhost:9464"}}}, "cannot be reached by the kubelet"),
        ({"config": {"http": {"ops_listen": "[::1]:9464"}}}, "cannot be reached by the kubelet"),
        ({"config": {"http": {"ops_listen": "0.0.0.0:0"}}}, "cannot be reached by the kubelet"),
        ({"config": {"http": {"ops_listen": ""}}}, "cannot be reached by the kubelet"),
        ({"config": {"data_dir": "/var/lib/candled2"}}, "persistence.mountPath"),
        ({"snapshots": {"existingClaim": "c"}, "config": {"snapshots": {"url": "s3://b"}}}, "only one of them"),
        ({"terminationGracePeriodSeconds": 34}, "at least 35"),
        ({"persistence": {"accessModes": ["ReadWriteMany"]}}, "/persistence/accessModes"),
        ({"secrets": {"redis.pasword": {"name": "a", "key": "b"}}}, "redis.pasword"),
    ]:
        assert words in refusal(values), values


@test
def the_rendered_configuration_is_config_as_it_is():
    for files in ([], *([file] for file in EXAMPLES)):
        base = yaml.safe_load((CHART / "values.yaml").read_text())["config"]
        wanted = merged(base, yaml.safe_load(files[0].read_text())["config"] if files else {})
        expect(yaml.safe_load(one(render(files=files), "ConfigMap")["data"]["candled.yaml"]), wanted, str(files))


def merged(base, changes):
    together = dict(base)
    for name, item in changes.items():
        together[name] = merged(base.get(name, {}), item) if isinstance(item, dict) else item
    return together


@test
def words_and_large_numbers_survive_the_rendering():
    config = {"checkpoint": {"max_records": 1_000_000}, "candles": {"trade_ids": "off"}, "outbox": {"max_bytes": 12345678901},
              "kafka": {"properties": {"socket.timeout.ms": 60000, "enable.ssl.certificate.verification": False},
                        "start": "2026-02-01T00:00:00Z"}}  # fmt: skip
    found = effective(Pod(render({"config": config}), 0))
    expect(found["checkpoint.max_records"], 1_000_000)
    expect(found["candles.trade_ids"] in ("off", False), True)
    expect(found["outbox.max_bytes"], 12345678901)
    expect(found["kafka.properties"], {"socket.timeout.ms": 60000, "enable.ssl.certificate.verification": False})


@test
def the_program_takes_what_each_example_renders():
    expect([file.stem for file in EXAMPLES], ["batch", "collect", "minimal", "ordinal", "production"])
    for file in EXAMPLES:
        found = effective(Pod(render(files=[file]), 1, SECRETS))
        assert found["data_dir"].startswith("/var/lib/candled"), found["data_dir"]


@test
def each_pod_has_its_name_as_instance_id():
    objects = render({"replicaCount": 3})
    expect([effective(Pod(objects, at))["kafka.instance_id"] for at in (0, 2)], ["rel-candled-0", "rel-candled-2"])
    expect(effective(Pod(render({"staticMembership": False}), 0))["kafka.instance_id"], "")


@test
def with_ordinal_assignment_the_pods_share_by_index_and_count():
    objects = render({"replicaCount": 4, "config": {"kafka": {"assignment": "ordinal"}}})
    found = effective(Pod(objects, 3))
    expect([found[name] for name in ("kafka.assignment", "shard.count", "shard.index")], ["ordinal", 4, 3])
    expect(found["kafka.instance_id"], "")
    assert "CANDLED_SHARD__COUNT" not in Pod(render(), 0).environment()


@test
def the_collector_is_given_the_same_configuration_and_no_part_of_the_topic():
    objects = render({"snapshots": {"existingClaim": "shared"}}, files=[CHART / "examples" / "collect.yaml"])
    pod = Pod(objects, 0, kind="Deployment")
    expect(pod.arguments[0], "collect")
    found = effective(pod)
    expect(found["symbols"], ["BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT"])
    expect([found["feed.silence"], found["kafka.instance_id"], found["snapshots.url"]], ["45s", "", ""])
    assert found["data_dir"].startswith(next(path for path, name in pod.mounts().items() if name == "data")), found["data_dir"]
    secrets = {"kafka.properties.sasl.password": {"name": "kafka-candled", "key": "password"}}
    pod = Pod(render({"secrets": secrets, "collect": {"enabled": True}}), 0, SECRETS, kind="Deployment")
    expect(effective(pod)["kafka.properties"], {"sasl.password": "********"})


@test
def secrets_are_mounted_as_files_that_the_program_reads():
    pod = Pod(render(files=[CHART / "examples" / "production.yaml"]), 0, SECRETS)
    environment = pod.environment()
    for name in ("CANDLED_REDIS__PASSWORD_FILE", "CANDLED_MONGO__URI_FILE", "CANDLED_KAFKA__PROPERTIES__SASL_PASSWORD_FILE"):
        assert environment[name] in pod.files(), f"{name}: {environment.get(name)}"
    values = {content for secret in ("redis-auth", "mongo-auth", "kafka-candled") for content in SECRETS[secret].values()}
    assert not values & set(environment.values()), environment
    expect(pod.volume("secrets")["projected"]["defaultMode"], 0o440)
    found = effective(pod)
    expect(found["mongo.uri"], "mongodb://me:********@mongo:27017")
    expect(found["redis.password"], "********")
    expect(found["kafka.properties"]["sasl.password"], "********")


@test
def secrets_as_variables_need_no_volume():
    secrets = {name: {"name": "redis-auth", "key": "password"} for name in ("redis.password", "kafka.properties.ssl.key.password")}
    pod = Pod(render({"secretsAs": "env", "secrets": secrets}), 0, SECRETS)
    expect(pod.volume("secrets"), None)
    expect(pod.environment()["CANDLED_REDIS__PASSWORD"], "p:1 #x")
    expect(effective(pod)["kafka.properties"], {"ssl.key.password": "********"})


@test
def snapshots_go_to_a_claim_or_to_a_bucket():
    pod = Pod(render({"snapshots": {"existingClaim": "shared", "mountPath": "/snap"}}), 0)
    expect(effective(pod)["snapshots.url"], "file:///snap")
    expect(pod.mounts()["/snap"], "snapshots")
    expect(pod.volume("snapshots")["persistentVolumeClaim"], {"claimName": "shared"})
    pod = Pod(render(files=[CHART / "examples" / "production.yaml"]), 0, SECRETS)
    expect(effective(pod)["snapshots.url"], "s3://market-state/candled?region=eu-central-1")
    environment = pod.environment()
    expect([environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]], ["a", "s"])


@test
def extra_variables_win_over_the_file_and_come_last():
    pod = Pod(render({"extraEnv": [{"name": "CANDLED_LOG__LEVEL", "value": "debug"}]}), 0)
    expect(effective(pod)["log.level"], "debug")
    expect(pod.container["env"][-1]["name"], "CANDLED_LOG__LEVEL")
