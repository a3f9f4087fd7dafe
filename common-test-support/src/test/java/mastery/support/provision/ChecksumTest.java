package mastery.support.provision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksumTest {

    /** The digest of "abc" (FIPS 180-2, appendix B.1). */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void aFileMatchesOnlyItsOwnDigest(@TempDir Path directory) throws IOException {
        Path abc = Files.writeString(directory.resolve("abc"), "abc");
        Path abd = Files.writeString(directory.resolve("abd"), "abd");
        assertThat(Checksum.sha256(ABC).matches(abc)).isTrue();
        assertThat(Checksum.sha256(ABC).matches(abd)).isFalse();
        assertThat(Checksum.sha512("0".repeat(128)).of(abc).hex()).startsWith("ddaf35a193617aba");
    }

    @Test
    void theIntegrityFormIsTheSameDigest() {
        assertThat(Checksum.integrity("sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="))
                .isEqualTo(Checksum.sha256(ABC));
    }

    @Test
    void upperCaseIsTheSameDigest() {
        assertThat(Checksum.sha256(ABC.toUpperCase(Locale.ROOT))).isEqualTo(Checksum.sha256(ABC));
    }

    @Test
    void whatCannotBeADigestIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Checksum.sha256("abc"));
        assertThatIllegalArgumentException().isThrownBy(() -> Checksum.sha512(ABC));
        assertThatIllegalArgumentException().isThrownBy(() -> new Checksum("MD5", ABC));
        assertThatIllegalArgumentException().isThrownBy(() -> Checksum.integrity("md5-abc"));
    }
}
