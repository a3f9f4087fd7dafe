package mastery.support.elasticsearch;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the server reads from its standard input when it starts: settings and secrets, in the wire format of Elasticsearch.
 * Its own launcher, a second JVM of 80 MB that stays, would write the same; without it the password never lies in a key
 * store either.
 *
 * <p>Source: Elasticsearch 8.19, {@code org.elasticsearch.bootstrap.ServerArgs} and {@code StreamOutput}. The server says
 * so at its start if it cannot read them.
 */
final class ServerArguments {

    private static final String KEY_STORE = "org.elasticsearch.common.settings.KeyStoreWrapper";
    private static final int KEY_STORE_FORMAT = 7;
    private static final int STRING = 0;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private ServerArguments() {}

    /**
     * @param settings what would stand in elasticsearch.yml
     * @param secrets what would stand in the key store
     * @param configuration the directory of log4j2.properties
     * @param logs the directory that the server may write logs to
     */
    static byte[] bytes(Map<String, String> settings, Map<String, String> secrets, Path configuration, Path logs) {
        ServerArguments arguments = new ServerArguments();
        arguments.flag(true); // As a daemon it does not end with the standard input, which is a file here.
        arguments.flag(false); // not quiet
        arguments.flag(false); // no pid file
        arguments.secrets(secrets);
        arguments.settings(settings);
        arguments.text(configuration.toString());
        arguments.text(logs.toString());
        return arguments.out.toByteArray();
    }

    private void secrets(Map<String, String> secrets) {
        text(KEY_STORE);
        out.writeBytes(new byte[] {0, 0, 0, KEY_STORE_FORMAT});
        flag(false); // no password of its own
        flag(false); // not encrypted
        number(secrets.size());
        new TreeMap<>(secrets).forEach((name, value) -> {
            byte[] secret = value.getBytes(StandardCharsets.UTF_8);
            text(name);
            block(secret);
            block(sha256(secret));
        });
        flag(false); // open
    }

    private void settings(Map<String, String> settings) {
        number(settings.size());
        new TreeMap<>(settings).forEach((name, value) -> {
            text(name);
            out.write(STRING);
            text(value);
        });
    }

    private void flag(boolean value) {
        out.write(value ? 1 : 0);
    }

    /** Seven bits a byte, the lowest first. */
    private void number(int value) {
        int rest = value;
        while (rest > 0x7f) {
            out.write(rest & 0x7f | 0x80);
            rest >>>= 7;
        }
        out.write(rest);
    }

    private void block(byte[] bytes) {
        number(bytes.length);
        out.writeBytes(bytes);
    }

    /** The length counts characters, which are encoded one by one. */
    private void text(String value) {
        number(value.length());
        for (char c : value.toCharArray()) {
            if (c <= 0x7f) {
                out.write(c);
            } else if (c <= 0x7ff) {
                out.write(0xc0 | c >> 6);
                out.write(0x80 | c & 0x3f);
            } else {
                out.write(0xe0 | c >> 12);
                out.write(0x80 | c >> 6 & 0x3f);
                out.write(0x80 | c & 0x3f);
            }
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("SHA-256 is part of every JDK", impossible);
        }
    }
}
