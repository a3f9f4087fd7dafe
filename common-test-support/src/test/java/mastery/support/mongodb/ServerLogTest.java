package mastery.support.mongodb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ServerLogTest {

    private static final String INFORMATION =
            "{\"s\":\"I\",\"msg\":\"Opening WiredTiger\",\"attr\":{\"config\":\"create\"}}";
    private static final String FATAL = "{\"s\":\"F\",\"msg\":\"Fatal assertion\",\"attr\":{\"error\":\"no space\"}}";

    @Test
    void onlyErrorsAreToldWhereThereAreSome() {
        assertThat(ServerLog.errors(List.of(INFORMATION, FATAL, INFORMATION)))
                .containsExactly("Fatal assertion {\"error\":\"no space\"}");
    }

    @Test
    void withoutAnErrorEachLineIsTold() {
        assertThat(ServerLog.errors(List.of(INFORMATION, "sh: no such program", "{\"s\":\"F\", torn")))
                .containsExactly(
                        "Opening WiredTiger {\"config\":\"create\"}", "sh: no such program", "{\"s\":\"F\", torn");
    }

    @Test
    void whatIsTooLongIsCut() {
        String line = "{\"s\":\"E\",\"msg\":\"" + "x".repeat(5_000) + "\"}";
        assertThat(ServerLog.errors(List.of(line)).get(0)).hasSize(300).endsWith("…");
    }
}
