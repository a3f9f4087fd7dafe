package mastery.support.server;

import java.security.SecureRandom;
import java.util.Base64;

/**
 * Passwords for servers that are started here: new for every server, about 144 bits, letters and digits only, and some of
 * each kind, as the policies of some servers demand.
 */
public final class Passwords {

    private static final SecureRandom RANDOM = new SecureRandom();

    private Passwords() {}

    public static String generate() {
        String password = random();
        while (!hasEveryKind(password)) {
            password = random();
        }
        return password;
    }

    private static boolean hasEveryKind(String password) {
        return password.matches(".*[a-z].*") && password.matches(".*[A-Z].*") && password.matches(".*[0-9].*");
    }

    private static String random() {
        byte[] bytes = new byte[18];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(bytes)
                .replace('-', 'x')
                .replace('_', 'y');
    }
}
