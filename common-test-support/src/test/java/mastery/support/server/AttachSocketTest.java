package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttachSocketTest {

    @TempDir
    Path temp;

    private Path node;

    @BeforeEach
    void createNode() throws IOException {
        node = Files.createDirectory(temp.resolve("node"));
    }

    @Test
    void ofTheSocketsThereOnlyThatOfAnEndedProcessOfTheNodeIsRemoved() throws IOException, InterruptedException {
        long ended = endedProcess();
        Path left = socketOf(ended);
        Path ofAnother = socketOf(endedProcess());
        Path alive = socketOf(ProcessHandle.current().pid());
        AttachSocket.note(node, ended);
        AttachSocket.note(node, ProcessHandle.current().pid());

        AttachSocket.removeLeft(node, temp);

        assertThat(left).doesNotExist();
        assertThat(ofAnother).exists();
        assertThat(alive).exists();
    }

    @Test
    void aProcessWhoseEndNobodyHasAskedForHasEnded() throws IOException {
        // The long sleep knows nothing of the child that the shell had before it became this sleep.
        Process parent = new ProcessBuilder("sh", "-c", "sleep 0.2 & echo $!; exec sleep 60").start();
        try {
            String zombie = parent.inputReader().readLine();
            await().atMost(Duration.ofSeconds(30))
                    .until(() ->
                            Files.readString(Path.of("/proc", zombie, "stat")).contains(") Z "));
            Path left = socketOf(Long.parseLong(zombie));
            AttachSocket.note(node, Long.parseLong(zombie));

            AttachSocket.removeLeft(node, temp);

            assertThat(ProcessHandle.of(Long.parseLong(zombie))).isPresent();
            assertThat(left).doesNotExist();
        } finally {
            parent.destroyForcibly();
        }
    }

    @Test
    void theSocketOfAnotherUserStays() throws IOException, InterruptedException {
        assumeTrue(Integer.valueOf(0).equals(Files.getAttribute(node, "unix:uid")), "only root gives files away");
        long ended = endedProcess();
        Path others = socketOf(ended);
        Files.setAttribute(others, "unix:uid", 12345);
        AttachSocket.note(node, ended);

        AttachSocket.removeLeft(node, temp);

        assertThat(others).exists();
    }

    @Test
    void whatAKilledJvmLeftIsRemovedWithItsDirectory() throws IOException, InterruptedException {
        Path run = Files.createDirectory(temp.resolve("mastery-run-" + endedProcess() + ".1-77"));
        node = Files.createDirectory(run.resolve("elasticsearch-single-1"));
        Process server = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Djdk.attach.allowAttachSelf=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        AttachedToItself.class.getName())
                .directory(node.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        AttachSocket.note(node, server.pid());
        assertThat(server.inputReader().readLine()).isEqualTo("attached");
        Path socket = Path.of("/tmp/.java_pid" + server.pid());
        assertThat(socket).exists();

        RunDirectory.sweep(temp);

        assertThat(server.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(socket).doesNotExist();
        assertThat(run).doesNotExist();
    }

    /** As Elasticsearch does at its start. */
    static final class AttachedToItself {

        private AttachedToItself() {}

        public static void main(String[] arguments) throws Exception {
            com.sun.tools.attach.VirtualMachine.attach(
                            Long.toString(ProcessHandle.current().pid()))
                    .detach();
            System.out.println("attached");
            Thread.currentThread().join();
        }
    }

    private Path socketOf(long pid) throws IOException {
        return Files.createFile(temp.resolve(".java_pid" + pid));
    }

    private static long endedProcess() throws IOException, InterruptedException {
        Process process = new ProcessBuilder("true").start();
        process.waitFor();
        return process.pid();
    }
}
