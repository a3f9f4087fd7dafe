package mastery.launcher;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import mastery.support.server.Engine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The engines a command is about: those named, or all. */
final class EngineParameters {

    @Parameters(
            arity = "0..*",
            paramLabel = "ENGINE",
            completionCandidates = Candidates.Engines.class,
            description = "${COMPLETION-CANDIDATES}; without one, all.")
    private List<String> named = new ArrayList<>();

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /** The engines, each once; a wrong name is a usage error. */
    List<Engine> engines() {
        return named.isEmpty()
                ? List.of(Engine.values())
                : named.stream().map(this::engine).distinct().toList();
    }

    private Engine engine(String name) {
        return EngineName.read(name)
                .orElseThrow(() -> new ParameterException(
                        command.commandLine(),
                        "There is no engine '" + name + "'. The engines: " + String.join(", ", EngineName.all())));
    }

    /** Asks for all engines at once; the futures are in the order of the engines. */
    <T> List<CompletableFuture<T>> atOnce(Function<Engine, T> question) {
        List<Engine> engines = engines();
        ExecutorService threads = Executors.newFixedThreadPool(engines.size(), task -> {
            Thread thread = new Thread(task, "mastery-launcher");
            thread.setDaemon(true);
            return thread;
        });
        try {
            return engines.stream()
                    .map(engine -> CompletableFuture.supplyAsync(() -> question.apply(engine), threads))
                    .toList();
        } finally {
            threads.shutdown();
        }
    }
}
