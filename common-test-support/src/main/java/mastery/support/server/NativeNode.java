package mastery.support.server;

import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;

/** A node that is a process of this machine. */
final class NativeNode implements Node, Disposable {

    private static final long START_LIMIT_SECONDS = 300;
    private static final long STOP_LIMIT_SECONDS = 60;
    private static final long POLL_MILLIS = 15;
    private static final long DYING_SECONDS = 3;
    private static final int LOG_LINES_READ = 400;
    private static final int LOG_LINES_SHOWN = 12;

    private final Recipe recipe;
    private final NativeLaunch launch;
    private final UnaryOperator<List<String>> prefix;
    private Process process;
    private Identity identity;
    private boolean disturbed;

    private NativeNode(Recipe recipe, NativeLaunch launch, UnaryOperator<List<String>> prefix) {
        this.recipe = recipe;
        this.launch = launch;
        this.prefix = prefix;
    }

    /** Prepares and starts a node that dies with this JVM. */
    static NativeNode start(Recipe recipe, NativeLaunch launch) {
        return start(recipe, launch, ServerUser::boundToParent);
    }

    /** Prepares and starts a node that outlives this JVM. */
    static NativeNode startDetached(Recipe recipe, NativeLaunch launch) {
        return start(recipe, launch, ServerUser::detached);
    }

    private static NativeNode start(Recipe recipe, NativeLaunch launch, UnaryOperator<List<String>> prefix) {
        NativeNode node = new NativeNode(recipe, launch, prefix);
        try {
            recipe.initialise(launch);
            node.launchProcess(() -> recipe.identifyNew(launch.address(), launch.spec()));
            node.prepare();
        } catch (UncheckedIOException e) {
            node.end("KILL");
            String why = String.valueOf(e.getCause().getMessage());
            throw new ServerException(
                    "Preparing node '" + node.name() + "' failed: " + why + FullDisk.cure(launch.directory(), why), e);
        } catch (RuntimeException e) {
            node.end("KILL");
            throw e;
        }
        return node;
    }

    /** A server that dies meanwhile leaves only a lost connection to tell: its own log says why. */
    private void prepare() {
        try {
            recipe.prepare(launch.address(), launch.spec());
            recipe.afterFirstStart(launch);
        } catch (RuntimeException e) {
            if (process.onExit()
                            .completeOnTimeout(null, DYING_SECONDS, TimeUnit.SECONDS)
                            .join()
                    != null) {
                throw new ServerException(
                        describe("ended while it was prepared, with exit code " + process.exitValue()), e);
            }
            throw e;
        }
    }

    private void launchProcess(Callable<Identity> attempt) {
        process = Spawner.spawn(
                prefix.apply(recipe.command(launch)), recipe.environment(launch), launch.directory(), launch.log());
        AttachSocket.note(launch.directory(), process.pid());
        identity = awaitAnswer(attempt);
    }

    private Identity awaitAnswer(Callable<Identity> attempt) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_LIMIT_SECONDS);
        Exception last = null;
        while (System.nanoTime() < deadline) {
            try {
                if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                    throw new ServerDiedException(describe("ended at start with exit code " + process.exitValue()));
                }
                return attempt.call();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ServerException("Interrupted while " + engine() + " was starting.", e);
            } catch (ServerException e) {
                throw e;
            } catch (Exception e) {
                last = e;
            }
        }
        throw new ServerException(
                describe("did not answer within " + START_LIMIT_SECONDS + " s ("
                        + (last == null ? "no attempt" : last.getMessage()) + ")"),
                last);
    }

    private String describe(String what) {
        List<String> lines = recipe.telling(lastLogLines(LOG_LINES_READ));
        String log = String.join("\n  ", lines.subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size()));
        return engine() + " node '" + name() + "' on " + address() + " " + what + ". The last lines of its log:\n  "
                + log + FullDisk.cure(launch.directory(), log);
    }

    @Override
    public synchronized void start() {
        if (isRunning()) {
            throw new IllegalStateException(name() + " is running already");
        }
        launchProcess(() -> recipe.identify(address()));
    }

    @Override
    public synchronized void stop() {
        disturbed = true;
        end(recipe.stopSignal());
    }

    @Override
    public synchronized void kill() {
        disturbed = true;
        end("KILL");
    }

    @Override
    public synchronized void pause() {
        disturbed = true;
        Commands.signal("STOP", family());
    }

    @Override
    public synchronized void resume() {
        Commands.signal("CONT", family());
    }

    private List<Long> family() {
        List<Long> pids = new ArrayList<>();
        pids.add(process.pid());
        process.descendants().forEach(child -> pids.add(child.pid()));
        return pids;
    }

    /** Ends the process; its children end with it or are ended, so that nothing holds its port or files. */
    void end(String signal) {
        if (process != null && process.isAlive()) {
            endProcess(signal);
        }
        AttachSocket.removeLeft(launch.directory());
    }

    private void endProcess(String signal) {
        List<ProcessHandle> children = process.descendants().toList();
        Commands.signal(signal, List.of(process.pid()));
        // A paused process sees no signal but KILL until it goes on.
        Commands.signal("CONT", family());
        try {
            if (!process.waitFor(STOP_LIMIT_SECONDS, TimeUnit.SECONDS)) {
                Commands.signal("KILL", List.of(process.pid()));
                process.waitFor();
            }
            for (ProcessHandle child : children) {
                child.destroyForcibly();
                child.onExit().get(STOP_LIMIT_SECONDS, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            throw new ServerException("A child process of " + engine() + " node '" + name() + "' does not end.", e);
        }
    }

    /** Ends the node for good and removes its directory. */
    @Override
    public void dispose() {
        end(recipe.disposeSignal());
        recipe.releaseLeftovers(launch.directory());
        RunDirectory.remove(launch.directory());
    }

    Process process() {
        return process;
    }

    NativeLaunch launch() {
        return launch;
    }

    @Override
    public Engine engine() {
        return recipe.engine();
    }

    @Override
    public String name() {
        return launch.spec().name();
    }

    @Override
    public Address address() {
        return launch.address();
    }

    @Override
    public Identity identity() {
        return identity;
    }

    @Override
    public String build() {
        return launch.programs().build();
    }

    @Override
    public SourceKind source() {
        return SourceKind.NATIVE;
    }

    @Override
    public boolean isRunning() {
        return process != null && process.isAlive();
    }

    @Override
    public boolean isDisturbed() {
        return disturbed;
    }

    @Override
    public List<String> lastLogLines(int count) {
        return Logs.last(launch.log(), count);
    }

    @Override
    public String toString() {
        return engine() + " " + name() + " on " + address();
    }
}
