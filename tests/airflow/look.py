"""Runs inside Airflow's own Python: loads the DAG as its scheduler does, and prints as JSON what came of it.

usage: look.py DAG_FILE COUNT     the days of its first COUNT runs, when each is due, and the task
"""

import importlib.util
import json
import sys

import jinja2
from airflow.timetables.base import TimeRestriction


def load(path):
    spec = importlib.util.spec_from_file_location("candled_batch", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def runs(dag, day, count):
    restriction = TimeRestriction(earliest=dag.start_date, latest=None, catchup=dag.catchup)
    last = None
    for _ in range(count):
        info = dag.timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
        last = info.data_interval
        yield {"due": info.run_after.in_timezone("UTC").isoformat(), "day": jinja2.Template(day).render(data_interval_end=last.end)}


def main():
    module = load(sys.argv[1])
    dag = module.dag
    (task,) = dag.tasks
    fields = {name: getattr(task, name, None) for name in ("bash_command", "arguments", "image", "namespace")}
    print(json.dumps({
        "dag": dag.dag_id, "catchup": dag.catchup, "first": module.FIRST, "tasks": [task.task_id], "operator": type(task).__name__,
        "retries": task.retries, "backs_off": bool(task.retry_exponential_backoff), "fields": fields,
        "runs": list(runs(dag, module.DAY, int(sys.argv[2]))),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
