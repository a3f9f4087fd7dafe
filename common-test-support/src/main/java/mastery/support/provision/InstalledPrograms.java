package mastery.support.provision;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds server programs that are already on this machine.
 *
 * <p>A directory named by {@code -Dmastery.<engine>.home} (its bin, or itself) decides alone, so that a mistake in it is
 * seen. Otherwise the first program of PATH, then of the usual directories, that is recent enough.
 */
public final class InstalledPrograms {

    /** What was found, or why nothing serves. */
    public sealed interface Finding {}

    /** A program that serves; its real path, whose siblings belong to it. */
    public record Found(Path path, Version version) implements Finding {}

    /** A program that does not serve, with the reason as a sentence. */
    public record PassedOver(Path path, Optional<Version> version, String reason) implements Finding {}

    /** No program of that name. */
    public record Absent(String reason) implements Finding {}

    private final Properties properties;
    private final String searchPath;
    private final Duration limit;

    InstalledPrograms(Properties properties, String searchPath, Duration limit) {
        this.properties = properties;
        this.searchPath = searchPath;
        this.limit = limit;
    }

    /** The programs that this process sees. */
    public static InstalledPrograms ofThisMachine() {
        String path = System.getenv().getOrDefault("PATH", "");
        return new InstalledPrograms(System.getProperties(), path, Duration.ofSeconds(10));
    }

    /** The first program that serves; failing that, the first that was passed over; failing that, absent. */
    public Finding find(SoughtProgram sought) {
        String home = properties.getProperty("mastery." + sought.engine() + ".home", "");
        if (!home.isBlank()) {
            return inHome(sought, Path.of(home));
        }
        Set<Path> candidates = new LinkedHashSet<>();
        List<String> directories = new ArrayList<>(List.of(searchPath.split(Pattern.quote(File.pathSeparator))));
        directories.addAll(sought.usualDirectories());
        for (String directory : directories) {
            Path file = Path.of(directory, sought.program());
            if (!directory.isBlank() && isProgram(file)) {
                candidates.add(real(file));
            }
        }
        Finding best = new Absent("no " + sought.program() + " on PATH");
        for (Path candidate : candidates) {
            Finding finding = examine(sought, candidate);
            if (finding instanceof Found) {
                return finding;
            }
            best = best instanceof Absent ? finding : best;
        }
        return best;
    }

    private Finding inHome(SoughtProgram sought, Path home) {
        for (Path file : List.of(home.resolve("bin").resolve(sought.program()), home.resolve(sought.program()))) {
            if (isProgram(file)) {
                return examine(sought, real(file));
            }
        }
        return new PassedOver(
                home,
                Optional.empty(),
                "-Dmastery.%s.home names %s, which holds neither bin/%s nor %s"
                        .formatted(sought.engine(), home, sought.program(), sought.program()));
    }

    private Finding examine(SoughtProgram sought, Path program) {
        String answer;
        try {
            Command.Result result = Command.run(List.of(program.toString(), "--version"), Map.of(), limit);
            answer = result.output().isEmpty() ? result.errors() : result.output();
        } catch (IOException failure) {
            return new PassedOver(
                    program, Optional.empty(), program + " does not tell its version: " + failure.getMessage());
        }
        Matcher matcher = sought.answer().matcher(answer);
        if (!matcher.find()) {
            String said = answer.lines().findFirst().orElse("");
            return new PassedOver(
                    program,
                    Optional.empty(),
                    program + " is not " + sought.product() + ", its version is \"" + said + "\"");
        }
        Version version = Version.of(matcher.group(1));
        if (!version.isAtLeast(sought.minimum())) {
            String reason =
                    "%s %s at %s is older than %s".formatted(sought.product(), version, program, sought.minimum());
            return new PassedOver(program, Optional.of(version), reason);
        }
        return new Found(program, version);
    }

    private static boolean isProgram(Path file) {
        return Files.isRegularFile(file) && Files.isExecutable(file);
    }

    /**
     * Follows links, so that the programs beside it are the ones of the same installation; a link to a program of another
     * name stays, because such a program looks at the name that it was called by. Follows a script that calls a program
     * of the same name too.
     */
    private static Path real(Path file) {
        try {
            Path real = file.toRealPath();
            if (!real.getFileName().equals(file.getFileName())) {
                return file.toAbsolutePath().normalize();
            }
            return wrapped(real).orElse(real);
        } catch (IOException unreadable) {
            return file.toAbsolutePath().normalize();
        }
    }

    private static Optional<Path> wrapped(Path file) throws IOException {
        if (Files.size(file) > 16 * 1024) {
            return Optional.empty();
        }
        String text = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        if (!text.startsWith("#!")) {
            return Optional.empty();
        }
        String name = Pattern.quote(file.getFileName().toString());
        return Pattern.compile("/[^\\s\"'$]*/" + name + "(?![\\w.-])")
                .matcher(text)
                .results()
                .map(match -> Path.of(match.group()))
                .filter(path -> isProgram(path) && !path.equals(file))
                .findFirst();
    }
}
