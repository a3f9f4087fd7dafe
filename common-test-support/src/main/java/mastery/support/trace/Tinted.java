package mastery.support.trace;

/** A text that has a colour in the tables of a terminal, if that shows colours. It must say the same without. */
public final class Tinted {

    /** What the colour means. */
    public enum Tint {
        GOOD(Style.GOOD),
        CAUTION(Style.CAUTION),
        NOTABLE(Style.BOUND),
        BAD(Style.BAD);

        private final Style style;

        Tint(Style style) {
            this.style = style;
        }
    }

    private final String text;
    private final Tint tint;

    public Tinted(String text, Tint tint) {
        this.text = text;
        this.tint = tint;
    }

    Style style() {
        return tint.style;
    }

    @Override
    public String toString() {
        return text;
    }
}
