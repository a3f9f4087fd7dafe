package mastery.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import mastery.launcher.curriculum.Tree;
import mastery.support.server.Engine;
import mastery.support.server.Servers;
import mastery.support.server.SourceKind;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** What a person sees, word for word, on a small tree. */
class CommandsTest {

    @TempDir
    private Path home;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private String homeBefore;

    @BeforeEach
    void prepare() throws IOException {
        homeBefore = System.getProperty("mastery.home");
        System.setProperty("mastery.home", home.toString());
        Tree.inOrder(home)
                .example(
                        "mysql/advanced/GapLocks",
                        "/** A gap between two keys can be locked, so that an insert waits for a row that is not there"
                                + " and never was. */")
                .file(
                        "docs/paths/locks-first.md",
                        "# Locks first\n\nFor those who wait.\n\n1. [GapLocks](../../01-relational-databases/src/main/"
                                + "java/mastery/mysql/advanced/GapLocks.java)\n");
    }

    @AfterEach
    void restore() {
        if (homeBefore == null) {
            System.clearProperty("mastery.home");
        } else {
            System.setProperty("mastery.home", homeBefore);
        }
    }

    @Test
    void listShowsTheTreeInReadingOrderWithin80Columns() {
        assertThat(execute("list")).isZero();

        assertThat(out.toString().replace("\r", "")).isEqualTo("""
                        Relational databases

                          PostgreSQL: advanced queries (postgresql/advanced)
                            SkipLockedQueue   A queue skips what is locked.
                            KeysetPagination  Postgres pages by key.

                          MySQL: advanced queries (mysql/advanced)
                            KeysetPagination  MySQL pages by key.
                            GapLocks          A gap between two keys can be locked, so that an insert
                                              waits for a row that is not there and never was.
                        """);
        assertThat(out.toString().lines())
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    }

    @Test
    void listOfAWordShowsOnlyWhatMentionsIt() {
        assertThat(execute("list", "skips")).isZero();

        assertThat(out.toString()).contains("SkipLockedQueue").doesNotContain("KeysetPagination", "MySQL");
    }

    @Test
    void listOfAWordThatNothingMentionsFails() {
        assertThat(execute("list", "elephant")).isEqualTo(1);

        assertThat(err.toString()).contains("No example mentions 'elephant'");
    }

    @Test
    void aNameLongerThanItsColumnHasItsClaimBelow() {
        Page page = new Page(new PrintWriter(out), false);
        page.entry(4, "ANameThatIsLongerThanItsColumn", 12, "The claim.");
        page.flush();

        assertThat(out.toString().lines())
                .containsExactly("    ANameThatIsLongerThanItsColumn", "            The claim.");
    }

    @Test
    void aStyledHeadingIsBoldAndAPlainOneHasNoEscapes() {
        Page styled = new Page(new PrintWriter(out), true);
        styled.heading(0, "Title", "(remark)");
        styled.flush();
        Page plain = new Page(new PrintWriter(err), false);
        plain.heading(0, "Title", "(remark)");
        plain.flush();

        assertThat(out.toString().strip()).isEqualTo("\u001b[1mTitle\u001b[0m (remark)");
        assertThat(err.toString().strip()).isEqualTo("Title (remark)");
    }

    @Test
    void pathShowsItsStepsWithTheQuestionTheyAnswer() {
        assertThat(execute("path", "locks-first")).isZero();

        assertThat(out.toString().lines())
                .containsExactly(
                        "Locks first",
                        "For those who wait.",
                        "",
                        "     1  GapLocks                  What does GapLocks answer?");
    }

    @Test
    void anUnknownPathNamesTheKnownOnes() {
        assertThat(execute("path", "elephants-first")).isEqualTo(2);

        assertThat(err.toString()).contains("There is no path 'elephants-first'", "  locks-first");
    }

    @Test
    void runOfAnUnknownNameSuggestsTheNearest() {
        assertThat(execute("run", "GapLoks")).isEqualTo(2);

        assertThat(err.toString())
                .contains("There is no example 'GapLoks'. Did you mean:", "  GapLocks")
                .doesNotContain("\tat ");
    }

    @Test
    void runOfAnAmbiguousNameListsTheCandidates() {
        assertThat(execute("run", "KeysetPagination")).isEqualTo(2);

        assertThat(err.toString())
                .contains("  postgresql/advanced/KeysetPagination", "  mysql/advanced/KeysetPagination");
    }

    @Test
    void runOfATopicInTwoEnginesListsThem() {
        assertThat(execute("run", "--all", "advanced")).isEqualTo(2);

        assertThat(err.toString()).contains("  postgresql/advanced", "  mysql/advanced");
    }

    @Test
    void runOfNothingIsAUsageError() {
        assertThat(execute("run")).isEqualTo(2);

        assertThat(err.toString()).contains("Name an example");
    }

    @Test
    void runFromAnUnknownSourceNamesTheSources() {
        assertThat(execute("run", "GapLocks", "--source", "cloud")).isEqualTo(2);

        assertThat(err.toString()).contains("There is no source 'cloud'", "  native");
    }

    @Test
    void anUnknownCommandSuggestsTheNearest() {
        assertThat(execute("lits")).isEqualTo(2);

        assertThat(err.toString()).contains("There is no command 'lits'. Did you mean list?");
    }

    @Test
    void anUnknownEngineNamesTheEngines() {
        assertThat(execute("status", "oracle")).isEqualTo(2);

        assertThat(err.toString())
                .contains(
                        "There is no engine 'oracle'. The engines: postgresql, mysql, redis, mongodb, elasticsearch, cassandra");
        assertThat(EngineName.read("postgres")).contains(Engine.POSTGRESQL);
        assertThat(EngineName.read("MySQL")).contains(Engine.MYSQL);
        assertThat(EngineName.read("sql")).contains(Engine.SQLSERVER);
        assertThat(EngineName.read("m")).isEmpty();
    }

    @Test
    void doctorShowsWhatWillBeUsedWhyNothingBetterAndTheCure() {
        Page page = new Page(new PrintWriter(out), false);
        DoctorCommand.print(
                new Servers.Diagnosis(
                        Engine.REDIS,
                        Optional.empty(),
                        List.of("container: no container engine answers at the usual socket or at DOCKER_HOST here"),
                        Optional.of("install Redis 8")),
                page);

        assertThat(out.toString().lines())
                .containsExactly(
                        "Redis          CANNOT BE HAD HERE: its examples and proofs do not run",
                        "               - container: no container engine answers at the usual socket or",
                        "                 at DOCKER_HOST here",
                        "               cure: install Redis 8");
    }

    @Test
    void fetchedProgramsAreOneLineOfFourColumnsForAScript() {
        Servers.Fetched fetched =
                new Servers.Fetched(Engine.REDIS, "8.0.2", Path.of("/a/cache", "t".repeat(80)), "Debian trixie");
        FetchCommand.print(fetched, true, new Page(new PrintWriter(out), false));

        assertThat(out.toString().strip().split("\t"))
                .containsExactly("redis", "8.0.2", "/a/cache/" + "t".repeat(80), "Debian trixie");
    }

    @Test
    void aServerThatDoesNotAnswerIsShownWithTheWayToEndIt() {
        Page page = new Page(new PrintWriter(out), false);
        Instant since = Instant.now().minusSeconds(125);
        KeptServer.print(
                new Servers.Kept(Engine.MYSQL, "9.7.1", SourceKind.NATIVE, 41234, 77, since, false, "jdbc:mysql://x"),
                page);
        page.flush();

        assertThat(out.toString().lines())
                .containsExactly(
                        "MySQL       9.7.1, native, port 41234, process 77, up 2 min, DOES NOT ANSWER",
                        "            (mastery down mysql)",
                        "            jdbc:mysql://x");
    }

    @Test
    void aDirectoryThatCannotBeReadIsToldWithoutAStackTrace() {
        System.setProperty("mastery.home", home.resolve("nowhere").toString());

        assertThat(execute("list")).isEqualTo(1);

        assertThat(err.toString().lines()).hasSize(1).allMatch(line -> line.endsWith("nowhere cannot be read"));
    }

    @Test
    void completionKnowsCommandsExamplesAndTopics() {
        assertThat(execute("completion", "zsh")).isZero();

        assertThat(out.toString())
                .contains("mastery", "doctor", "\"GapLocks\"", "\"mysql/advanced\"", "\"locks-first\"");
    }

    private int execute(String... arguments) {
        return Main.commandLine()
                .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
