package mastery.launcher;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import mastery.support.server.ServerException;
import mastery.support.server.Servers;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Starts servers that later runs find; engines that cannot be had are named, the others start all the same. */
@Command(name = "up", description = "Starts servers and keeps them running; every later run finds and uses them.")
final class UpCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private EngineParameters parameters;

    @Override
    public Integer call() {
        Page page = new Page(spec.commandLine());
        int exitCode = CommandLine.ExitCode.OK;
        for (CompletableFuture<Servers.Kept> starting : parameters.atOnce(Servers::up)) {
            try {
                KeptServer.print(starting.join(), page);
                page.flush();
            } catch (CompletionException e) {
                if (!(e.getCause() instanceof ServerException)) {
                    throw e;
                }
                spec.commandLine().getErr().println(e.getCause().getMessage());
                spec.commandLine().getErr().flush();
                exitCode = CommandLine.ExitCode.SOFTWARE;
            }
        }
        return exitCode;
    }
}
