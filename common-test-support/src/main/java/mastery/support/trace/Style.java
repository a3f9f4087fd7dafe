package mastery.support.trace;

import java.io.Console;

/** Colour, or none: used only on a terminal, and never when the environment says NO_COLOR. */
enum Style {
    PLAIN(""),
    BOLD("1"),
    FAINT("2"),
    BOUND("36"),
    GOOD("32"),
    CAUTION("33"),
    BAD("31");

    private final String code;

    Style(String code) {
        this.code = code;
    }

    String on(String text, boolean colour) {
        return colour && this != PLAIN && !text.isEmpty() ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    /** Whether standard output is a terminal whose user has not refused colour (no-color.org). */
    static boolean wanted() {
        String refused = System.getenv("NO_COLOR");
        return (refused == null || refused.isEmpty()) && terminal(System.console());
    }

    /** Since JDK 22 there is a console without a terminal too, and only there is isTerminal(). */
    private static boolean terminal(Console console) {
        if (console == null) {
            return false;
        }
        try {
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException beforeJdk22) {
            return true;
        }
    }
}
