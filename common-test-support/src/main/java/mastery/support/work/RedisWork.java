package mastery.support.work;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import redis.clients.jedis.RedisClient;

/**
 * Which commands a Redis server ran while an action ran, by INFO commandstats. All clients of the server are counted.
 *
 * <p>Source: Redis documentation, INFO, section commandstats. The INFO commands of the measuring itself are left out.
 *
 * @param calls calls by the command's name in small letters, a subcommand behind a bar: {@code get}, {@code config|get}
 */
public record RedisWork(Map<String, Long> calls) {

    public RedisWork {
        calls = Collections.unmodifiableMap(new TreeMap<>(calls));
    }

    /** Calls of one command, 0 if there were none. */
    public long calls(String command) {
        return calls.getOrDefault(command, 0L);
    }

    /** Calls of all commands, those included by which a client opens a connection (hello, client|setinfo). */
    public long total() {
        return calls.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Runs the action and returns what the server of {@code client} was asked to do meanwhile. */
    public static RedisWork measure(RedisClient client, Action action) throws Exception {
        Map<String, Long> before = parse(client.info("commandstats"));
        action.run();
        Map<String, Long> moved = new TreeMap<>(Counters.less(parse(client.info("commandstats")), before));
        moved.remove("info");
        return new RedisWork(moved);
    }

    /**
     * Calls by command out of the text of INFO commandstats.
     *
     * @throws IllegalArgumentException if a line of a command has no calls; the message shows it
     */
    static Map<String, Long> parse(String commandStats) {
        Map<String, Long> calls = new TreeMap<>();
        commandStats.lines().filter(line -> line.startsWith("cmdstat_")).forEach(line -> {
            int colon = line.indexOf(":calls=");
            int comma = line.indexOf(',', Math.max(colon, 0));
            if (colon < 0 || comma < 0) {
                throw new IllegalArgumentException("Unknown line in INFO commandstats: " + line);
            }
            calls.put(
                    line.substring("cmdstat_".length(), colon),
                    Long.valueOf(line.substring(colon + ":calls=".length(), comma)));
        });
        return calls;
    }
}
