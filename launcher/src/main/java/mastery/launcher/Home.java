package mastery.launcher;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the repository is. */
final class Home {

    private Home() {}

    /**
     * The directory in the system property {@code mastery.home}, else the nearest one from the working directory upwards that has the
     * script and the modules.
     *
     * @throws IllegalStateException when there is none
     */
    static Path directory() {
        String told = System.getProperty("mastery.home");
        if (told != null) {
            return Path.of(told);
        }
        Path here = Path.of("").toAbsolutePath();
        for (Path directory = here; directory != null; directory = directory.getParent()) {
            if (Files.exists(directory.resolve("mastery"))
                    && Files.exists(directory.resolve("common-test-support/pom.xml"))) {
                return directory;
            }
        }
        throw new IllegalStateException(here + " is not inside the repository; set -Dmastery.home to its root");
    }
}
