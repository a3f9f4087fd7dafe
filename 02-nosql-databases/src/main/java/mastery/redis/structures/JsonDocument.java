package mastery.redis.structures;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.function.UnaryOperator;
import mastery.support.trace.Story;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol.Command;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.json.JsonProtocol.JsonCommand;
import redis.clients.jedis.json.JsonSetParams;
import redis.clients.jedis.json.Path2;

/**
 * A value deep in a JSON document is changed on the server, alone: a path that begins with {@code $} answers with an array of all that it matches,
 * one without it with a single value.
 *
 * <p><b>When:</b> documents of which parts are read or written on their own, and at the same time by many.
 * <b>Not:</b> for documents that are always read whole: a string does. Not for flat ones: a hash is smaller and needs no module.
 * <b>Costs:</b> one round trip; a document takes several times the memory of its text.
 * <b>Needs:</b> RESP3 and the JSON module, which the official image of Redis 8 has and Debian's package has not.
 *
 * <p>A path is a language: {@code $..price} is every price at any depth. So a member's name out of somebody's input never goes into a path unchecked.
 * Source: Redis manual, "JSON", section path, commands JSON.SET, JSON.GET and JSON.NUMINCRBY.
 */
public final class JsonDocument {

    /** What a server without the module lacks, and where it is to be had. */
    static final String LACKS_MODULE =
            "This Redis lacks the JSON module: it has no command JSON.SET. The official image redis:8 has it:"
                    + " -Dmastery.source=container, or a server of your own by -Dmastery.redis.url=redis://...";

    private static final Path2 ROOT = Path2.of("$");

    private JsonDocument() {}

    /** Whether the server knows the commands. */
    public static boolean isSupported(RedisClient redis) {
        Object reply = redis.executeCommand(
                new CommandArguments(Command.COMMAND).add("INFO").add("JSON.SET"));
        return reply instanceof List<?> commands && !commands.isEmpty() && commands.get(0) != null;
    }

    /** Writes a new document; false, and nothing done, when there is one. */
    public static boolean create(RedisClient redis, String key, String json) {
        return redis.jsonSet(key, ROOT, json, JsonSetParams.jsonSetParams().nx()) != null;
    }

    /**
     * The right way: sets what the path matches, or one new member of what it matches, and sends nothing else.
     *
     * @param json text as it is, so a string comes with its quotes
     * @return false when the path leads nowhere
     */
    public static boolean set(RedisClient redis, String key, String path, String json) {
        return redis.jsonSet(key, Path2.of(path), json) != null;
    }

    /** The wrong way: the document goes over the wire twice, and what others changed in between is overwritten. */
    public static void rewrite(RedisClient redis, String key, UnaryOperator<String> change) {
        redis.jsonSet(key, ROOT, change.apply(get(redis, key, ".")));
    }

    /**
     * What the path matches, as JSON text: for a path with {@code $} always an array, empty if there is nothing; for one without it the first match.
     *
     * @return null when there is no document
     * @throws redis.clients.jedis.exceptions.JedisDataException for a path without {@code $} that matches nothing
     */
    public static String get(RedisClient redis, String key, String path) {
        byte[] text = (byte[]) redis.executeCommand(
                new CommandArguments(JsonCommand.GET).key(key).add(path));
        return text == null ? null : new String(text, UTF_8);
    }

    /** Adds to every number that the path matches; the answers in their order, null for what is no number. */
    @SuppressWarnings("unchecked")
    public static List<Number> add(RedisClient redis, String key, String path, long number) {
        if (!path.startsWith("$")) {
            throw new IllegalArgumentException("A path begins with $, not as " + path);
        }
        return (List<Number>) redis.jsonNumIncrBy(key, Path2.of(path), number);
    }

    /** A path to a member whose name comes from outside. */
    public static String member(String parent, String name) {
        if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
            throw new IllegalArgumentException("Not the plain name of a member: " + name);
        }
        return parent + "." + name;
    }

    public static void main(String[] args) {
        Story.tell(JsonDocument.class, story -> {
            RedisClient redis = story.redis();
            story.step("Does this server have the JSON module?");
            if (!isSupported(redis)) {
                story.note(LACKS_MODULE);
                return;
            }

            story.step("An order with two lines.");
            create(redis, "order:1", """
                    {"state":"open","lines":[{"item":"pen","count":2},{"item":"ink","count":1}]}""");

            story.step("One value is changed, alone, on the server.");
            set(redis, "order:1", "$.state", "\"paid\"");
            story.show("counts", add(redis, "order:1", "$.lines[?(@.item==\"ink\")].count", 4));

            story.step("A path with $ answers with an array, one without it with a value.");
            story.show("$.state", get(redis, "order:1", "$.state"));
            story.show(".state", get(redis, "order:1", ".state"));
            story.show("$..count", get(redis, "order:1", "$..count"));
            story.show("$.missing", get(redis, "order:1", "$.missing"));

            story.step("The wrong way: the whole document goes out and back, over what another did.");
            rewrite(redis, "order:1", text -> {
                add(redis, "order:1", "$.lines[0].count", 10);
                return text;
            });
            story.show("$..count", get(redis, "order:1", "$..count"));
            story.learned("Change parts by their path; $ means an array of all matches.");
        });
    }
}
