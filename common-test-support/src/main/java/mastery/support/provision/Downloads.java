package mastery.support.provision;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;

/**
 * Verified files from the network, kept in a directory that parallel builds share.
 *
 * <p>A file is under its final name only after its checksum was right, and it is hashed again whenever it is asked for,
 * so a torn, truncated or changed file is never handed out. A download that breaks goes on where it stopped, in this
 * attempt or in a later build. A file that is already here needs no network.
 */
public final class Downloads {

    private static final int ATTEMPTS = 5;

    private final Path directory;
    private final Progress progress;
    private final HttpTransfer transfer;
    private final Duration backoff;

    Downloads(Path directory, Progress progress, HttpTransfer transfer, Duration backoff) {
        this.directory = directory;
        this.progress = progress;
        this.transfer = transfer;
        this.backoff = backoff;
    }

    /** Files below {@code directory}, made if it is missing, through the proxy that the environment names. */
    public static Downloads into(Path directory, Progress progress) {
        return into(directory, progress, Proxies.from(System.getProperties(), System.getenv()));
    }

    static Downloads into(Path directory, Progress progress, ProxySelector proxies) {
        return new Downloads(
                directory, progress, new HttpTransfer(proxies, Duration.ofSeconds(30)), Duration.ofMillis(500));
    }

    /** The file of this address, fetched if it is not here. */
    public Path fetch(URI source, Checksum checksum) {
        return fetch(Artifact.at(source, checksum));
    }

    /**
     * The file, fetched if it is not here. Of several callers, in this JVM or in others, one fetches and the rest wait.
     *
     * @throws ProvisionException when it cannot be had, is not what it should be, or cannot be written
     */
    public Path fetch(Artifact artifact) {
        // the same name with other bytes is another file
        Path home = directory.resolve(artifact.checksum().hex().substring(0, 16));
        Path file = home.resolve(artifact.fileName());
        if (isHere(artifact, file)) {
            return file;
        }
        try {
            CacheDirectory.makeDirectories(home);
        } catch (IOException failure) {
            throw ProvisionException.writing(home, failure);
        }
        Path lockFile = home.resolve(artifact.fileName() + ".lock");
        Runnable waits = () -> progress.step("Another build downloads " + artifact.fileName() + ", waiting for it");
        return SharedLock.holding(lockFile, waits, () -> {
            if (!isHere(artifact, file)) {
                download(artifact, file);
            }
            return file;
        });
    }

    private void download(Artifact artifact, Path file) {
        Path part = file.resolveSibling(artifact.fileName() + ".part");
        boolean resumes = HttpTransfer.size(part) > 0;
        transfer(artifact, part);
        if (resumes && !matches(artifact, part)) {
            // what an earlier build left may be at fault: once more from the first byte
            HttpTransfer.delete(part);
            transfer(artifact, part);
        }
        try {
            Checksum actual = artifact.checksum().of(part);
            if (!actual.equals(artifact.checksum())) {
                long size = Files.size(part);
                Files.delete(part);
                throw new ProvisionException("The download of " + artifact.fileName() + " from " + artifact.source()
                        + " is not what it should be: expected " + artifact.checksum() + ", got " + actual + " ("
                        + size + " bytes). It was thrown away. Run again; if it stays so, a proxy or the"
                        + " mirror changes the file.");
            }
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            progress.bytes(artifact.fileName(), Files.size(file), Files.size(file));
        } catch (IOException failure) {
            throw ProvisionException.writing(file, failure);
        }
    }

    private void transfer(Artifact artifact, Path part) {
        for (int attempt = 1; ; attempt++) {
            try {
                transfer.run(artifact, part, progress);
                return;
            } catch (HttpTransfer.Interrupted failure) {
                if (attempt == ATTEMPTS) {
                    throw new ProvisionException(
                            "Cannot download " + artifact.fileName() + " from " + artifact.source() + ": "
                                    + failure.getMessage() + " (" + ATTEMPTS
                                    + " attempts). Check the network and, behind"
                                    + " a proxy, https_proxy or -Dhttps.proxyHost; then run again, what is here is kept.",
                            failure);
                }
                pause(backoff.multipliedBy(1L << (attempt - 1)), artifact);
            }
        }
    }

    private static void pause(Duration duration, Artifact artifact) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new ProvisionException("Stopped while downloading " + artifact.source() + ".", stop);
        }
    }

    private boolean isHere(Artifact artifact, Path file) {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        boolean right = matches(artifact, file);
        if (!right) {
            progress.step(artifact.fileName() + " in the cache was changed, fetching it again");
        }
        return right;
    }

    private static boolean matches(Artifact artifact, Path file) {
        try {
            return artifact.checksum().matches(file);
        } catch (NoSuchFileException goneMeanwhile) {
            return false;
        } catch (IOException failure) {
            throw new ProvisionException(
                    "Cannot read " + file + ": " + failure.getMessage() + ". Delete it and run again.", failure);
        }
    }
}
