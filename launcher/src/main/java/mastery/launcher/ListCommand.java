package mastery.launcher;

import java.util.List;
import java.util.concurrent.Callable;
import mastery.launcher.curriculum.Curriculum;
import mastery.launcher.curriculum.Example;
import mastery.launcher.curriculum.Part;
import mastery.launcher.curriculum.Topic;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Lists the examples in reading order, each with its claim. */
@Command(name = "list", description = "Lists topics and examples in reading order, each with what it claims.")
final class ListCommand implements Callable<Integer> {

    /** Longer names have their claim on the next line. */
    private static final int LONGEST_NAME = 26;

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "WORD", description = "Only topics and examples that mention it.")
    private String word;

    @Override
    public Integer call() {
        Curriculum curriculum = Curriculum.read(Home.directory());
        List<Part> parts = word == null ? curriculum.mentioning("") : curriculum.mentioning(word);
        if (parts.isEmpty()) {
            spec.commandLine()
                    .getErr()
                    .println(
                            word == null
                                    ? "There are no examples in " + curriculum.home() + "."
                                    : "No example mentions '" + word + "'. All of them: mastery list");
            return CommandLine.ExitCode.SOFTWARE;
        }
        print(parts, new Page(spec.commandLine()));
        return CommandLine.ExitCode.OK;
    }

    static void print(List<Part> parts, Page page) {
        for (int i = 0; i < parts.size(); i++) {
            if (i > 0) {
                page.blank();
            }
            page.heading(0, parts.get(i).title(), "");
            for (Topic topic : parts.get(i).topics()) {
                page.blank();
                page.heading(2, topic.title(), "(" + topic.path() + ")");
                int longest = topic.examples().stream()
                        .mapToInt(example -> example.simpleName().length())
                        .filter(length -> length <= LONGEST_NAME)
                        .max()
                        .orElse(LONGEST_NAME);
                for (Example example : topic.examples()) {
                    page.entry(4, example.simpleName(), 4 + longest + 2, example.claim());
                }
            }
        }
        page.flush();
    }
}
