package mastery.support.server;

/** A server process ended while it was starting. The message holds the end of its log. */
final class ServerDiedException extends ServerException {

    ServerDiedException(String message) {
        super(message);
    }
}
