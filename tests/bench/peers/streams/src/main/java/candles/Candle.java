package candles;

import java.math.BigDecimal;

/** What a symbol traded in one window; times in ms. A minute is a candle of 1m. */
public record Candle(
        String symbol,
        String interval,
        long openTime,
        long closeTime,
        BigDecimal open,
        BigDecimal high,
        BigDecimal low,
        BigDecimal close,
        BigDecimal volume,
        BigDecimal quoteVolume,
        long trades,
        BigDecimal takerBuyVolume,
        BigDecimal takerBuyQuoteVolume,
        int minutes,
        boolean complete,
        Long firstTradeId, // null: no trade
        Long lastTradeId,
        boolean x,
        long updatedAt) {

    /** The two as one window of {@code interval}, {@code this} being the earlier. */
    Candle followedBy(Candle later) {
        return new Candle(
                symbol,
                interval,
                openTime,
                closeTime,
                open,
                high.max(later.high),
                low.min(later.low),
                later.close,
                volume.add(later.volume),
                quoteVolume.add(later.quoteVolume),
                trades + later.trades,
                takerBuyVolume.add(later.takerBuyVolume),
                takerBuyQuoteVolume.add(later.takerBuyQuoteVolume),
                minutes + later.minutes,
                complete,
                firstTradeId != null ? firstTradeId : later.firstTradeId,
                later.lastTradeId != null ? later.lastTradeId : lastTradeId,
                x,
                Math.max(updatedAt, later.updatedAt));
    }

    /** The same numbers under the name and the times of another window. */
    Candle as(String interval, long openTime, long closeTime, boolean complete) {
        return new Candle(symbol, interval, openTime, closeTime, open, high, low, close, volume, quoteVolume, trades,
                takerBuyVolume, takerBuyQuoteVolume, minutes, complete, firstTradeId, lastTradeId, x, updatedAt);
    }
}
