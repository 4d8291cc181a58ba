/* Every line that the daemon can log: its name, level, and what the operator should think. */
#ifndef CANDLED_RUNTIME_LOG_EVENTS_H
#define CANDLED_RUNTIME_LOG_EVENTS_H

/* clang-format off */
#define LOG_EVENTS(X) \
    /* event                  level    message                                                   */ \
    X(started,                info,    "candled runs")                                              \
    X(stopping,               info,    "stopping: reading ends, state is committed, sinks drain")   \
    X(stopped,                info,    "stopped cleanly")                                           \
    X(stop_forced,            warning, "stopped at once; the next start repeats what was not acknowledged") \
    X(gave_up,                error,   "candled cannot keep its promises and exits; start it again: it goes on from its last commit") \
    X(loop_call_failed,       error,   "libuv refused a call")                                      \
    X(partition_opened,       info,    "a partition is ours and goes on from this offset")          \
    X(partition_closed,       info,    "a partition was given back")                                \
    X(partition_waiting,      info,    "another process still holds the partition; waiting for its lock") \
    X(partition_full,         warning, "the outbox is full: reading stops until a sink has caught up") \
    X(partition_resumed,      info,    "the outbox has drained: reading goes on")                   \
    X(checkpoint_retried,     warning, "the disk is full: reading stops until there is room")       \
    X(checkpoint_recovered,   info,    "there is room again: checkpoints go on")                    \
    X(store_call_failed,      error,   "LMDB refused a call")                                       \
    X(store_grown,            info,    "the map of a store has grown")                              \
    X(store_refused,          error,   "a store cannot be opened")                                  \
    X(store_damaged,          error,   "a store holds a record whose checksum is wrong")             \
    X(store_set_aside,        warning, "a store was put aside: its last commits were not synced before the machine stopped") \
    X(folder_call_failed,     error,   "a file operation in the data folder failed")                \
    X(dead_letter,            warning, "a record was put aside as a dead letter")                   \
    X(record_unkeyed,         error,   "a record of a topic with several partitions is not keyed by its symbol, so that its window may be torn; run `candled rekey` and let the shards read TOPIC.keyed") \
    X(symbol_scattered,       warning, "a symbol comes from two partitions: its candles are torn; find the producer that partitions by another rule") \
    X(partition_halted,       error,   "a partition reads no more; the others go on") \
    X(kafka_connected,        info,    "Kafka answers")                                       \
    X(kafka_down,             warning, "Kafka cannot be reached; retrying for ever")                \
    X(kafka_error,            warning, "Kafka reports an error")                                    \
    X(kafka_fatal,            error,   "the Kafka client gave up")                                  \
    X(kafka_topic_missing,    warning, "the topic does not exist yet; waiting for it")              \
    X(kafka_rebalance,        info,    "the group moves partitions")                                \
    X(kafka_log_lost,         error,   "the log no longer holds our next offset; see the manual on log resets") \
    X(sink_up,                info,    "a sink answers")                                      \
    X(sink_down,              warning, "a sink cannot be reached; candles wait on disk, retrying for ever") \
    X(sink_rejected,          warning, "a sink will never accept a candle; it becomes a dead letter") \
    X(sink_refused,           error,   "a sink cannot be set up as it is configured")                   \
    X(sink_index_failed,      warning, "a sink could not make an index; it writes all the same")        \
    X(http_listening,         info,    "metrics and health are served")                             \
    X(socket_failed,          warning, "the socket that `candled state` asks cannot be opened")     \
    X(http_failed,            error,   "the metrics port cannot be opened")                         
/* clang-format on */

#endif
