package candles;

import com.mongodb.client.MongoClient;
import com.mongodb.client.MongoClients;
import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.Indexes;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import org.bson.Document;

/** The clients of Redis and MongoDB, of which a process needs one each; and of each stream thread its {@link Sink}. */
final class Stores implements AutoCloseable {
    private final RedisClient redis;
    private final MongoClient mongo;
    private final MongoCollection<Document> collection;
    private final long ttlMs;
    private final ThreadLocal<Sink> sinks = new ThreadLocal<>();

    Stores(Config config) {
        redis = RedisClient.create(RedisURI.builder()
                .withHost(config.redis().host())
                .withPort(config.redis().port())
                .withDatabase(config.redis().db())
                .build());
        mongo = MongoClients.create(config.mongo().uri());
        collection = mongo.getDatabase(config.mongo().database()).getCollection("candles");
        collection.createIndex(
                Indexes.compoundIndex(Indexes.ascending("symbol", "interval"), Indexes.descending("openTime")));
        ttlMs = config.ttlS() * 1000;
    }

    /** That of the stream thread which asks. */
    Sink sink() {
        if (sinks.get() == null) {
            sinks.set(new Sink(redis.connect(), collection, ttlMs));
        }
        return sinks.get();
    }

    void closeSink() {
        if (sinks.get() != null) {
            sinks.get().close();
            sinks.remove();
        }
    }

    @Override
    public void close() {
        redis.shutdown();
        mongo.close();
    }
}
