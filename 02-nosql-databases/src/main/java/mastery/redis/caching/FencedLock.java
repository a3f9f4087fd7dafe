package mastery.redis.caching;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import mastery.support.trace.Story;
import redis.clients.jedis.RedisClient;

/**
 * A lock that ends by itself cannot keep its owner from going on after its end; a number that grows with each owner, and that
 * the resource checks, can.
 *
 * <p><b>When:</b> one at a time should do a thing, and the thing ends in a store that can compare a number: then the lock saves
 * work, and the number keeps the result right.
 * <b>Not:</b> around a resource that checks nothing, such as a mail server: no lock with an end is safe there. Nor where the
 * store's own lock would do, which costs no second system.
 * <b>Costs:</b> one round trip to take it, one to give it back, one column in the resource.
 * <b>Needs:</b> a Redis that evicts no keys: the counter has no end. A Redis that lost its data counts from 1 again; the resource then
 * rejects every owner, which is safe, until {@link #raiseTo} is told the resource's number.
 *
 * <p>Without Redis nobody gets the lock: the error passes to the caller, who must not do the work. When an answer is lost the
 * lock may be taken by nobody until its lease ends. Source: Redis manual, commands SET (options NX and PX), INCR and EVAL.
 */
public final class FencedLock {

    /**
     * A lock as its owner got it.
     *
     * @param number greater than that of every owner before
     */
    public record Held(String name, String owner, long number) {}

    /** Lock and number in one step: an owner without a number could not be told from the next. */
    private static final String ACQUIRE = """
            if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
            return redis.call('INCR', KEYS[2])""";

    /** Only the owner releases: a plain DEL would free the lock of the next one. */
    private static final String RELEASE_IF_OWNER = """
            if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
            return redis.call('DEL', KEYS[1])""";

    private static final String RAISE = """
            if tonumber(redis.call('GET', KEYS[1]) or 0) >= tonumber(ARGV[1]) then return 0 end
            redis.call('SET', KEYS[1], ARGV[1])
            return 1""";

    /**
     * The resource takes a number that is greater than the last, or again that of the same owner. The owner counts too: after Redis
     * lost its counter two may have one number.
     */
    private static final String WRITE_IF_LATEST = """
            update document
               set body = ?, fence = ?, fence_owner = ?
             where id = ? and (fence < ? or (fence = ? and fence_owner = ?))
            """;

    private final RedisClient redis;
    private final Duration lease;

    /**
     * Safe for any number of threads and processes.
     *
     * @param lease how long an owner has; longer than the work mostly takes
     */
    public FencedLock(RedisClient redis, Duration lease) {
        if (lease.toMillis() < 1) {
            throw new IllegalArgumentException("a lease is a millisecond or more, not " + lease);
        }
        this.redis = Objects.requireNonNull(redis);
        this.lease = lease;
    }

    /** The lock, or empty when somebody else has it. */
    public Optional<Held> tryAcquire(String name) {
        String owner = UUID.randomUUID().toString();
        List<String> keys = List.of(lock(name), counter(name));
        long number = (Long) redis.eval(ACQUIRE, keys, List.of(owner, Long.toString(lease.toMillis())));
        return number == 0 ? Optional.empty() : Optional.of(new Held(name, owner, number));
    }

    /** Gives the lock back; false when it had ended, and may be somebody else's now. */
    public boolean release(Held held) {
        return redis.eval(RELEASE_IF_OWNER, List.of(lock(held.name())), List.of(held.owner()))
                .equals(1L);
    }

    /** After Redis lost its data: numbers go on above what the resource has seen. False when they do already. */
    public boolean raiseTo(String name, long number) {
        return redis.eval(RAISE, List.of(counter(name)), List.of(Long.toString(number)))
                .equals(1L);
    }

    /** The right way: false when somebody with a greater number wrote already, and this owner's lock has ended. */
    public static boolean write(Connection connection, Held held, String body) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(WRITE_IF_LATEST)) {
            update.setString(1, body);
            update.setLong(2, held.number());
            update.setString(3, held.owner());
            update.setString(4, held.name());
            update.setLong(5, held.number());
            update.setLong(6, held.number());
            update.setString(7, held.owner());
            return update.executeUpdate() == 1;
        }
    }

    /** The wrong way: having had the lock is taken for having it. */
    static boolean writeUnchecked(Connection connection, Held held, String body) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("update document set body = ? where id = ?")) {
            update.setString(1, body);
            update.setString(2, held.name());
            return update.executeUpdate() == 1;
        }
    }

    /** The greatest number that the resource has seen. */
    public static long greatest(Connection connection, String id) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("select fence from document where id = ?")) {
            select.setString(1, id);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getLong("fence") : 0;
            }
        }
    }

    static String lock(String name) {
        return "{lock:" + Objects.requireNonNull(name, "name") + "}";
    }

    /** In a cluster the braces put it into the slot of its lock. */
    static String counter(String name) {
        return lock(name) + ":counter";
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table document (
                      id          text primary key,
                      body        text not null,
                      fence       bigint not null default 0,
                      fence_owner text
                    )
                    """);
        }
    }

    public static void main(String[] args) {
        Story.tell(FencedLock.class, story -> {
            RedisClient redis = story.redis();
            FencedLock locks = new FencedLock(redis, Duration.ofSeconds(10));
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("a document", () -> {
                    createSchema(connection);
                    try (Statement statement = connection.createStatement()) {
                        statement.execute("insert into document (id, body) values ('d1', 'empty')");
                    }
                });

                story.step("Ann takes the lock; Bob does not get it.");
                Held ann = locks.tryAcquire("d1").orElseThrow();
                story.show("Ann has number", ann.number());
                story.show("Bob", locks.tryAcquire("d1").isPresent());

                story.step("Ann pauses for longer than her lease, which a DEL stands for here. Bob writes.");
                redis.del(lock("d1"));
                Held bob = locks.tryAcquire("d1").orElseThrow();
                story.show("Bob wrote", write(connection, bob, "Bob's text"));

                story.step("Ann goes on and does not know. The resource does.");
                story.show("Ann wrote", write(connection, ann, "Ann's text"));
                story.show("Ann released", locks.release(ann));
                story.learned("A lock with an end is a hint; the number that the resource compares is the guard.");
            }
        });
    }
}
