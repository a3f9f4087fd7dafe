package mastery.design.transactions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the matrix says without a server: its tables agree with themselves, and what is drawn agrees with them. */
class AnomalyMatrixTest {

    private static final Path TOPIC = Path.of("src/main/java/mastery/design/transactions");
    private static final List<EngineLevels> ENGINES =
            List.of(PostgreSqlLevels.LEVELS, MySqlLevels.LEVELS, SqlServerLevels.LEVELS);

    @Test
    void theOutcomeOfEachCellFollowsFromWhatIsSeenAlsoWhereNoServerProvesIt() {
        for (EngineLevels engine : ENGINES) {
            assertThat(engine.expected())
                    .hasSize(Anomaly.values().length * engine.levels().size())
                    .allSatisfy(cell -> assertThat(cell.anomaly().judge(cell.seen()))
                            .as(engine.engine() + " " + cell)
                            .isEqualTo(cell.outcome()));
        }
    }

    @Test
    void everyAnomalyIsAllowedSomewhereOrIsADirtyWriteAndNoneUnderSerializable() {
        for (Anomaly anomaly : Anomaly.values()) {
            boolean allowed = ENGINES.stream()
                    .flatMap(engine -> engine.expected().stream())
                    .anyMatch(
                            cell -> cell.anomaly() == anomaly && cell.outcome().equals("allowed"));
            assertThat(allowed).as(anomaly.code()).isEqualTo(anomaly != Anomaly.G0);
        }
        for (EngineLevels engine : ENGINES) {
            assertThat(engine.expected())
                    .filteredOn(cell -> cell.level().equals("SER"))
                    .extracting(Cell::outcome)
                    .doesNotContain("allowed");
        }
    }

    @Test
    void theSignsOfAnAnomalyAreAboutItsSteps() {
        for (Anomaly anomaly : Anomaly.values()) {
            for (Set<String> signs : anomaly.signs()) {
                assertThat(signs).isNotEmpty().allSatisfy(sign -> {
                    if (!sign.startsWith("end ")) {
                        int step = Integer.parseInt(sign.substring(0, sign.indexOf(' ')));
                        String sql = anomaly.steps().get(step - 1).sql();
                        assertThat(sql).startsWith(sign.contains(" reads ") ? "select" : "delete");
                    }
                });
            }
            assertThat(anomaly.steps().stream().map(Anomaly.Step::sql).filter("commit"::equals))
                    .as(anomaly.code() + " ends each of its transactions")
                    .hasSize(anomaly.sessions().size() - (anomaly == Anomaly.G1A ? 1 : 0));
        }
        assertThatThrownBy(() -> Anomaly.of("G9")).hasMessageContaining("\"G9\"");
    }

    @Test
    void aWriteThatAlwaysWaitsSaysNothing() {
        assertThat(Anomaly.OTV.judge(List.of("3 waits for T1 until 4", "5 reads 1=101 2=201")))
                .isEqualTo("unseen");
        assertThat(Anomaly.OTV.judge(List.of("5 waits for T2 until 7, reads 1=102 2=202")))
                .isEqualTo("waits");
        assertThat(Anomaly.OTV.judge(List.of("5 reads 1=102 2=201"))).isEqualTo("allowed");
        assertThat(Anomaly.OTV.judge(List.of("3 waits for T1 until 4, fails 3960", "5 reads 1=102 2=201")))
                .isEqualTo("3960");
    }

    @Test
    void aTableWithACellTooManyOrTooFewIsRefused() {
        List<EngineLevels.Level> one = List.of(new EngineLevels.Level("serializable", "SER", List.of(), ""));
        assertThatThrownBy(() -> table(one, "")).hasMessage("Nobody's table has 0 cells for G0 under serializable");
        StringBuilder lines = new StringBuilder();
        for (Anomaly anomaly : Anomaly.values()) {
            lines.append(anomaly.code()).append(" | SER | unseen | end 1=1\n");
        }
        assertThat(table(one, lines.toString()).expected()).hasSize(Anomaly.values().length);
        assertThatThrownBy(() -> table(one, lines + "P4 | SER | waits | end 1=1\n"))
                .hasMessageContaining("2 cells for P4");
        assertThatThrownBy(() -> table(one, lines + "P4 | XX | waits | end 1=1\n"))
                .hasMessageContaining("levels that the engine has not");
    }

    private static EngineLevels table(List<EngineLevels.Level> levels, String lines) {
        return new EngineLevels("Nobody", levels, Map.of(), e -> "", Set.of(), lines);
    }

    @Test
    void theTablesOfTheReadmeAreThoseOfTheMatrix() throws IOException {
        String readme = Files.readString(TOPIC.resolve("README.md"));
        int begin = readme.indexOf("### PostgreSQL");
        String drawn = readme.substring(begin, readme.indexOf("\n## ", begin));

        assertThat(drawn)
                .as("draw it: ./mastery -Dmastery.matrix=DIRECTORY run AnomalyMatrix")
                .isEqualTo(MatrixPicture.markdown(AnomalyMatrix.known()));
    }

    @Test
    void thePictureBesideTheReadmeIsTheMatrix() throws IOException {
        assertThat(Files.readString(TOPIC.resolve("anomaly-matrix.svg")))
                .as("draw it: ./mastery -Dmastery.matrix=DIRECTORY run AnomalyMatrix")
                .isEqualTo(MatrixPicture.svg(AnomalyMatrix.known()));
    }

    @Test
    void aRunDrawsBothIntoADirectoryThatItMakes(@TempDir Path directory) throws IOException {
        AnomalyMatrix.draw(AnomalyMatrix.known(), directory.resolve("new"));

        assertThat(directory.resolve("new/anomaly-matrix.svg")).hasContent(MatrixPicture.svg(AnomalyMatrix.known()));
        assertThat(directory.resolve("new/anomaly-matrix.md"))
                .hasContent(MatrixPicture.markdown(AnomalyMatrix.known()));
    }
}
