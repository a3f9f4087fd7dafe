package mastery.support.trace;

/** Takes events one after the other; {@link Trace} never calls it from two threads at once. */
@FunctionalInterface
public interface TraceReader {
    void read(TraceEvent event);

    /** The story is over. */
    default void end() {}
}
