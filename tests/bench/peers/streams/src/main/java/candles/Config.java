package candles;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import java.io.File;
import java.io.IOException;

/** What CONFIG.json says; ../../../../../README.md tells its form. */
public record Config(
        String brokers,
        String topic,
        int partitions,
        String group,
        Redis redis,
        Mongo mongo,
        String workDir,
        long ttlS) {

    public record Redis(String host, int port, int db) {}

    public record Mongo(String uri, String database) {}

    public static Config read(String path) throws IOException {
        return new ObjectMapper()
                .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .readValue(new File(path), Config.class);
    }
}
