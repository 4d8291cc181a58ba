#!/usr/bin/env python3
"""The DAG in a real Airflow. usage: run.py AIRFLOW_PYTHON [NAME...]; CANDLED_BIN is the program. A line of TAP a test."""

import json
import os
import subprocess
import sys
import tempfile
import traceback
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "integration"), str(ROOT / "tests")]

import producer  # noqa: E402
from checks import check  # noqa: E402
from harness import Case, Servers, binary  # noqa: E402
from test_batch import CONFIG, FEBRUARY_MS, Batch, check_same  # noqa: E402

DAG = ROOT / "ops" / "airflow" / "candled_batch.py"
LOOK = Path(__file__).resolve().parent / "look.py"


class Airflow:
    """An Airflow with a database and Variables of its own; its DAGs folder is ours."""

    def __init__(self, python, folder):
        self.python, self.folder = python, folder
        self.environment = os.environ | {
            "AIRFLOW_HOME": str(folder / "airflow"), "AIRFLOW__CORE__DAGS_FOLDER": str(DAG.parent), "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "PYTHONDONTWRITEBYTECODE": "1", "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
        }  # fmt: skip
        self.run("-m", "airflow", "db", "migrate")

    def run(self, *words, code=0, **variables):
        environment = self.environment | {f"AIRFLOW_VAR_CANDLED_BATCH_{name.upper()}": str(value) for name, value in variables.items()}
        done = subprocess.run([self.python, *map(str, words)], env=environment, capture_output=True, text=True, timeout=300, cwd=self.folder)
        check((done.returncode == 0) == (code == 0), f"{words}: {done.returncode}: {done.stdout[-1500:]} {done.stderr[-1500:]}")
        return done.stdout

    def look(self, count=1, **variables):
        return json.loads(self.run(LOOK, DAG, count, **variables).splitlines()[-1])


def test_the_dag_is_loaded_without_an_error(airflow, servers):
    errors = airflow.run("-m", "airflow", "dags", "list-import-errors", "--local")
    check("No data found" in errors, f"import errors: {errors[-1000:]}")
    listed = airflow.run("-m", "airflow", "dags", "list", "--local")
    check("candled_batch" in listed, f"it is not listed: {listed[-1000:]}")
    found = airflow.look()
    check((found["catchup"], found["retries"], found["backs_off"], len(found["tasks"])) == (True, 5, True, 1), f"{found}")
    check(found["first"] == "2026-11-01", f"a first day that moves along leaves days out: {found['first']}")


def test_the_task_is_a_command_or_a_pod_as_the_variable_says(airflow, servers):
    found = airflow.look(command="/opt/candled")
    check(found["operator"] == "BashOperator" and found["fields"]["bash_command"].startswith("/opt/candled 'batch' 'run'"), f"{found}")
    found = airflow.look(operator="kubernetes", image="registry/candled:1", namespace="market")
    check(found["operator"] == "KubernetesPodOperator", f"{found['operator']}")
    check(found["fields"]["arguments"][:3] == ["batch", "run", "--day"], f"{found}")
    check((found["fields"]["image"], found["fields"]["namespace"]) == ("registry/candled:1", "market"), f"{found}")


def test_there_is_one_run_a_day_also_when_the_clock_is_set(airflow, servers):
    for zone, start, due in (("Europe/Berlin", "2026-03-27", ["2026-03-28T23:30", "2026-03-29T22:30"]),
                             ("America/New_York", "2025-10-31", ["2025-11-02T04:30", "2025-11-03T05:30"]),
                             ("Asia/Ho_Chi_Minh", "2026-02-27", ["2026-02-28T17:30", "2026-03-01T17:30"])):  # fmt: skip
        runs = airflow.look(8, timezone=zone, start=start)["runs"]
        first = date.fromisoformat(runs[0]["day"])
        check([run["day"] for run in runs] == [(first + timedelta(days=at)).isoformat() for at in range(8)], f"{zone}: {runs}")
        times = [run["due"][:16] for run in runs]
        check(all(time in times for time in due), f"{zone}: {times}")


def test_a_run_writes_its_day_and_fails_when_the_program_does(airflow, servers):
    with Case(servers, airflow.folder / "case", partitions=1, config=CONFIG) as case:
        case.produce(producer.session(producer.made(3 * 1440, 2, FEBRUARY_MS), 5, producer.Disorder(opens=0, lost=0)))
        by_hand, by_airflow = Batch(case, "hand"), Batch(case, "air")
        by_hand.run("--day", "2026-02-02", "--no-rest")
        shell = airflow.folder / "candled"
        shell.write_text(f'#!/bin/sh\nexec {binary()} "$@" --no-rest\n')
        shell.chmod(0o755)
        words = {"command": shell, "config": by_airflow.path, "timezone": "UTC", "start": "2026-02-01"}
        airflow.run("-m", "airflow", "dags", "test", "candled_batch", "2026-02-03T01:00:00+00:00", **words)
        check_same(by_hand.documents(), by_airflow.documents(), "the task's documents")
        shell.write_text("#!/bin/sh\nexit 1\n")
        said = airflow.run("-m", "airflow", "tasks", "test", "candled_batch", "run", "2026-02-04T01:00:00+00:00", **words)
        check("new_state=up_for_retry" in said, f"a program that fails is no success: {said[-1500:]}")


def main():
    servers, failed = Servers(), False
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    tests = [test for test in tests if not sys.argv[2:] or any(part in test.__name__ for part in sys.argv[2:])]
    try:
        servers.start_all()
        with tempfile.TemporaryDirectory(prefix="candled-airflow-") as folder:
            airflow = Airflow(sys.argv[1], Path(folder))
            for function in tests:
                name = function.__name__.removeprefix("test_").replace("_", " ")
                try:
                    function(airflow, servers)
                    print(f"ok {name}", flush=True)
                except Exception as error:  # a test must not take the others along
                    failed = True
                    print(f"not ok {name} - {str(error).splitlines()[0][:300] if str(error) else error!r}", flush=True)
                    print("\n".join(f"    # {line}" for line in traceback.format_exc().splitlines()[-20:]), flush=True)
    finally:
        servers.wipe()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
