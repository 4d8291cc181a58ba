"""Bars and lines with their spread, as plain SVG that any browser shows."""

import math
from html import escape

WIDTH, LABEL_WIDTH, VALUE_WIDTH = 760, 200, 150
BAR_HEIGHT, GAP, TOP = 16, 12, 44
COLOURS = ("#4878a8", "#e0924a", "#b04f5f")
INK, GRID = "#222222", "#dddddd"
LEFT, RIGHT, HIGH, LEGEND = 84, 730, 260, 18  # of lines: where they begin and end, their height, a line of the legend
NAMESPACE = "/".join(["http:", "", "www.w3.org", "2000", "svg"])  # a name, not an address that is asked


def bars(title, foot, summary, figures, is_log=False):
    """`summary`: label -> figure -> {median, min, max}; a bar for each of the figures, its whisker from min to max."""
    rows = [(label, [found[name] for name in figures if name in found]) for label, found in summary.items()]
    values = [value["max"] for _, found in rows for value in found]
    scale = Scale(values, is_log)
    parts, y = [], TOP
    for label, found in rows:
        parts.append(text(LABEL_WIDTH - 8, y + len(found) * BAR_HEIGHT / 2 + 4, label, "end"))
        for colour, value in zip(COLOURS, found):
            parts += bar(scale, y, value, colour)
            y += BAR_HEIGHT
        y += GAP
    parts.append(text(12, y + GAP, foot, "start", 10))
    return document(title, parts, y + 2 * GAP)


class Scale:
    """From a value to pixels; a log scale begins at the power of ten below the smallest."""

    def __init__(self, values, is_log):
        self.is_log = is_log
        self.high = max(values, default=1) or 1
        self.low = 10 ** math.floor(math.log10(max(0.01, min(values, default=1)))) / 10 if is_log else 0

    def of(self, value):
        width = WIDTH - LABEL_WIDTH - VALUE_WIDTH
        if not self.is_log:
            return width * value / self.high
        share = math.log10(max(value, self.low) / self.low) / max(0.1, math.log10(self.high / self.low))
        return width * share


def bar(scale, y, value, colour):
    middle = y + BAR_HEIGHT / 2 - 1
    low, high = (LABEL_WIDTH + scale.of(value[name]) for name in ("min", "max"))
    width = scale.of(value["median"])
    yield f'<rect x="{LABEL_WIDTH}" y="{y:.1f}" width="{width:.1f}" height="{BAR_HEIGHT - 2}" fill="{colour}"/>'
    if high - low > 1:
        yield f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}" stroke="{INK}" stroke-width="1.5"/>'
    yield text(high + 6, middle + 4, number(value["median"]), "start")


def lines(title, foot, marks, series):
    """`series`: label -> a {median, min, max}, or None, for each of the marks: numbers, which stand side by side as if evenly apart."""
    values = [value["max"] for found in series.values() for value in found if value]
    top = TOP + LEGEND * len(series)
    ticks = ticks_of(max(values, default=1))
    xs = [LEFT + (RIGHT - LEFT) * (at + 0.5) / len(marks) for at in range(len(marks))]

    def y_of(value):
        return top + HIGH * (1 - value / ticks[-1])

    parts = list(axes(xs, marks, ticks, y_of))
    for at, (colour, (label, found)) in enumerate(zip(COLOURS, series.items())):
        parts.append(f'<rect x="{LEFT}" y="{TOP + at * LEGEND - 6}" width="18" height="4" fill="{colour}"/>')
        parts.append(text(LEFT + 24, TOP + at * LEGEND, label, "start"))
        parts += line([(x, value) for x, value in zip(xs, found) if value], y_of, colour)
    parts.append(text(12, top + HIGH + 2 * GAP + 20, foot, "start", 10))
    return document(title, parts, top + HIGH + 3 * GAP + 20)


def ticks_of(high):
    """From 0 to the first round number that is not less, in at most five steps."""
    unit = 10 ** math.floor(math.log10(high or 1))
    step = next(unit * factor for factor in (0.2, 0.5, 1, 2) if unit * factor * 5 >= high)
    return [step * at for at in range(math.ceil(high / step) + 1)]


def axes(xs, marks, ticks, y_of):
    for tick in ticks:
        yield f'<path d="M{LEFT} {y_of(tick):.1f}H{RIGHT}" stroke="{GRID}"/>'
        yield text(LEFT - 8, y_of(tick) + 4, f"{tick:,.10g}", "end")
    for x, mark in zip(xs, marks):
        yield text(x, y_of(0) + 18, f"{mark:,}", "middle")


def line(points, y_of, colour):
    """Whiskers from min to max; the line goes through the medians."""
    path = " ".join(f"{x:.1f},{y_of(value['median']):.1f}" for x, value in points)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for x, value in points:
        yield f'<circle cx="{x:.1f}" cy="{y_of(value["median"]):.1f}" r="3.5" fill="{colour}"/>'
        yield f'<path d="M{x:.1f} {y_of(value["min"]):.1f}V{y_of(value["max"]):.1f}" stroke="{colour}"/>'


def number(value):
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def text(x, y, content, anchor, size=12):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{INK}">{escape(content)}</text>'


def document(title, parts, height):
    head = f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif">'
    ground = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>'
    return "\n".join([head, ground, text(12, 24, title, "start", 14), *parts, "</svg>"]) + "\n"
