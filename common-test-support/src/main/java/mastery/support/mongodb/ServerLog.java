package mastery.support.mongodb;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Set;

/** Reads the lines of JSON that mongod and mongos print (MongoDB manual, "Log Messages"). */
final class ServerLog {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Error and Fatal. */
    private static final Set<String> SEVERE = Set.of("E", "F");

    private static final int LONGEST = 300;

    private ServerLog() {}

    /** What the server calls an error, as text; when it calls nothing so, the messages of all lines. */
    static List<String> errors(List<String> log) {
        List<String> errors = log.stream()
                .filter(line -> SEVERE.contains(read(line).path("s").asText()))
                .map(ServerLog::message)
                .toList();
        return errors.isEmpty() ? log.stream().map(ServerLog::message).toList() : errors;
    }

    private static String message(String line) {
        JsonNode entry = read(line);
        if (!entry.has("msg")) {
            return line;
        }
        String text = entry.path("msg").asText()
                + (entry.path("attr").isEmpty() ? "" : " " + entry.path("attr").toString());
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 1) + "…";
    }

    private static JsonNode read(String line) {
        try {
            return line.startsWith("{") ? JSON.readTree(line) : JSON.createObjectNode();
        } catch (JsonProcessingException halfALine) {
            return JSON.createObjectNode();
        }
    }
}
