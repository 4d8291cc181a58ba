"""Measures the daily batch: log to MongoDB, beside bare bulk inserts by the same driver in the same run; backups; and how
soon a minute that the exchange closes is a candle in Redis. usage: batch.py [--quick] [--days N] [--only PART...]

Parts: day, days, backup, feed. Prints a table and writes build/bench/batch.json.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "integration"), str(Path(__file__).resolve().parents[1])]

import producer  # noqa: E402
import pymongo  # noqa: E402
from harness import ROOT, Case, Failure, Servers  # noqa: E402
from test_batch import DAY_MS, FEBRUARY_MS, Batch  # noqa: E402

HERE = Path(__file__).resolve().parent
SYMBOLS, PARTITIONS = 15, 5
PARTS = ("day", "days", "backup", "feed")
CONFIG = {"candles": {"intervals": ["5m"]}, "mongo": {"intervals": ["1m", "5m"]}, "redis": {"enabled": False}}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three days instead of 28")
    parser.add_argument("--days", type=int)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    options.days = options.days or (3 if options.quick else 28)
    return options


def loader():
    """The one that meson built, else one built here and now."""
    built = sorted(ROOT.glob("build/*/tests/bench/bench_mongo_load"), key=lambda path: path.stat().st_mtime)
    if built:
        return built[-1]
    path = ROOT / "build" / "bench" / "bench_mongo_load"
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmongoc-1.0"], capture_output=True, text=True, check=True).stdout.split()
    subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", HERE / "mongo_load.c", "-o", path, *flags], check=True)
    return path


def bare(case, program, count):
    """Candles a second of bulk inserts into a collection that has the batch's index, as durable as the batch's."""
    database = f"{case.database}_bare"
    client = pymongo.MongoClient(case.mongo_uri())
    client.drop_database(database)
    client[database]["candles"].create_index([("symbol", 1), ("interval", 1), ("openTime", -1)])
    uri = f"{case.mongo_uri()}&w=majority&journal=true"
    seconds = float(subprocess.run([program, uri, database, "candles", str(count)], capture_output=True, text=True, check=True).stdout)
    client.drop_database(database)
    return count / seconds


def dates(days):
    def text(day):
        return time.strftime("%Y-%m-%d", time.gmtime((FEBRUARY_MS + day * DAY_MS) / 1000))

    return ["--from", text(0), "--to", text(days - 1)]


def run(case, name, days, *words):
    batch = Batch(case, name)
    began = time.monotonic()
    _, last = batch.run(*dates(days), "--no-rest", *words)
    seconds = time.monotonic() - began
    if last["failed"] or last["missing"] or not last["written"]:
        raise Failure(f"the batch did not do its work: {last}")
    return batch, last, seconds


def measure_range(case, program, days, figures, name):
    _, last, seconds = run(case, name, days, "--no-backup")
    inserted = bare(case, program, last["written"])
    figures[name] = {
        "days": days, "records": last["records"], "candles": last["written"], "seconds": round(seconds, 2),
        "candles_per_s": round(last["written"] / seconds), "bare_inserts_per_s": round(inserted),
        "of_bare": round(last["written"] / seconds / inserted, 2),
    }  # fmt: skip


def measure_backup(case, figures):
    """A day with its backup, less the same day without; its size; and the way back."""
    _, _, without = run(case, "without", 1, "--no-backup")
    batch, last, seconds = run(case, "with", 1)
    size = sum(path.stat().st_size for path in batch.backups.rglob("*.avro"))
    pymongo.MongoClient(case.mongo_uri())[batch.database]["candles"].drop()
    began = time.monotonic()
    _, restored = batch.run(*dates(1), verb="restore")
    figures["backup"] = {
        "candles": last["written"], "bytes": size, "bytes_per_candle": round(size / last["written"], 1),
        "seconds": round(seconds - without, 2), "restore_seconds": round(time.monotonic() - began, 2), "restored": restored["written"],
    }  # fmt: skip


def measure_feed(servers, folder, figures):
    try:
        from feed_latency import measure
    except ImportError:
        figures["feed"] = {"skipped": "there is no fake exchange in this tree"}
        return
    figures["feed"] = measure(servers, folder)


def measure(options, servers, folder):
    figures = {}
    if set(options.only) & {"day", "days", "backup"}:
        program = loader()
        with Case(servers, folder / "batch", partitions=PARTITIONS, config=CONFIG) as case:
            days = options.days if "days" in options.only else 1
            case.produce(producer.session(producer.made(days * 1440, SYMBOLS, FEBRUARY_MS), 7, producer.Disorder(opens=0)))
            if "day" in options.only:
                measure_range(case, program, 1, figures, "day")
            if "days" in options.only:
                measure_range(case, program, days, figures, "days")
            if "backup" in options.only:
                measure_backup(case, figures)
    if "feed" in options.only:
        measure_feed(servers, folder / "feed", figures)
    return figures


def main():
    options = arguments()
    servers = Servers()
    try:
        servers.start_all()
        with tempfile.TemporaryDirectory(prefix="candled-bench-") as folder:
            figures = measure(options, servers, Path(folder))
    finally:
        servers.wipe()
    path = ROOT / "build" / "bench" / "batch.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")
    for part, values in figures.items():
        print(f"{part:7}", "  ".join(f"{name}={value}" for name, value in values.items()))


if __name__ == "__main__":
    main()
