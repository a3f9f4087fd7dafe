package mastery.support.server;

import java.nio.file.Path;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.ProvisionException;

/** The cache directory, with its faults told in the terms of this package. */
final class Cache {

    private Cache() {}

    /** Throws {@link ServerException} if the cache cannot be used. */
    static Path path() {
        try {
            return CacheDirectory.open().path();
        } catch (ProvisionException e) {
            throw new ServerException(e.getMessage(), e);
        }
    }
}
