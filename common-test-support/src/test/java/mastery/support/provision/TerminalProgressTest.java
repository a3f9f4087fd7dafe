package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TerminalProgressTest {

    private static final long SECOND = 1_000_000_000L;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final AtomicLong clock = new AtomicLong();

    @Test
    void aLogGetsALineEveryThreeSecondsAndTheLast() {
        Progress progress = progress(false);
        for (int second = 0; second < 5; second++) {
            progress.bytes("a.deb", second * 1_000_000L, 10_000_000);
            clock.addAndGet(SECOND);
        }
        progress.bytes("a.deb", 10_000_000, 10_000_000);
        assertThat(text().lines()).containsExactly("a.deb: 3.0 of 10.0 MB (30%)", "a.deb: 10.0 of 10.0 MB (100%)");
    }

    @Test
    void aTerminalGetsOneLineThatIsRewritten() {
        Progress progress = progress(true);
        progress.bytes("a.deb", 1_000_000, 10_000_000);
        clock.addAndGet(SECOND);
        progress.bytes("a.deb", 10_000_000, 10_000_000);
        progress.step("Unpacking");
        assertThat(text().lines())
                .containsExactly("", "a.deb: 1.0 of 10.0 MB (10%)", "a.deb: 10.0 of 10.0 MB (100%)", "", "Unpacking");
    }

    @Test
    void anUnknownTotalShowsWhatCame() {
        Progress progress = progress(true);
        progress.bytes("a.deb", 2_500_000, -1);
        assertThat(text()).isEqualTo("\ra.deb: 2.5 MB");
    }

    private Progress progress(boolean terminal) {
        return new TerminalProgress(new PrintStream(out, true, StandardCharsets.UTF_8), terminal, clock::get);
    }

    private String text() {
        return out.toString(StandardCharsets.UTF_8);
    }
}
