package mastery.support.mongodb;

import static org.awaitility.Awaitility.await;

import com.mongodb.MongoTimeoutException;
import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for a state of the servers by asking them, with a generous limit: a loaded machine is slow, not wrong. */
final class Patience {

    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final Duration PAUSE = Duration.ofMillis(20);

    private Patience() {}

    /**
     * Asks until the answer is yes; a server that refuses to answer is asked again.
     *
     * @throws org.awaitility.core.ConditionTimeoutException with the sentence, when the state does not come
     * @throws MongoTimeoutException when the server cannot be reached
     */
    static void until(String sentence, Callable<Boolean> state) {
        await(sentence)
                .atMost(LIMIT)
                .pollDelay(Duration.ZERO)
                .pollInterval(PAUSE)
                .ignoreExceptionsMatching(e -> !(e instanceof MongoTimeoutException))
                .until(state);
    }
}
