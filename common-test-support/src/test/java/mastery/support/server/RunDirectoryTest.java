package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {

    @TempDir
    Path base;

    @Test
    void theDirectoryOfAnEndedOwnerIsSweptWithTheProcessesThatWorkInIt() throws IOException, InterruptedException {
        Path left = Files.createDirectories(base.resolve("mastery-run-" + endedOwner() + "-77/postgresql-single-1"));
        Files.writeString(left.resolve("file"), "data");
        Process orphan =
                new ProcessBuilder("sleep", "60").directory(left.toFile()).start();

        RunDirectory.sweep(base);

        assertThat(orphan.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(left.getParent()).doesNotExist();
    }

    @Test
    void theDirectoryOfALivingOwnerStays() throws IOException {
        Path own = Files.createDirectories(base.resolve("mastery-run-" + OwnerMark.ofThisJvm() + "-77"));
        RunDirectory.sweep(base);
        assertThat(own).exists();
    }

    @Test
    void whatDoesNotBelongToTheProjectStays() throws IOException, InterruptedException {
        Path other = Files.createDirectories(base.resolve("other-" + endedOwner()));
        RunDirectory.sweep(base);
        assertThat(other).exists();
    }

    private static String endedOwner() throws IOException, InterruptedException {
        Process process = new ProcessBuilder("true").start();
        long pid = process.pid();
        process.waitFor();
        return pid + ".1";
    }
}
