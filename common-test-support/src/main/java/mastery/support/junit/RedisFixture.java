package mastery.support.junit;

import java.lang.annotation.Annotation;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import mastery.support.redis.Redis;
import mastery.support.redis.RedisCluster;
import mastery.support.redis.RedisDatabase;
import mastery.support.redis.RedisReplication;
import mastery.support.redis.RedisSentinels;
import mastery.support.server.Engine;
import mastery.support.server.Node;
import mastery.support.server.Topology;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.RedisSentinelClient;

/** Redis for a test class: a numbered database for each test, or a topology that is emptied before each test. */
final class RedisFixture implements Fixture {

    private static final Map<OnRedis.Topology, Set<Class<?>>> TYPES = Map.of(
            OnRedis.Topology.SINGLE, Set.of(RedisClient.class, RedisDatabase.class, Node.class),
            OnRedis.Topology.REPLICATION, Set.of(RedisClient.class, RedisReplication.class, Node.class),
            OnRedis.Topology.CLUSTER, Set.of(RedisClusterClient.class, RedisCluster.class, Node.class),
            OnRedis.Topology.SENTINELS, Set.of(RedisSentinelClient.class, RedisSentinels.class, Node.class));

    private OnRedis requirement;
    private Topology topology;

    @Override
    public Engine engine() {
        return Engine.REDIS;
    }

    @Override
    public void open(Annotation annotation) {
        requirement = (OnRedis) annotation;
        switch (requirement.topology()) {
            case SINGLE -> Redis.shared();
            case REPLICATION ->
                topology = SharedTopologies.take(requirement, () -> RedisReplication.start(requirement.replicas()));
            case CLUSTER -> topology = SharedTopologies.take(requirement, RedisCluster::start);
            case SENTINELS -> topology = SharedTopologies.take(requirement, RedisSentinels::start);
        }
    }

    @Override
    public Node node() {
        return topology == null ? Redis.shared().node() : topology.nodes().get(0);
    }

    @Override
    public boolean provides(Class<?> type) {
        return TYPES.get(requirement.topology()).contains(type);
    }

    @Override
    public Scope newScope(Filling filling) {
        RedisScope scope = new RedisScope().put(Node.class, node());
        try {
            offer(scope);
            filling.fill(scope);
            return scope;
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }

    private void offer(RedisScope scope) {
        switch (requirement.topology()) {
            case SINGLE -> {
                RedisDatabase database =
                        scope.opened(RedisDatabase.class, Redis.shared().newDatabase());
                scope.opened(RedisClient.class, database.newClient());
            }
            case REPLICATION -> {
                RedisReplication replication = (RedisReplication) topology;
                replication.flush();
                scope.put(RedisReplication.class, replication)
                        .opened(RedisClient.class, replication.newClient(replication.primary()));
            }
            case CLUSTER -> {
                RedisCluster cluster = (RedisCluster) topology;
                cluster.flush();
                scope.put(RedisCluster.class, cluster).opened(RedisClusterClient.class, cluster.newClient());
            }
            case SENTINELS -> {
                RedisSentinels sentinels = (RedisSentinels) topology;
                sentinels.flush();
                scope.put(RedisSentinels.class, sentinels).opened(RedisSentinelClient.class, sentinels.newClient());
            }
        }
    }

    @Override
    public void close() {
        if (topology != null) {
            SharedTopologies.giveBack(topology);
        }
    }

    /** The objects of one test. */
    private static final class RedisScope implements Scope {

        private final Map<Class<?>, Object> objects = new LinkedHashMap<>();
        private final Deque<AutoCloseable> opened = new ArrayDeque<>();

        RedisScope put(Class<?> type, Object object) {
            objects.put(type, object);
            return this;
        }

        <T extends AutoCloseable> T opened(Class<T> type, T object) {
            opened.push(object);
            put(type, object);
            return object;
        }

        @Override
        public Object get(Class<?> type) {
            return objects.get(type);
        }

        /** The last opened first: a client before its database. */
        @Override
        public void close() {
            while (!opened.isEmpty()) {
                try {
                    opened.pop().close();
                } catch (RuntimeException e) {
                    throw e;
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }
        }
    }
}
