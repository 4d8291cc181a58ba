package candles;

import java.time.Duration;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;

/** Writes each closed minute, and its 5m candle as soon as that has all five. */
final class CandleProcessor implements Processor<String, Candle, Void, Void> {
    static final String STORE = "open-windows";
    private static final Duration FORGET_AFTER = Duration.ofDays(1);

    private final Stores stores;
    private KeyValueStore<String, Window> windows;
    private Sink sink;

    CandleProcessor(Stores stores) {
        this.stores = stores;
    }

    @Override
    public void init(ProcessorContext<Void, Void> context) {
        windows = context.getStateStore(STORE);
        context.schedule(FORGET_AFTER, PunctuationType.STREAM_TIME, this::forget);
        sink = stores.sink();
    }

    @Override
    public void process(Record<String, Candle> record) {
        Candle minute = record.value();
        String key = minute.symbol() + ":" + Window.openTimeOf(minute);
        Window before = windows.get(key);
        Window window = (before == null ? Window.EMPTY : before).with(minute);

        sink.toRedis(minute);
        if (window.isComplete()) {
            windows.delete(key);
            sink.toRedis(window.candle());
            sink.toMongo(window.candle());
        } else {
            windows.put(key, window);
        }
    }

    /** Windows whose missing minutes have not come for a day. */
    private void forget(long streamTime) {
        try (KeyValueIterator<String, Window> all = windows.all()) {
            while (all.hasNext()) {
                KeyValue<String, Window> entry = all.next();
                if (entry.value.minutes().get(0).openTime() < streamTime - FORGET_AFTER.toMillis()) {
                    windows.delete(entry.key);
                }
            }
        }
    }
}
