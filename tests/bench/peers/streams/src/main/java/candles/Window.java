package candles;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The minutes that a 5m window has so far, by their open times. */
public record Window(List<Candle> minutes) {
    static final long MINUTE_MS = 60_000;
    static final int MINUTES = 5;
    static final long LENGTH_MS = MINUTES * MINUTE_MS;

    static final Window EMPTY = new Window(List.of());

    static long openTimeOf(Candle minute) {
        return Math.floorDiv(minute.openTime(), LENGTH_MS) * LENGTH_MS;
    }

    /** A minute that is told again replaces what was told before. */
    Window with(Candle minute) {
        List<Candle> all = new ArrayList<>(minutes);
        all.removeIf(other -> other.openTime() == minute.openTime());
        all.add(minute);
        all.sort(Comparator.comparingLong(Candle::openTime));
        return new Window(all);
    }

    boolean isComplete() {
        return minutes.size() == MINUTES;
    }

    Candle candle() {
        long openTime = openTimeOf(minutes.get(0));
        return minutes.stream()
                .reduce(Candle::followedBy)
                .orElseThrow()
                .as("5m", openTime, openTime + LENGTH_MS - 1, isComplete());
    }
}
