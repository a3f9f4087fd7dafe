package mastery.support.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.args.Rawable;
import redis.clients.jedis.resps.GeoRadiusResponse;
import redis.clients.jedis.resps.StreamGroupInfo;
import redis.clients.jedis.resps.StreamPendingSummary;
import redis.clients.jedis.util.KeyValue;

/** Redis commands as a person types them, replies as a person reads them. */
final class RedisText {
    private static final Set<String> STATUS = Set.of("OK", "PONG", "QUEUED");
    private static final int LONGEST_ARGUMENT = 200;

    private RedisText() {}

    /** {@code SET cache:1 "a value" NX EX 60}. */
    static String command(CommandArguments arguments) {
        List<String> words = new ArrayList<>();
        for (Rawable argument : arguments) {
            String word = Text.bytes(argument.getRaw());
            words.add(words.isEmpty() ? word.toUpperCase(Locale.ROOT) : argument(word));
        }
        return String.join(" ", words);
    }

    /** {@code OK}, {@code "text"}, {@code (nil)}, {@code [1, 2]}. */
    static String reply(Object reply) {
        if (reply == null) {
            return "(nil)";
        }
        if (reply instanceof byte[] bytes) {
            return quoted(Text.bytes(bytes));
        }
        if (reply instanceof String text) {
            return quoted(text);
        }
        if (reply instanceof KeyValue<?, ?> entry) {
            return reply(entry.getKey()) + ": " + reply(entry.getValue());
        }
        if (reply instanceof Throwable error) {
            return "(error) " + error.getMessage();
        }
        // types of the driver's that say nothing by themselves
        if (reply instanceof GeoRadiusResponse near) {
            return near.getMemberByString() + " " + near.getDistance();
        }
        if (reply instanceof StreamGroupInfo group) {
            return Text.value(new TreeMap<>(group.getGroupInfo()));
        }
        if (reply instanceof StreamPendingSummary pending) {
            return pending.getTotal() == 0
                    ? "0"
                    : pending.getTotal() + " from " + pending.getMinId() + " to " + pending.getMaxId() + " "
                            + Text.value(new TreeMap<>(pending.getConsumerMessageCount()));
        }
        List<?> elements = Tables.elements(reply);
        return elements == null
                ? Text.value(reply)
                : elements.stream().map(RedisText::reply).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String argument(String word) {
        boolean plain = !word.isEmpty() && word.chars().allMatch(c -> c > ' ' && c != '"' && c != '\'');
        return plain ? Text.cut(word, LONGEST_ARGUMENT) : '"' + Text.cut(Text.oneLine(word), LONGEST_ARGUMENT) + '"';
    }

    private static String quoted(String text) {
        return STATUS.contains(text) ? text : '"' + text + '"';
    }
}
