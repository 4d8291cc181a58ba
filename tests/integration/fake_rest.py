"""REST of the fake exchange: klines, exchangeInfo, time; weights, bans, and answers that were ordered beforehand."""

import json
import re
import threading
import time
from collections import deque
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

WEIGHTS = {"/api/v3/klines": 2, "/api/v3/exchangeInfo": 20, "/api/v3/time": 1, "/api/v3/ping": 1}
WEIGHT_MAX = 6000
LEGAL = re.compile(r"[A-Z0-9\-_.\u0080-\U0010ffff]{1,20}")
ILLEGAL = {"code": -1100, "msg": "Illegal characters found in parameter 'symbol'; legal range is '^[\\w\\-._&&[^a-z]]{1,50}$'."}
TOO_MUCH = {"code": -1003, "msg": "Too much request weight used; current limit is 6000 request weight per 1 MINUTE."}


class Order(NamedTuple):
    """What one of the next requests for klines gets instead of its answer."""

    status: int = 200
    body: object = None  # None: the true answer
    headers: dict = {}
    wait: float = 0  # seconds before the answer
    is_cut: bool = False  # half of it, then the end of the connection


class Asked(NamedTuple):
    at: float
    path: str
    query: dict
    status: int


class Rest:
    def __init__(self, exchange):
        self.exchange = exchange
        self.orders = deque()
        self.asked = []
        self.wait = 0  # seconds, before every answer
        self.ban_until = 0
        self.ban_status = 429
        self.weights = deque()
        self.lock = threading.Lock()
        self.port = None

    def start(self, tls, port):
        rest = self

        class Handler(RestHandler):
            exchange = rest.exchange

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients may go whenever they like
        self.port = self.server.server_port
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def ban(self, status, seconds):
        """From now on; whoever asks again before it is over breaks the rules."""
        self.ban_status, self.ban_until = status, time.monotonic() + seconds

    def used_weight(self, path):
        now = time.monotonic()
        with self.lock:
            self.weights.append((now, WEIGHTS.get(path, 1)))
            while self.weights[0][0] < now - 60:
                self.weights.popleft()
            used = sum(weight for _, weight in self.weights)
        if used > WEIGHT_MAX:
            self.exchange.violate(f"weight {used} within a minute")
        return used

    def klines_asked(self):
        return [one for one in self.asked if one.path == "/api/v3/klines"]


class RestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    exchange = None

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.exchange.market.now_ms() // 1000, usegmt=True)

    def do_GET(self):
        if self.exchange.is_away:
            self.close_connection = True
            return None
        rest, parts = self.exchange.rest, urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.used = rest.used_weight(parts.path)
        if time.monotonic() < rest.ban_until:
            self.exchange.violate(f"{self.path} was asked for {rest.ban_until - time.monotonic():.2f} s before Retry-After")
            return self.refuse_until_over(parts.path, query)
        order = rest.orders.popleft() if parts.path == "/api/v3/klines" and rest.orders else Order()
        time.sleep(order.wait or rest.wait)
        if order.status in (418, 429):
            rest.ban(order.status, float(order.headers["Retry-After"]))
        status, body = (order.status, order.body) if order.body is not None else self.answer(parts.path, query)
        rest.asked.append(Asked(time.monotonic(), parts.path, query, status))
        return self.send(status, body, order.headers, order.is_cut)

    def refuse_until_over(self, path, query):
        rest = self.exchange.rest
        rest.asked.append(Asked(time.monotonic(), path, query, rest.ban_status))
        self.send(rest.ban_status, TOO_MUCH, {"Retry-After": str(int(rest.ban_until - time.monotonic()) + 1)})

    def answer(self, path, query):
        market = self.exchange.market
        if path == "/api/v3/ping":
            return 200, {}
        if path == "/api/v3/time":
            return 200, {"serverTime": market.now_ms()}
        if path == "/api/v3/exchangeInfo":
            return self.exchange_info(market, query)
        if path == "/api/v3/klines":
            return self.klines(market, query)
        self.exchange.violate(f"nothing is at {path}")
        return 404, {"code": -1, "msg": "Not found."}

    @staticmethod
    def exchange_info(market, query):
        wanted = json.loads(query["symbols"]) if "symbols" in query else [query["symbol"]] if "symbol" in query else None
        if not all(LEGAL.fullmatch(name) for name in wanted or ()):
            return 400, ILLEGAL
        if wanted is not None and not set(wanted) <= set(market.statuses):
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        names = market.statuses if wanted is None else wanted
        symbols = [{"symbol": name, "status": market.statuses[name], "baseAsset": name[:-4], "quoteAsset": name[-4:],
                    "isSpotTradingAllowed": market.statuses[name] == "TRADING"} for name in names]  # fmt: skip
        return 200, {"timezone": "UTC", "serverTime": market.now_ms(), "rateLimits": [], "exchangeFilters": [], "symbols": symbols}

    def klines(self, market, query):
        try:
            start, end = (int(query[name]) if name in query else None for name in ("startTime", "endTime"))
            limit, symbol, interval = int(query.get("limit", 500)), query["symbol"], query["interval"]
        except (KeyError, ValueError):
            self.exchange.violate(f"bad parameters: {query}")
            return 400, {"code": -1102, "msg": "Mandatory parameter was not sent, was empty/null, or malformed."}
        if not LEGAL.fullmatch(symbol):
            return 400, ILLEGAL
        if symbol not in market.series:
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        if interval != "1m":
            return 400, {"code": -1120, "msg": "Invalid interval."}
        if not 1 <= limit <= 1000:
            self.exchange.violate(f"limit {limit}")
        return 200, market.rows(symbol, start, end, min(limit, 1000))

    def send(self, status, body, headers, is_cut=False):
        data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=UTF-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-MBX-USED-WEIGHT-1M", str(self.used))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if is_cut else data)
        if is_cut:
            self.wfile.flush()
            self.close_connection = True
