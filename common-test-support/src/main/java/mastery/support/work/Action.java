package mastery.support.work;

/** What is measured. */
@FunctionalInterface
public interface Action {
    void run() throws Exception;
}
