package mastery.support.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.EventConditions.skippedWithReason;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.cause;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import mastery.support.report.Report;
import mastery.support.server.EngineUnavailableException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;
import redis.clients.jedis.RedisClient;

@Isolated("system properties belong to the whole JVM")
class ServerExtensionIT {

    private static final String REPORT = "mastery.report.directory";

    @TempDir
    Path root;

    private final String source = System.getProperty("mastery.source");
    private final String require = System.getProperty("mastery.require");
    private final String report = System.getProperty(REPORT);

    @BeforeEach
    void noSourceCanServeAndTheReportIsOurs() throws IOException {
        System.setProperty("mastery.source", "external");
        // Not what the samples need, and stronger than the environment.
        System.setProperty("mastery.require", "redis");
        System.setProperty(REPORT, root.resolve("module/target/mastery-report").toString());
        Files.createDirectories(root.resolve("module"));
    }

    @AfterEach
    void restore() {
        restore("mastery.source", source);
        restore("mastery.require", require);
        restore(REPORT, report);
    }

    private static void restore(String name, String value) {
        if (value == null) {
            System.clearProperty(name);
        } else {
            System.setProperty(name, value);
        }
    }

    @Test
    void withoutAServerTheClassIsSkippedWithReasonAndCure() {
        run(SampleCases.Passing.class)
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(skippedWithReason(reason ->
                                reason.contains("cannot be had on this machine") && reason.contains("Cure:"))));
        assertThat(Report.render(root)).contains("Skipped, not proven:").contains("Passing: PostgreSQL cannot be had");
        assertThat(Report.anyFailed(root)).isFalse();
    }

    @Test
    void aRequiredEngineThatCannotBeHadFailsTheClass() {
        System.setProperty("mastery.require", "mysql,postgresql");
        run(SampleCases.Passing.class)
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(finishedWithFailure(cause(
                                instanceOf(EngineUnavailableException.class), message(this::namesReasonAndCure)))));
        assertThat(Report.render(root)).contains("Failed:").contains("Passing: PostgreSQL cannot");
        assertThat(Report.anyFailed(root)).isTrue();
    }

    @Test
    void aClaimThatDoesNotHoldIsNamedInTheReportWithWhatItSaid() {
        restore("mastery.source", source);
        run(SampleCases.Failing.class);
        assertThat(Report.render(root))
                .contains("counts: org.opentest4j.AssertionFailedError", "expected: 2L", "holds 1: ")
                .containsPattern("Redis .* 0 +1 +2\\R");
    }

    private boolean namesReasonAndCure(String text) {
        return text.contains("cannot be had on this machine") && text.contains("Cure:");
    }

    private static Events run(Class<?> sample) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(sample))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
                .execute()
                .allEvents();
    }

    /** Not found by the build: nested in a class that is no test. */
    static final class SampleCases {

        private SampleCases() {}

        @OnRedis
        static class Failing {
            @Test
            void counts(RedisClient redis) {
                assertThat(redis.incr("visits")).isEqualTo(2);
            }

            @ParameterizedTest(name = "{0}")
            @ValueSource(ints = {0, 1})
            void holds(int members, RedisClient redis) {
                assertThat(redis.scard("set")).isEqualTo(members);
            }
        }

        @OnPostgreSql(replicas = 1)
        static class Passing {
            @Test
            void passes(Connection connection) {
                assertThat(connection).isNotNull();
            }
        }
    }
}
