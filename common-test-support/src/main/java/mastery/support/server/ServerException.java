package mastery.support.server;

/** A failure that a user can cure. The message says what happened, why, and what to do; no stack trace is needed. */
public class ServerException extends RuntimeException {

    public ServerException(String message) {
        super(message);
    }

    public ServerException(String message, Throwable cause) {
        super(message, cause);
    }
}
