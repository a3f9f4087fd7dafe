package mastery.support.elasticsearch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much memory a new process may use: what the kernel can give, and what a control group allows (cgroups(7)). */
final class Memory {

    private static final Pattern AVAILABLE = Pattern.compile("(?m)^MemAvailable:\\s+(\\d+) kB$");

    private final Path proc;
    private final Path groups;

    Memory(Path proc, Path groups) {
        this.proc = proc;
        this.groups = groups;
    }

    static Memory ofThisMachine() {
        return new Memory(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
    }

    /** Bytes; empty where the system does not tell. */
    OptionalLong available() {
        try {
            Matcher line = AVAILABLE.matcher(Files.readString(proc.resolve("meminfo")));
            if (!line.find()) {
                return OptionalLong.empty();
            }
            long free = Long.parseLong(line.group(1)) * 1024;
            OptionalLong allowed = allowedByGroup();
            return OptionalLong.of(allowed.isPresent() ? Math.min(free, allowed.getAsLong()) : free);
        } catch (IOException unknown) {
            return OptionalLong.empty();
        }
    }

    private OptionalLong allowedByGroup() throws IOException {
        List<String> lines = Files.readAllLines(proc.resolve("self").resolve("cgroup"));
        String own = lines.stream()
                .filter(line -> line.startsWith("0::/"))
                .findFirst()
                .map(line -> line.substring("0::/".length()))
                .orElse("");
        Path group = groups.resolve(own);
        try {
            String most = Files.readString(group.resolve("memory.max")).strip();
            long used = Long.parseLong(
                    Files.readString(group.resolve("memory.current")).strip());
            return most.equals("max") ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(most) - used);
        } catch (IOException | NumberFormatException noLimit) {
            return OptionalLong.empty();
        }
    }
}
