package mastery.launcher.curriculum;

import java.util.List;

/**
 * A package of examples.
 *
 * @param path engine or subject, then topic: {@code postgresql/advanced}
 * @param title first heading of its README, {@code PostgreSQL: advanced queries}; the path when it has none
 * @param examples in reading order
 */
public record Topic(String path, String title, List<Example> examples) {

    /** {@code advanced}. */
    public String lastName() {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
