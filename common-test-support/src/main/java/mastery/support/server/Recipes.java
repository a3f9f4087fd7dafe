package mastery.support.server;

import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The recipes on the class path, one for each engine. */
final class Recipes {

    private static final Map<Engine, Recipe> ALL =
            ServiceLoader.load(Recipe.class, Recipes.class.getClassLoader()).stream()
                    .map(ServiceLoader.Provider::get)
                    .collect(Collectors.toUnmodifiableMap(Recipe::engine, recipe -> recipe));

    private Recipes() {}

    static Recipe of(Engine engine) {
        Recipe recipe = ALL.get(engine);
        if (recipe == null) {
            throw new IllegalStateException("no recipe for " + engine + " in META-INF/services");
        }
        return recipe;
    }
}
