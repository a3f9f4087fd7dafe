package mastery.support.trace;

/** Something a story does that may fail. */
@FunctionalInterface
public interface Action {
    void run() throws Exception;
}
