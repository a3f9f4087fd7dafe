package mastery.support.report;

import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import mastery.support.server.Engine;
import mastery.support.server.Node;

/** Collects what the tests of one class proved and writes it to the report directory of its module. */
public final class ProofRecord {

    /** What a report shows of a failure; the whole stands in the build's output. */
    private static final int LINES_OF_A_FAILURE = 12;

    private final Class<?> testClass;
    private final List<Proof.Server> servers = new ArrayList<>();
    private final AtomicInteger proven = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();
    private final AtomicInteger skipped = new AtomicInteger();
    private final List<String> failures = new ArrayList<>();
    private String reason = "";

    public ProofRecord(Class<?> testClass) {
        this.testClass = testClass;
    }

    /** Notes a server that the tests run on. */
    public void ranOn(Node node) {
        servers.add(new Proof.Server(
                node.engine().id(),
                node.version(),
                node.identity().build(),
                node.build(),
                node.source().toString()));
    }

    public void proven() {
        proven.incrementAndGet();
    }

    /** Notes a claim that does not hold, by the name of its test. */
    public synchronized void failed(String test, Throwable why) {
        failed.incrementAndGet();
        failures.add(why.toString()
                .lines()
                .filter(line -> !line.isBlank())
                .limit(LINES_OF_A_FAILURE)
                .collect(Collectors.joining("\n", test + ": ", "")));
    }

    /** Notes a test that ended without deciding its claim. */
    public synchronized void aborted(String why) {
        skipped.incrementAndGet();
        reason = why;
    }

    /** Writes that no test of the class ran because an engine cannot be had. */
    public void skipped(Engine engine, String why) {
        servers.clear();
        servers.add(new Proof.Server(engine.id(), "", "", "", ""));
        aborted(why);
        write();
    }

    /** Writes that the class failed before its first test. */
    public void failedToStart(String why) {
        failed.incrementAndGet();
        reason = why;
        write();
    }

    /** Writes the record; without the system property {@code mastery.report.directory}, as in an IDE, it does not. */
    public void write() {
        Optional.ofNullable(System.getProperty("mastery.report.directory"))
                .ifPresent(directory -> ReportFiles.write(Path.of(directory), proof()));
    }

    synchronized Proof proof() {
        return new Proof(
                concept(),
                testClass.getName(),
                List.copyOf(servers),
                proven.get(),
                failed.get(),
                skipped.get(),
                reason,
                List.copyOf(failures));
    }

    /** What a nested class proves of one engine is the concept of the class around it. */
    private String concept() {
        Class<?> outermost = testClass;
        while (outermost.getEnclosingClass() != null && !Modifier.isStatic(outermost.getModifiers())) {
            outermost = outermost.getEnclosingClass();
        }
        return outermost.getSimpleName().replaceFirst("IT$", "");
    }
}
