package mastery.launcher;

import java.util.List;
import java.util.concurrent.Callable;
import mastery.support.server.Engine;
import mastery.support.server.Servers;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows the servers that {@code up} keeps running. */
@Command(name = "status", description = "Shows the servers that 'up' keeps running, and whether they answer.")
final class StatusCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private EngineParameters parameters;

    @Override
    public Integer call() {
        List<Engine> wanted = parameters.engines();
        List<Servers.Kept> kept = Servers.status().stream()
                .filter(server -> wanted.contains(server.engine()))
                .toList();
        Page page = new Page(spec.commandLine());
        kept.forEach(server -> KeptServer.print(server, page));
        if (kept.isEmpty()) {
            String engine = wanted.size() == 1 ? wanted.get(0).id() : "";
            page.text(
                    0,
                    "No " + (engine.isEmpty() ? "" : engine + " ") + "server is kept running. Start one: mastery up "
                            + (engine.isEmpty() ? "ENGINE" : engine));
        }
        page.flush();
        boolean allAnswer = kept.stream().allMatch(Servers.Kept::answers);
        return allAnswer ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
    }
}
