package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** What is said of an engine that has no programs for this machine, where nothing else is there: SQL Server. */
@Isolated("system properties belong to the whole JVM")
class NeverNativeTest {

    private static final List<String> NAMES =
            List.of("mastery.source", "mastery.sqlserver.url", "mastery.sqlserver.acceptEula");

    private final Map<String, String> before = new HashMap<>();

    @BeforeEach
    void unset() {
        NAMES.forEach(name -> before.put(name, System.getProperty(name)));
        NAMES.forEach(System::clearProperty);
        System.setProperty("mastery.source", "native");
    }

    @AfterEach
    void restore() {
        before.forEach((name, value) -> {
            System.clearProperty(name);
            if (value != null) {
                System.setProperty(name, value);
            }
        });
    }

    @Test
    void itCannotBeHadAndTheReasonAndTheCureAreSaid() {
        assertThatThrownBy(() -> Sources.single(Engine.SQLSERVER))
                .isInstanceOfSatisfying(
                        EngineUnavailableException.class,
                        e -> assertThat(e.engine()).isEqualTo(Engine.SQLSERVER))
                .hasMessageContaining("native: SQL Server is never started natively")
                .hasMessageContaining("-Dmastery.sqlserver.acceptEula=true")
                .hasMessageContaining("-Dmastery.sqlserver.url=URL");
    }

    @Test
    void upSaysTheSame() {
        assertThatThrownBy(() -> Servers.up(Engine.SQLSERVER))
                .isInstanceOf(EngineUnavailableException.class)
                .hasMessageContaining("Cure: name your own server");
    }

    @Test
    void doctorSaysTheSame() {
        Servers.Diagnosis diagnosis = Servers.diagnose(Engine.SQLSERVER);
        assertThat(diagnosis.willUse()).isEmpty();
        assertThat(diagnosis.notes()).anyMatch(note -> note.startsWith("native: SQL Server is never"));
        assertThat(diagnosis.cure().orElseThrow()).contains("-Dmastery.sqlserver.acceptEula=true");
    }

    @Test
    void theLicenceIsTheObstacleUntilItIsAccepted() {
        assertThat(ContainerEngine.obstacle(Engine.SQLSERVER, false).orElseThrow())
                .contains("licence");
        System.setProperty("mastery.sqlserver.acceptEula", "true");
        assertThat(ContainerEngine.obstacle(Engine.SQLSERVER, false).orElse("")).doesNotContain("licence");
    }

    @Test
    void otherEnginesCanFallBackOnNativePrograms() {
        assertThat(NativePrograms.neverHas(Recipes.of(Engine.SQLSERVER))).isTrue();
        assertThat(NativePrograms.neverHas(Recipes.of(Engine.POSTGRESQL))).isFalse();
    }

    @Test
    void aUrlThatCannotBeReadIsRefusedWithAnExample() {
        System.setProperty("mastery.sqlserver.url", "nonsense");
        assertThatThrownBy(() -> Sources.single(Engine.SQLSERVER)).hasMessageContaining("jdbc:sqlserver://127.0.0.1");
    }
}
