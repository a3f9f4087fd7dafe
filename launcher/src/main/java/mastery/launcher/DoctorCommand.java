package mastery.launcher;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import mastery.support.server.Servers;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Shows what each engine would use here, why not something better, and the cure. */
@Command(
        name = "doctor",
        description = "Shows where each engine would come from here, why not from a better source, and the cure.")
final class DoctorCommand implements Callable<Integer> {

    private static final int COLUMN = 15;

    @Spec
    private CommandSpec spec;

    @Mixin
    private EngineParameters parameters;

    @Override
    public Integer call() {
        Page page = new Page(spec.commandLine());
        page.entry(
                0,
                "Java",
                COLUMN,
                System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + "), "
                        + System.getProperty("java.home"));
        int exitCode = CommandLine.ExitCode.OK;
        for (CompletableFuture<Servers.Diagnosis> diagnosing : parameters.atOnce(Servers::diagnose)) {
            Servers.Diagnosis diagnosis = diagnosing.join();
            print(diagnosis, page);
            if (diagnosis.willUse().isEmpty()) {
                exitCode = CommandLine.ExitCode.SOFTWARE;
            }
        }
        return exitCode;
    }

    static void print(Servers.Diagnosis diagnosis, Page page) {
        page.entry(
                0,
                diagnosis.engine().displayName(),
                COLUMN,
                diagnosis.willUse().orElse("CANNOT BE HAD HERE: its examples and proofs do not run"));
        diagnosis.notes().forEach(note -> page.entry(COLUMN, "-", COLUMN + 2, note));
        diagnosis.cure().ifPresent(cure -> page.entry(COLUMN, "cure:", COLUMN + 6, cure));
        page.flush();
    }
}
