"""A fake exchange: WebSocket streams and REST of 1m klines, fast, and badly behaved when it is told to be.

It keeps the real one's rules (pings, messages a second, streams a connection, weights and bans) and writes down each
breach in `violations`. What it may do wrong is in misbehaviours.py. By hand, for a collector under development:

    fake_exchange.py [--minutes N] [--past N] [--pace SECONDS] [--tls DIR]     commands on standard input: see --help
"""

import argparse
import asyncio
import json
import ssl
import sys
import threading
import time
import traceback
from collections import deque

from fake_rest import Rest
from market import Market
from websockets.frames import OP_CLOSE, OP_PING, OP_PONG, OP_TEXT, Frame as WireFrame
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

MESSAGES_A_SECOND = 5
STREAMS_MAX = 1024
ATTEMPTS_MAX = 300  # in five minutes
SHUTDOWN = {"e": "serverShutdown"}


class Wire(ServerProtocol):
    """The protocol, except that its pongs can be made to lie."""

    lies = False

    def send_frame(self, frame):
        if self.lies and frame.opcode is OP_PONG:
            super().send_frame(WireFrame(OP_PONG, b"unasked for"))
            frame = WireFrame(OP_PONG, b"not what you sent")
        super().send_frame(frame)


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, exchange):
        self.exchange = exchange
        self.wire = Wire()
        self.streams = set()
        self.is_combined = True
        self.is_deaf = False  # the other half of a half-open connection
        self.heard = deque()
        self.pings = deque()  # (when, payload) without an answer
        self.born = time.monotonic()

    def connection_made(self, transport):
        self.transport = transport
        if self.exchange.is_away:
            return transport.abort()
        self.exchange.everyone.add(self)

    @property
    def is_open(self):
        return self.wire.state is State.OPEN and not self.transport.is_closing()

    def connection_lost(self, error):
        self.exchange.everyone.discard(self)

    def eof_received(self):
        if not self.is_deaf:
            self.wire.receive_eof()
            self.flush()

    def data_received(self, data):
        if self.is_deaf:
            return
        self.wire.receive_data(data)
        for event in self.wire.events_received():
            if isinstance(event, Request):
                self.greet(event)
            else:
                self.hear(event)
        if self.wire.parser_exc is not None and not isinstance(self.wire.parser_exc, EOFError):
            self.exchange.violate(f"bad bytes on the WebSocket: {self.wire.parser_exc}")
        self.flush()

    def flush(self):
        for data in self.wire.data_to_send():
            if self.transport.is_closing():
                break
            if data:
                self.transport.write(data)
            else:
                self.transport.close()

    def abort(self):
        if not self.transport.is_closing():
            self.transport.abort()

    def greet(self, request):
        status = self.exchange.admit()
        path, _, query = request.path.partition("?")
        if status == 101 and not path.startswith(("/stream", "/ws")):
            status = 404
        if status != 101:
            self.wire.send_response(self.wire.reject(status, json.dumps({"code": -1003, "msg": "Try again later."})))
            return
        self.wire.lies = self.exchange.pongs_lie
        self.wire.send_response(self.wire.accept(request))
        self.is_combined = path.startswith("/stream")
        names = query.removeprefix("streams=") if self.is_combined else path.removeprefix("/ws").lstrip("/")
        self.add(name for name in names.split("/") if name)
        self.exchange.greeted.append(self)

    def add(self, names):
        for name in names:
            if name not in self.exchange.unheeded:
                self.streams.add(name)
        if len(self.streams) > STREAMS_MAX:
            self.exchange.violate(f"{len(self.streams)} streams on a connection")

    def hear(self, frame):
        if frame.opcode not in (OP_PONG, OP_CLOSE):  # our pings come far more often than the real one's
            self.count_message()
        if frame.opcode is OP_TEXT:
            self.answer(frame.data)
        elif frame.opcode is OP_PONG and frame.data:
            self.take_pong(bytes(frame.data))
        elif frame.opcode not in (OP_PING, OP_PONG, OP_CLOSE):
            self.exchange.violate(f"a frame of kind {frame.opcode} from a client")

    def count_message(self):
        now = time.monotonic()
        self.heard.append(now)
        while self.heard[0] < now - 1:
            self.heard.popleft()
        if len(self.heard) > MESSAGES_A_SECOND:
            self.exchange.violate(f"{len(self.heard)} messages in a second")
            self.transport.abort()

    def take_pong(self, payload):
        if payload not in [sent for _, sent in self.pings]:
            self.exchange.violate(f"a pong that copies no ping: {payload!r}")
        self.pings = deque((when, sent) for when, sent in self.pings if sent > payload)

    def answer(self, data):
        """A request on the connection."""
        try:
            request = json.loads(data)
            method, params, number = request["method"], request.get("params", []), request.get("id")
        except (ValueError, KeyError, TypeError, AttributeError):
            self.exchange.violate(f"a request that is none: {data[:200]!r}")
            return self.say({"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"})
        self.exchange.requests.append((method, len(params)))
        if self.exchange.refusals and method == "SUBSCRIBE":
            return self.say(json.loads(json.dumps(self.exchange.refusals.popleft()).replace('"ID"', json.dumps(number))))
        result = None
        if method == "SUBSCRIBE":
            self.add(params)
        elif method == "UNSUBSCRIBE":
            self.streams.difference_update(params)
        elif method == "LIST_SUBSCRIPTIONS":
            result = sorted(self.streams)
        elif method == "SET_PROPERTY":
            self.is_combined = bool(params[1])
        elif method == "GET_PROPERTY":
            result = self.is_combined
        else:
            return self.say({"code": 2, "msg": f"Invalid request: unknown variant {method}"})
        return self.say({"result": result, "id": number})

    # what the exchange says

    def say(self, message):
        self.send(json.dumps(message).encode())

    def send(self, data):
        if self.is_open and not self.is_deaf:
            self.wire.send_text(data)
            self.flush()

    def tell(self, frame):
        for one in self.exchange.through_filters(self, frame):
            self.send(self.wrap(one))

    def wrap(self, frame):
        if not self.is_combined:
            return frame.text
        return b'{"stream":"%s@kline_1m","data":%s}' % (frame.symbol.lower().encode(), frame.text)

    def listens_to(self, symbol):
        return f"{symbol.lower()}@kline_1m" in self.streams

    def ping(self):
        if not self.is_open or self.is_deaf:
            return
        now = time.monotonic()
        if self.pings and now - self.pings[0][0] > self.exchange.pong_within:
            self.exchange.violate(f"no pong within {self.exchange.pong_within} s")
            self.abort()
            return
        payload = b"%020d" % time.monotonic_ns()
        self.pings.append((now, payload))
        self.wire.send_ping(payload)
        self.flush()

    def cut(self, in_frame=False, says_why=False):
        """The end of the connection: a reset, maybe within a frame, or a close frame and then the end."""
        if not self.is_open:
            return self.abort()
        if in_frame:
            symbol = self.exchange.market.symbols[0]
            self.wire.send_text(self.wrap(self.exchange.market.closed(symbol, self.exchange.market.minute_now() - 1)))
            whole = b"".join(self.wire.data_to_send())
            self.transport.write(whole[: len(whole) // 2])
            return self.transport.close()
        if says_why:
            self.wire.send_close(1001, "going away")
            self.flush()
            return asyncio.get_running_loop().call_later(0.2, self.abort)
        return self.abort()


class FakeExchange:
    """Both servers and the clock; the methods below `--- from a test's thread ---` may be called from any thread."""

    def __init__(self, market, pace=0.2, tls=None, certificate="server", life=None, ports=(0, 0)):
        self.market = market
        self.pace = pace
        self.tls = self.tls_context(tls, certificate) if tls else None
        self.ports = ports  # of the WebSocket and of REST; 0: a free one
        self.life = life  # seconds that a connection lives; None: for ever
        self.ping_every, self.pong_within = 0.5, 6.0
        self.everyone = set()
        self.greeted = deque(maxlen=10_000)
        self.requests = []
        self.violations = []
        self.attempts = deque()
        self.filters = []  # (connection, frame) -> frames
        self.refusals = deque()  # what the next SUBSCRIBEs are answered
        self.unheeded = set()  # streams whose subscription is acknowledged and forgotten
        self.doors = deque()  # the status of the next handshakes
        self.door_status = 101
        self.pongs_lie = False
        self.is_moving = False
        self.is_away = False  # nobody answers, on either port
        self.most_at_once = 0
        self.rest = Rest(self)

    @staticmethod
    def tls_context(folder, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/{certificate}.crt", f"{folder}/{certificate}.key")
        return context

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = self.do_async(self.listen())
        self.port = self.server.sockets[0].getsockname()[1]
        self.rest.start(self.tls, self.ports[1])
        return self

    def __exit__(self, *_):
        self.rest.stop()
        self.do_async(self.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    async def listen(self):
        server = await self.loop.create_server(lambda: Connection(self), "127.0.0.1", self.ports[0], ssl=self.tls)
        self.tasks = [self.loop.create_task(self.run_clock()), self.loop.create_task(self.run_pings())]
        return server

    async def close(self):
        self.server.close()
        for task in self.tasks:
            task.cancel()
        for connection in list(self.everyone):
            connection.transport.abort()

    @property
    def ws_url(self):
        return f"wss://localhost:{self.port}" if self.tls else f"ws://127.0.0.1:{self.port}"

    @property
    def rest_url(self):
        return f"https://localhost:{self.rest.port}" if self.tls else f"http://127.0.0.1:{self.rest.port}"

    def violate(self, what):
        self.violations.append(f"minute {self.market.minute_now()}: {what}")

    def admit(self):
        """101, or the status of the refusal."""
        now = time.monotonic()
        self.attempts.append(now)
        if len(self.attempts) > ATTEMPTS_MAX and now - self.attempts[-ATTEMPTS_MAX] < 300:
            self.violate(f"more than {ATTEMPTS_MAX} connection attempts in five minutes")
        return self.doors.popleft() if self.doors else self.door_status

    def through_filters(self, connection, frame):
        frames = [frame]
        for one in list(self.filters):
            frames = [out for frame in frames for out in one(connection, frame)]
        return frames

    # the two things that go on by themselves

    async def run_clock(self):
        due = before = time.monotonic()
        while True:
            due = max(due + self.pace / 4, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            now = time.monotonic()
            self.market.beat(self.is_moving, int((now - before) * 1000))
            before = now
            try:
                self.tell_all()
            except Exception:  # of a filter, or our own: the clock goes on, and the test fails
                self.violate(traceback.format_exc())

    def tell_all(self):
        clients = [one for one in self.everyone if one.is_open]
        self.most_at_once = max(self.most_at_once, len(clients))
        for symbol in list(self.market.symbols):
            if self.market.statuses[symbol] == "TRADING":
                frames = self.market.frames(symbol)
                for client in clients:
                    if client.listens_to(symbol):
                        for frame in frames:
                            client.tell(frame)

    async def run_pings(self):
        while True:
            await asyncio.sleep(self.ping_every / 2)
            for connection in list(self.everyone):
                if self.life and time.monotonic() - connection.born > self.life:
                    connection.abort()
                elif not connection.pings or time.monotonic() - connection.pings[-1][0] > self.ping_every:
                    connection.ping()

    # --- from a test's thread ---

    def do_async(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)

    def do(self, function, *arguments, **named):
        async def call():
            return function(*arguments, **named)

        return self.do_async(call())

    def begin(self):
        """The clock moves from here on."""
        self.do(setattr, self, "is_moving", True)

    def pause(self):
        """Nobody answers any more; the clock goes on."""
        self.is_away = True
        self.cut()

    def resume(self):
        self.is_away = False

    def is_subscribed(self, symbols=None):
        wanted = symbols or self.market.symbols
        return self.do(lambda: any(all(one.listens_to(name) for name in wanted) for one in self.clients()))

    def clients(self):
        return [one for one in self.everyone if one.is_open and not one.is_deaf]

    def cut(self, **how):
        """How many there were."""
        def cut_all():
            clients = list(self.everyone)
            for one in clients:
                one.cut(**how)
            return len(clients)

        return self.do(cut_all)

    def go_deaf(self):
        """Half-open: nobody who is connected now will hear or be heard again."""
        def deafen():
            for one in list(self.everyone):
                one.is_deaf = True
                one.transport.pause_reading()

        self.do(deafen)

    def announce_shutdown(self):
        def announce():
            for one in self.clients():
                event = SHUTDOWN | {"E": self.market.now_ms()}
                one.say({"stream": "!serverShutdown", "data": event} if one.is_combined else event)

        self.do(announce)

    def say_bytes(self, data):
        """Any text to everyone."""
        self.do(lambda: [one.send(data) for one in self.clients()])

    def replay(self):
        """A Recording, frame by frame; the clock is that of its receipts."""
        for time_ms, frame in self.market.recorded:
            self.market.time_ms = max(self.market.time_ms, time_ms)
            self.say_bytes(frame)

    def at_minute(self, number, seconds=60):
        """Waits for the market's clock."""
        deadline = time.monotonic() + seconds
        while self.market.minute_now() < number:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the market did not reach minute {number}")
            time.sleep(0.01)

    def at_share(self, share):
        """Waits until that part of the session is over."""
        self.at_minute(self.market.past + int(share * (self.market.count - self.market.past)))


# --- by hand ---


def main():
    from misbehaviours import MISBEHAVIOURS

    rows = {row.name: row for row in MISBEHAVIOURS}
    names = "\n".join(f"  {name}" for name in rows)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog=f"commands:\n{names}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--minutes", type=int, default=240)
    parser.add_argument("--past", type=int, default=20)
    parser.add_argument("--pace", type=float, default=1.0, help="seconds a minute (1)")
    parser.add_argument("--tls", metavar="DIR", help="a folder made by tests/servers/certs.sh")
    options = parser.parse_args()
    with FakeExchange(Market(5, options.minutes, options.past), options.pace, options.tls) as exchange:
        exchange.begin()
        print(f"symbols: {exchange.market.symbols}\nfeed: {{ws_url: {exchange.ws_url}, rest_url: {exchange.rest_url}}}", flush=True)
        for line in sys.stdin:
            if line.strip() in rows:
                threading.Thread(target=rows[line.strip()].act, args=(exchange,), daemon=True).start()
            print(f"minute {exchange.market.minute_now()}, {len(exchange.clients())} clients, {exchange.violations}", flush=True)


if __name__ == "__main__":
    main()
