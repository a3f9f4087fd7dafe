package mastery.launcher;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import mastery.support.server.Engine;

/** Reads the name of an engine, or the beginning of one, in any case. */
final class EngineName {

    private EngineName() {}

    static List<String> all() {
        return Arrays.stream(Engine.values()).map(Engine::id).toList();
    }

    /** The engine meant; empty when there is none or the beginning fits several. */
    static Optional<Engine> read(String name) {
        String wanted = name.toLowerCase(Locale.ROOT);
        List<Engine> found = Arrays.stream(Engine.values())
                .filter(engine -> wanted.length() > 1 && engine.id().startsWith(wanted))
                .toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }
}
