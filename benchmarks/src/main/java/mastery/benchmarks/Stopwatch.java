package mastery.benchmarks;

/** Measures how long something takes. */
final class Stopwatch {

    /** What is measured; it may fail. */
    @FunctionalInterface
    interface Task {
        void run() throws Exception;
    }

    private Stopwatch() {}

    /** The time a task takes, in milliseconds. */
    static double millis(Task task) throws Exception {
        long start = System.nanoTime();
        task.run();
        return (System.nanoTime() - start) / 1e6;
    }
}
