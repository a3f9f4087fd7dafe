package mastery.support.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/** How much memory a new process can have: what the system has left, and what the control group still allows. */
public final class FreeMemory {

    private final Path proc;
    private final Path controlGroups;

    FreeMemory(Path proc, Path controlGroups) {
        this.proc = proc;
        this.controlGroups = controlGroups;
    }

    static FreeMemory ofThisMachine() {
        return new FreeMemory(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
    }

    /**
     * Passes where a node fits, and where the system does not tell.
     *
     * @param bytes what the node needs
     * @throws ServerException if less is free
     */
    public static void require(Engine engine, NodeSpec spec, long bytes) {
        ofThisMachine().requireFor(engine, spec, bytes);
    }

    void requireFor(Engine engine, NodeSpec spec, long bytes) {
        bytes().ifPresent(free -> {
            if (free < bytes) {
                throw new ServerException(engine + " node '" + spec.name() + "' needs " + (bytes >> 20)
                        + " MB of memory, and " + (free >> 20) + " MB are free. End other programs or servers"
                        + " (./mastery down), or name a server elsewhere with -Dmastery." + engine.id() + ".url=URL.");
            }
        });
    }

    /** Empty where the system does not tell. */
    OptionalLong bytes() {
        return LongStream.concat(ofSystem().stream(), ofControlGroup().stream()).min();
    }

    /** MemAvailable of proc(5). */
    private OptionalLong ofSystem() {
        try {
            return Files.readAllLines(proc.resolve("meminfo")).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst();
        } catch (IOException | NumberFormatException unknown) {
            return OptionalLong.empty();
        }
    }

    /** memory.max less memory.current of this process's group (kernel documentation, Control Group v2). */
    private OptionalLong ofControlGroup() {
        try {
            String group = Files.readString(proc.resolve("self/cgroup")).strip().replaceFirst("(?s).*0::/", "");
            Path directory = controlGroups.resolve(group);
            String max = Files.readString(directory.resolve("memory.max")).strip();
            String current =
                    Files.readString(directory.resolve("memory.current")).strip();
            return max.equals("max")
                    ? OptionalLong.empty()
                    : OptionalLong.of(Long.parseLong(max) - Long.parseLong(current));
        } catch (IOException | NumberFormatException unknown) {
            return OptionalLong.empty();
        }
    }
}
