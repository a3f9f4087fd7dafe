package mastery.support.junit;

import java.lang.annotation.Annotation;
import mastery.support.server.Engine;
import mastery.support.server.Node;

/** One engine as one test class sees it: a server or a topology, and clean state on it for each test. */
interface Fixture extends AutoCloseable {

    Engine engine();

    /**
     * Makes the server or topology ready that the annotation asks for.
     *
     * @throws mastery.support.server.ServerException if it cannot be had
     */
    void open(Annotation requirement);

    /** The server, or the first node of the topology. */
    Node node();

    /** True if a parameter of this type can be injected. */
    boolean provides(Class<?> type);

    /** Clean state for one test, filled by the class's {@link Prepare} method. */
    Scope newScope(Filling filling);

    /** Hands back what {@link #open} took. */
    @Override
    void close();

    /** The objects of one test; closing it removes what the test left. */
    interface Scope extends AutoCloseable {

        Object get(Class<?> type);

        @Override
        void close();
    }

    /** What the class's {@link Prepare} methods do. */
    interface Filling {

        boolean isEmpty();

        void fill(Scope scope);
    }
}
