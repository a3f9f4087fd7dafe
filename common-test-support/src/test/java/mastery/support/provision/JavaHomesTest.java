package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaHomesTest {

    private static final List<Integer> WANTED = List.of(17, 11);

    @TempDir
    Path root;

    private final List<String> notes = new ArrayList<>();
    private final Properties properties = new Properties();

    @BeforeEach
    void runOnAnother() throws IOException {
        properties.setProperty("java.home", java("usr/lib/jvm/jdk-25", "25.0.1").toString());
        properties.setProperty("user.home", root.resolve("home").toString());
    }

    @Test
    void theFirstWantedVersionIsPreferredWhereverItLies() throws IOException {
        java("usr/lib/jvm/jdk-11", "11.0.24");
        Path wanted = java("home/.sdkman/candidates/java/17.0.9-tem", "17.0.9");
        Optional<JavaHomes.Java> found = find(Map.of(), false);
        assertThat(found).contains(new JavaHomes.Java(wanted, Version.of("17.0.9")));
        assertThat(found.orElseThrow()).hasToString("JDK 17.0.9 in " + wanted);
        assertThat(notes).contains(root.resolve("usr/lib/jvm/jdk-25") + " is 25.0.1");
    }

    @Test
    void theRunningJavaIsTakenWhereItIsWanted() throws IOException {
        Path running = java("running", "17.0.1");
        java("usr/lib/jvm/jdk-17", "17.0.9");
        properties.setProperty("java.home", running.toString());
        assertThat(find(Map.of(), false).orElseThrow().home()).isEqualTo(running);
    }

    @Test
    void theUsualVariablesNameOne() throws IOException {
        Path named = java("somewhere/jdk", "17.0.2");
        for (String variable : List.of("JAVA17_HOME", "JAVA_HOME_17", "JAVA_HOME_17_X64", "JAVA_HOME")) {
            assertThat(find(Map.of(variable, named.toString()), false)
                            .orElseThrow()
                            .home())
                    .as(variable)
                    .isEqualTo(named);
        }
    }

    @Test
    void whatTheUserNamesIsTakenOrRefusedAndNothingElse() throws IOException {
        java("usr/lib/jvm/jdk-17", "17.0.9");
        Path named = java("named", "11.0.2");
        properties.setProperty("mastery.cassandra.java", named.toString());
        assertThat(find(Map.of(), false).orElseThrow().home()).isEqualTo(named);
        properties.setProperty("mastery.cassandra.java", root.resolve("none").toString());
        assertThat(find(Map.of(), false)).isEmpty();
        assertThat(notes).last().asString().contains("-Dmastery.cassandra.java", "which has no bin/java");
        properties.setProperty(
                "mastery.cassandra.java", java("usr/lib/jvm/jdk-21", "21.0.4").toString());
        assertThat(find(Map.of(), false)).isEmpty();
        assertThat(notes).last().asString().contains("jdk-21 is 21.0.4");
    }

    @Test
    void withNoneEveryOneThatIsThereIsNamed() throws IOException {
        java("usr/lib/jvm/jdk-8", "1.8.0_452");
        assertThat(find(Map.of("JAVA17_HOME", root.resolve("gone").toString()), false))
                .isEmpty();
        assertThat(notes)
                .anyMatch(note -> note.contains("jdk-25 is 25.0.1"))
                .anyMatch(note -> note.contains("jdk-8 is 1.8.0"))
                .anyMatch(note -> note.startsWith("JAVA17_HOME is ") && note.contains("gone"));
    }

    @Test
    void oneThatTheServersUserCannotReachIsPassedOver() throws IOException {
        Path closed = java("home/.jdks/jdk-17", "17.0.9");
        Files.setPosixFilePermissions(root.resolve("home"), PosixFilePermissions.fromString("rwx------"));
        assertThat(find(Map.of(), true)).isEmpty();
        assertThat(notes).anyMatch(note -> note.contains(closed.toString()) && note.contains("is closed"));
        assertThat(find(Map.of(), false)).isPresent();
    }

    private Optional<JavaHomes.Java> find(Map<String, String> environment, boolean forOtherUser) {
        return new JavaHomes(properties, environment, root, forOtherUser).find("mastery.cassandra.java", WANTED, notes);
    }

    private Path java(String home, String version) throws IOException {
        Path directory = root.toRealPath().resolve(home);
        Path program = Files.createDirectories(directory.resolve("bin")).resolve("java");
        Files.writeString(program, "");
        assertThat(program.toFile().setExecutable(true, false)).isTrue();
        Files.writeString(directory.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        return directory;
    }
}
