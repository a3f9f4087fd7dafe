package mastery.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import mastery.benchmarks.Workers.Done;
import mastery.benchmarks.Workers.Worker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkersTest {

    @Test
    void eachJobIsDoneOnceAlsoIfTheyCannotBeSharedEvenly() throws Exception {
        Queue<Integer> done = new ConcurrentLinkedQueue<>();
        Worker worker = job -> {
            done.add(job);
            return 1;
        };

        Done result = Workers.together(1_001, Collections.nCopies(4, worker));

        assertThat(done)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 1_001).boxed().toList());
        assertThat(result.retriesPerJob()).isZero();
        assertThat(result.perSecond()).isPositive();
    }

    @Test
    void attemptsBeyondTheFirstAreRetries() throws Exception {
        Done result = Workers.together(10, List.of(job -> job < 5 ? 4 : 1));

        assertThat(result.retriesPerJob()).isEqualTo(1.5);
    }

    @Test
    void allWorkAtOnce() throws Exception {
        CyclicBarrier all = new CyclicBarrier(3);
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        Worker worker = job -> {
            threads.add(Thread.currentThread());
            all.await(30, TimeUnit.SECONDS);
            return 1;
        };

        Workers.together(9, Collections.nCopies(3, worker));

        assertThat(threads).hasSize(3);
    }

    @Test
    void aFailureComesThroughAndNoFurtherJobIsTaken() {
        List<Integer> done = Collections.synchronizedList(new ArrayList<>());

        assertThatThrownBy(() -> Workers.together(
                        1_000_000_000,
                        List.of(
                                job -> {
                                    throw new SQLException("refused");
                                },
                                job -> {
                                    done.add(job);
                                    return 1;
                                })))
                .isInstanceOf(SQLException.class)
                .hasMessage("refused");
        assertThat(done).hasSizeLessThan(1_000_000_000);
    }

    @Test
    void nothingToMeasureIsRefused() {
        assertThatThrownBy(() -> Workers.together(0, List.of(job -> 1))).hasMessageContaining("0 jobs for 1 workers");
        assertThatThrownBy(() -> Workers.together(5, List.of())).hasMessageContaining("5 jobs for 0 workers");
    }
}
