/* Every line that the daemon can log: its name, level, and what the operator should think. */
#ifndef CANDLED_RUNTIME_LOG_EVENTS_H
#define CANDLED_RUNTIME_LOG_EVENTS_H

/* clang-format off */
#define LOG_EVENTS(X) \
    /* event                  level    message                                                   */ \
    X(started,                info,    "candled runs")                                              \
    X(stopping,               info,    "stopping: reading ends, state is committed, sinks drain")   \
    X(stopped,                info,    "stopped cleanly")                                           \
    X(clean_up_abandoned,     warning, "a library would not end; all is committed, so the process ends without it") \
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
    X(store_pages_lost,       warning, "LMDB has lost track of pages of a store: its snapshots are copied page by page, not compacted") \
    X(store_set_aside,        warning, "a file of state was put aside under another name; the next furthest is taken") \
    X(aside_removed,          info,    "an older file that had been put aside was removed; the newest stay") \
    X(store_condemned,        warning, "a store is damaged; it is put aside and the next furthest state is taken") \
    X(store_walk_failed,      warning, "a store that was not closed could not be looked through")   \
    X(state_restored,         info,    "a partition goes on from a snapshot")                          \
    X(state_unfit,            warning, "a state does not fit the log; the next furthest is tried")  \
    X(snapshot_damaged,       warning, "a snapshot is damaged; nobody goes on from it")             \
    X(folder_call_failed,     error,   "a file operation in the data folder failed")                \
    X(dead_letter,            warning, "a record was put aside as a dead letter")                   \
    X(record_unkeyed,         error,   "a record of a topic with several partitions is not keyed by its symbol, so that its window may be torn; run `candled rekey` and let the shards read TOPIC.keyed") \
    X(symbol_scattered,       warning, "a symbol comes from two partitions: its candles are torn; find the producer that partitions by another rule") \
    X(partition_delayed,      warning, "a partition cannot be opened yet; trying again") \
    X(log_changed,            error,   "the log is not the one that a partition's state was made from") \
    X(era_begun,              warning, "a partition begins a new era: what it writes from now on replaces what was written before") \
    X(state_outdated,         warning, "a partition's state is older than the log reaches back; it begins anew from what the group has committed") \
    X(rebuild_cut,            warning, "a partition without state is rebuilt from the log's first record, which may not reach back far enough: windows that begin before it are not told; compare with `candled verify`") \
    X(commit_outside,         warning, "the group's commit for a partition without state is not within the log; the nearest place that is is taken in its stead") \
    X(rules_changed,          info,    "what candles are was set otherwise when this state was written: what was told stays, what comes is by the new settings") \
    X(topic_repartitioned,    error,   "partitions were added to the topic, so that symbols have moved between them; stop the producers and the shards, run `candled state new-era`, and start them again (see the manual on recovery)") \
    X(snapshot_taken,         debug,   "a snapshot was taken") \
    X(snapshot_failed,        warning, "a snapshot could not be taken or copied on; the next one will be tried as planned") \
    X(snapshots_refused,      error,   "snapshots.url cannot be used") \
    X(loop_stalled,           warning, "this process stood still for long: no sink is written to until the group has confirmed that its partitions are still ours") \
    X(stall_over,             info,    "the group has confirmed us: the sinks are written to again") \
    X(eras_spent,             error,   "there is no era left to begin: give the group another name, and the sinks other keys") \
    X(partition_halted,       error,   "a partition reads no more; the others go on") \
    X(kafka_connected,        info,    "Kafka answers")                                       \
    X(kafka_down,             warning, "Kafka cannot be reached; retrying for ever")                \
    X(kafka_error,            warning, "Kafka reports an error")                                    \
    X(kafka_fatal,            error,   "the Kafka client gave up")                                  \
    X(kafka_topic_missing,    warning, "the topic does not exist yet; waiting for it")              \
    X(kafka_rebalance,        info,    "the group moves partitions")                                \
    X(kafka_log_lost,         error,   "the log no longer holds our next offset: was the topic recreated, or has retention passed us? Start the shard again: it looks at its state and says what to do") \
    X(sink_up,                info,    "a sink answers")                                      \
    X(sink_down,              warning, "a sink cannot be reached; candles wait on disk, retrying for ever") \
    X(sink_forgot,            warning, "a sink came back empty or older than what it had acknowledged; it is filled again from our state") \
    X(sink_refilled,          info,    "a sink that had forgotten has everything again") \
    X(sink_rejected,          warning, "a sink will never accept a candle; it becomes a dead letter") \
    X(sink_refused,           error,   "a sink cannot be set up as it is configured")                   \
    X(sink_index_failed,      warning, "a sink could not make an index; it writes all the same")        \
    X(rekey_target_made,      info,    "rekey has made the target topic")                          \
    X(rekey_target_read,      info,    "rekey has read what the target holds beyond the checkpoint") \
    X(rekey_started,          info,    "rekey copies from its checkpoint on")                      \
    X(rekey_checkpoint_damaged, warning, "the checkpoint of rekey is damaged: the whole target is read instead") \
    X(rekey_interrupted,      warning, "rekey was interrupted and starts over from its checkpoint") \
    X(rekey_not_alone,        warning, "somebody else writes to the target of rekey: an earlier process, or a producer that should not") \
    X(http_listening,         info,    "metrics and health are served")                             \
    X(snapshot_discarded,     warning, "a snapshot elsewhere was deleted: it does not fit the log, or is further than the state that was restored") \
    X(snapshot_refused,       warning, "a snapshot elsewhere read as damaged; it is left there, and the next furthest state is taken") \
    X(snapshot_foreign,       error,   "another cluster's snapshots stand where this one's are copied on to") \
    X(object_store_failed,    warning, "the place that snapshots are copied on to did not do as asked")  \
    X(object_store_works,     info,    "the place that snapshots are copied on to does as asked again") \
    X(backup_file_failed,     error,   "a day's backup file could not be written or read")        \
    X(backup_damaged,         warning, "a day's backup is damaged; nothing is restored from it")   \
    X(batch_stopping,         info,    "the batch ends; a day that was begun is done again by the next start") \
    X(batch_waiting,          info,    "the batch has done what it owed and waits for its next time") \
    X(batch_lease_held,       info,    "another runner of the batch is at work; this one ends")     \
    X(batch_lease_unknown,    warning, "MongoDB does not say who runs the batch; asking again")      \
    X(backups_pruned,         info,    "backups older than batch.backup_keep were deleted")        \
    X(socket_failed,          warning, "the socket that `candled state` asks cannot be opened")     \
    X(feed_catching_up,       info,    "what is missing is read from REST, and put in order of time, before the exchange's stream is connected") \
    X(feed_caught_up,         info,    "the stream is connected now; minutes that are left are filled beside it") \
    X(feed_connected,         info,    "a connection to the exchange is open") \
    X(feed_disconnected,      warning, "a connection to the exchange is gone; another one is made") \
    X(feed_replaced,          info,    "a connection to the exchange was replaced by a newer one") \
    X(feed_leaving,           info,    "the exchange shuts a connection down; another one takes over") \
    X(feed_request_refused,   warning, "the exchange refused a request") \
    X(feed_frame_bad,         warning, "the exchange sent what cannot be read; it is dropped") \
    X(feed_symbol_silent,     warning, "no kline of a symbol for feed.silence; its stream is asked for again") \
    X(feed_symbol_heard,      info,    "klines of a symbol come again") \
    X(feed_symbol_unknown,    warning, "the exchange does not know a symbol: it is misspelt, was renamed, or is gone") \
    X(feed_symbol_status,     warning, "the exchange does not trade a symbol") \
    X(feed_symbol_trading,    info,    "the exchange trades a symbol") \
    X(feed_hole_absent,       warning, "the exchange itself has no klines for some minutes; they are in the ledger and are not asked for again") \
    X(feed_hole_old,          warning, "missing minutes are older than a shard takes; they are in the ledger and are not asked for") \
    X(feed_rest_limited,      warning, "the exchange told us to wait before the next REST request") \
    X(feed_rest_failed,       warning, "the exchange's REST API does not answer as it should; trying again") \
    X(feed_rest_recovered,    info,    "the exchange's REST API answers again") \
    X(feed_spool_full,        warning, "the spool is full while Kafka is away: open klines are dropped first, closed ones only at feed.spool_max_bytes; those are filled from REST later") \
    X(feed_spool_drained,     info,    "the spool has room again") \
    X(feed_clock_wrong,       warning, "our clock is far from the exchange's; records are stamped with the exchange's: set the clock of this machine") \
    X(feed_failed,            error,   "the collector cannot keep its promises and exits; start it again: it goes on from its spool") \
    X(http_failed,            error,   "the metrics port cannot be opened")
/* clang-format on */

#endif
