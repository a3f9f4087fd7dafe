package mastery.support.server;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.function.Predicate;

/** Waits for a state of the servers by asking them, with a generous limit: a loaded machine is slow, not wrong. */
public final class Patience {

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Duration PAUSE = Duration.ofMillis(20);

    private Patience() {}

    /**
     * Asks until the answer is yes.
     *
     * @throws org.awaitility.core.ConditionTimeoutException with the sentence, when the state does not come
     */
    public static void until(String sentence, Callable<Boolean> state) {
        until(sentence, failure -> false, state);
    }

    /**
     * Asks until the answer is yes; after some failures it asks again.
     *
     * @param passing says of a failure that it may pass; any other is thrown
     * @throws org.awaitility.core.ConditionTimeoutException with the sentence, when the state does not come
     */
    public static void until(String sentence, Predicate<Throwable> passing, Callable<Boolean> state) {
        await(sentence)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(PAUSE)
                .ignoreExceptionsMatching(passing::test)
                .until(state);
    }
}
