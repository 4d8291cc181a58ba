package candles;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/** A raw kline event as a 1m candle; null while its minute is open, as nine of ten are: those are not even parsed. */
public class KlineDeserializer implements Deserializer<Candle> {
    private static final ObjectReader READER = new ObjectMapper().readerFor(Kline.class);
    private static final String CLOSED = "\"x\":true";

    @Override
    public Candle deserialize(String topic, byte[] data) {
        if (data == null || !new String(data, StandardCharsets.ISO_8859_1).contains(CLOSED)) {
            return null;
        }
        try {
            Kline kline = READER.readValue(data);
            return kline.content().isClosed() ? kline.candle() : null;
        } catch (IOException error) {
            throw new SerializationException("not a kline", error);
        }
    }
}
