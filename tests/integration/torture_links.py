"""A proxy between each shard and each server, which cuts, slows and garbles what goes through it."""

import json
import urllib.request

from servers import Server, free_port

SERVERS = ("kafka", "redis", "mongo")

# Kinds of bad connections: what toxiproxy calls them, and how bad they are, drawn from dice.
TOXICS = {
    "slow": lambda dice: [("latency", {"latency": dice.randrange(50, 1500), "jitter": dice.randrange(0, 300)})],
    "narrow": lambda dice: [("bandwidth", {"rate": dice.randrange(2, 60)})],
    "half-open": lambda dice: [("timeout", {"timeout": 0})],
    "reset": lambda dice: [("reset_peer", {"timeout": dice.randrange(0, 300)})],
    "sliced": lambda dice: [("slicer", {"average_size": dice.randrange(20, 400), "size_variation": 10, "delay": 200})],
    "short": lambda dice: [("limit_data", {"bytes": dice.randrange(100, 20_000)})],
}


class Links:
    """One toxiproxy; a link is named by the shard's slot and the server."""

    def __init__(self):
        self.server = Server("toxiproxy.sh", "TOXI_PORT")
        self.ports = {}

    def start(self):
        self.server.start()
        return self

    def reserve(self, slot, name):
        """The port that the shard will use, before the server behind it is known."""
        return self.ports.setdefault((slot, name), free_port())

    def open(self, slot, name, upstream_port):
        port = self.reserve(slot, name)
        self.post("/proxies", {"name": f"{name}-{slot}", "listen": f"127.0.0.1:{port}",
                               "upstream": f"127.0.0.1:{upstream_port}", "enabled": True})  # fmt: skip

    def cut(self, slot, name):
        self.post(f"/proxies/{name}-{slot}", {"enabled": False})

    def spoil(self, slot, name, kind, dice):
        for toxic, attributes in TOXICS[kind](dice):
            for stream in ("upstream", "downstream"):
                self.post(f"/proxies/{name}-{slot}/toxics", {"type": toxic, "stream": stream, "attributes": attributes})

    def heal(self, slot, name):
        proxy = f"/proxies/{name}-{slot}"
        for toxic in self.ask("GET", f"{proxy}/toxics"):
            self.ask("DELETE", f"{proxy}/toxics/{toxic['name']}")
        self.post(proxy, {"enabled": True})

    def post(self, path, body):
        return self.ask("POST", path, body)

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.server.port}{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None
