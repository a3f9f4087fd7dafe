package mastery.launcher;

import java.util.List;
import java.util.concurrent.Callable;
import mastery.launcher.curriculum.Curriculum;
import mastery.launcher.curriculum.Example;
import mastery.launcher.curriculum.LearningPath;
import mastery.launcher.curriculum.Names;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a recommended order through the examples. */
@Command(name = "path", description = "Shows the recommended paths through the examples, or the steps of one.")
final class PathCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            completionCandidates = Candidates.Paths.class,
            description = "The path; without it, all of them in short.")
    private String name;

    @Override
    public Integer call() {
        List<LearningPath> paths = LearningPath.all(Curriculum.read(Home.directory()));
        Page page = new Page(spec.commandLine());
        if (name == null) {
            for (LearningPath path : paths) {
                page.heading(0, path.name(), "(" + count(path.steps().size(), "example") + ")");
                page.text(2, path.introduction());
            }
            page.blank();
            page.text(0, "The steps of one: mastery path NAME");
        } else {
            print(find(paths), page);
        }
        page.flush();
        return CommandLine.ExitCode.OK;
    }

    private LearningPath find(List<LearningPath> paths) {
        List<String> names = paths.stream().map(LearningPath::name).toList();
        return paths.stream()
                .filter(path -> path.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "There is no path '" + name + "'. The paths:" + Names.listed(names, path -> path)));
    }

    static void print(LearningPath path, Page page) {
        page.heading(0, path.title(), "");
        page.text(0, path.introduction());
        String stage = "";
        int number = 0;
        for (LearningPath.Step step : path.steps()) {
            if (!step.stage().equals(stage) || number == 0) {
                stage = step.stage();
                page.blank();
                if (!stage.isEmpty()) {
                    page.heading(2, stage, "");
                }
            }
            number++;
            Example example = step.example();
            String text = example.question().isEmpty() ? example.claim() : example.question();
            page.entry(number < 10 ? 5 : 4, number + "  " + example.simpleName(), 34, text);
        }
    }

    private static String count(int number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }
}
