package mastery.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Workers that do jobs together, each on a thread of its own. They begin at once, and whoever is done with a job takes the next one, so that all are busy
 * until the last job is taken.
 */
final class Workers {

    /** One worker. It may meet others, and have to try again. */
    @FunctionalInterface
    interface Worker {

        /** Does a job, from 0 on. Returns the attempts it took, at least 1. */
        int work(int job) throws Exception;
    }

    /**
     * What they did.
     *
     * @param perSecond jobs
     * @param retriesPerJob attempts beyond the first
     */
    record Done(double perSecond, double retriesPerJob) {}

    private Workers() {}

    /**
     * Does the jobs.
     *
     * @throws Exception what a worker threw; the others then take no further job
     */
    static Done together(int jobs, List<Worker> workers) throws Exception {
        if (jobs < 1 || workers.isEmpty()) {
            throw new IllegalArgumentException(
                    jobs + " jobs for " + workers.size() + " workers are nothing to measure");
        }
        AtomicInteger next = new AtomicInteger();
        AtomicInteger attempts = new AtomicInteger();
        CountDownLatch go = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(workers.size());
        try {
            List<Future<?>> working = new ArrayList<>();
            for (Worker worker : workers) {
                working.add(threads.submit(() -> {
                    go.await();
                    try {
                        for (int job = next.getAndIncrement(); job < jobs; job = next.getAndIncrement()) {
                            attempts.addAndGet(worker.work(job));
                        }
                    } catch (Exception | Error e) {
                        next.set(jobs);
                        throw e;
                    }
                    return null;
                }));
            }
            double millis = Stopwatch.millis(() -> {
                go.countDown();
                for (Future<?> one : working) {
                    one.get();
                }
            });
            return new Done(jobs / millis * 1_000, (attempts.get() - jobs) / (double) jobs);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        } finally {
            threads.shutdownNow();
        }
    }
}
