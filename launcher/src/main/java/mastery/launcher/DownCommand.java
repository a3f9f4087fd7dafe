package mastery.launcher;

import java.util.concurrent.Callable;
import mastery.support.server.Engine;
import mastery.support.server.Servers;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Ends the servers that {@code up} started. */
@Command(name = "down", description = "Ends the servers that 'up' keeps running.")
final class DownCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private EngineParameters parameters;

    @Override
    public Integer call() {
        Page page = new Page(spec.commandLine());
        for (Engine engine : parameters.engines()) {
            page.entry(0, engine.displayName(), 12, Servers.down(engine) ? "ended" : "was not running");
        }
        page.flush();
        return CommandLine.ExitCode.OK;
    }
}
