package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class ImageNeedsTest {

    private static final long GIGABYTE = 1L << 30;

    private final ImageNeeds needs = new ImageNeeds(2_000, Set.of("amd64"));

    @Test
    void aMachineThatHasItAllLacksNothing() {
        assertThat(needs.lackOf("x86_64", 2 * GIGABYTE)).isEmpty();
        assertThat(ImageNeeds.NONE.lackOf("s390x", 1)).isEmpty();
    }

    @Test
    void tooLittleMemoryIsNamedWithWhatThereIs() {
        assertThat(needs.lackOf("x86_64", GIGABYTE).orElseThrow()).contains("2000 MB", "1024 MB");
    }

    @Test
    void anotherArchitectureIsNamedAsTheImageNamesIt() {
        assertThat(needs.lackOf("aarch64", 8 * GIGABYTE).orElseThrow()).contains("amd64", "arm64", "by URL");
    }
}
