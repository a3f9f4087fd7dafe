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
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Fills the cache, for a machine that is cut off later and for the images of {@code containers/}; starts nothing. */
@Command(name = "fetch", description = "Fetches the programs of native servers into the cache and starts none of them.")
final class FetchCommand implements Callable<Integer> {

    private static final int COLUMN = 15;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--plain",
            description = "For scripts: engine, version, directory and build, one line each, with tabs between them.")
    private boolean plain;

    @Mixin
    private EngineParameters parameters;

    @Override
    public Integer call() {
        Page page = new Page(spec.commandLine());
        int exitCode = CommandLine.ExitCode.OK;
        for (CompletableFuture<Servers.Fetched> fetching : parameters.atOnce(Servers::fetch)) {
            try {
                print(fetching.join(), plain, page);
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

    static void print(Servers.Fetched fetched, boolean plain, Page page) {
        if (plain) {
            page.line(String.join(
                    "\t",
                    fetched.engine().id(),
                    fetched.version(),
                    fetched.root().toString(),
                    fetched.build()));
        } else {
            page.entry(
                    0,
                    fetched.engine().displayName(),
                    COLUMN,
                    fetched.version() + ", " + fetched.build() + ", in " + fetched.root());
        }
    }
}
