"""All that the fake exchange may do wrong, a row each. After each row Kafka, Redis and MongoDB must hold what they hold
after an undisturbed run."""

import random
from collections import defaultdict
from typing import Callable, NamedTuple

from fake_rest import Order

BARE_ERROR = {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"}
ERROR_WITH_ID = {"error": {"code": 4, "msg": "Too many subscriptions"}, "id": "ID"}
ERROR_WITHOUT_ID = {"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}
GARBAGE = (
    b"", b"{", b"[]", b"null", b"42", b'"text"', b"{}", b'{"stream":"x@kline_1m"}', b'{"stream":"x@kline_1m","data":{}}',
    b'{"stream":"x@kline_1m","data":{"e":"kline","E":1,"s":"X","k":{}}}', b'{"e":"trade","E":1,"s":"BTCUSDT"}',
    b'{"result":[1,2],"id":-7}', b'{"error":{}}', b'{"code":"x"}', b'{"e":"serverShutdow","E":1}', b"[" * 10_000,
    b'{"a":"' + b"x" * 200_000 + b'"}',
)  # fmt: skip


class Misbehaviour(NamedTuple):
    name: str
    act: Callable  # what it does while the market moves, on a thread of its own
    prepare: Callable = lambda exchange: None  # before the collector is started
    feed: dict = {}  # how the collector is set
    market: dict = {}
    exchange: dict = {}
    has_tls: bool = False
    asks_rest: bool = True  # whether the collector may ask for klines once it is running


def nothing(exchange):
    pass


# --- connections ---


def cut(exchange):
    for share, how in ((0.2, {}), (0.5, {"says_why": True}), (0.8, {})):
        exchange.at_share(share)
        exchange.cut(**how)


def cut_in_frame(exchange):
    for share in (0.3, 0.6):
        exchange.at_share(share)
        exchange.cut(in_frame=True)


def cut_and_refuse(exchange):
    exchange.at_share(0.3)
    exchange.doors.extend([503, 403, 429])
    exchange.cut()


def announce_shutdown(exchange):
    exchange.at_share(0.3)
    old = exchange.do(lambda: set(exchange.clients()))  # before: who hears of it connects anew within milliseconds
    exchange.announce_shutdown()
    exchange.at_share(0.7)
    exchange.do(lambda: [one.cut() for one in old if one.is_open])


def half_open(exchange):
    exchange.at_share(0.3)
    exchange.go_deaf()


def wrong_pongs(exchange):
    exchange.do(lambda: [setattr(one.wire, "lies", True) for one in exchange.clients()])
    exchange.do(lambda: [one.wire.send_pong(b"") for one in exchange.clients()])


# --- silence ---


class Mute:
    """A filter: nothing for those who are connected now."""

    def __init__(self, exchange):
        self.muted = exchange.do(lambda: set(exchange.everyone))

    def __call__(self, connection, frame):
        return [] if connection in self.muted else [frame]


def silence(exchange):
    exchange.at_share(0.3)
    exchange.filters.append(Mute(exchange))


def silence_of_one(exchange):
    """Its stream is forgotten by the server, until somebody subscribes again."""
    exchange.at_share(0.3)
    name = f"{exchange.market.symbols[1].lower()}@kline_1m"
    exchange.do(lambda: [one.streams.discard(name) for one in exchange.everyone])


# --- frames ---


def repeat(connection, frame):
    return [frame] * (2 if frame.is_closed or frame.index % 2 else 1)


def with_filter(*filters):
    return lambda exchange: exchange.filters.extend(filters)


class Disorder:
    """Holds some frames back, each by up to eight others of its connection."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.held = defaultdict(list)

    def __call__(self, connection, frame):
        held, ready = self.held[connection], []
        if self.dice.random() < 0.4:
            held.append([self.dice.randrange(1, 9), frame])
        else:
            ready.append(frame)
        for one in held:
            one[0] -= 1
        ready += [frame for left, frame in held if left <= 0]
        self.held[connection] = [one for one in held if one[0] > 0]
        return ready


def lose_closes(connection, frame):
    """Every third closed kline, one symbol's two in a row among them: what follows proves that they are missing."""
    return [] if frame.is_closed and (frame.index % 3 == 0 or frame.index == 13) else [frame]


def lose_minutes(connection, frame):
    return [] if frame.index in (12, 13, 16) else [frame]


def talk_nonsense(exchange):
    for share, text in zip((0.1 + 0.05 * step for step in range(len(GARBAGE))), GARBAGE):
        exchange.at_share(share)
        exchange.say_bytes(text)


def fragment(exchange):
    """A control frame between the halves of a message, and a message in many pieces."""
    def pieces():
        for one in exchange.clients():
            text = one.wrap(exchange.market.closed(exchange.market.symbols[0], exchange.market.minute_now() - 1))
            one.wire.send_text(text[:10], fin=False)
            one.flush()
            one.ping()
            for at in range(10, len(text) - 1, 7):
                one.wire.send_continuation(text[at : min(at + 7, len(text) - 1)], fin=False)
            one.wire.send_continuation(text[-1:], fin=True)
            one.flush()

    for share in (0.2, 0.4, 0.6):
        exchange.at_share(share)
        exchange.do(pieces)


# --- requests ---


def refuse(*errors):
    return lambda exchange: exchange.refusals.extend(errors)


def cut_and_refuse_request(exchange):
    exchange.at_share(0.4)
    exchange.refusals.append(ERROR_WITH_ID)
    exchange.cut()


def forget_one(exchange):
    """SUBSCRIBE succeeds, and one of the streams never comes; asked for again, it does."""
    name = f"{exchange.market.symbols[2].lower()}@kline_1m"
    exchange.unheeded.add(name)


def remember_it(exchange):
    exchange.at_share(0.4)
    exchange.do(exchange.unheeded.clear)


def rest_orders(*orders):
    """A cut makes the collector ask REST; that is what it gets."""
    def act(exchange):
        exchange.at_share(0.3)
        exchange.rest.orders.extend(orders)
        exchange.cut()

    return act


def retry_after(status, seconds):
    return Order(status, {"code": -1003, "msg": "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."},
                 {"Retry-After": str(seconds)})  # fmt: skip


def slow_rest(exchange):
    exchange.rest.wait = 1.5
    for share in (0.3, 0.7):
        exchange.at_share(share)
        exchange.cut()


def lose_for_good(exchange):
    """Traded minutes that the exchange itself does not have: neither a frame nor a row."""
    market = exchange.market
    for symbol, at in ((market.symbols[0], market.past + 6), (market.symbols[1], market.past + 7)):
        while market.series[symbol][at].trades == 0:
            at += 1
        market.absent.add((symbol, at))


def delist(exchange):
    exchange.at_share(0.5)

    def take_off():
        market, symbol = exchange.market, exchange.market.symbols[3]
        market.statuses[symbol] = "BREAK"
        market.absent.update((symbol, at) for at in range(market.minute_now(), len(market.series[symbol])))

    exchange.do(take_off)


SOON = {"silence": "1s"}

MISBEHAVIOURS = (
    Misbehaviour("an undisturbed run", nothing, asks_rest=False),
    Misbehaviour("an undisturbed run with TLS", nothing, has_tls=True, asks_rest=False),
    Misbehaviour("connections are cut", cut, has_tls=True),
    Misbehaviour("connections are cut in the middle of a frame", cut_in_frame),
    Misbehaviour("a day is over: connections are cut at an age that was known", nothing, market={"minutes": 60},
                 feed={"max_age": "2s"}, exchange={"life": 6}, asks_rest=False),
    Misbehaviour("connections are cut long before their day is over", nothing, exchange={"life": 1.3}),
    Misbehaviour("serverShutdown is announced", announce_shutdown, asks_rest=False),
    Misbehaviour("connections are cut and new ones refused", cut_and_refuse),
    Misbehaviour("connections are half open", half_open, feed=SOON),
    Misbehaviour("pongs are wrong or were not asked for", wrong_pongs, asks_rest=False),
    Misbehaviour("nothing is told any more, pings apart", silence, feed=SOON),
    Misbehaviour("one symbol is told no more", silence_of_one, feed=SOON),
    Misbehaviour("a subscription is acknowledged and forgotten", remember_it, forget_one, feed=SOON),
    Misbehaviour("frames come twice", with_filter(repeat), asks_rest=False),
    Misbehaviour("frames come in disorder", lambda exchange: exchange.filters.append(Disorder(5))),
    Misbehaviour("closed klines are lost", with_filter(lose_closes)),
    Misbehaviour("whole minutes are lost", with_filter(lose_minutes)),
    Misbehaviour("garbage is told in between", talk_nonsense),
    Misbehaviour("frames come in pieces", fragment, asks_rest=False),
    Misbehaviour("a subscription is refused by a bare error, and by one with its id", cut_and_refuse_request, refuse(BARE_ERROR)),
    Misbehaviour("a subscription is refused by an error without id", nothing, refuse(ERROR_WITHOUT_ID)),
    Misbehaviour("429 with Retry-After", rest_orders(retry_after(429, 1), retry_after(429, 1))),
    Misbehaviour("418 with Retry-After", rest_orders(retry_after(418, 2))),
    Misbehaviour("REST is slow", slow_rest),
    Misbehaviour("REST fails", rest_orders(
        Order(500, {"code": -1000, "msg": "An unknown error occurred."}), Order(503, b"<html>"), Order(403, b"<html>WAF</html>"))),
    Misbehaviour("REST answers garbage", rest_orders(Order(200, b"not json"), Order(200, [[1, 2], "row"]), Order(200, {"code": 0}))),
    Misbehaviour("REST lags behind the stream: for some seconds it has no row", rest_orders(*[Order(200, [])] * 20)),
    Misbehaviour("REST answers half of it", rest_orders(Order(is_cut=True), Order(504, b""), Order(is_cut=True))),
    Misbehaviour("its clock is half an hour ahead of ours", rest_orders(), market={"ahead_ms": 30 * 60_000}),
    Misbehaviour("minutes are lost that it has no longer itself", nothing, lose_for_good),
    Misbehaviour("a symbol is delisted", delist, feed=SOON),
)  # fmt: skip
