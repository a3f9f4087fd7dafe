package mastery.design.transactions;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Workers that do the same at once, and can meet in the midst of it. */
final class AtOnce {

    private final int workers;
    private final CyclicBarrier meeting;
    private final Set<Thread> met = ConcurrentHashMap.newKeySet();

    AtOnce(int workers) {
        this.workers = workers;
        this.meeting = new CyclicBarrier(workers);
    }

    /** What a worker does; they are numbered from 0. */
    @FunctionalInterface
    interface Work<T> {
        T run(int worker) throws Exception;
    }

    /** How each worker ended; all have. */
    <T> List<Future<T>> run(Work<T> work) throws InterruptedException {
        List<Callable<T>> works = new ArrayList<>();
        for (int i = 0; i < workers; i++) {
            int worker = i;
            works.add(() -> work.run(worker));
        }
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        try {
            return threads.invokeAll(works, 120, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
    }

    /** Waits for the others to come here too; a worker that comes back, because it tries again, goes on. */
    void meet() {
        if (met.add(Thread.currentThread())) {
            try {
                meeting.await(30, TimeUnit.SECONDS);
            } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                throw new IllegalStateException("not all workers came to the meeting", e);
            }
        }
    }
}
