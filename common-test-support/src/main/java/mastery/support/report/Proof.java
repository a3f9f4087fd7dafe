package mastery.support.report;

import java.util.List;

/**
 * What one test class showed in one run.
 *
 * @param concept the example it proves, such as {@code KeysetPagination}
 * @param testClass its full name
 * @param servers the servers it ran on; for a skipped class the engine that could not be had
 * @param proven claims that hold
 * @param failed claims that do not, or a class that could not start
 * @param skipped claims that were not decided
 * @param reason why tests were skipped, or why the class did not start; else empty
 * @param failures the claims that did not hold, each with what its test said
 */
public record Proof(
        String concept,
        String testClass,
        List<Server> servers,
        int proven,
        int failed,
        int skipped,
        String reason,
        List<String> failures) {

    /**
     * @param engine the engine's id
     * @param version the server's version number
     * @param server the server's own description of its build
     * @param build where the programs come from
     * @param source external, container or native
     */
    public record Server(String engine, String version, String server, String build, String source) {}

    /** True for a proof of the curriculum, false for a check of the fixtures themselves. */
    boolean isCurriculum() {
        return !testClass.startsWith("mastery.support.");
    }
}
