package mastery.support.server;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * What is written down about a server that {@code mastery up} keeps, so that later runs find it. The file holds the
 * password and is readable by its owner alone.
 *
 * @param owner the mark of the server process; empty for a container
 * @param container the container's id; empty for a process
 * @param since when it was started, in ISO-8601
 */
record KeptState(
        String engine,
        SourceKind source,
        String version,
        String serverBuild,
        String build,
        int port,
        String user,
        String password,
        long pid,
        String owner,
        String container,
        String directory,
        String since) {

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    Address address() {
        return Address.loopback(port, user, password);
    }

    Identity identity() {
        return new Identity(version, serverBuild);
    }

    boolean processIsGone() {
        return container.isEmpty() && OwnerMark.isDead(owner);
    }

    static Optional<KeptState> read(Path file) {
        try {
            return Optional.of(JSON.readValue(Files.readAllBytes(file), KeptState.class));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw new ServerException(
                    "The note of a kept server, " + file + ", cannot be read: " + e.getMessage()
                            + ". End that server by hand and delete the file.",
                    e);
        }
    }

    void write(Path file) {
        try {
            Path part = Files.createTempFile(
                    file.getParent(),
                    engine,
                    ".part",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(part, JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this));
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new ServerException("Cannot write " + file + ": " + e.getMessage() + ".", e);
        }
    }
}
