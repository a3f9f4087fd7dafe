package mastery.support.work;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** Arithmetic on named counters. */
final class Counters {
    private Counters() {}

    /** {@code after} less {@code before}, without the counters that did not move, in the order of their names. */
    static Map<String, Long> less(Map<String, Long> after, Map<String, Long> before) {
        Map<String, Long> moved = new TreeMap<>();
        after.forEach((name, value) -> {
            long difference = value - before.getOrDefault(name, 0L);
            if (difference != 0) {
                moved.put(name, difference);
            }
        });
        before.forEach((name, value) -> {
            if (!after.containsKey(name) && value != 0) {
                moved.put(name, -value);
            }
        });
        return Collections.unmodifiableMap(moved);
    }
}
