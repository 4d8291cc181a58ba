"""Closed 1m klines from Kafka to Redis; their 5m candles to Redis and MongoDB. usage: job.py CONFIG.json"""

import glob
import json
import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import pymongo
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType, DecimalType, LongType, StringType, StructField, StructType

import sinks

CORES = os.cpu_count()
NUMBER = DecimalType(28, 8)  # the exchange has eight digits after the point

KLINE = StructType(
    [StructField("E", LongType())]
    + [StructField("k", StructType(
        [StructField(name, LongType()) for name in ("t", "T", "f", "L", "n")]
        + [StructField("s", StringType()), StructField("x", BooleanType())]
        + [StructField(name, NUMBER) for name in ("o", "h", "l", "c", "v", "q", "V", "Q")]
    ))]
)  # fmt: skip

# Each that is not a default is told in ../README.md, with its source.
SETTINGS = {
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": CORES,
    "spark.sql.streaming.stateStore.providerClass":
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider",
    "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
    "spark.sql.streaming.noDataMicroBatches.enabled": "false",
    "spark.scheduler.mode": "FAIR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}  # fmt: skip
RECORDS_A_BATCH = 500_000
FORGET_AFTER = "1 day"  # a window whose missing minutes have not come

FIELDS = (
    "symbol", "interval", "openTime", "closeTime", "open", "high", "low", "close", "volume", "quoteVolume", "trades",
    "takerBuyVolume", "takerBuyQuoteVolume", "minutes", "complete", "firstTradeId", "lastTradeId", "x", "updatedAt",
)  # fmt: skip


def session(work_dir):
    jars = glob.glob(os.path.join(os.environ["PEERS_DIR"], "pyspark", "jars", "*.jar"))
    builder = SparkSession.builder.appName("candles").master(f"local[{CORES}]").config("spark.jars", ",".join(jars))
    builder = builder.config("spark.local.dir", os.path.join(work_dir, "local"))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    spark.sparkContext.addPyFile(str(Path(sinks.__file__)))
    return spark


def closed_minutes(spark, config):
    """The other nine of ten records are not even parsed."""
    records = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", config["brokers"])
        .option("subscribe", config["topic"])
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", RECORDS_A_BATCH)
        .load()
    )
    value = F.col("value").cast("string")
    return (
        records.where(value.contains('"x":true'))
        .select(F.from_json(value, KLINE).alias("event"))
        .select("event.E", "event.k.*")
        .where("x")
    )


def minutes(closed):
    return closed.select(
        F.col("s").alias("symbol"),
        F.lit("1m").alias("interval"),
        F.col("t").alias("openTime"),
        F.col("T").alias("closeTime"),
        F.col("o").alias("open"),
        F.col("h").alias("high"),
        F.col("l").alias("low"),
        F.col("c").alias("close"),
        F.col("v").alias("volume"),
        F.col("q").alias("quoteVolume"),
        F.col("n").alias("trades"),
        F.col("V").alias("takerBuyVolume"),
        F.col("Q").alias("takerBuyQuoteVolume"),
        F.lit(1).alias("minutes"),
        F.lit(True).alias("complete"),
        known("f").alias("firstTradeId"),
        known("L").alias("lastTradeId"),
        F.lit(True).alias("x"),
        F.col("E").alias("updatedAt"),
    )


def known(name):
    """A minute without a trade has the id -1."""
    return F.when(F.col(name) >= 0, F.col(name))


def windows(closed):
    """In update mode each batch gives the windows that it changed: one is told when it has its five minutes."""
    return (
        closed.withColumn("minute", F.timestamp_millis("t"))
        .withWatermark("minute", FORGET_AFTER)
        .groupBy(F.col("s").alias("symbol"), F.window("minute", "5 minutes").alias("window"))
        .agg(
            F.min("t").alias("openTime"),
            F.max("T").alias("closeTime"),
            F.min_by("o", "t").alias("open"),
            F.max("h").alias("high"),
            F.min("l").alias("low"),
            F.max_by("c", "t").alias("close"),
            F.sum("v").alias("volume"),
            F.sum("q").alias("quoteVolume"),
            F.sum("n").alias("trades"),
            F.sum("V").alias("takerBuyVolume"),
            F.sum("Q").alias("takerBuyQuoteVolume"),
            F.count("*").cast("int").alias("minutes"),
            F.min(known("f")).alias("firstTradeId"),
            F.max(known("L")).alias("lastTradeId"),
            F.max("E").alias("updatedAt"),
        )
        .where("minutes = 5")
        .withColumns({"interval": F.lit("5m"), "complete": F.lit(True), "x": F.lit(True)})
        .select(*FIELDS)
    )


def write(spark, candles, name, writer, config):
    """A query of its own, in a pool of the scheduler of its own."""

    def write_batch(batch, _):
        batch.withColumn("json", F.to_json(F.struct(*FIELDS))).foreachPartition(partial(writer, config))

    spark.sparkContext.setLocalProperty("spark.scheduler.pool", name)
    return (
        candles.writeStream.queryName(name)
        .outputMode("update")
        .option("checkpointLocation", os.path.join(config["work_dir"], "checkpoints", name))
        .foreachBatch(write_batch)
        .start()
    )


def make_index(config):
    with pymongo.MongoClient(config["mongo"]["uri"]) as client:
        candles = client[config["mongo"]["database"]]["candles"]
        candles.create_index([("symbol", 1), ("interval", 1), ("openTime", -1)])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        config = json.load(file)
    make_index(config)
    spark = session(config["work_dir"])
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    closed = closed_minutes(spark, config)
    write(spark, minutes(closed), "minutes", sinks.write_minutes, config)
    write(spark, windows(closed), "windows", sinks.write_windows, config)
    while not stopping.is_set():
        spark.streams.awaitAnyTermination(0.5)  # raises what ended a query
    for query in spark.streams.active:
        query.stop()
    spark.stop()


if __name__ == "__main__":
    main()
