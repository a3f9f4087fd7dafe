package mastery.support.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The files in which runs are written down: one JSON file for each test class, and one for the whole. */
final class ReportFiles {

    private static final String DIRECTORY = "mastery-report";
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private ReportFiles() {}

    static void write(Path directory, Proof proof) {
        try {
            Files.createDirectories(directory);
            Files.write(directory.resolve(proof.testClass() + ".json"), JSON.writeValueAsBytes(proof));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the report of " + proof.testClass(), e);
        }
    }

    static void writeAll(Path file, List<Proof> proofs) {
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, JSON.writeValueAsBytes(proofs));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    /** The proofs recorded below a module or below the repository's root, in the order of their class names. */
    static List<Proof> readAll(Path root) {
        List<Proof> proofs = new ArrayList<>();
        readModule(root, proofs);
        try (Stream<Path> modules = Files.list(root)) {
            modules.filter(Files::isDirectory).sorted().forEach(module -> readModule(module, proofs));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + root, e);
        }
        proofs.sort(Comparator.comparing(Proof::testClass));
        return proofs;
    }

    private static void readModule(Path module, List<Proof> proofs) {
        Path directory = module.resolve("target").resolve(DIRECTORY);
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".json")).toList()) {
                proofs.add(JSON.readValue(Files.readAllBytes(file), Proof.class));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the reports in " + directory, e);
        }
    }
}
