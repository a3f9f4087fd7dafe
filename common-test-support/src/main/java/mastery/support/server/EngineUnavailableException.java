package mastery.support.server;

/** No source on this machine can provide an engine. The message holds the reason of each source and the cure. */
public final class EngineUnavailableException extends ServerException {

    private final transient Engine engine;

    public EngineUnavailableException(Engine engine, String message) {
        super(message);
        this.engine = engine;
    }

    /** The engine that cannot be had. */
    public Engine engine() {
        return engine;
    }
}
