package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** Needs setpriv of util-linux, as native servers do. */
@EnabledOnOs(OS.LINUX)
class ServerUserTest {

    @Test
    void aCommandRunsAsAChildOfThisJvm() throws Exception {
        assertThat(output(ServerUser.boundToParent(List.of("echo", "runs", "$HOME 'as it is'"))))
                .isEqualTo("runs $HOME 'as it is'\n");
    }

    @Test
    void aCommandWhoseJvmIsGoneDoesNotRun() throws Exception {
        // The shell between is another parent, as init would be after the death of the JVM.
        List<String> adopted = new ArrayList<>(List.of("sh", "-c", "\"$@\"; true", "sh"));
        adopted.addAll(ServerUser.boundToParent(List.of("echo", "runs")));
        assertThat(output(adopted)).isEmpty();
    }

    @Test
    void theCommandIsKnownBehindWhatIsPutBeforeIt() {
        List<String> command = List.of("cp", "-R", "/from", "/to");
        assertThat(ServerUser.withoutPrefix(ServerUser.boundToParent(command))).isEqualTo(command);
        assertThat(ServerUser.withoutPrefix(ServerUser.detached(command))).isEqualTo(command);
        assertThat(ServerUser.withoutPrefix(command)).isEqualTo(command);
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return output;
    }
}
