package candles;

import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;

/** usage: candles.Main CONFIG.json. Runs until SIGTERM. */
public final class Main {
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

    private Main() {}

    public static void main(String[] args) throws Exception {
        Config config = Config.read(args[0]);
        Stores stores = new Stores(config);
        KafkaStreams streams =
                new KafkaStreams(topology(config, stores), settings(config), new FlushingClients(stores));

        streams.setUncaughtExceptionHandler(error -> StreamThreadExceptionResponse.REPLACE_THREAD);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            boolean isClosed = streams.close(CLOSE_TIMEOUT);
            stores.close();
            Runtime.getRuntime().halt(isClosed ? 0 : 1); // without it the JVM tells the signal instead
        }));
        streams.start();
    }

    private static Topology topology(Config config, Stores stores) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(org.apache.kafka.streams.state.Stores.keyValueStoreBuilder(
                org.apache.kafka.streams.state.Stores.persistentKeyValueStore(CandleProcessor.STORE),
                Serdes.String(),
                Json.serde(Window.class)));
        builder.stream(config.topic(), Consumed.with(Serdes.String(), Json.klines()))
                .filter((symbol, minute) -> minute != null)
                .process(() -> new CandleProcessor(stores), CandleProcessor.STORE);
        return builder.build();
    }

    /** Each that is not a default is told in ../../../../../README.md, with its source. */
    private static Properties settings(Config config) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, config.group());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, config.brokers());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, config.workDir());
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, Runtime.getRuntime().availableProcessors());
        settings.put(StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), "candles");
        return settings;
    }
}
