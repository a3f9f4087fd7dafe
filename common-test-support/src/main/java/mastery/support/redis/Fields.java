package mastery.support.redis;

import java.util.Map;
import java.util.stream.Collectors;

/** Reads the {@code name:value} lines of INFO and CLUSTER INFO. */
final class Fields {

    private Fields() {}

    static Map<String, String> of(String reply) {
        return reply.lines()
                .filter(line -> line.indexOf(':') > 0)
                .collect(Collectors.toMap(
                        line -> line.substring(0, line.indexOf(':')), line -> line.substring(line.indexOf(':') + 1)));
    }
}
