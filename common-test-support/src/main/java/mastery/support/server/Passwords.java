package mastery.support.server;

import java.security.SecureRandom;
import java.util.Base64;

/** Passwords for servers that are started here: new for every server, 144 bits, letters and digits only. */
public final class Passwords {

    private static final SecureRandom RANDOM = new SecureRandom();

    private Passwords() {}

    public static String generate() {
        byte[] bytes = new byte[18];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(bytes)
                .replace('-', 'x')
                .replace('_', 'y');
    }
}
