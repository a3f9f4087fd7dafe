package mastery.support.mongodb;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for a state of the servers by asking them, with a generous limit: a loaded machine is slow, not wrong. */
final class Patience {

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Duration PAUSE = Duration.ofMillis(20);

    private Patience() {}

    /**
     * Asks until the answer is yes; a server that fails to answer is asked again.
     *
     * @throws org.awaitility.core.ConditionTimeoutException with the sentence, when the state does not come
     */
    static void until(String sentence, Callable<Boolean> state) {
        await(sentence)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(PAUSE)
                .ignoreExceptions()
                .until(state);
    }
}
