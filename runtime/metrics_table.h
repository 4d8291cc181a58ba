/* Every number the daemon reports. Kinds: counter, gauge, gauge_ms (told in milliseconds, shown in
 * seconds), histogram (told in microseconds, shown in seconds). */
#ifndef CANDLED_RUNTIME_METRICS_TABLE_H
#define CANDLED_RUNTIME_METRICS_TABLE_H

/* clang-format off */
#define METRICS_TABLE(X) \
    /* scope      name                             kind       help                             */ \
    X(partition,  records_total,                   counter,   "Records that a checkpoint covers.") \
    X(partition,  klines_closed_total,             counter,   "Closed 1m klines that a checkpoint covers.") \
    X(partition,  klines_open_total,               counter,   "Klines of minutes that are still open: they move event time only.") \
    X(partition,  duplicate_klines_total,          counter,   "Closed klines that said again what was known.") \
    X(partition,  corrected_klines_total,          counter,   "Closed klines that replaced a minute with newer content.") \
    X(partition,  stale_klines_total,              counter,   "Closed klines older than what their minute already held.") \
    X(partition,  conflicting_klines_total,        counter,   "Closed klines of the same event time and other content; the first stays.") \
    X(partition,  late_klines_total,               counter,   "Closed klines past the grace of their window; applied all the same.") \
    X(partition,  filled_minutes_total,            counter,   "Minutes proved by trade ids to have had no trade.") \
    X(partition,  candles_emitted_total,           counter,   "Candles, and revisions of candles, put into the outbox.") \
    X(partition,  incomplete_candles_total,        counter,   "Candles emitted with a hole.") \
    X(dead_letter, dead_letters_total,             counter,   "Records put aside, by reason.") \
    X(partition,  consumer_lag,                    gauge,     "Records that the log holds beyond the last checkpoint.") \
    X(partition,  next_offset,                     gauge,     "The offset of the next record after the last checkpoint.") \
    X(partition,  stream_time_timestamp_seconds,   gauge_ms,  "The largest event time seen.") \
    X(partition,  symbols,                         gauge,     "Symbol actors alive.") \
    X(partition,  checkpoints_total,               counter,   "Checkpoints that became durable.") \
    X(partition,  checkpoint_failures_total,       counter,   "Checkpoints that failed and were tried again.") \
    X(partition,  checkpoint_duration_seconds,     histogram, "From the end of a batch to its commit.") \
    X(partition,  state_size_bytes,                gauge,     "Bytes of the LMDB environment in use.") \
    X(partition,  partition_halted,                gauge,     "1 while the partition reads no more because of what its log holds; its log line says what to do.") \
    X(partition,  snapshot_timestamp_seconds,      gauge_ms,  "When the newest snapshot was taken and copied on.") \
    X(partition,  snapshot_offset,                 gauge,     "The next offset of the newest snapshot.") \
    X(partition,  snapshot_failures_total,         counter,   "Snapshots that could not be taken or copied on.") \
    X(partition,  outbox_bytes,                    gauge,     "Bytes of the outbox that at least one sink still owes.") \
    X(outbox,     outbox_entries,                  gauge,     "Outbox entries that the sink has not acknowledged.") \
    X(sink,       sink_up,                         gauge,     "1 while the sink answers.") \
    X(sink,       sink_writes_total,               counter,   "Entries that the sink acknowledged.") \
    X(sink,       sink_stale_writes_total,         counter,   "Entries that the sink refused because it held the same or a newer revision.") \
    X(sink,       sink_failures_total,             counter,   "Deliveries that failed and were tried again.") \
    X(sink,       sink_refilled_total,             counter,   "Entries written once more into a sink that had forgotten them.") \
    X(sink,       sink_rejected_total,             counter,   "Entries that the sink will never accept.") \
    X(sink,       sink_write_seconds,              histogram, "From handing a delivery to the sink to its acknowledgement.") \
    X(process,    kafka_up,                        gauge,     "1 while a broker answers.") \
    X(process,    rebalances_total,                counter,   "Times the group moved partitions of this process.") \
    X(process,    loop_pause_seconds,              histogram, "How long one round of the event loop took.")
/* clang-format on */

#endif
