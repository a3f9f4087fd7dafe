package mastery.support.provision;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/**
 * What the bytes of a file must hash to.
 *
 * @param algorithm SHA-256 or SHA-512
 * @param hex the digest, lower-case hexadecimal
 */
public record Checksum(String algorithm, String hex) {

    public Checksum {
        hex = hex.toLowerCase(Locale.ROOT);
        int digits = switch (algorithm) {
            case "SHA-256" -> 64;
            case "SHA-512" -> 128;
            default -> throw new IllegalArgumentException("Only SHA-256 and SHA-512, not " + algorithm);
        };
        if (!hex.matches("[0-9a-f]{" + digits + "}")) {
            throw new IllegalArgumentException("Not " + digits + " hexadecimal digits of " + algorithm + ": " + hex);
        }
    }

    public static Checksum sha256(String hex) {
        return new Checksum("SHA-256", hex);
    }

    public static Checksum sha512(String hex) {
        return new Checksum("SHA-512", hex);
    }

    /** Reads the form that npm and web pages use: {@code sha512-BASE64} (Subresource Integrity, section 3.5). */
    public static Checksum integrity(String integrity) {
        int dash = integrity.indexOf('-');
        String algorithm = dash < 0 ? "" : integrity.substring(0, dash);
        if (!algorithm.equals("sha256") && !algorithm.equals("sha512")) {
            throw new IllegalArgumentException("Not sha256-BASE64 or sha512-BASE64: " + integrity);
        }
        byte[] digest = Base64.getDecoder().decode(integrity.substring(dash + 1));
        return new Checksum("SHA-" + algorithm.substring(3), HexFormat.of().formatHex(digest));
    }

    /** The digest of the file's bytes, by the same algorithm as this checksum. */
    public Checksum of(Path file) throws IOException {
        MessageDigest digest = digest();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[64 * 1024];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
        }
        return new Checksum(algorithm, HexFormat.of().formatHex(digest.digest()));
    }

    public boolean matches(Path file) throws IOException {
        return equals(of(file));
    }

    private MessageDigest digest() {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(algorithm + " is part of every JDK", impossible);
        }
    }

    @Override
    public String toString() {
        return algorithm + " " + hex;
    }
}
