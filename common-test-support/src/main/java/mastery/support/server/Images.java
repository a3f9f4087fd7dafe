package mastery.support.server;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * Which image serves an engine: the one that the user names ({@code mastery.<engine>.image}), the stand-ins of
 * {@code containers/} where the user asks for them ({@code mastery.images=stand-in}), else the pinned official one.
 */
final class Images {

    /** Which images are used; unset, or {@code official}, for those of the makers. */
    static final String KIND = "mastery.images";

    /** A stand-in carries it wherever it is stored and whatever it is called then; its value says what it is made of. */
    static final String STAND_IN_LABEL = "database-mastery.stand-in";

    private static final String STAND_IN_NAME = "database-mastery/stand-in-";
    private static final String STAND_IN = "stand-in";
    private static final String OFFICIAL = "official";

    private Images() {}

    /**
     * The image to be used, as {@code NAME:TAG} or {@code NAME:TAG@sha256:DIGEST}.
     *
     * @throws ServerException if {@code mastery.images} is neither official nor stand-in
     */
    static String of(Engine engine) {
        Optional<String> named = Settings.get("mastery." + engine.id() + ".image");
        if (named.isPresent()) {
            return named.get().strip();
        }
        String kind = Settings.get(KIND).orElse(OFFICIAL).strip();
        // Nothing but its makers' image is SQL Server.
        if (kind.equals(OFFICIAL) || kind.equals(STAND_IN) && engine == Engine.SQLSERVER) {
            return official(engine);
        }
        if (kind.equals(STAND_IN)) {
            return STAND_IN_NAME + engine.id();
        }
        throw new ServerException(
                KIND + " is '" + kind + "'. It must be official or stand-in; leave it out for the official images.");
    }

    /** The pinned official image. */
    static String official(Engine engine) {
        Properties images = new Properties();
        try (InputStream file = Images.class.getResourceAsStream("images.properties")) {
            images.load(file);
        } catch (IOException e) {
            throw new IllegalStateException("images.properties cannot be read", e);
        }
        return images.getProperty(engine.id());
    }

    /** True of a name that is built here and that no registry has: whatever a registry had under it would be another's. */
    static boolean isBuiltHere(String image) {
        return image.startsWith(STAND_IN_NAME);
    }

    /** For people: a digest says nothing to them that the tag does not. */
    static String withoutDigest(String image) {
        return image.replaceFirst("@sha256:.*", "");
    }

    /** What a report says of a server's image: a stand-in is called one. */
    static String describe(String image, Map<String, String> labels) {
        String madeOf = labels == null ? null : labels.get(STAND_IN_LABEL);
        if (madeOf == null) {
            return "image " + withoutDigest(image);
        }
        // Its own name says no more than that.
        return "stand-in image" + (isBuiltHere(image) ? "" : " " + withoutDigest(image)) + ": " + madeOf;
    }
}
