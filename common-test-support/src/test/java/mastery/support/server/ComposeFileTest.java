package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** compose.yaml, for people who want the servers without Java, says what images.properties says. */
class ComposeFileTest {

    private static final Pattern ON_LOOPBACK = Pattern.compile("127\\.0\\.0\\.1:\\$\\{[A-Z]+_PORT:-\\d+}:\\d+");

    private final Map<?, ?> services = services();

    private static Map<?, ?> services() {
        try {
            String text = Files.readString(Path.of("..", "compose.yaml"));
            Map<?, ?> file = new Yaml(new SafeConstructor(new LoaderOptions())).load(text);
            return (Map<?, ?>) file.get("services");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Map<?, ?> service(Engine engine) {
        return (Map<?, ?>) services.get(engine.id());
    }

    @Test
    void thereIsAServiceForEveryEngineAndNoOther() {
        assertThat(services.keySet().stream().map(String::valueOf))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Engine.values()).map(Engine::id).toList());
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void itsImageIsThePinnedOneUnlessTheUserNamesAnother(Engine engine) {
        assertThat(service(engine).get("image"))
                .isEqualTo("${%s_IMAGE:-%s}".formatted(engine.id().toUpperCase(Locale.ROOT), Images.official(engine)));
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void itListensOnLoopbackOnlyAndSaysWhenItIsReady(Engine engine) {
        assertThat((List<?>) service(engine).get("ports"))
                .hasSize(1)
                .allSatisfy(port -> assertThat(port.toString()).matches(ON_LOOPBACK));
        assertThat(((Map<?, ?>) service(engine).get("healthcheck")).get("test")).isNotNull();
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void noPasswordStandsInTheFile(Engine engine) {
        Map<?, ?> environment = (Map<?, ?>) service(engine).get("environment");
        assertThat(environment.entrySet()).allSatisfy(variable -> {
            if (String.valueOf(variable.getKey()).matches(".*(PASSWORD|AUTH)$")) {
                assertThat(String.valueOf(variable.getValue())).startsWith("${MASTERY_PASSWORD:?");
            }
        });
    }

    @Test
    void theLicenceOfSqlServerIsNotAcceptedInTheUsersPlace() {
        Map<?, ?> environment = (Map<?, ?>) service(Engine.SQLSERVER).get("environment");
        assertThat(environment.get("ACCEPT_EULA")).isEqualTo("${MSSQL_ACCEPT_EULA:-N}");
        assertThat(service(Engine.SQLSERVER).get("profiles")).isEqualTo(List.of("sqlserver"));
    }
}
