"""The tables, the JSON file and the plots of curves.py."""

import json
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "peers"))

import plot  # noqa: E402
from bench import fsync_seconds, say  # noqa: E402
from report import commit, machine  # noqa: E402

# figure, heading, form, width
COLUMNS = [
    ("rate", "records/s", "{:,.0f}", 32),
    ("of_bare", "of bare", "{:.2f}", 23),
    ("cpu_us", "CPU us a record", "{:.2f}", 23),
    ("servers_cpu_us", "servers' CPU us", "{:.2f}", 23),
    ("peak_mib", "peak RssAnon, MiB", "{:.1f}", 23),
]
LATENCY_COLUMNS = [("p50", "p50, ms", "{:.1f}", 20), ("p99", "p99, ms", "{:.1f}", 23), ("p99.9", "p99.9, ms", "{:.1f}", 23)]
BARE = "bare librdkafka, the same log"
LATENCY = "last 1m kline produced -> 5m candle in Redis, at 10,000 records/s, ms"


def write(curves, axes, folder):
    tables = {name: table(curves, axis) for name, axis in axes.items()}
    head = head_of(curves, folder)
    for name, axis in axes.items():
        print_table(axis, tables[name])
        for suffix, svg in plots(axis, tables[name], foot(head)):
            (folder / f"curves-{name}{suffix}.svg").write_text(svg)
    path = folder / "CURVES.json"
    found = {name: {"title": axis.title, "points": tables[name]} for name, axis in axes.items()}
    path.write_text(json.dumps(head | {"axes": found}, indent=2) + "\n")
    say(f"\nall of it: {path}, and curves-*.svg beside it")


def head_of(curves, folder):
    options = curves.options
    half, most = (seconds * 1000 for seconds in fsync_seconds(folder))
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "command": " ".join(["./dev", "bench", "curves", *sys.argv[1:]]),
        "commit": commit(),
        "machine": machine(),
        "records": options.records,
        "rounds": options.rounds,
        "fsync_ms": {"p50": half, "p99": most},
    }


def foot(head):
    where = head["machine"]
    runs = f"{head['records']:,} records, rounds: {head['rounds']}"
    return f"{head['date']}; {head['commit']}; {where['cores']} cores, {where['cpu']}, {where['system']}; {runs}"


def table(curves, axis):
    return [
        {"point": point, "series": series, "log": str(run.log), "processes": run.processes, **curves.point(run, axis.has_latency)}
        for point, series, run in axis.runs()
    ]


def print_table(axis, rows):
    columns = COLUMNS + (LATENCY_COLUMNS if axis.has_latency else [])
    logs = {row["log"]: None for row in rows}
    print(f"\n{axis.title}" + (f" ({next(iter(logs))})" if len(logs) == 1 else ""))
    print(f"{'':24}" + "".join(f"{heading:>{width}}" for _, heading, _, width in columns))
    for row in rows:
        name = f"  {row['point']}, {row['series']}"
        if "failed" in row:
            print(f"{name:24}  does not count: {' '.join(row['failed'].split())[:200]}")
        else:
            print(f"{name:24}" + "".join(f"{cell(row[figure], form):>{width}}" for figure, _, form, width in columns))


def cell(found, form):
    middle = form.format(found["median"])
    if found["min"] == found["max"]:
        return middle
    return f"{middle} ({form.format(found['min'])}..{form.format(found['max'])})"


def plots(axis, rows, text):
    """(end of the file's name, SVG): lines where the points are numbers, else bars."""
    points, first = list(axis.points), next(iter(axis.series))
    title = f"{axis.title}: records/s"
    if isinstance(points[0], str):
        summary = {f"{row['point']}, {row['series']}": row for row in rows if "rate" in row}
        yield "", plot.bars(title, text, summary | bare_row(rows), ("rate",))
    else:
        series = {name: figures_of(rows, points, name, "rate") for name in axis.series}
        yield "", plot.lines(title, text, points, series | {BARE: figures_of(rows, points, first, "bare")})
    if axis.has_latency:
        shares = {share: figures_of(rows, points, first, share) for share in ("p50", "p99")}
        yield "-latency", plot.lines(f"{axis.title}: {LATENCY}", text, points, shares)


def bare_row(rows):
    return next(({BARE: {"rate": row["bare"]}} for row in rows if "bare" in row), {})


def figures_of(rows, points, series, figure):
    """A spread, or None, for each point."""
    found = {row["point"]: row.get(figure) for row in rows if row["series"] == series}
    return [found[point] for point in points]
