package candles;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.math.BigDecimal;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/**
 * A raw kline event as a 1m candle; null while its minute is open. Nine of ten are: so the streaming parser is used,
 * which leaves off at {@code "x":false} and has made no numbers until then.
 */
public class KlineDeserializer implements Deserializer<Candle> {
    private static final JsonFactory JSON = new JsonFactory();

    @Override
    public Candle deserialize(String topic, byte[] data) {
        if (data == null) {
            return null;
        }
        try (JsonParser parser = JSON.createParser(data)) {
            return new Fields().read(parser);
        } catch (IOException | RuntimeException error) {
            throw new SerializationException("not a kline", error);
        }
    }

    private static class Fields {
        long eventTime, openTime, closeTime, firstTradeId, lastTradeId, trades;
        boolean isClosed;
        String symbol, open, high, low, close, volume, quoteVolume, takerBuyVolume, takerBuyQuoteVolume;

        Candle read(JsonParser parser) throws IOException {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "E" -> eventTime = parser.getLongValue();
                    case "k" -> {
                        if (!readKline(parser)) {
                            return null;
                        }
                    }
                    default -> parser.skipChildren();
                }
            }
            return isClosed ? candle() : null;
        }

        /** False as soon as the kline is seen to be open. */
        boolean readKline(JsonParser parser) throws IOException {
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "t" -> openTime = parser.getLongValue();
                    case "T" -> closeTime = parser.getLongValue();
                    case "s" -> symbol = parser.getText();
                    case "f" -> firstTradeId = parser.getLongValue();
                    case "L" -> lastTradeId = parser.getLongValue();
                    case "o" -> open = parser.getText();
                    case "c" -> close = parser.getText();
                    case "h" -> high = parser.getText();
                    case "l" -> low = parser.getText();
                    case "v" -> volume = parser.getText();
                    case "n" -> trades = parser.getLongValue();
                    case "q" -> quoteVolume = parser.getText();
                    case "V" -> takerBuyVolume = parser.getText();
                    case "Q" -> takerBuyQuoteVolume = parser.getText();
                    case "x" -> {
                        isClosed = parser.getBooleanValue();
                        if (!isClosed) {
                            return false;
                        }
                    }
                    default -> parser.skipChildren();
                }
            }
            return true;
        }

        Candle candle() {
            return new Candle(
                    symbol,
                    "1m",
                    openTime,
                    closeTime,
                    new BigDecimal(open),
                    new BigDecimal(high),
                    new BigDecimal(low),
                    new BigDecimal(close),
                    new BigDecimal(volume),
                    new BigDecimal(quoteVolume),
                    trades,
                    new BigDecimal(takerBuyVolume),
                    new BigDecimal(takerBuyQuoteVolume),
                    1,
                    true,
                    firstTradeId < 0 ? null : firstTradeId,
                    lastTradeId < 0 ? null : lastTradeId,
                    true,
                    eventTime);
        }
    }
}
