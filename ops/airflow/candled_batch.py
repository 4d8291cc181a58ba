"""The daily batch of candled as an Airflow DAG: one run, and one task, a day.

Put this file into the DAGs folder. Settings are Airflow Variables, all of them optional:

  candled_batch_schedule    five cron fields, by the clock of the zone below   30 0 * * *
  candled_batch_timezone    whose days                                         Asia/Ho_Chi_Minh
  candled_batch_start       the first day, YYYY-MM-DD: set yours               2026-11-01
  candled_batch_config      candled.yaml, as the task finds it                 /etc/candled/candled.yaml
  candled_batch_operator    bash, or kubernetes                                bash
  candled_batch_command     bash: the program                                  candled
  candled_batch_image       kubernetes: the image                              candled:latest
  candled_batch_namespace   kubernetes: where the pod runs                     default
  candled_batch_configmap   kubernetes: the ConfigMap that holds candled.yaml  candled

The first day must stay where it is: with one that moves along, Airflow leaves out, in spite of its catch-up, what was
missed before it. Days before candled's own first one have no candles, and their runs fail.

A run covers the day that ends at or before its time in that zone; what was missed is caught up by Airflow, a day a run,
up to three at a time. Runs may overlap, be repeated, or run beside shards and `candled batch schedule`: the program's
writes are guarded, and a day that its ledger knows as done costs one question. With this DAG leave candled's own
batch.schedule empty. It loads in Airflow 2.9 and later, and in 3.
"""

from datetime import timedelta

import pendulum

try:
    from airflow.sdk import DAG, Variable
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.models import Variable

try:
    from airflow.timetables.interval import CronDataIntervalTimetable
except ImportError:
    from airflow.sdk import CronDataIntervalTimetable


def variable(name, otherwise):
    return Variable.get(f"candled_batch_{name}", otherwise)


TIMEZONE = variable("timezone", "Asia/Ho_Chi_Minh")
ZONE = pendulum.timezone(TIMEZONE)
FIRST = variable("start", "2026-11-01")

# The end of the interval is when the run is due; the day before that, by the zone's clock, is the one that is over.
DAY = "{{ data_interval_end.in_timezone('" + TIMEZONE + "').subtract(days=1).to_date_string() }}"
WORDS = ["batch", "run", "--day", DAY, "--timezone", TIMEZONE, "--json", "--config", variable("config", "/etc/candled/candled.yaml")]


def in_a_shell():
    from airflow.providers.standard.operators.bash import BashOperator

    program = variable("command", "candled")
    return BashOperator(task_id="run", bash_command=" ".join([program, *(f"'{word}'" for word in WORDS)]), append_env=True)


def in_a_pod():
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from kubernetes.client import models

    config = models.V1ConfigMapVolumeSource(name=variable("configmap", "candled"))
    return KubernetesPodOperator(
        task_id="run",
        name="candled-batch",
        namespace=variable("namespace", "default"),
        image=variable("image", "candled:latest"),
        arguments=WORDS,
        volumes=[models.V1Volume(name="config", config_map=config)],
        volume_mounts=[models.V1VolumeMount(name="config", mount_path="/etc/candled", read_only=True)],
        automount_service_account_token=False,
        get_logs=True,
    )


OPERATORS = {"bash": in_a_shell, "kubernetes": in_a_pod}

with DAG(
    dag_id="candled_batch",
    description="A day of candles into MongoDB, and its backup",
    schedule=CronDataIntervalTimetable(variable("schedule", "30 0 * * *"), timezone=ZONE),
    start_date=pendulum.parse(FIRST, tz=ZONE),
    catchup=True,
    max_active_runs=3,
    default_args={
        "retries": 5,
        "retry_delay": timedelta(minutes=2),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=3),
    },
    tags=["candled"],
) as dag:
    OPERATORS[variable("operator", "bash")]()
