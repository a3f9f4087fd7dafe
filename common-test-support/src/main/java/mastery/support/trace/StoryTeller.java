package mastery.support.trace;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import mastery.support.server.ServerException;

/** Opens a story, closes it, and says in plain words why it failed. */
final class StoryTeller {
    private StoryTeller() {}

    static void tell(Class<?> example, Script script) {
        List<TraceReader> readers = new ArrayList<>(List.of(TerminalReader.standard()));
        String json = System.getProperty("mastery.json", "");
        try {
            if (!json.isEmpty()) {
                readers.add(new JsonReader(Path.of(json)));
            }
            run(example, script, new Trace(readers.toArray(TraceReader[]::new)));
        } catch (Exception | LinkageError failure) {
            if (Boolean.getBoolean("mastery.embedded")) {
                throw failure instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(failure);
            }
            System.out.flush();
            explain(failure, System.err);
            System.exit(1);
        }
    }

    static void run(Class<?> example, Script script, Trace trace) throws Exception {
        try {
            trace.add(new TraceEvent.Title(example.getSimpleName(), ExampleSource.claim(example)));
            try (Stage stage = new Stage(trace)) {
                script.run(new Story(trace, stage));
                trace.add(trace.counters(""));
                if (!stage.learned().isEmpty()) {
                    trace.add(new TraceEvent.Learned(stage.learned()));
                }
            }
        } finally {
            trace.end();
        }
    }

    /** What a user can cure is said in one message; for anything else, where in our code it happened is added. */
    static void explain(Throwable failure, PrintStream err) {
        err.println();
        if (failure instanceof ServerException) {
            err.println(failure.getMessage());
            return;
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String name = cause.getClass().getSimpleName();
            err.println((cause == failure ? "" : "caused by ") + name + ": " + cause.getMessage());
            Arrays.stream(cause.getStackTrace())
                    .filter(frame -> frame.getClassName().startsWith("mastery."))
                    .forEach(frame -> err.println("   at " + frame));
        }
        err.flush();
    }
}
