package mastery.launcher.curriculum;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small repository in a temporary directory. */
public final class Tree {

    private static final String SOURCES = "01-relational-databases/src/main/java/mastery/";

    private final Path home;

    public Tree(Path home) {
        this.home = home;
    }

    public Path home() {
        return home;
    }

    public Curriculum read() {
        return Curriculum.read(home);
    }

    /** An example at {@code postgresql/advanced/KeysetPagination}. */
    public Tree example(String path, String javadoc) throws IOException {
        String name = path.substring(path.lastIndexOf('/') + 1);
        String topic = path.substring(0, path.lastIndexOf('/')).replace('/', '.');
        return file(SOURCES + path + ".java", """
                package mastery.%s;

                import java.util.List;

                %s
                public final class %s {
                    public static void main(String[] arguments) {}
                }
                """.formatted(topic, javadoc, name));
    }

    /** A README of a topic that lists these examples. */
    public Tree topic(String path, String title, String... examples) throws IOException {
        StringBuilder text = new StringBuilder("# " + title + "\n\n| Example | The question it answers |\n|---|---|\n");
        for (String example : examples) {
            text.append("| [%s](%s.java) | What does %s answer? |\n".formatted(example, example, example));
        }
        return file(SOURCES + path + "/README.md", text.toString());
    }

    /** A README of the module that lists these topics, each given as {@code path=title}. */
    public Tree part(String... topics) throws IOException {
        StringBuilder text = new StringBuilder("# Relational databases\n\n| Topic | What you learn |\n|---|---|\n");
        for (String topic : topics) {
            String[] pathAndTitle = topic.split("=");
            text.append("| [%s](src/main/java/mastery/%s/README.md) | Something. |\n"
                    .formatted(pathAndTitle[1], pathAndTitle[0]));
        }
        return file("01-relational-databases/README.md", text.toString());
    }

    public Tree file(String path, String text) throws IOException {
        Path file = home.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        return this;
    }

    /** Two topics in two engines whose READMEs agree with the sources, in an order that is not the alphabet's. */
    public static Tree inOrder(Path home) throws IOException {
        return new Tree(home)
                .part("postgresql/advanced=PostgreSQL: advanced queries", "mysql/advanced=MySQL: advanced queries")
                .topic("postgresql/advanced", "PostgreSQL: advanced queries", "SkipLockedQueue", "KeysetPagination")
                .topic("mysql/advanced", "MySQL: advanced queries", "KeysetPagination", "GapLocks")
                .example("postgresql/advanced/KeysetPagination", "/** Postgres pages by key. */")
                .example("postgresql/advanced/SkipLockedQueue", "/** A queue skips what is locked. */")
                .example("mysql/advanced/KeysetPagination", "/** MySQL pages by key. */")
                .example("mysql/advanced/GapLocks", "/** A gap can be locked. */");
    }
}
