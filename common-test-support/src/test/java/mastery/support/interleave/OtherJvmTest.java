package mastery.support.interleave;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class OtherJvmTest {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    @Test
    void itIsToldAndHeardAndEndsWhenItIsKilled() throws Exception {
        try (OtherJvm other = OtherJvm.start(Echo.class, "first", "the second")) {
            other.tell("third");
            assertThat(List.of(other.hear(), other.hear(), other.hear()))
                    .containsExactly("first", "the second", "third");
            assertThat(other.pid()).isNotEqualTo(ProcessHandle.current().pid());
            other.kill();
            assertThat(ProcessHandle.of(other.pid())).isEmpty();
            assertThatThrownBy(other::hear).hasMessage("the other JVM ended");
            assertThatThrownBy(other::kill).hasMessage("the other JVM ended before it was killed");
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void whatItIsToldWhileItIsPausedItDoesAfterwards() throws Exception {
        try (OtherJvm other = OtherJvm.start(Echo.class, "before")) {
            assertThat(other.hear()).isEqualTo("before");
            other.pause();
            await().atMost(LIMIT).until(() -> isStopped(other.pid()));
            other.tell("meanwhile");
            assertThat(isStopped(other.pid())).isTrue();
            other.resume();
            assertThat(other.hear()).isEqualTo("meanwhile");
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void itEndsWithItsParentEvenWhenItIsPaused() throws Exception {
        try (OtherJvm parent = OtherJvm.start(Parent.class)) {
            long waiting = Long.parseLong(parent.hear());
            long paused = Long.parseLong(parent.hear());
            await().atMost(LIMIT).until(() -> isStopped(paused));
            assertThat(isGone(waiting)).isFalse();
            parent.kill();
            await().atMost(LIMIT).until(() -> isGone(waiting) && isGone(paused));
        }
    }

    private static boolean isStopped(long pid) {
        return state(pid) == 'T';
    }

    /** A zombie is gone: it waits for somebody to ask how it ended. */
    private static boolean isGone(long pid) {
        return "XZ".indexOf(state(pid)) >= 0;
    }

    /** By proc(5), where it stands behind the name, which is in brackets. */
    private static char state(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException gone) {
            return 'X';
        }
    }

    static final class Echo {
        public static void main(String[] arguments) {
            while (true) {
                System.out.println(OtherJvm.order());
            }
        }
    }

    static final class Parent {
        public static void main(String[] arguments) throws Exception {
            System.out.println(OtherJvm.start(Echo.class).pid());
            OtherJvm paused = OtherJvm.start(Echo.class);
            paused.pause();
            System.out.println(paused.pid());
            OtherJvm.order();
        }
    }
}
