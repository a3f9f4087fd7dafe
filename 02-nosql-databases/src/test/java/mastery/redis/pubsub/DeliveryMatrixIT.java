package mastery.redis.pubsub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import mastery.redis.pubsub.DeliveryMatrix.Row;
import mastery.support.junit.OnRedis;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.RedisClient;

/** Channels belong to the whole server, so each test has one of its own. */
@OnRedis
class DeliveryMatrixIT {

    private static final Path README = Path.of("src/main/java/mastery/redis/pubsub/README.md");

    private final String name = "orders " + UUID.randomUUID();

    @Test
    void whatIsNotNotedIsLostAndWhatIsNotedAfterwardsIsRepeated(RedisClient redis) throws Exception {
        assertThat(DeliveryMatrix.observe(redis, name))
                .containsExactly(
                        new Row("channel", 0, 1, 0, 1, 0, "at most once"),
                        new Row("stream, position", 1, 1, 1, 2, 1, "at least once"),
                        new Row("group, XACK", 1, 1, 1, 2, 1, "at least once"),
                        new Row("group, NOACK", 1, 1, 1, 1, 0, "at most once"));
    }

    @Test
    void theServerHasTheNotesThatMakeTheDifference(RedisClient redis) throws Exception {
        DeliveryMatrix.observe(redis, name);

        assertThat(redis.xinfoGroups(name)).hasSize(2).allSatisfy(group -> {
            assertThat(group.getPending()).as("nothing is left to be done").isZero();
            assertThat(group.getGroupInfo()).containsEntry("lag", 0L);
        });
        assertThat(redis.get(name + ":position"))
                .isEqualTo(redis.xinfoStream(name).getLastGeneratedId().toString());
        assertThat(redis.publish(name, "later")).as("nobody listens any more").isZero();
    }

    @Test
    void theTableOfTheReadmeIsWhatWasObserved(RedisClient redis) throws Exception {
        List<String> observed = DeliveryMatrix.observe(redis, name).stream()
                .map(row -> "| %s | %d | %d | %d | %d | %d | %s |"
                        .formatted(
                                row.receiver(),
                                row.early(),
                                row.there(),
                                row.away(),
                                row.handled(),
                                row.taken(),
                                row.promise()))
                .toList();
        assertThat(tableUnder("| Receiver |")).containsExactlyElementsOf(observed);
    }

    @Test
    void aStreamIsNeededForIt(RedisClient redis) {
        redis.set(name, "no stream");
        assertThatThrownBy(() -> DeliveryMatrix.observe(redis, name)).hasMessageStartingWith("WRONGTYPE");
    }

    private static List<String> tableUnder(String heading) throws IOException {
        return Files.readAllLines(README).stream()
                .dropWhile(line -> !line.startsWith(heading))
                .skip(2)
                .takeWhile(line -> line.startsWith("|"))
                .toList();
    }
}
