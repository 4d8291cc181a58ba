/* Every number the daemon reports. Kinds: counter, gauge, gauge_known (not shown before it is put),
 * gauge_ms (told in milliseconds, shown in seconds), histogram (told in microseconds, shown in
 * seconds). */
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
    X(partition,  consumer_lag,                    gauge_known, "Records that the log holds beyond the last checkpoint.") \
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
    X(feed,       feed_frames_total,               counter,   "Frames that came from the exchange.") \
    X(feed,       feed_bad_frames_total,           counter,   "Frames that were no kline and no answer, and impossible rows of REST; they were dropped.") \
    X(feed,       feed_duplicate_frames_total,     counter,   "Klines that another connection, or an earlier frame, had told already.") \
    X(feed,       feed_dropped_frames_total,       counter,   "Klines for which the spool had no room.") \
    X(feed,       feed_acknowledged_frames_total,  counter,   "Frames and filled minutes that Kafka has acknowledged.") \
    X(feed,       feed_connects_total,             counter,   "Attempts to connect to the exchange's stream.") \
    X(feed,       feed_connections,                gauge,     "Connections to the exchange's stream that are open.") \
    X(feed,       feed_last_frame_timestamp_seconds, gauge_ms, "When the last kline came, by our clock.") \
    X(feed,       feed_exchange_timestamp_seconds, gauge_ms,  "The exchange's clock, as its frames and answers tell it.") \
    X(feed,       feed_silent_symbols,             gauge,     "Symbols without a kline for feed.silence.") \
    X(feed,       feed_unlisted_symbols,           gauge,     "Symbols that the exchange does not know, or does not trade.") \
    X(feed,       feed_open_minutes,               gauge,     "Minutes that are missing and still to be asked for.") \
    X(feed,       feed_filled_minutes_total,       counter,   "Missing minutes that REST had.") \
    X(feed,       feed_rest_requests_total,        counter,   "Requests to the exchange's REST API.") \
    X(feed,       feed_rest_failures_total,        counter,   "Requests without a usable answer.") \
    X(feed,       feed_rest_limited_total,         counter,   "Answers 429 and 418: the exchange told us to wait.") \
    X(feed,       feed_spool_bytes,                gauge,     "Bytes of frames that Kafka has not acknowledged.") \
    X(feed,       feed_spool_frames,               gauge,     "Frames that Kafka has not acknowledged.") \
    X(feed,       feed_spool_failures_total,       counter,   "Commits of the spool that found no room on the disk and were tried again.") \
    X(feed,       feed_kafka_up,                   gauge,     "1 while a broker answers the collector.") \
    X(process,    kafka_up,                        gauge,     "1 while a broker answers.") \
    X(process,    rebalances_total,                counter,   "Times the group moved partitions of this process.") \
    X(process,    loop_pause_seconds,              histogram, "How long one round of the event loop took.")
/* clang-format on */

#endif
