package brokenarrows.mysql.fundamentals;

import brokenarrows.postgresql.advanced.DoesItRight;

/** Wrong: an example of one engine stands on that of another. */
public final class UsesAnotherEngine {

    private UsesAnotherEngine() {}

    static int answer() {
        return DoesItRight.answer();
    }
}
