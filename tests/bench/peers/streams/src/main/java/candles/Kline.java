package candles;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.math.BigDecimal;

/** The exchange's event, of which the part that is wanted. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Kline(@JsonProperty("E") long eventTime, @JsonProperty("k") Content content) {

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Content(
            @JsonProperty("s") String symbol,
            @JsonProperty("t") long openTime,
            @JsonProperty("T") long closeTime,
            @JsonProperty("f") long firstTradeId,
            @JsonProperty("L") long lastTradeId,
            @JsonProperty("o") BigDecimal open,
            @JsonProperty("h") BigDecimal high,
            @JsonProperty("l") BigDecimal low,
            @JsonProperty("c") BigDecimal close,
            @JsonProperty("v") BigDecimal volume,
            @JsonProperty("q") BigDecimal quoteVolume,
            @JsonProperty("n") long trades,
            @JsonProperty("V") BigDecimal takerBuyVolume,
            @JsonProperty("Q") BigDecimal takerBuyQuoteVolume,
            @JsonProperty("x") boolean isClosed) {}

    Candle candle() {
        Content c = content;
        return new Candle(c.symbol, "1m", c.openTime, c.closeTime, c.open, c.high, c.low, c.close, c.volume,
                c.quoteVolume, c.trades, c.takerBuyVolume, c.takerBuyQuoteVolume, 1, true, known(c.firstTradeId),
                known(c.lastTradeId), true, eventTime);
    }

    /** A minute without a trade has the id -1. */
    private static Long known(long id) {
        return id < 0 ? null : id;
    }
}
