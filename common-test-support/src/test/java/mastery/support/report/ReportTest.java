package mastery.support.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {

    private static final Proof.Server POSTGRESQL =
            new Proof.Server("postgresql", "18.6", "PostgreSQL 18.6 (Debian)", "Debian sid 18.6-3", "native");

    @TempDir
    Path root;

    private Path module;

    @BeforeEach
    void createModule() throws java.io.IOException {
        module = Files.createDirectories(root.resolve("module/target/mastery-report"));
    }

    @Test
    void nothingRecordedIsNothingPrinted() {
        assertThat(Report.render(root)).isEmpty();
    }

    @Test
    void examplesAreCountedOnceAndClaimsAreSummed() {
        record("mastery.postgresql.advanced.KeysetPaginationIT", 5, 0, 0, "");
        record("mastery.postgresql.advanced.SkipLockedQueueIT", 4, 0, 0, "");
        record("mastery.support.postgresql.PostgreSqlFixtureIT", 3, 0, 0, "");
        assertThat(Report.render(root)).containsPattern("PostgreSQL +18\\.6 +native +Debian sid 18\\.6-3 +2 +12 +0");
    }

    @Test
    void runsOfTwoNamesStandBesideEachOtherAndEachAloneInItsOwnReport() {
        Proof.Server image = new Proof.Server(
                "postgresql", "18.6", "PostgreSQL 18.6", "stand-in image x/stand-in: Debian sid 18.6-3", "container");
        record("mastery.postgresql.advanced.KeysetPaginationIT", 5, 0, 0, "");
        ReportFiles.write(
                root.resolve("module/target/mastery-report-container"),
                new Proof(
                        "KeysetPagination",
                        "mastery.postgresql.advanced.KeysetPaginationIT",
                        List.of(image),
                        4,
                        1,
                        0,
                        "",
                        List.of("pagesMeet: 2 rows too many")));

        assertThat(Report.render(root))
                .containsPattern("PostgreSQL +18\\.6 +native +Debian sid 18\\.6-3 +1 +5 +0")
                .containsPattern("PostgreSQL +18\\.6 +container +stand-in image +1 +4 +1");
        assertThat(Report.anyFailed(root)).isTrue();
        assertThat(Report.render(ReportFiles.read(root, "mastery-report"))).doesNotContain("container");
        assertThat(Report.render(ReportFiles.read(root, "mastery-report-container")))
                .doesNotContain("native");
    }

    @Test
    void aSkippedProofIsNamedWithItsReasonAndNotCounted() {
        ReportFiles.write(
                module,
                new Proof(
                        "GapLocks",
                        "mastery.mysql.fundamentals.GapLocksIT",
                        List.of(new Proof.Server("mysql", "", "", "", "")),
                        0,
                        0,
                        1,
                        "MySQL cannot be had",
                        List.of()));
        assertThat(Report.render(root))
                .contains("Skipped, not proven:")
                .contains("GapLocks: MySQL cannot be had")
                .doesNotContainPattern("MySQL +\\d");
        assertThat(Report.anyFailed(root)).isFalse();
    }

    @Test
    void proofsSkippedForTheSameReasonAreNamedTogether() {
        record("mastery.sqlserver.tsql.SnapshotConflictIT", 0, 0, 1, "SQL Server cannot be had");
        record("mastery.sqlserver.tsql.TryCatchXactAbortIT", 0, 0, 1, "SQL Server cannot be had");
        assertThat(Report.render(root)).contains("SnapshotConflict, TryCatchXactAbort: SQL Server cannot be had");
    }

    @Test
    void aFailedClaimIsNamedWithWhatItSaidAndMakesTheWholeFailed() {
        ProofRecord record = new ProofRecord(ReportTest.class);
        record.proven();
        record.aborted("not this time");
        record.failed("pagesMeet", new AssertionError("2 rows too many:\n\n  in page 3 of " + "many ".repeat(30)));
        ReportFiles.write(module, record.proof());
        assertThat(Report.render(root))
                .contains(
                        "Failed:\n  mastery.support.report.ReportTest\n    pagesMeet: java.lang.AssertionError: 2 rows")
                .contains("    in page 3 of many");
        assertThat(Report.render(root).lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(Report.anyFailed(root)).isTrue();
    }

    @Test
    void noLineIsWiderThanATerminal() {
        record("mastery.postgresql.advanced.KeysetPaginationIT", 5, 0, 1, "a reason ".repeat(40));
        assertThat(Report.render(root).lines())
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void aLongBuildGoesOnBelowItsBeginning() {
        ReportFiles.write(
                module,
                new Proof(
                        "Concept",
                        "mastery.mongodb.topic.ConceptIT",
                        List.of(new Proof.Server(
                                "mongodb", "8.2.0", "", "MongoDB Community 8.2.0, third-party repack", "native")),
                        1,
                        0,
                        0,
                        "",
                        List.of()));
        assertThat(Report.render(root))
                .containsPattern("native +MongoDB Community 8\\.2\\.0, +1 +1 +0\\R {33}third-party repack\\R");
    }

    @Test
    void aClassThatDidNotStartIsNamedWithTheReason() {
        record("mastery.postgresql.advanced.KeysetPaginationIT", 0, 1, 0, "PostgreSQL cannot be had");
        assertThat(Report.render(root)).contains("KeysetPaginationIT: PostgreSQL cannot be had");
    }

    private void record(String testClass, int proven, int failed, int skipped, String reason) {
        String concept = testClass.replaceAll(".*\\.", "").replaceFirst("IT$", "");
        ReportFiles.write(
                module, new Proof(concept, testClass, List.of(POSTGRESQL), proven, failed, skipped, reason, List.of()));
    }
}
