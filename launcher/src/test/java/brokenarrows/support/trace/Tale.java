package brokenarrows.support.trace;

/** Stands for a class of the support. */
public final class Tale {

    private Tale() {}

    public static void tell(Runnable script) {
        script.run();
    }
}
