package mastery.support.work;

/** Work that is measured; it may fail. */
@FunctionalInterface
public interface Action {
    void run() throws Exception;
}
