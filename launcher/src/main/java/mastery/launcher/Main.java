package mastery.launcher;

import java.io.UncheckedIOException;
import java.util.concurrent.CompletionException;
import mastery.launcher.curriculum.Names;
import mastery.support.server.ServerException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line of the handbook. Exit codes: 0 done, 1 it failed, 2 it was called wrongly.
 *
 * <p>Needs the system property {@code mastery.home}, the root of the repository, which the script {@code mastery} sets; without it the
 * root is looked for from the working directory upwards.
 */
@Command(
        name = "mastery",
        description = "Runs the examples of Database Mastery on real servers.",
        subcommands = {
            ListCommand.class,
            PathCommand.class,
            RunCommand.class,
            FetchCommand.class,
            UpCommand.class,
            DownCommand.class,
            StatusCommand.class,
            DoctorCommand.class,
            ReportCommand.class,
            CompletionCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Leading -Dkey=value arguments and the words in MASTERY_OPTS go to the JVM.",
            "'mastery COMMAND --help' tells more; 'mastery run KeysetPagination' is a start."
        })
public final class Main implements Runnable {

    @Spec
    private CommandSpec spec;

    @CommandLine.Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = CommandLine.ScopeType.INHERIT,
            description = "Shows this help.")
    private boolean help;

    private Main() {}

    public static void main(String[] arguments) {
        int exitCode = commandLine().execute(arguments);
        System.out.flush();
        // An example may leave a pool or a driver thread behind; the command is done all the same.
        System.exit(exitCode);
    }

    /** The command line, ready to execute. */
    static CommandLine commandLine() {
        return new CommandLine(new Main())
                .setParameterExceptionHandler(Main::calledWrongly)
                .setExecutionExceptionHandler(Main::failed);
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static int calledWrongly(ParameterException problem, String[] arguments) {
        CommandLine command = problem.getCommandLine();
        String message = problem.getMessage();
        if (problem instanceof UnmatchedArgumentException unmatched
                && command.getParent() == null
                && !unmatched.getUnmatched().isEmpty()) {
            String word = unmatched.getUnmatched().get(0);
            var nearest = Names.nearest(command.getSubcommands().keySet().stream(), word);
            message = "There is no command '" + word + "'."
                    + (nearest.isEmpty() ? "" : " Did you mean " + String.join(" or ", nearest) + "?");
        }
        command.getErr().println(message);
        command.getErr().println("See: " + command.getCommandSpec().qualifiedName() + " --help");
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception problem, CommandLine command, ParseResult parsed) throws Exception {
        Throwable cause = problem instanceof CompletionException ? problem.getCause() : problem;
        boolean curable = cause instanceof ServerException
                || cause instanceof UncheckedIOException
                || cause instanceof IllegalStateException;
        if (!curable) {
            throw problem;
        }
        command.getErr().println(cause.getMessage());
        return CommandLine.ExitCode.SOFTWARE;
    }
}
