package mastery.support.server;

import java.util.List;

/**
 * A server that someone else started: the user's own, named by URL, or one that {@code mastery up} keeps. It is used,
 * never stopped.
 */
record AttachedNode(Engine engine, Address address, Identity identity, String build, SourceKind source)
        implements Node {

    @Override
    public String name() {
        return "single";
    }

    @Override
    public void start() {
        throw refusal();
    }

    @Override
    public void stop() {
        throw refusal();
    }

    @Override
    public void kill() {
        throw refusal();
    }

    @Override
    public void pause() {
        throw refusal();
    }

    @Override
    public void resume() {
        throw refusal();
    }

    private ServerException refusal() {
        return new ServerException("The " + engine + " server on " + address + " was not started by this run, so it is"
                + " not stopped or paused here. Use a topology of your own for such a proof.");
    }

    @Override
    public boolean isRunning() {
        return true;
    }

    @Override
    public boolean isDisturbed() {
        return false;
    }

    @Override
    public List<String> lastLogLines(int count) {
        return List.of();
    }
}
