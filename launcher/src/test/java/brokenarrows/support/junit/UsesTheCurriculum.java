package brokenarrows.support.junit;

import brokenarrows.postgresql.advanced.DoesItRight;

/** Wrong: the support does not know the examples. */
public final class UsesTheCurriculum {

    private UsesTheCurriculum() {}

    public static int run() {
        return DoesItRight.answer();
    }
}
