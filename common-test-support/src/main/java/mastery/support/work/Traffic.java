package mastery.support.work;

/**
 * What went over the network: a round trip is a read that follows at least one write since the last read.
 *
 * @param roundTrips how often the client waited for an answer
 * @param bytesSent bytes written to the socket
 * @param bytesReceived bytes read from the socket
 */
public record Traffic(long roundTrips, long bytesSent, long bytesReceived) {

    /** Nothing sent, nothing received. */
    public static final Traffic NONE = new Traffic(0, 0, 0);

    /** What was added since {@code earlier}. */
    public Traffic minus(Traffic earlier) {
        return new Traffic(
                roundTrips - earlier.roundTrips, bytesSent - earlier.bytesSent, bytesReceived - earlier.bytesReceived);
    }

    /** Both together. */
    public Traffic plus(Traffic other) {
        return new Traffic(
                roundTrips + other.roundTrips, bytesSent + other.bytesSent, bytesReceived + other.bytesReceived);
    }
}
