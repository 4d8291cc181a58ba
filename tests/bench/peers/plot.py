"""Horizontal bars with their spread, as plain SVG that any browser shows."""

import math
from html import escape

WIDTH, LABEL_WIDTH, VALUE_WIDTH = 760, 200, 150
BAR_HEIGHT, GAP, TOP = 16, 12, 44
COLOURS = ("#4878a8", "#e0924a", "#b04f5f")
INK = "#222222"
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
