"""How a test says that something is wrong, and how it waits."""

import time

from confluent_kafka import KafkaException
from pymongo.errors import PyMongoError
from redis import RedisError


class Failure(Exception):
    """A test found what it should not have found."""


class Skipped(Exception):
    """A test cannot run here; the argument says why."""


def check(condition, why):
    if not condition:
        raise Failure(why)


def wait_until(what, condition, seconds=60, pause=0.05):
    """Returns the first true answer; a condition that raises is not there yet."""
    deadline, last = time.monotonic() + seconds, None
    while True:
        try:
            last = condition()
            if last:
                return last
        except (OSError, KafkaException, RedisError, PyMongoError, KeyError) as error:
            last = error
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not after {seconds} s; last answer: {last!r}")
        time.sleep(pause)
