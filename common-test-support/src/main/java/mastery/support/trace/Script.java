package mastery.support.trace;

/** The story of an example, told step by step. */
@FunctionalInterface
public interface Script {
    void run(Story story) throws Exception;
}
