package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonReaderTest {
    @TempDir
    Path directory;

    @Test
    void eachEventIsOneObjectThatParsesBack() throws IOException {
        Path file = directory.resolve("new/story.json");
        JsonReader reader = new JsonReader(file);
        reader.read(new TraceEvent.Step(1, "two\nlines, \"quoted\""));
        reader.read(TerminalReaderTest.statement("SELECT ?", Arrays.asList(7, null), null));
        reader.read(new TraceEvent.Result("counts", Tables.of(Map.of("open", 12))));
        reader.end();

        List<String> lines = Files.readAllLines(file);
        assertThat(lines).hasSize(3);
        assertThat(parse(lines.get(0)).get("sentence").asText()).isEqualTo("two\nlines, \"quoted\"");
        JsonNode statement = parse(lines.get(1));
        assertThat(statement.get("type").asText()).isEqualTo("statement");
        assertThat(statement.get("binds").get(0).get(0).isInt()).isTrue();
        assertThat(statement.get("binds").get(0).get(1).isNull()).isTrue();
        assertThat(statement.has("error")).isFalse();
        assertThat(parse(lines.get(2)).at("/tables/0/rows/0/1").asInt()).isEqualTo(12);
    }

    @Test
    void aTintedValueIsItsText() throws IOException {
        Path file = directory.resolve("tinted.json");
        JsonReader reader = new JsonReader(file);
        reader.read(new TraceEvent.Result("cells", Tables.of(Map.of("P4", new Tinted("allowed", Tinted.Tint.BAD)))));
        reader.end();

        assertThat(parse(Files.readString(file)).at("/tables/0/rows/0/1").asText())
                .isEqualTo("allowed");
    }

    private static JsonNode parse(String line) throws IOException {
        return new ObjectMapper().readTree(line);
    }
}
