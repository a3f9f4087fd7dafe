package mastery.launcher;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the completion script; one script serves both shells. */
@Command(
        name = "completion",
        description = "Prints a script that completes commands and names of examples in a shell.",
        footer = {"", "Use: source <(./mastery completion bash), or zsh; again when there are new examples."})
final class CompletionCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "SHELL", defaultValue = "bash", description = "bash or zsh.")
    private String shell;

    @Override
    public Integer call() {
        if (!List.of("bash", "zsh").contains(shell)) {
            throw new ParameterException(spec.commandLine(), "There is no completion for '" + shell + "': bash or zsh");
        }
        spec.commandLine()
                .getOut()
                .print(AutoComplete.bash("mastery", spec.root().commandLine()));
        spec.commandLine().getOut().flush();
        return CommandLine.ExitCode.OK;
    }
}
