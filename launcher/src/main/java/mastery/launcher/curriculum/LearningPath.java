package mastery.launcher.curriculum;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A recommended order through the examples, written once in {@code docs/paths/NAME.md}: a title, a paragraph on whom it is for, and
 * lists of links to the sources of examples, in sections if the path has stages.
 *
 * @param name {@code relational-first}
 * @param title its first heading
 * @param introduction the paragraph below it
 * @param steps in order
 * @param problems links that lead to no example, one sentence each
 */
public record LearningPath(String name, String title, String introduction, List<Step> steps, List<String> problems) {

    /**
     * @param stage heading above it, empty when there is none
     * @param example what to run
     */
    public record Step(String stage, Example example) {}

    /** The paths, by name. */
    public static List<LearningPath> all(Curriculum curriculum) {
        Path directory = curriculum.home().resolve("docs/paths");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        Map<Path, Example> bySource = curriculum.examples().stream()
                .collect(Collectors.toMap(example -> example.source().normalize(), Function.identity()));
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".md"))
                    .sorted()
                    .map(file -> read(file, bySource))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be read", e);
        }
    }

    private static LearningPath read(Path file, Map<Path, Example> bySource) {
        Markdown text = Markdown.read(file);
        String name = file.getFileName().toString().replaceFirst("\\.md$", "");
        List<Step> steps = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (Markdown.Link link : text.items()) {
            Path target = file.resolveSibling(link.target()).normalize();
            Optional<Example> example = Optional.ofNullable(bySource.get(target));
            example.ifPresent(found -> steps.add(new Step(link.section(), found)));
            if (example.isEmpty()) {
                problems.add(
                        "docs/paths/" + name + ".md names " + link.text() + ", but no example is at " + link.target());
            } else if (!example.get().simpleName().equals(link.text())) {
                problems.add("docs/paths/" + name + ".md calls " + example.get().path() + " " + link.text());
            }
        }
        return new LearningPath(
                name, text.title().orElse(name), text.introduction(), List.copyOf(steps), List.copyOf(problems));
    }
}
