package mastery.support.server;

/** Something that this JVM started and that ends with it. */
interface Disposable {

    /** Ends it for good and removes its data. */
    void dispose();
}
