package mastery.launcher;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import mastery.support.server.Servers;

/** Shows a server that outlives the command. */
final class KeptServer {

    private KeptServer() {}

    static void print(Servers.Kept kept, Page page) {
        page.entry(
                0,
                kept.engine().displayName(),
                12,
                kept.version() + ", " + kept.source().name().toLowerCase(Locale.ROOT) + ", port " + kept.port()
                        + (kept.pid() == 0 ? "" : ", process " + kept.pid()) + ", up " + age(kept.since())
                        + (kept.answers()
                                ? ""
                                : ", DOES NOT ANSWER (mastery down "
                                        + kept.engine().id() + ")"));
        page.text(12, kept.url());
    }

    private static String age(Instant since) {
        Duration age = Duration.between(since, Instant.now());
        if (age.toMinutes() < 1) {
            return Math.max(0, age.toSeconds()) + " s";
        }
        return age.toHours() < 1 ? age.toMinutes() + " min" : age.toHours() + " h " + age.toMinutesPart() + " min";
    }
}
