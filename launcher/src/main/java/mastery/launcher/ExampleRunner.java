package mastery.launcher;

import java.io.PrintWriter;
import java.lang.reflect.InvocationTargetException;
import mastery.launcher.curriculum.Example;
import mastery.support.server.ServerException;

/**
 * Calls the main method of an example in this JVM, with the system property {@code mastery.embedded} set: a story then throws what it
 * cannot do instead of ending the JVM.
 */
final class ExampleRunner {

    private final PrintWriter err;
    private final boolean stackTrace;

    ExampleRunner(PrintWriter err, boolean stackTrace) {
        this.err = err;
        this.stackTrace = stackTrace;
    }

    /** Whether it ran to its end; if not, why not is written. */
    boolean run(Example example) {
        System.setProperty("mastery.embedded", "true");
        try {
            Class.forName(example.className()).getMethod("main", String[].class).invoke(null, (Object) new String[0]);
            return true;
        } catch (InvocationTargetException e) {
            tell(example, e.getCause());
        } catch (ReflectiveOperationException | LinkageError e) {
            tell(example, e);
        } finally {
            System.out.flush();
            err.flush();
        }
        return false;
    }

    private void tell(Example example, Throwable problem) {
        System.out.flush();
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            if (cause instanceof ServerException) {
                err.println(example.simpleName() + " cannot run here.");
                err.println(cause.getMessage());
                return;
            }
        }
        err.println(example.simpleName() + " failed.");
        if (stackTrace) {
            problem.printStackTrace(err);
            return;
        }
        for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
            err.println("  " + cause);
            for (StackTraceElement frame : cause.getStackTrace()) {
                // The reader's own lines; those of drivers and of the support are noise until asked for.
                if (frame.getClassName().startsWith(example.className())) {
                    err.println("      at " + frame.getFileName() + ":" + frame.getLineNumber() + " in "
                            + frame.getMethodName());
                }
            }
        }
        err.println("The whole stack trace: mastery run --stacktrace " + example.simpleName());
    }
}
