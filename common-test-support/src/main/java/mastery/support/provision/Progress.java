package mastery.support.provision;

/** Hears how far a long piece of work is. Called from several threads at once. */
public interface Progress {

    /** Says nothing. */
    Progress SILENT = new Progress() {
        @Override
        public void bytes(String what, long done, long total) {}

        @Override
        public void step(String what) {}
    };

    /**
     * Bytes of a download.
     *
     * @param done bytes there so far; may fall when a download starts anew
     * @param total bytes of the whole, or -1 when unknown; {@code done == total} is the last call
     */
    void bytes(String what, long done, long total);

    /** A piece of work without a number begins: resolving, unpacking, waiting for another build. */
    void step(String what);

    /** Writes to standard error: one rewritten line on a terminal, a line every few seconds elsewhere. */
    static Progress terminal() {
        return TerminalProgress.STANDARD_ERROR;
    }
}
