"""The table of faults. Each begins, lasts, and heals again; meanwhile nothing else is done to the same target."""

import os
import signal
import time
from typing import Callable, NamedTuple

from checks import check
from torture_links import SERVERS, TOXICS
from torture_world import TMPFS_SLOT, wipe


class Fault(NamedTuple):
    """`targets` lists what it may be done to just now; `run` does it, heals it, and tells of it by `tell`."""

    name: str
    weight: int
    targets: Callable
    run: Callable


class Scale(NamedTuple):
    """How long things last."""

    freeze_max: float
    away_max: float


# --- what can be a target ---


def running(world):
    return [("slot", slot.number) for slot in world.up()]


def running_but_one(world):
    return running(world) if len(world.up()) > 1 else []


def absent(world):
    return [("slot", slot.number) for slot in world.slots if not slot.is_wanted]


def server(name):
    return lambda world: [("server", name)]


def links(world):
    return [("link", slot.number, name) for slot in world.up() for name in SERVERS]


def restorable(world):
    """Slots whose state may be damaged, because the shared folder holds a snapshot of every partition."""
    return running(world) if not world.shares_data and world.has_snapshots() else []


def small_disk(world):
    return [("slot", TMPFS_SLOT)] if world.tmpfs and world.slots[TMPFS_SLOT].is_wanted else []


def shared_snapshots(world):
    return [("snapshots",)] if not world.shares_data and world.has_snapshots() else []


# --- what is done ---


def kill9(world, target, dice, scale, tell):
    slot = world.slots[target[1]]
    slot.kill9()
    pause(dice, scale.away_max / 2)
    slot.start()


def sigterm(world, target, dice, scale, tell):
    slot = world.slots[target[1]]
    began = time.monotonic()
    code = slot.stop()
    tell(f"{slot.shard.name} ended with {code} after {time.monotonic() - began:.1f} s")
    check(code == 0 or slot.may_end_with(code), f"SIGTERM: {slot.shard.name} ended with {code}: {slot.shard.tail()}")
    pause(dice, scale.away_max / 2)
    slot.start()


def freeze(world, target, dice, scale, tell):
    slot, seconds = world.slots[target[1]], 0.2 + dice.random() ** 2 * scale.freeze_max
    slot.shard.send(signal.SIGSTOP)
    tell(f"{slot.shard.name} stands still for {seconds:.1f} s")
    time.sleep(seconds)
    slot.shard.send(signal.SIGCONT)


def join(world, target, dice, scale, tell):
    world.slots[target[1]].start()


def leave(world, target, dice, scale, tell):
    slot = world.slots[target[1]]
    slot.is_wanted = False
    if dice.random() < 0.5:
        slot.kill9()
        return
    code = slot.stop()
    check(code == 0 or slot.may_end_with(code), f"SIGTERM: {slot.shard.name} ended with {code}: {slot.shard.tail()}")


def take_away(name):
    def run(world, target, dice, scale, tell):
        server = getattr(world.arena, name)
        server.kill9()
        pause(dice, scale.away_max)
        server.start()

    return run


def empty_redis(world, target, dice, scale, tell):
    world.arena.redis.do("wipe")
    pause(dice, scale.away_max)
    world.arena.redis.start()


def cut(world, target, dice, scale, tell):
    _, slot, name = target
    world.arena.links.cut(slot, name)
    pause(dice, scale.away_max)
    world.arena.links.heal(slot, name)


def spoil(kind):
    def run(world, target, dice, scale, tell):
        _, slot, name = target
        world.arena.links.spoil(slot, name, kind, dice)
        pause(dice, scale.away_max * 2)
        world.arena.links.heal(slot, name)

    return run


def fill_disk(world, target, dice, scale, tell):
    slot = world.slots[TMPFS_SLOT]
    slot.is_excused = True
    filler = slot.data / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(64 << 10))
        except OSError as error:
            tell(f"{filler.stat().st_size >> 20} MiB were free: {error.strerror}")
    pause(dice, scale.away_max * 2)
    filler.unlink()


def delete_data(world, target, dice, scale, tell):
    slot = world.slots[target[1]]
    slot.kill9()
    wipe(slot.data)
    pause(dice, scale.away_max / 2)
    slot.start()


def stores_of(world, slot):
    return sorted((slot.data / world.topic).glob("*/data.mdb"))


def flip(path, dice, tell, count):
    size = path.stat().st_size
    places = [dice.randrange(size) for _ in range(count)]
    with open(path, "r+b") as file:
        for place in places:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ (1 << dice.randrange(8))]))
    tell(f"{path.parent.name}/{path.name}, {size} bytes: flipped a bit of {places[:8]}")


def flip_store(world, target, dice, scale, tell):
    slot = world.slots[target[1]]
    slot.kill9()
    slot.is_excused = slot.is_flipped = True
    stores = stores_of(world, slot)
    if stores:
        path = dice.choice(stores)
        flip(path, dice, tell, max(1, path.stat().st_size >> 14))
    slot.start()


def cut_store_short(world, target, dice, scale, tell):
    slot = world.slots[target[1]]
    slot.kill9()
    slot.is_excused = True
    stores = stores_of(world, slot)
    if stores:
        path = dice.choice(stores)
        size = dice.randrange(path.stat().st_size + 1)
        tell(f"{path.parent.name}/{path.name}: {path.stat().st_size} bytes become {size}")
        os.truncate(path, size)
    slot.start()


def flip_snapshot(world, target, dice, scale, tell):
    """The newest one of a partition that has two, so that one stays good."""
    partition = dice.choice(sorted(world.used))
    found = world.snapshots(partition)
    images = [path.with_suffix(".mdb") for path, _ in found if path.with_suffix(".mdb").exists()]
    if len(images) > 1:
        try:
            flip(images[-1], dice, tell, 3)
        except FileNotFoundError:
            tell("it was just replaced by a newer one")


def pause(dice, most):
    time.sleep(0.1 + dice.random() * most)


TABLE = [
    Fault("kill -9", 10, running, kill9),
    Fault("SIGTERM", 5, running, sigterm),
    Fault("SIGSTOP", 7, running, freeze),
    Fault("join", 4, absent, join),
    Fault("leave", 3, running_but_one, leave),
    Fault("kill -9 of Redis", 2, server("redis"), take_away("redis")),
    Fault("kill -9 of MongoDB", 2, server("mongo"), take_away("mongo")),
    Fault("kill -9 of Kafka", 2, server("kafka"), take_away("kafka")),
    Fault("Redis comes back empty", 2, server("redis"), empty_redis),
    Fault("connection cut", 5, links, cut),
    *(Fault(f"connection {kind}", 1, links, spoil(kind)) for kind in TOXICS),
    Fault("disk full", 3, small_disk, fill_disk),
    Fault("data folder deleted", 2, restorable, delete_data),
    Fault("bits of data.mdb flipped", 3, restorable, flip_store),
    Fault("data.mdb cut short", 1, restorable, cut_store_short),
    Fault("bits of a snapshot flipped", 1, shared_snapshots, flip_snapshot),
]
