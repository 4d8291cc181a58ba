package candles;

import com.mongodb.client.MongoCollection;
import com.mongodb.client.model.BulkWriteOptions;
import com.mongodb.client.model.Filters;
import com.mongodb.client.model.ReplaceOneModel;
import com.mongodb.client.model.ReplaceOptions;
import com.mongodb.client.model.WriteModel;
import io.lettuce.core.Range;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bson.Document;
import org.bson.types.Decimal128;

/**
 * Writes candles; what it was given is in the stores when {@link #flush} returns. Redis gets each at once, without
 * waiting for its answer; MongoDB gets one bulk a flush. Belongs to one stream thread.
 */
final class Sink implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final StatefulRedisConnection<String, String> connection;
    private final RedisAsyncCommands<String, String> redis;
    private final MongoCollection<Document> collection;
    private final long ttlMs;
    private final List<RedisFuture<?>> pending = new ArrayList<>();
    private final List<WriteModel<Document>> documents = new ArrayList<>();

    Sink(StatefulRedisConnection<String, String> connection, MongoCollection<Document> collection, long ttlMs) {
        this.connection = connection;
        this.redis = connection.async();
        this.collection = collection;
        this.ttlMs = ttlMs;
        connection.setAutoFlushCommands(false);
    }

    void toRedis(Candle candle) {
        String prefix = "crypto:" + candle.symbol() + ":" + candle.interval() + ":";
        String json = Json.text(candle);
        long openTime = candle.openTime();
        SetArgs ttl = SetArgs.Builder.px(ttlMs);

        pending.add(redis.set(prefix + openTime, json, ttl));
        pending.add(redis.set(prefix + "latest", json, ttl));
        pending.add(redis.zadd(prefix + "index", openTime, Long.toString(openTime)));
        pending.add(redis.zremrangebyscore(
                prefix + "index",
                Range.from(Range.Boundary.unbounded(), Range.Boundary.excluding(openTime - ttlMs))));
        pending.add(redis.pexpire(prefix + "index", ttlMs));
        connection.flushCommands();
    }

    void toMongo(Candle candle) {
        String id = candle.symbol() + ":" + candle.interval() + ":" + candle.openTime();
        documents.add(new ReplaceOneModel<>(
                Filters.eq("_id", id), document(id, candle), new ReplaceOptions().upsert(true)));
    }

    private static Document document(String id, Candle candle) {
        return new Document("_id", id)
                .append("symbol", candle.symbol())
                .append("interval", candle.interval())
                .append("openTime", new Date(candle.openTime()))
                .append("closeTime", new Date(candle.closeTime()))
                .append("open", new Decimal128(candle.open()))
                .append("high", new Decimal128(candle.high()))
                .append("low", new Decimal128(candle.low()))
                .append("close", new Decimal128(candle.close()))
                .append("volume", new Decimal128(candle.volume()))
                .append("quoteVolume", new Decimal128(candle.quoteVolume()))
                .append("trades", candle.trades())
                .append("takerBuyVolume", new Decimal128(candle.takerBuyVolume()))
                .append("takerBuyQuoteVolume", new Decimal128(candle.takerBuyQuoteVolume()))
                .append("minutes", candle.minutes())
                .append("complete", candle.complete())
                .append("firstTradeId", candle.firstTradeId())
                .append("lastTradeId", candle.lastTradeId())
                .append("updatedAt", new Date(candle.updatedAt()));
    }

    void flush() {
        try {
            if (!documents.isEmpty()) {
                collection.bulkWrite(documents, new BulkWriteOptions().ordered(false));
            }
            for (RedisFuture<?> future : pending) {
                future.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (ExecutionException | TimeoutException error) {
            throw new IllegalStateException("Redis did not take a candle", error);
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(error);
        } finally {
            documents.clear();
            pending.clear();
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
