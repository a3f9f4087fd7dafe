package mastery.support.server;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What an image needs of the machine that runs the container engine.
 *
 * @param memoryMegabytes the least memory of that machine; 0 if any will do
 * @param architectures those that the image is made for, by the names of Go, such as {@code amd64}; empty if all
 */
public record ImageNeeds(long memoryMegabytes, Set<String> architectures) {

    /** Runs everywhere. */
    public static final ImageNeeds NONE = new ImageNeeds(0, Set.of());

    private static final Map<String, String> NAMES_OF_GO =
            Map.of("x86_64", "amd64", "aarch64", "arm64", "armv8", "arm64", "i686", "386");

    /**
     * What is missing on a machine, in one line; empty if nothing is.
     *
     * @param architecture as the container engine or the kernel names it, such as {@code x86_64}
     * @param memoryBytes all the memory that the container engine may use
     */
    Optional<String> lackOf(String architecture, long memoryBytes) {
        String known = NAMES_OF_GO.getOrDefault(architecture, architecture);
        if (!architectures.isEmpty() && !architectures.contains(known)) {
            return Optional.of("the image is made for " + String.join(", ", architectures)
                    + " and the container engine runs on " + known
                    + "; start one under emulation yourself and name it by URL");
        }
        long megabytes = memoryBytes >> 20;
        return megabytes >= memoryMegabytes
                ? Optional.empty()
                : Optional.of("the image needs " + memoryMegabytes + " MB of memory and the container engine has "
                        + megabytes + " MB; give it more");
    }
}
