package mastery.support.trace;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * Writes events as JSON Lines: one object a line, in the order of the story. Its {@code type} is the event's name in
 * small letters ({@code title}, {@code server}, {@code step}, {@code statement}, {@code result}, {@code planshown},
 * {@code counters}, {@code note}, {@code learned}); its other members are the components of the event. Numbers and
 * booleans stay what they are, any other value becomes the text a person would read; {@code null} members are left out.
 */
public final class JsonReader implements TraceReader {
    private final ObjectMapper mapper = new ObjectMapper();
    private final Writer out;

    /**
     * A reader that writes to {@code file}, from its beginning.
     *
     * @throws UncheckedIOException if the file cannot be written
     */
    public JsonReader(Path file) {
        try {
            if (file.toAbsolutePath().getParent() != null) {
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            out = Files.newBufferedWriter(file);
        } catch (IOException failure) {
            throw new UncheckedIOException("Cannot write " + file + ": " + failure.getMessage(), failure);
        }
    }

    @Override
    public void read(TraceEvent event) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("type", event.getClass().getSimpleName().toLowerCase(Locale.ROOT));
        object.putAll(members((Record) event));
        try {
            out.write(mapper.writeValueAsString(object));
            out.write('\n');
            out.flush();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    @Override
    public void end() {
        try {
            out.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static Map<String, Object> members(Record record) {
        Map<String, Object> members = new LinkedHashMap<>();
        for (var component : record.getClass().getRecordComponents()) {
            try {
                component.getAccessor().setAccessible(true);
                Object value = component.getAccessor().invoke(record);
                Object json = json(value);
                if (json != null) {
                    members.put(component.getName(), json);
                }
            } catch (ReflectiveOperationException failure) {
                throw new IllegalStateException(failure);
            }
        }
        return members;
    }

    private static Object json(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean || value instanceof String) {
            return value;
        }
        if (value instanceof OptionalDouble number) {
            return number.isPresent() ? number.getAsDouble() : null;
        }
        if (value instanceof OptionalLong number) {
            return number.isPresent() ? number.getAsLong() : null;
        }
        if (value instanceof Optional<?> optional) {
            return json(optional.orElse(null));
        }
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> members = new LinkedHashMap<>();
            map.forEach((key, member) -> members.put(Text.value(key), json(member)));
            return members;
        }
        if (value instanceof Record record) {
            return members(record);
        }
        List<?> elements = Tables.elements(value);
        return elements == null
                ? Text.value(value)
                : elements.stream().map(JsonReader::json).collect(Collectors.toList());
    }
}
