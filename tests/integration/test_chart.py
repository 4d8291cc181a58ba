"""The pods of the chart as processes: rendered command lines, variables and files, against real servers.

What a pod would resolve or mount is replaced, and nothing else: the names of Kafka and Redis, the port of metrics (all
pods share one address here), and the folders of its volumes. MongoDB's address is in a Secret, and stays as it is.
"""

import os
import subprocess
from pathlib import Path

import producer
import yaml
from chart.rendered import INFRA, Pod, render
from harness import Case, Skipped, check, free_port, test, wait_until
from producer import Disorder
from shard import Shard, binary
from test_crashes import owned
from test_outages import Flow

SESSION = "6s"
FROM_OUTSIDE = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


class Kubelet(Shard):
    """One pod of a rendered StatefulSet, started and stopped as the kubelet does; its volume stays."""

    def __init__(self, case, objects, ordinal, secrets):
        self.case = case
        self.process = None
        self.port = free_port()
        self.update(objects, ordinal, secrets)
        self.name = self.pod.name
        self.log = case.folder / f"{self.name}.log"

    def update(self, objects, ordinal, secrets):
        """Takes a new template; what runs goes on with the old one."""
        self.pod = Pod(objects, ordinal, secrets)
        etc, volume = self.case.folder / f"{self.pod.name}.etc", self.case.data / self.pod.name
        places = {
            "/var/lib/candled-snapshots": self.case.data / "snapshots", "/var/lib/candled": volume,
            "/etc/candled-secrets": etc / "secrets", "/etc/candled": etc,
            "kafka:9092": self.case.brokers, "redis://redis:6379/0": self.case.redis_url(), "0.0.0.0:9464": f"127.0.0.1:{self.port}",
        }  # fmt: skip

        def placed(text):
            for there, here in places.items():
                text = text.replace(there, str(here))
            return text

        secret_files = {content for secret in secrets.values() for content in secret.values()}
        for path, content in self.pod.files().items():
            file = Path(placed(path))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content if content in secret_files else placed(content))
        for folder in (volume, self.case.data / "snapshots"):
            folder.mkdir(exist_ok=True)  # a volume is there, and empty, when its pod first starts
        self.arguments = [placed(word) for word in self.pod.arguments]
        self.environment = {name: placed(value) for name, value in self.pod.environment().items()}
        self.config = yaml.safe_load((etc / "candled.yaml").read_text())

    def start(self):
        environment = {name: os.environ[name] for name in FROM_OUTSIDE if name in os.environ}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([binary(), *self.arguments], env=environment | self.environment, cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
        return self

    def is_ready(self):
        return self.get(self.pod.container["readinessProbe"]["httpGet"]["path"])[0] == 200

    def delete(self):
        """SIGTERM, and the grace period; what is not gone then would be killed."""
        code = self.stop(self.pod.spec["terminationGracePeriodSeconds"])
        check(code == 0, f"{self.name} ended with {code}: {self.tail()}")


class Release:
    """A release of the chart: its values, and the pods that it has now."""

    def __init__(self, case, kafka=None, **values):
        self.case = case
        self.secrets = {"mongo-auth": {"uri": case.mongo_uri()}}
        group = {"topic": case.topic, "group": f"g.{case.name}", "session_timeout": SESSION}
        self.values = values | {
            "secrets": {"mongo.uri": {"name": "mongo-auth", "key": "uri"}},
            "config": {"kafka": group | (kafka or {}), "candles": {"idle": "2s"}, "mongo": {"database": case.database}},
        }
        self.pods = []
        self.template = None

    def upgrade(self, replicas=None, **config):
        """What the controller does with Parallel management: pods that are missing come, pods that are too many go, and then
        those of an older template are replaced, the last first, each when the one before is ready."""
        self.values["replicaCount"] = replicas or len(self.pods)
        self.values["config"] |= config
        self.objects = render(self.values, release="candled")
        before, self.template = self.template, Pod(self.objects, 0).set["spec"]["template"]
        older = self.pods[: self.values["replicaCount"]] if before not in (None, self.template) else []
        for ordinal in range(len(self.pods), self.values["replicaCount"]):
            self.pods.append(self.make(ordinal).start())
        while len(self.pods) > self.values["replicaCount"]:
            self.pods.pop().delete()
        for pod in reversed(older):
            pod.delete()
            pod.update(self.objects, self.pods.index(pod), self.secrets)
            pod.start()
            wait_until(f"{pod.name} is ready again", pod.is_ready, 60, 0.2)
        for pod in self.pods:
            wait_until(f"{pod.name} is ready", pod.is_ready, 60, 0.2)

    def make(self, ordinal):
        pod = Kubelet(self.case, self.objects, ordinal, self.secrets)
        self.case.shards.append(pod)
        return pod

    def owners(self):
        return [owned(pod) for pod in self.pods]

    def wait_until_shared(self):
        wait_until(f"{len(self.pods)} pods share the partitions", lambda: are_shared(self.owners()), 60, 0.2)


def are_shared(owners):
    return all(owners) and sum(map(len, owners)) == 5 and set.union(*owners) == {0, 1, 2, 3, 4}


def need_helm():
    if not (INFRA / "bin" / "helm").exists():
        raise Skipped("helm is not there: tests/servers/helm.sh install")


def one_to_three_to_two(case, release, seconds):
    flow = Flow(case, producer.session(producer.recorded(600, symbols=5), 41, Disorder()), seconds).start()
    release.upgrade(replicas=1)
    wait_until("candles flow", lambda: sum(case.covered().values()) > 0, 40)
    flow.wait_for(0.2)
    release.upgrade(replicas=3)
    release.wait_until_shared()
    flow.wait_for(0.5)
    release.upgrade(replicas=2)
    release.wait_until_shared()
    return flow


@test("the chart's pods scaled from one to three to two and rolled, while klines flow")
def scaled(servers, folder):
    need_helm()
    with Case(servers, folder) as case:
        release = Release(case)
        flow = one_to_three_to_two(case, release, 30)
        owners = release.owners()
        release.upgrade(log={"format": "json", "level": "debug"})
        release.wait_until_shared()
        check(release.owners() == owners, f"a rolling upgrade moved partitions: {owners}, then {release.owners()}")
        flow.finish()
        case.expect_answer(seconds=120)
        names = {pod.environment["CANDLED_KAFKA__INSTANCE_ID"] for pod in case.shards}
        check(names == {"candled-0", "candled-1", "candled-2"}, f"the members are called {names}")


@test("the chart's pods with ordinal assignment and a shared claim of snapshots, scaled from one to three to two")
def scaled_by_ordinal(servers, folder):
    need_helm()
    with Case(servers, folder) as case:
        release = Release(case, kafka={"assignment": "ordinal"}, snapshots={"existingClaim": "shared"})
        flow = one_to_three_to_two(case, release, 30)
        check(release.owners() == [{0, 2, 4}, {1, 3}], f"shard i of 2 has each second partition: {release.owners()}")
        flow.finish()
        case.expect_answer(seconds=120)
        published = [path for path in (case.data / "snapshots").rglob("*") if path.is_file()]
        check(published, "no snapshot was published to the claim")
