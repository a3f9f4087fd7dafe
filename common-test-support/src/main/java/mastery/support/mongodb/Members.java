package mastery.support.mongodb;

import com.mongodb.MongoTimeoutException;

/** What the members of a topology may answer. */
final class Members {

    private Members() {}

    /** A server that refuses to answer may be asked again; one that is not there may not. */
    static boolean refused(Throwable failure) {
        return !(failure instanceof MongoTimeoutException);
    }
}
