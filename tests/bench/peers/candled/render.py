#!/usr/bin/env python3
"""Writes candled.yaml beside a CONFIG.json, and prints how many shards are wanted. All that is not here is a default."""

import json
import sys
from pathlib import Path


def render(config):
    redis = config["redis"]
    return {
        "data_dir": config["work_dir"],
        "kafka": {"brokers": config["brokers"], "topic": config["topic"], "group": config["group"]},
        "redis": {"url": f"redis://{redis['host']}:{redis['port']}/{redis['db']}", "ttl": f"{config['ttl_s']}s"},
        "mongo": {"uri": config["mongo"]["uri"], "database": config["mongo"]["database"]},
        "http": {"ops_listen": "127.0.0.1:0"},  # several shards on one machine: a free port each
    }


def main():
    path = Path(sys.argv[1])
    config = json.loads(path.read_text())
    path.with_name("candled.yaml").write_text(json.dumps(render(config), indent=2) + "\n")  # JSON is YAML
    print(config.get("shards", 1))


main()
