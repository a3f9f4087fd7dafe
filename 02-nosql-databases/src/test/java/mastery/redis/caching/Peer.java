package mastery.redis.caching;

import java.io.IOException;
import javax.sql.DataSource;
import mastery.support.interleave.OtherJvm;
import mastery.support.postgresql.PostgreSqlDatabase;
import mastery.support.redis.RedisEndpoint;
import mastery.support.server.Node;
import org.postgresql.ds.PGSimpleDataSource;

/** A second process on the same Redis and the same store. */
final class Peer {

    private Peer() {}

    /** What the other process does. It has a constructor without arguments. */
    interface Part {
        /** Reads what to do with {@link OtherJvm#order}, and prints what came of it. */
        void play(RedisEndpoint redis, DataSource store) throws Exception;
    }

    static OtherJvm start(Class<? extends Part> part, Node redis, PostgreSqlDatabase store) throws IOException {
        Node server = store.node();
        return start(part, redis, store.jdbcUrl(), server.user(), server.password());
    }

    /** The part of a pattern that has no store. */
    static OtherJvm start(Class<? extends Part> part, Node redis) throws IOException {
        return start(part, redis, "", "", "");
    }

    /** In the other process: says so, and stands still until it is told to go on. */
    static Runnable standsAt(String point) {
        return () -> {
            System.out.println(point);
            OtherJvm.order();
        };
    }

    private static OtherJvm start(Class<? extends Part> part, Node redis, String url, String user, String password)
            throws IOException {
        return OtherJvm.start(
                Peer.class,
                part.getName(),
                redis.host(),
                Integer.toString(redis.port()),
                redis.password(),
                url,
                user,
                password);
    }

    public static void main(String[] arguments) {
        try {
            Class<? extends Part> part = Class.forName(OtherJvm.order()).asSubclass(Part.class);
            RedisEndpoint redis =
                    new RedisEndpoint(OtherJvm.order(), Integer.parseInt(OtherJvm.order()), OtherJvm.order());
            part.getDeclaredConstructor().newInstance().play(redis, store(OtherJvm.order()));
            System.exit(0);
        } catch (Exception e) {
            e.printStackTrace();
            System.exit(1);
        }
    }

    private static DataSource store(String url) {
        PGSimpleDataSource store = new PGSimpleDataSource();
        String user = OtherJvm.order();
        String password = OtherJvm.order();
        if (url.isEmpty()) {
            return null;
        }
        store.setUrl(url);
        store.setUser(user);
        store.setPassword(password);
        return store;
    }
}
