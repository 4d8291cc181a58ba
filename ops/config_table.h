/* Every setting. A line here is the field, its parser, its default, its limits and its manual.
 *
 * Limits: of a text its bytes, of a list its items, of the others the value itself. Secrecy says
 * what `config show` and errors hide: none, url (the password inside), all (the value), named
 * (entries whose names speak of passwords and keys). What may be secret can be read from a file:
 * NAME_file. */
#ifndef CANDLED_OPS_CONFIG_TABLE_H
#define CANDLED_OPS_CONFIG_TABLE_H

#define CONFIG_SECONDS(n) ((n)*1000ll)
#define CONFIG_DAYS(n) ((n)*86400000ll)
#define CONFIG_MIB(n) ((n)*1048576ll)

/* clang-format off */
#define CONFIG_WORDS_assignment(W) W(assignment, group, "group") W(assignment, ordinal, "ordinal")
#define CONFIG_WORDS_log_reset(W)  W(log_reset, stop, "stop") W(log_reset, new_era, "new-era")
#define CONFIG_WORDS_trade_ids(W)  W(trade_ids, spot, "spot") W(trade_ids, off, "off")
#define CONFIG_WORDS_ttl_from(W)   W(ttl_from, write, "write") W(ttl_from, open, "open")
#define CONFIG_WORDS_sync(W)       W(sync, commit, "commit") W(sync, boot, "boot")
#define CONFIG_WORDS_log_level(W)  W(log_level, debug, "debug") W(log_level, info, "info") \
                                   W(log_level, warning, "warning") W(log_level, error, "error")
#define CONFIG_WORDS_log_format(W) W(log_format, text, "text") W(log_format, json, "json")

/* Types whose values are a few words. */
#define CONFIG_CHOICES(C) \
    C(assignment) C(log_reset) C(trade_ids) C(ttl_from) C(sync) C(log_level) C(log_format)

#define CONFIG_TOP(X) \
    /* name                        type        default            min  max          secrecy      */ \
    X(data_dir,                    text,       "./data",          1,   1023,        none, \
      "Where state lives: DATA_DIR/TOPIC/PARTITION, one LMDB environment each. A network filesystem is refused.") \
    X(symbols,                     texts,      "",                0,   10000,       none, \
      "The symbols that collect and run ask for; empty: the default fifteen.")

#define CONFIG_KAFKA(X) \
    /* section name                type        default            min  max          secrecy      */ \
    X(kafka, brokers,              text,       "127.0.0.1:9092",  1,   4095,        none, \
      "Bootstrap list, comma separated; `embedded` is librdkafka's in-process mock cluster (the default of `candled run`).") \
    X(kafka, topic,                text,       "crypto_kline_1m", 1,   249,         none, \
      "The topic of 1m klines, keyed by symbol.") \
    X(kafka, partitions,           count,      "5",               1,   10000,       none, \
      "Partitions, when candled creates the topic.") \
    X(kafka, replication_factor,   count,      "1",               1,   100,         none, \
      "Replicas, when candled creates the topic.") \
    X(kafka, retention,            millis,     "14d",             60000, CONFIG_DAYS(36500), none, \
      "How long the log is kept, when candled creates the topic.") \
    X(kafka, group,                text,       "candled",         1,   255,         none, \
      "The consumer group.") \
    X(kafka, assignment,           assignment, "group",           0,   0,           none, \
      "Who gets which partition: `group` lets Kafka balance them, `ordinal` takes every shard.count-th one from shard.index on.") \
    X(kafka, instance_id,          text,       "",                0,   249,         none, \
      "Static membership when set: a restart within the session keeps its partitions.") \
    X(kafka, session_timeout,      millis,     "10s",             CONFIG_SECONDS(1), CONFIG_SECONDS(3600), none, \
      "After this long without a sign of life the group gives our partitions to others.") \
    X(kafka, start,                start,      "earliest",        0,   0,           none, \
      "Where a partition begins that has no state: `earliest`, `latest`, or an RFC 3339 time.") \
    X(kafka, dlq_topic,            text,       "",                0,   249,         none, \
      "Where dead letters go; empty: TOPIC.dlq.") \
    X(kafka, output_topic,         text,       "",                0,   249,         none, \
      "Where candles go as well; empty: nowhere.") \
    X(kafka, on_log_reset,         log_reset,  "stop",            0,   0,           none, \
      "When the topic was recreated or cut below our offset: `stop` that partition, or begin a `new-era`.") \
    X(kafka, properties,           map,        "",                0,   200,         named, \
      "Handed to librdkafka as they are: security.protocol, sasl.*, ssl.* and so on.")

#define CONFIG_SHARD(X) \
    X(shard, count,                count,      "1",               1,   10000,       none, \
      "How many shards there are, with kafka.assignment `ordinal`.") \
    X(shard, index,                count,      "0",               0,   9999,        none, \
      "Which of them this one is, from 0.")

#define CONFIG_FEED(X) \
    X(feed, ws_url,                text,       "",                0,   1023,        url, \
      "The exchange's WebSocket; empty: its public market-data host.") \
    X(feed, rest_url,              text,       "",                0,   1023,        url, \
      "The exchange's REST API; empty: its public market-data host.") \
    X(feed, silence,               millis,     "90s",             CONFIG_SECONDS(1), CONFIG_DAYS(1), none, \
      "A symbol without a kline for this long is reported and subscribed to again; a connection without any is replaced.") \
    X(feed, max_age,               millis,     "23h",             CONFIG_SECONDS(1), CONFIG_DAYS(1), none, \
      "A connection older than this is replaced by an overlapping one; the exchange cuts it after 24 hours.") \
    X(feed, backfill,              millis,     "24h",             0,   CONFIG_DAYS(3650), none, \
      "How far back a symbol is asked for that the ledger does not know; never further than a shard takes.") \
    X(feed, spool_max_bytes,       bytes,      "1GiB",            CONFIG_MIB(1), CONFIG_MIB(1ll << 20), none, \
      "What may wait on disk while Kafka is away.") \
    X(feed, ca_file,               text,       "",                0,   1023,        none, \
      "The authority (PEM) that the exchange's certificate must come from; empty: the system's.")

#define CONFIG_CANDLES(X) \
    X(candles, intervals,          intervals,  "5m",              1,   12,          none, \
      "The candles folded from 1m klines.") \
    X(candles, grace,              millis,     "2m",              0,   CONFIG_DAYS(1), none, \
      "How far stream time passes the end of a window with a hole before it is emitted as incomplete.") \
    X(candles, idle,               millis,     "30s",             CONFIG_SECONDS(1), CONFIG_DAYS(1), none, \
      "The same when a partition has been silent for this long of wall time and is caught up.") \
    X(candles, retention,          millis,     "24h",             60000, CONFIG_DAYS(3650), none, \
      "How long minutes are kept beyond the longest interval; what is older than that is a dead letter.") \
    X(candles, timezone,           zone,       "UTC",             0,   0,           none, \
      "Whose days 1d candles are: a zone of the tz database. Shorter intervals are aligned to UTC.") \
    X(candles, derived,            series,     "",                0,   8,           none, \
      "Fields that follow from a symbol's candles, for each interval: `vwap`, `sma(n)` and `ema(n)` of the closes.") \
    X(candles, trade_ids,          trade_ids,  "spot",            0,   0,           none, \
      "`spot`: trade ids are contiguous and prove minutes without a trade; `off`: they prove nothing (futures).")

#define CONFIG_REDIS(X) \
    X(redis, enabled,              boolean,    "true",            0,   0,           none, \
      "Whether candles are written to Redis.") \
    X(redis, url,                  text,       "redis://127.0.0.1:6379/0", 0, 1023, url, \
      "redis://[user[:password]@]host[:port][/db], rediss:// with TLS, or unix://path.") \
    X(redis, password,             text,       "",                0,   1023,        all, \
      "Overrides the password inside the url.") \
    X(redis, sentinels,            texts,      "",                0,   16,          none, \
      "host:port of each Sentinel that knows the primary; empty: the url's host is the primary.") \
    X(redis, intervals,            intervals,  "1m,5m",           0,   12,          none, \
      "Which candles are written: 1m, and any of candles.intervals.") \
    X(redis, ttl,                  millis,     "24h",             CONFIG_SECONDS(1), CONFIG_DAYS(3650), none, \
      "How long keys live, and how far back the index reaches.") \
    X(redis, ttl_from,             ttl_from,   "write",           0,   0,           none, \
      "The TTL counts from the moment of `write`, or from the candle's `open` time.") \
    X(redis, key,                  text,       "crypto:{symbol}:{interval}:{openTime}", 1, 255, none, \
      "The key of a candle.") \
    X(redis, index_key,            text,       "crypto:{symbol}:{interval}:index", 1, 255, none, \
      "The key of the sorted set of open times.") \
    X(redis, latest_key,           text,       "crypto:{symbol}:{interval}:latest", 1, 255, none, \
      "The key of the newest candle.")

#define CONFIG_MONGO(X) \
    X(mongo, enabled,              boolean,    "true",            0,   0,           none, \
      "Whether candles are written to MongoDB.") \
    X(mongo, uri,                  text,       "mongodb://127.0.0.1:27017", 0, 4095, url, \
      "A MongoDB connection string.") \
    X(mongo, intervals,            intervals,  "5m",              0,   12,          none, \
      "Which candles are written: 1m, and any of candles.intervals.") \
    X(mongo, database,             text,       "crypto_history",  1,   63,          none, \
      "The database.") \
    X(mongo, collection,           text,       "candles",         1,   200,         none, \
      "The collection; {symbol} and {interval} may stand in it.") \
    X(mongo, retention,            period,     "",                CONFIG_SECONDS(60), CONFIG_DAYS(36500), none, \
      "After this long the server drops a document, by a TTL index; empty: never.")

#define CONFIG_CHECKPOINT(X) \
    X(checkpoint, linger,          millis,     "5ms",             0,   CONFIG_SECONDS(60), none, \
      "The longest a closed kline waits for others before its batch is committed; a batch of open ones alone waits 200 ms, or linger if that is longer.") \
    X(checkpoint, max_records,     count,      "20000",           1,   1000000,     none, \
      "The most records in one batch.") \
    X(checkpoint, sync,            sync,       "commit",          0,   0,           none, \
      "`commit`: every commit is fsynced. `boot`: the page cache carries them; after a power cut state comes from the newest snapshot and the log.")

#define CONFIG_OUTBOX(X) \
    X(outbox, max_bytes,           bytes,      "1GiB",            CONFIG_MIB(1), CONFIG_MIB(1ll << 30), none, \
      "What may wait on disk for the sinks, for each partition; past it the partition stops reading until half is drained.")

#define CONFIG_SNAPSHOTS(X) \
    X(snapshots, interval,         millis,     "10m",             CONFIG_SECONDS(1), CONFIG_DAYS(30), none, \
      "How often each partition is copied.") \
    X(snapshots, keep,             count,      "3",               1,   1000,        none, \
      "How many of the newest stay.") \
    X(snapshots, url,              text,       "",                0,   1023,        url, \
      "Where they are copied on to: file:///shared/folder or s3://bucket/prefix?endpoint=...; empty: nowhere.")

#define CONFIG_HTTP(X) \
    X(http, listen,                text,       "127.0.0.1:8480",  0,   255,         none, \
      "Of the query port for API and pages, which is still to come: it has no effect yet.") \
    X(http, ops_listen,            text,       "127.0.0.1:9464",  0,   255,         none, \
      "Where /metrics, /healthz and /readyz are served, never with a token; port 0: a free one; empty: nowhere.") \
    X(http, tokens_file,           text,       "",                0,   1023,        none, \
      "Of the coming query port: a file of the tokens it asks for. It has no effect yet.") \
    X(http, insecure,              boolean,    "false",           0,   0,           none, \
      "Of the coming query port: serve beyond this machine without a token. It has no effect yet.")

#define CONFIG_BATCH(X) \
    X(batch, timezone,             text,       "Asia/Ho_Chi_Minh", 1,  63,          none, \
      "Whose days the batch runs by.") \
    X(batch, schedule,             text,       "",                0,   255,         none, \
      "When it runs on its own, as five cron fields; empty: only when it is called.") \
    X(batch, catch_up,             millis,     "31d",             CONFIG_DAYS(1), CONFIG_DAYS(3650), none, \
      "How far back `batch schedule` makes up days that were missed.") \
    X(batch, intervals,            intervals,  "1m",              1,   12,          none, \
      "Which candles it writes.") \
    X(batch, backup_dir,           text,       "",                0,   1023,        none, \
      "Where backup files go: a folder, file:///shared/folder or s3://bucket/prefix?endpoint=...; empty: DATA_DIR/backup.") \
    X(batch, backup_keep,          millis,     "400d",            CONFIG_DAYS(1), CONFIG_DAYS(36500), none, \
      "How long they stay.")

#define CONFIG_LOG(X) \
    X(log, level,                  log_level,  "info",            0,   0,           none, \
      "The lowest level that is written.") \
    X(log, format,                 log_format, "text",            0,   0,           none, \
      "One line an event on standard error, as `text` (logfmt) or `json`.")

#define CONFIG_SHUTDOWN(X) \
    X(shutdown, timeout,           millis,     "10s",             CONFIG_SECONDS(1), CONFIG_SECONDS(3600), none, \
      "How long a stop may take; what a sink still owes then is delivered by the next start.")

#define CONFIG_SECTIONS(S) \
    /* section     its rows            what it is about                                          */ \
    S(kafka,       CONFIG_KAFKA,       "The log that candled reads, and the topics it writes.") \
    S(shard,       CONFIG_SHARD,       "Which part of the log this process reads, without a group.") \
    S(feed,        CONFIG_FEED,        "The exchange.") \
    S(candles,     CONFIG_CANDLES,     "What is folded, and when a window with a hole is told.") \
    S(redis,       CONFIG_REDIS,       "The Redis sink.") \
    S(mongo,       CONFIG_MONGO,       "The MongoDB sink.") \
    S(checkpoint,  CONFIG_CHECKPOINT,  "When state becomes durable.") \
    S(outbox,      CONFIG_OUTBOX,      "What waits on disk for the sinks.") \
    S(snapshots,   CONFIG_SNAPSHOTS,   "Copies of the state.") \
    S(http,        CONFIG_HTTP,        "What candled serves.") \
    S(batch,       CONFIG_BATCH,       "The daily batch into MongoDB.") \
    S(log,         CONFIG_LOG,         "Lines of log.") \
    S(shutdown,    CONFIG_SHUTDOWN,    "How candled stops.")
/* clang-format on */

#endif
