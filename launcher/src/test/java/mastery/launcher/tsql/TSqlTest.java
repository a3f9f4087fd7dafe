package mastery.launcher.tsql;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every T-SQL text of this repository is T-SQL, also where no SQL Server can be had. */
class TSqlTest {

    private static final Pattern WORD = Pattern.compile("'(?:[^']|'')*'|[@\\w]+");

    /** Without "constraint": with a letter lost it is the name of a column, and what follows is its type. */
    private static final Pattern KEYWORD = Pattern.compile("add|alter|and|as|begin|between|by|case|catch|check|commit"
            + "|create|cross|current|database|declare|default|delete|desc|drop|else|end|exec|execute|exists|from|function|group"
            + "|having|identity|if|immediate|include|index|inner|insert|into|is|isolation|join|key|left|level|like|merge|not|null"
            + "|off|on|or|order|outer|output|over|primary|procedure|raiserror|read_committed_snapshot|rollback|rows|save|select"
            + "|set|single_user|snapshot|statistics|table|then|throw|top|tran|transaction|try|union|unique|update|using|values"
            + "|view|when|where|with|xml|nocount|xact_abort|xact_state|error_number|error_message|lock_timeout|showplan_xml"
            + "|allow_snapshot_isolation|deadlock_priority|@@\\w+|db_id|count|serverproperty");

    @TempDir
    private Path directory;

    /** Classes of the subjects that stand above the engines, whose texts every engine takes. */
    private static final Set<String> FOR_ALL_ENGINES =
            Set.of("Anomaly", "EngineLevels", "AtomicTransfer", "RetryTemplate");

    private static Texts ofThisRepository() throws IOException {
        return Texts.of(sources(TSqlTest::speaksTSql));
    }

    /** Of these with those that stand among the texts of other engines. */
    private static List<Texts.Text> allTexts(Texts ofThese) throws IOException {
        List<Path> mixed = sources(file -> file.toString().replace('\\', '/').matches(".*/mastery/design/.*\\.java"));
        return Stream.concat(ofThese.found().stream(), NamedTexts.of(mixed, FOR_ALL_ENGINES).stream())
                .toList();
    }

    private static List<Path> sources(Predicate<Path> wanted) throws IOException {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(Path.of("..").toAbsolutePath().normalize())) {
            for (Path module : modules.filter(path -> Files.isDirectory(path.resolve("src")))
                    .sorted()
                    .toList()) {
                try (Stream<Path> files = Files.walk(module.resolve("src"))) {
                    files.filter(wanted).sorted().forEach(sources::add);
                }
            }
        }
        return sources;
    }

    /** The examples and their proofs; of the support what is written for SQL Server, and the proofs of that. */
    private static boolean speaksTSql(Path file) {
        String path = file.toString().replace('\\', '/');
        return path.matches(".*/src/(main|test)/java/mastery/sqlserver/.*\\.java")
                || path.matches(".*/src/main/java/mastery/support/.*/SqlServer\\w*\\.java")
                || path.matches(".*/src/test/java/mastery/support/.*(?<!Postgre)SqlServer\\w*IT\\.java");
    }

    @Test
    void everyTextIsTSql() throws IOException {
        Texts texts = ofThisRepository();

        assertThat(texts.problems()).isEmpty();
        assertThat(allTexts(texts))
                .allSatisfy(text -> assertThat(Grammar.errorsIn(text.sql()))
                        .as(text.toString())
                        .isEmpty());
    }

    @Test
    void theTextsOfExamplesProofsAndSupportAreFound() throws IOException {
        List<Texts.Text> found = allTexts(ofThisRepository());

        assertThat(found)
                .extracting(Texts.Text::file)
                .contains(
                        "TryCatchXactAbort.java",
                        "TryCatchXactAbortIT.java",
                        "SnapshotConflict.java",
                        "SqlServer.java",
                        "SqlServerRecipe.java",
                        "SqlServerLockView.java",
                        "SqlServerPlans.java",
                        "SqlServerWork.java",
                        "SqlServerInterleavingIT.java",
                        "SqlServerLevels.java",
                        "Anomaly.java",
                        "EngineLevels.java");
        assertThat(found)
                .extracting(Texts.Text::sql)
                .contains("set transaction isolation level snapshot", "update account set balance = balance + 100")
                .contains("set showplan_xml off", "drop database if exists " + Texts.PLACEHOLDER)
                .anyMatch(sql -> sql.startsWith("set nocount, xact_abort on;\nbegin try\nbegin transaction;"));
    }

    @Test
    void aLetterLostInAnyKeywordIsFound() throws IOException {
        List<String> missed = new ArrayList<>();
        int tried = 0;
        for (Texts.Text text : allTexts(ofThisRepository())) {
            for (String broken : withALetterLost(text.sql())) {
                tried++;
                if (Grammar.errorsIn(broken).isEmpty()) {
                    missed.add(broken);
                }
            }
        }
        assertThat(tried).isGreaterThan(200);
        assertThat(missed).isEmpty();
    }

    private static List<String> withALetterLost(String sql) {
        List<String> broken = new ArrayList<>();
        Matcher word = WORD.matcher(sql);
        while (word.find()) {
            String text = word.group().toLowerCase(Locale.ROOT);
            if (KEYWORD.matcher(text).matches()) {
                broken.add(new StringBuilder(sql).deleteCharAt(word.end() - 2).toString());
            }
        }
        return broken;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "selct 1",
                "select 1 form t",
                "begin try select 1 end try",
                "throw 50001 N'x', 1",
                "throw 50001, N'x'",
                "insert into t (a values (1)",
                "set xact_abrt on",
                "set xact_abort of",
                "commit trasaction",
                "select xact_stat()",
                "select @@trncount",
                "select a from t wth (updlock)",
                "create index i on t (a) include b",
                "create index i on t (a) with (onlin = on)",
                "set transaction isolation level snapsho",
                "alter database curent set allow_snapshot_isolation on",
                "merge t using s on t.a = s.a when matched update set b = 1;",
                "select * from t limit 5"
            })
    void whatIsNoTSqlIsRefused(String sql) {
        assertThat(Grammar.errorsIn(sql)).isNotEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select '?' as a, [b?], ? as c from t -- ?",
                "declare @n int = 0; select @n = count(*) from t; if @n > 1 print 'many'",
                "merge into t with (holdlock) as t using (values (?, ?)) as s (a, b) on t.a = s.a"
                        + " when matched then update set b = s.b when not matched then insert (a, b) values (s.a, s.b)"
                        + " output $action, inserted.a;",
                "delete top (1) from job with (rowlock, readpast, updlock) output deleted.id where state = 'ready'",
                "create or alter procedure dbo.p @a int, @b int output as begin set nocount on; set @b = @a; end",
                "exec dbo.p @a = ?, @b = ? output",
                "create index i on t (a, b desc) include (c) where d = 1 with (fillfactor = 80, online = on)",
                "select x.a from t cross apply (select top (2) a from u where u.b = t.b order by a) as x",
                "save transaction before_item",
                "kill 51"
            })
    void whatIsTSqlIsTaken(String sql) {
        assertThat(Grammar.errorsIn(sql)).isEmpty();
    }

    @Test
    void textsAreFoundThroughConstantsMethodsAndChoices() throws IOException {
        Texts texts = Texts.of(List.of(
                source("A", """
                        class A {
                            static final String PART = "select 1";
                            void all(java.sql.Connection c, boolean b, String given) throws Exception {
                                c.prepareStatement(PART + " as one");
                                String chosen = b ? "select 2" : "select 3";
                                run(c, chosen, 7);
                                run(c, "drop table " + given, 7);
                            }
                            void run(java.sql.Connection c, String sql, int n) throws Exception {
                                c.createStatement().execute(sql);
                            }
                        }
                        """),
                source(
                        "B",
                        "class B { void b(A a, java.sql.Connection c) throws Exception { a.run(c, A.PART, 1); } }")));

        assertThat(texts.problems()).isEmpty();
        assertThat(texts.found())
                .extracting(Texts.Text::sql)
                .containsExactly(
                        "select 1 as one", "select 2", "select 3", "drop table " + Texts.PLACEHOLDER, "select 1");
    }

    @Test
    void aTextThatCannotBeReadAndABlockThatIsNotHandedOverAreProblems() throws IOException {
        Texts texts = Texts.of(List.of(source("C", """
                class C {
                    static final String NEVER = \"""
                            selct
                            \""";
                    void c(java.sql.Statement s) throws Exception {
                        s.execute("select %s".formatted("1"));
                    }
                }
                """)));

        assertThat(texts.problems())
                .hasSize(2)
                .anyMatch(problem -> problem.startsWith("C.java:2: a text block that is not handed"))
                .anyMatch(problem -> problem.startsWith("C.java:6: cannot be read"));
    }

    @Test
    void amongTheTextsOfOtherEnginesThoseThatAreNamedForSqlServerAreFound() throws IOException {
        List<Texts.Text> texts = NamedTexts.of(List.of(source("D", """
                        class D {
                            enum Lock {
                                ELSEWHERE("select a from t for update"),
                                SQL_SERVER("select a from t with (updlock)");
                                Lock(String sql) {}
                            }
                            static final String OTHER = "select 1 limit 1";
                            class SqlServer {
                                String kill(int id) { return "kill " + id; }
                                String name() { return "a server"; }
                            }
                            class Everywhere { String all = "select 1"; }
                        }
                        """)), Set.of("Everywhere"));

        assertThat(texts)
                .extracting(Texts.Text::sql)
                .containsExactly("select a from t with (updlock)", "kill " + Texts.PLACEHOLDER, "select 1");
        assertThat(texts.get(0).line()).isEqualTo(4);
    }

    private Path source(String type, String text) throws IOException {
        return Files.writeString(directory.resolve(type + ".java"), text);
    }
}
