package mastery.launcher;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import mastery.support.report.Report;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows what the last builds proved and skipped. */
@Command(
        name = "report",
        description = "Shows what was proven and what was skipped, and why, by the last 'mvn verify'.")
final class ReportCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        Path home = Home.directory();
        String table = Report.render(home);
        Page page = new Page(spec.commandLine());
        if (table.isEmpty()) {
            page.text(0, "Nothing is recorded: prove it first with mvn verify");
        } else {
            spec.commandLine().getOut().println(table.stripTrailing());
        }
        page.flush();
        return Report.anyFailed(home) ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK;
    }
}
