package mastery.support.junit;

import java.util.LinkedHashMap;
import java.util.Map;

/** The clean state of one test, made for each engine when its first parameter is injected. */
final class TestScopes implements AutoCloseable {

    private final ClassFixtures fixtures;
    private final Map<Fixture, Fixture.Scope> scopes = new LinkedHashMap<>();

    TestScopes(ClassFixtures fixtures) {
        this.fixtures = fixtures;
    }

    synchronized Object get(Fixture fixture, Class<?> type) {
        return scopes.computeIfAbsent(fixture, key -> key.newScope(fixtures.filling(key)))
                .get(type);
    }

    @Override
    public synchronized void close() {
        scopes.values().forEach(Fixture.Scope::close);
        scopes.clear();
    }
}
