package mastery.launcher.curriculum;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CurriculumTest {

    @TempDir
    private Path home;

    @Test
    void topicsAndExamplesComeInTheOrderOfTheReadmes() throws IOException {
        Curriculum curriculum = Tree.inOrder(home).read();

        assertThat(curriculum.problems()).isEmpty();
        assertThat(curriculum.topics())
                .extracting(Topic::path)
                .containsExactly("postgresql/advanced", "mysql/advanced");
        assertThat(curriculum.examples())
                .extracting(Example::path)
                .containsExactly(
                        "postgresql/advanced/SkipLockedQueue",
                        "postgresql/advanced/KeysetPagination",
                        "mysql/advanced/KeysetPagination",
                        "mysql/advanced/GapLocks");
        assertThat(curriculum.examples().get(0).question()).isEqualTo("What does SkipLockedQueue answer?");
        assertThat(curriculum.examples().get(0).claim()).isEqualTo("A queue skips what is locked.");
    }

    @Test
    void anExampleThatTheReadmeDoesNotListComesLastAndIsAProblem() throws IOException {
        Curriculum curriculum = Tree.inOrder(home)
                .example("mysql/advanced/Added", "/** New. */")
                .read();

        assertThat(curriculum.examples()).last().extracting(Example::simpleName).isEqualTo("Added");
        assertThat(curriculum.problems())
                .containsExactly("01-relational-databases/src/main/java/mastery/mysql/advanced/README.md"
                        + " does not list the example Added");
    }

    @Test
    void aListedExampleThatIsGoneIsAProblem() throws IOException {
        Curriculum curriculum = Tree.inOrder(home)
                .topic("mysql/advanced", "MySQL: advanced queries", "KeysetPagination", "Gone", "GapLocks")
                .read();

        assertThat(curriculum.problems())
                .containsExactly("01-relational-databases/src/main/java/mastery/mysql/advanced/README.md"
                        + " lists Gone, which is not an example beside it");
    }

    @Test
    void aClassWithoutMainIsNoExample() throws IOException {
        Curriculum curriculum = Tree.inOrder(home)
                .file(
                        "01-relational-databases/src/main/java/mastery/mysql/advanced/Helper.java",
                        "package mastery.mysql.advanced;\n\n/** Helps. */\nfinal class Helper {}\n")
                .read();

        assertThat(curriculum.problems()).isEmpty();
        assertThat(curriculum.examples()).extracting(Example::simpleName).doesNotContain("Helper");
    }

    @Test
    void aTopicMissingFromTheReadmeOfItsModuleOrGoneOrRenamedIsAProblem() throws IOException {
        Curriculum curriculum = Tree.inOrder(home)
                .part("postgresql/advanced=PostgreSQL: old title", "mysql/gone=MySQL: gone")
                .read();

        assertThat(curriculum.problems())
                .containsExactly(
                        "01-relational-databases/README.md calls postgresql/advanced \"PostgreSQL: old title\","
                                + " its own README \"PostgreSQL: advanced queries\"",
                        "01-relational-databases/README.md lists src/main/java/mastery/mysql/gone/README.md,"
                                + " where no example is",
                        "01-relational-databases/README.md does not list the topic mysql/advanced");
    }

    @Test
    void anExampleWithoutAClaimIsAProblem() throws IOException {
        Curriculum curriculum =
                Tree.inOrder(home).example("mysql/advanced/GapLocks", "").read();

        assertThat(curriculum.problems())
                .containsExactly("01-relational-databases/src/main/java/mastery/mysql/advanced/GapLocks.java"
                        + " has no Javadoc that begins with its claim");
    }

    @Test
    void aWordIsFoundInNamesClaimsQuestionsAndTitles() throws IOException {
        Curriculum curriculum = Tree.inOrder(home).read();

        assertThat(curriculum.mentioning("SKIPS"))
                .flatExtracting(Part::topics)
                .flatExtracting(Topic::examples)
                .extracting(Example::simpleName)
                .containsExactly("SkipLockedQueue");
        assertThat(curriculum.mentioning("mysql: adv"))
                .flatExtracting(Part::topics)
                .flatExtracting(Topic::examples)
                .hasSize(2);
        assertThat(curriculum.mentioning("nowhere")).isEmpty();
    }
}
