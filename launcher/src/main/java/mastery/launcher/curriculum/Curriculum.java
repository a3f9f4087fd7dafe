package mastery.launcher.curriculum;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Everything there is to run, in reading order.
 *
 * <p>Parts follow the numbers of the module directories. Topics follow the table {@code | Topic | What you learn |} of the module's
 * README, examples the table {@code | Example | The question it answers |} of the topic's README. What a README does not list comes
 * last, by name, and what it lists without being there is left out; {@link #problems()} tells both.
 */
public final class Curriculum {

    private static final String SOURCES = "src/main/java/mastery";

    private final Path home;
    private final List<Part> parts = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    private Curriculum(Path home) {
        this.home = home;
    }

    /**
     * Reads the sources.
     *
     * @param home the root of the repository
     * @throws UncheckedIOException when a file cannot be read
     */
    public static Curriculum read(Path home) {
        Curriculum curriculum = new Curriculum(home);
        try (Stream<Path> modules = Files.list(home)) {
            modules.filter(module -> module.getFileName().toString().matches("\\d\\d-.+"))
                    .sorted()
                    .forEach(curriculum::readPart);
        } catch (IOException e) {
            throw new UncheckedIOException(home + " cannot be read", e);
        }
        return curriculum;
    }

    /** The root of the repository. */
    public Path home() {
        return home;
    }

    public List<Part> parts() {
        return List.copyOf(parts);
    }

    public List<Topic> topics() {
        return parts.stream().flatMap(part -> part.topics().stream()).toList();
    }

    public List<Example> examples() {
        return topics().stream().flatMap(topic -> topic.examples().stream()).toList();
    }

    /** Where the READMEs and the sources disagree, one sentence each; empty when they do not. */
    public List<String> problems() {
        return List.copyOf(problems);
    }

    /** The same, with only the topics whose path or title, and the examples whose name, claim or question, contain the word. */
    public List<Part> mentioning(String word) {
        String wanted = word.toLowerCase(Locale.ROOT);
        List<Part> found = new ArrayList<>();
        for (Part part : parts) {
            List<Topic> topics = new ArrayList<>();
            for (Topic topic : part.topics()) {
                boolean whole = (topic.path() + ' ' + topic.title())
                        .toLowerCase(Locale.ROOT)
                        .contains(wanted);
                List<Example> examples = topic.examples().stream()
                        .filter(example -> whole || example.mentions(word))
                        .toList();
                if (!examples.isEmpty()) {
                    topics.add(new Topic(topic.path(), topic.title(), examples));
                }
            }
            if (!topics.isEmpty()) {
                found.add(new Part(part.directory(), part.title(), topics));
            }
        }
        return found;
    }

    private void readPart(Path module) {
        Path sources = module.resolve(SOURCES);
        Map<String, List<Path>> filesByTopic = new TreeMap<>();
        if (Files.isDirectory(sources)) {
            for (Path file : javaFiles(sources)) {
                String topic = slashed(sources.relativize(file.getParent()));
                filesByTopic.computeIfAbsent(topic, any -> new ArrayList<>()).add(file);
            }
        }
        Map<String, Topic> unordered = new TreeMap<>();
        filesByTopic.forEach((path, files) -> {
            Topic topic = readTopic(sources.resolve(path), path, files);
            if (!topic.examples().isEmpty()) {
                unordered.put(path, topic);
            }
        });

        Path readme = module.resolve("README.md");
        Markdown index = Markdown.read(readme);
        List<Topic> ordered = new ArrayList<>();
        for (Markdown.Link row : index.table("Topic", "What you learn")) {
            Path target = module.resolve(row.target()).normalize();
            String path = target.startsWith(sources) ? slashed(sources.relativize(target.getParent())) : "";
            Topic topic = unordered.remove(path);
            if (topic == null) {
                problems.add(name(readme) + " lists " + row.target() + ", where no example is");
            } else {
                ordered.add(topic);
                if (!topic.title().equals(row.text())) {
                    problems.add(name(readme) + " calls " + path + " \"" + row.text() + "\", its own README \""
                            + topic.title() + '"');
                }
            }
        }
        for (String path : unordered.keySet()) {
            problems.add(name(readme) + " does not list the topic " + path);
        }
        ordered.addAll(unordered.values());
        String directory = module.getFileName().toString();
        parts.add(new Part(directory, index.title().orElse(directory), List.copyOf(ordered)));
    }

    private Topic readTopic(Path directory, String path, List<Path> files) {
        Path readme = directory.resolve("README.md");
        Markdown index = Markdown.read(readme);
        Map<String, String> questions = new LinkedHashMap<>();
        for (Markdown.Link row : index.table("Example", "The question it answers")) {
            if (!row.target().equals(row.text() + ".java")) {
                problems.add(name(readme) + ": [" + row.text() + "] links to " + row.target());
            }
            if (questions.put(row.text(), row.beside()) != null) {
                problems.add(name(readme) + " lists " + row.text() + " twice");
            }
            if (row.beside().isEmpty()) {
                problems.add(name(readme) + " has no question for " + row.text());
            }
        }

        Map<String, Example> unordered = new TreeMap<>();
        for (Path file : files) {
            String simpleName = file.getFileName().toString().replaceFirst("\\.java$", "");
            String source = text(file);
            if (JavaSource.hasMain(source)) {
                String claim = JavaSource.firstSentence(source, simpleName);
                String className = "mastery." + path.replace('/', '.') + '.' + simpleName;
                unordered.put(simpleName, new Example(className, claim, questions.getOrDefault(simpleName, ""), file));
                if (claim.isEmpty()) {
                    problems.add(name(file) + " has no Javadoc that begins with its claim");
                }
            }
        }
        List<Example> ordered = new ArrayList<>();
        for (String listed : questions.keySet()) {
            Example example = unordered.remove(listed);
            if (example == null) {
                problems.add(name(readme) + " lists " + listed + ", which is not an example beside it");
            } else {
                ordered.add(example);
            }
        }
        for (String unlisted : unordered.keySet()) {
            problems.add(name(readme) + " does not list the example " + unlisted);
        }
        ordered.addAll(unordered.values());
        if (!ordered.isEmpty() && index.title().isEmpty()) {
            problems.add(name(readme) + " has no title");
        }
        return new Topic(path, index.title().orElse(path), List.copyOf(ordered));
    }

    private static List<Path> javaFiles(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".java"))
                    .sorted(Comparator.naturalOrder())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be read", e);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(file + " cannot be read", e);
        }
    }

    private String name(Path file) {
        return slashed(home.relativize(file));
    }

    private static String slashed(Path path) {
        return path.toString().replace('\\', '/');
    }
}
