"""A Redis primary, a replica, and three Sentinels that watch them."""

import redis
from checks import wait_until
from servers import Server


class Sentinels:
    """make: starts one Redis."""

    def __init__(self, servers, make):
        self.nodes = [servers.own(make()).start() for _ in range(2)]
        self.client(1).replicaof("127.0.0.1", self.nodes[0].port)
        wait_until("the replica follows", lambda: self.client(1).info("replication")["master_link_status"] == "up", 20)
        watched = {"SENTINEL_PRIMARY_PORT": str(self.nodes[0].port)}
        self.watchers = [servers.own(Server("redis-sentinel.sh", "SENTINEL_PORT", **watched)).start() for _ in range(3)]
        wait_until("they know each other and the replica", self.is_ready, 30)

    def client(self, node):
        return redis.Redis(port=self.nodes[node].port, decode_responses=True)

    def is_ready(self):
        for watcher in self.watchers:
            known = redis.Redis(port=watcher.port, decode_responses=True).execute_command("SENTINEL", "MASTER", "mymaster")
            if isinstance(known, list):
                known = dict(zip(known[::2], known[1::2]))
            if int(known["num-slaves"]) != 1 or int(known["num-other-sentinels"]) != 2:
                return False
        return True

    @property
    def addresses(self):
        return [f"127.0.0.1:{watcher.port}" for watcher in self.watchers]

    @property
    def text(self):
        return ",".join(self.addresses)
