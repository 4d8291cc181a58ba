"""What figures say of each other, and what a made log holds: arithmetic alone, of no server and no process."""

import statistics

ROUNDS_MIN = 3  # of fewer, two runs lie apart by chance too often to say anything
WITHIN = "within the spread"


def spread(values):
    """Median, least and most."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def ratios(values, bases):
    """The spread of each value by the base of its own round: what slows a whole round down is in both."""
    if len(values) != len(bases):
        raise ValueError(f"{len(values)} values, {len(bases)} bases")
    return spread([value / base for value, base in zip(values, bases)])


def verdict(old, new, more_is_better):
    """A word only where all of one lies beyond all of the other."""
    if min(len(old), len(new)) < ROUNDS_MIN:
        return "too few rounds to say"
    if min(new) > max(old):
        return "better" if more_is_better else "worse"
    if max(new) < min(old):
        return "worse" if more_is_better else "better"
    return WITHIN


def in_turn(sides, round_number):
    """Two sides as ABBA: what drifts with time wrongs neither."""
    return list(sides) if round_number % 2 == 0 else list(reversed(sides))


def closed_minutes(records, symbols, klines_a_minute):
    """Closed minutes -> how many symbols have so many, in a log that load.c made: all symbols tell a part of a minute
    before any tells the next part, and the last part is the closed one."""
    whole, rest = divmod(records, symbols * klines_a_minute)
    ahead = max(0, rest - symbols * (klines_a_minute - 1))
    return {minutes: count for minutes, count in ((whole, symbols - ahead), (whole + 1, ahead)) if count}


def closed_klines(records, symbols, klines_a_minute):
    return sum(minutes * count for minutes, count in closed_minutes(records, symbols, klines_a_minute).items())


def whole_windows(records, symbols, klines_a_minute, window_minutes):
    """Candles of which every minute is closed; the log begins at a midnight."""
    found = closed_minutes(records, symbols, klines_a_minute)
    return sum(minutes // window_minutes * count for minutes, count in found.items())
