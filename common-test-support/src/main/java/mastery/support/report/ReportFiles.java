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
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The files in which runs are written down: one JSON file for each test class, and one for the whole. */
final class ReportFiles {

    /** Where a run is written down that has no name of its own; the others' begin with it. */
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

    /** The proofs of the runs of all names, below a module or below the repository's root, in the order of their class names. */
    static List<Proof> readAll(Path root) {
        return read(root, name -> name.startsWith(DIRECTORY));
    }

    /** The proofs of the run of one name. */
    static List<Proof> read(Path root, String name) {
        return read(root, name::equals);
    }

    private static List<Proof> read(Path root, Predicate<String> names) {
        List<Proof> proofs = new ArrayList<>();
        readModule(root, names, proofs);
        subdirectories(root).forEach(module -> readModule(module, names, proofs));
        proofs.sort(Comparator.comparing(Proof::testClass));
        return proofs;
    }

    private static void readModule(Path module, Predicate<String> names, List<Proof> proofs) {
        Path target = module.resolve("target");
        if (Files.isDirectory(target)) {
            subdirectories(target).stream()
                    .filter(directory -> names.test(directory.getFileName().toString()))
                    .forEach(directory -> readDirectory(directory, proofs));
        }
    }

    private static List<Path> subdirectories(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + directory, e);
        }
    }

    private static void readDirectory(Path directory, List<Proof> proofs) {
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
