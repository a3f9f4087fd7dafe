package mastery.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import mastery.launcher.curriculum.Curriculum;
import mastery.launcher.curriculum.Example;
import mastery.launcher.curriculum.Names;
import mastery.launcher.curriculum.Topic;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs examples one after the other; all of them, even if one fails. */
@Command(
        name = "run",
        description = "Runs examples on a real server and shows every statement with what it does.",
        footer = {
            "",
            "NAME is a simple name (KeysetPagination), a path",
            "(postgresql/advanced/KeysetPagination), a class name or a source file."
        })
final class RunCommand implements Callable<Integer> {

    static final List<String> SOURCES = List.of("external", "container", "native");

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "NAME",
            completionCandidates = Candidates.Examples.class,
            description = "The examples to run, in this order.")
    private List<String> names = List.of();

    @Option(
            names = "--all",
            paramLabel = "TOPIC",
            completionCandidates = Candidates.Topics.class,
            description = "Every example of a topic (postgresql/advanced) or of an engine (postgresql).")
    private List<String> topics = List.of();

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Also writes what is shown to this file, as JSON; with several examples to NAME.json in this"
                    + " directory.")
    private Path json;

    @Option(
            names = "--source",
            paramLabel = "SOURCE",
            completionCandidates = Candidates.Sources.class,
            description = "Where servers come from: external, container or native.")
    private String source;

    @Option(names = "--stacktrace", description = "Shows the whole stack trace of an example that fails.")
    private boolean stackTrace;

    @Override
    public Integer call() {
        if (source != null && !SOURCES.contains(source)) {
            throw wrong("There is no source '" + source + "'. The sources:" + Names.listed(SOURCES, kind -> kind));
        }
        Set<Example> chosen = choose(Curriculum.read(Home.directory()));
        if (source != null) {
            System.setProperty("mastery.source", source);
        }
        ExampleRunner runner = new ExampleRunner(spec.commandLine().getErr(), stackTrace);
        List<String> failed = new ArrayList<>();
        for (Example example : chosen) {
            if (json != null) {
                System.setProperty(
                        "mastery.json", jsonFile(example, chosen.size()).toString());
            }
            if (!runner.run(example)) {
                failed.add(example.simpleName());
            }
        }
        if (chosen.size() > 1) {
            Page page = new Page(spec.commandLine());
            page.blank();
            page.text(
                    0,
                    (chosen.size() - failed.size()) + " of " + chosen.size() + " examples ran to their end."
                            + (failed.isEmpty() ? "" : " Failed: " + String.join(", ", failed)));
            page.flush();
        }
        return failed.isEmpty() ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }

    private Set<Example> choose(Curriculum curriculum) {
        if (names.isEmpty() && topics.isEmpty()) {
            throw wrong("Name an example, or a topic with --all. What there is: mastery list");
        }
        Set<Example> chosen = new LinkedHashSet<>();
        names.forEach(name -> chosen.add(example(curriculum.examples(), name)));
        topics.forEach(name -> chosen.addAll(examplesOf(curriculum.topics(), name)));
        return chosen;
    }

    private Example example(List<Example> all, String name) {
        List<Example> found = Names.examples(all, name);
        if (found.size() == 1) {
            return found.get(0);
        }
        if (found.isEmpty()) {
            List<String> nearest = Names.nearest(all, name);
            throw wrong("There is no example '" + name + "'."
                    + (nearest.isEmpty()
                            ? " What there is: mastery list"
                            : " Did you mean:" + Names.listed(nearest, near -> near)));
        }
        throw wrong("'" + name + "' can be one of several examples:" + Names.listed(found, Example::path));
    }

    private List<Example> examplesOf(List<Topic> all, String name) {
        List<Topic> found = Names.topics(all, name);
        if (found.isEmpty()) {
            throw wrong("There is no topic '" + name + "'. The topics:" + Names.listed(all, Topic::path));
        }
        boolean severalEngines = found.stream()
                        .map(topic -> topic.path().split("/")[0])
                        .distinct()
                        .count()
                > 1;
        if (severalEngines) {
            throw wrong("'" + name + "' can be one of several topics:" + Names.listed(found, Topic::path));
        }
        return found.stream().flatMap(topic -> topic.examples().stream()).toList();
    }

    private Path jsonFile(Example example, int howMany) {
        boolean directory = howMany > 1 || Files.isDirectory(json);
        Path file = (directory ? json.resolve(example.simpleName() + ".json") : json).toAbsolutePath();
        try {
            Files.createDirectories(file.getParent());
        } catch (IOException e) {
            throw wrong("The directory " + file.getParent() + " cannot be made: " + e);
        }
        return file;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
