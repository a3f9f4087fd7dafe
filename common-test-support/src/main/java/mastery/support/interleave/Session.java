package mastery.support.interleave;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** One session of an {@link Interleaving}: it takes its steps one after the other, on its own thread and connection. */
public final class Session {
    private final String name;
    private final Connection connection;
    private final Interleaving play;
    private final long id;
    private final boolean autoCommit;
    private final ExecutorService thread;
    private Future<?> running;
    private String runningStep;

    Session(String name, Connection connection, Interleaving play) throws SQLException {
        this.name = name;
        this.connection = connection;
        this.play = play;
        this.id = play.locks().sessionOf(connection);
        this.autoCommit = connection.getAutoCommit();
        this.thread = Executors.newSingleThreadExecutor(work -> {
            Thread made = new Thread(work, "session " + name);
            made.setDaemon(true);
            return made;
        });
    }

    /** The name the script gives it. */
    public String name() {
        return name;
    }

    /** The number by which the engine knows this session: pg_backend_pid(), CONNECTION_ID(), @@spid. */
    public long id() {
        return id;
    }

    /** Step: a transaction begins; it lasts until {@link #commits()} or {@link #rollsBack()}. */
    public void begins() {
        does("begins", c -> c.setAutoCommit(false));
    }

    /** Step: a transaction of the isolation level begins, a constant of {@link Connection}. The level stays for the session's later transactions. */
    public void begins(int isolation) {
        does("begins", c -> {
            c.setTransactionIsolation(isolation);
            c.setAutoCommit(false);
        });
    }

    /** Step: the transaction commits, and later statements are in autocommit again. */
    public void commits() {
        does("commits", c -> {
            c.commit();
            c.setAutoCommit(true);
        });
    }

    /** Step: the transaction rolls back, and later statements are in autocommit again. */
    public void rollsBack() {
        does("rolls back", c -> {
            c.rollback();
            c.setAutoCommit(true);
        });
    }

    /** Step: runs and comes back. Returns its value; any failure and any wait beyond the limit fails the script. */
    public <T> T returns(String step, Step<T> action) {
        return outcome(step, start(step, action)).returns("");
    }

    /** Step: runs, comes back and has no value. */
    public void does(String step, Action action) {
        returns(step, c -> {
            action.run(c);
            return null;
        });
    }

    /** What a session does in a step that has no value. */
    @FunctionalInterface
    public interface Action {
        void run(Connection connection) throws Exception;
    }

    /** Step: runs and fails with the SQLSTATE, such as 40001. Returns the failure. */
    public SQLException failsWith(String sqlState, String step, Step<?> action) {
        return outcome(step, start(step, action)).fails("SQLSTATE " + sqlState, e -> sqlState.equals(e.getSQLState()));
    }

    /** Step: runs and fails with the vendor code, such as MySQL's 1205. Returns the failure. */
    public SQLException failsWith(int vendorCode, String step, Step<?> action) {
        return outcome(step, start(step, action))
                .fails("vendor code " + vendorCode, e -> vendorCode == e.getErrorCode());
    }

    /** Step: starts and has to wait for a lock that another session of the script holds, as the engine's lock view shows. */
    public <T> Blocked<T> blocks(String step, Step<T> action) {
        Future<T> started = start(step, action);
        Set<Session> blockers = outcome(step, started).blocks();
        play.script().add(this, step, "waits for " + Outcome.names(blockers));
        return new Blocked<>(this, step, started, blockers);
    }

    /**
     * Step: does whatever the server lets it do, and tells which. It comes back when the step has, or waits for a session that cannot go on by itself.
     *
     * @throws AssertionError if neither happens within the limit, or if this session dies
     */
    public <T> Observation<T> observes(String step, Step<T> action) {
        return new Observation<>(this, step, start(step, action)).look();
    }

    boolean runs() {
        return running != null && !running.isDone();
    }

    String runningStep() {
        return runningStep;
    }

    /** False if the server or the network has ended the session. */
    boolean lives() {
        try {
            return connection.isValid((int) Math.max(1, play.limit().toSeconds()));
        } catch (SQLException e) {
            throw new IllegalStateException("isValid() refuses a number that is not negative", e);
        }
    }

    private <T> Future<T> start(String step, Step<T> action) {
        if (runs()) {
            throw new IllegalStateException(name + " cannot take the step \"" + step + "\": its step \"" + runningStep
                    + "\" still runs\nThe script so far:\n" + play);
        }
        Future<T> started = thread.submit(() -> action.run(connection));
        running = started;
        runningStep = step;
        return started;
    }

    <T> Outcome<T> outcome(String step, Future<T> started) {
        return new Outcome<>(this, step, started);
    }

    Interleaving play() {
        return play;
    }

    /** Cancels what still runs, rolls back, ends the thread and the connection. */
    void end() {
        try {
            cancelRunning();
            thread.submit(() -> {
                        if (!connection.getAutoCommit()) {
                            connection.rollback();
                            connection.setAutoCommit(autoCommit);
                        }
                        connection.close();
                        return null;
                    })
                    .get(play.limit().toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException | ConditionTimeoutException e) {
            abort(e);
        } catch (InterruptedException e) {
            abort(e);
            Thread.currentThread().interrupt();
        } finally {
            thread.shutdownNow();
        }
    }

    // again and again: the step may be between two statements when one is cancelled
    private void cancelRunning() {
        if (running == null) {
            return;
        }
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(50))
                .atMost(play.limit())
                .until(() -> {
                    if (!running.isDone()) {
                        play.locks().cancel(id);
                    }
                    return running.isDone();
                });
    }

    /** The server is gone or the step does not heed a cancel: the connection is cut, which rolls back at the server. */
    private void abort(Exception reason) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException e) {
            reason.addSuppressed(e);
            throw new IllegalStateException("Session " + name + " cannot be ended: " + e.getMessage(), reason);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
