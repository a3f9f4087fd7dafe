package mastery.launcher.curriculum;

import java.util.List;

/**
 * A module of the curriculum.
 *
 * @param directory {@code 01-relational-databases}
 * @param title first heading of its README
 * @param topics in reading order
 */
public record Part(String directory, String title, List<Topic> topics) {}
