package mastery.launcher;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Who may use whom. Curriculum means every package below the root but {@code support} and {@code launcher}. */
final class Arrows {

    /** What each package of the support may use of the others; a package that is not here may not exist. */
    private static final Map<String, Set<String>> SUPPORT = Map.ofEntries(
            Map.entry("provision", Set.of()),
            Map.entry("interleave", Set.of()),
            Map.entry("plan", Set.of()),
            Map.entry("work", Set.of()),
            Map.entry("report", Set.of("server")),
            Map.entry("server", Set.of("provision")),
            Map.entry("postgresql", Set.of("provision", "server", "work", "plan")),
            Map.entry("mysql", Set.of("provision", "server", "work", "plan")),
            Map.entry("redis", Set.of("provision", "server", "work", "plan")),
            Map.entry("mongodb", Set.of("provision", "server", "work", "plan")),
            Map.entry("elasticsearch", Set.of("provision", "server", "work", "plan")),
            Map.entry("cassandra", Set.of("provision", "server", "work", "plan")),
            Map.entry("sqlserver", Set.of("provision", "server", "work", "plan")),
            Map.entry(
                    "trace",
                    Set.of(
                            "server",
                            "postgresql",
                            "mysql",
                            "redis",
                            "mongodb",
                            "elasticsearch",
                            "cassandra",
                            "sqlserver",
                            "plan",
                            "work")),
            Map.entry(
                    "junit",
                    Set.of(
                            "provision",
                            "interleave",
                            "plan",
                            "work",
                            "report",
                            "server",
                            "postgresql",
                            "mysql",
                            "redis",
                            "mongodb",
                            "elasticsearch",
                            "cassandra",
                            "sqlserver")));

    private final String root;

    /** The rules for the packages below a root: {@code mastery}, or that of the fixture. */
    Arrows(String root) {
        this.root = root;
    }

    List<ArchRule> all() {
        return List.of(
                enginesDoNotUseEachOther(),
                nothingUsesTheLauncher(),
                supportDoesNotUseTheCurriculum(),
                onlyMainUsesTheSupport(),
                supportPackagesUseOnlyWhatTheyMay());
    }

    ArchRule enginesDoNotUseEachOther() {
        return rule(
                "no engine or subject of the curriculum uses another",
                (origin, target) -> !inCurriculum(origin)
                        || !inCurriculum(target)
                        || first(origin).equals(first(target)));
    }

    ArchRule nothingUsesTheLauncher() {
        return rule(
                "nothing uses the launcher",
                (origin, target) ->
                        first(origin).equals("launcher") || !first(target).equals("launcher"));
    }

    ArchRule supportDoesNotUseTheCurriculum() {
        return rule(
                "the support does not use the curriculum",
                (origin, target) -> !first(origin).equals("support") || !inCurriculum(target));
    }

    ArchRule supportPackagesUseOnlyWhatTheyMay() {
        return rule("packages of the support use only what they may", (origin, target) -> {
            if (!first(origin).equals("support") || !first(target).equals("support")) {
                return true;
            }
            String from = segment(origin, 1);
            String to = segment(target, 1);
            return from.equals(to) || SUPPORT.getOrDefault(from, Set.of()).contains(to);
        });
    }

    /**
     * Only a main method, with the lambdas in it, uses the support: everything else of an example pastes into a reader's project. ArchUnit
     * counts what a lambda does as done by the method around it.
     */
    ArchRule onlyMainUsesTheSupport() {
        return ArchRuleDefinition.classes()
                .that(described("are in the curriculum", this::inCurriculum))
                .should(new ArchCondition<>("use the support in main only") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        for (JavaCodeUnit unit : type.getCodeUnits()) {
                            if (!isMain(unit) && usesSupport(unit)) {
                                events.add(SimpleConditionEvent.violated(
                                        unit, unit.getFullName() + " uses the support, which only main may"));
                            }
                        }
                        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                            boolean ofTheClass = dependency.getDescription().startsWith("Class ")
                                    || dependency.getDescription().startsWith("Field ");
                            if (ofTheClass && inSupport(dependency.getTargetClass())) {
                                events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
                            }
                        }
                    }
                })
                .allowEmptyShould(true);
    }

    private boolean usesSupport(JavaCodeUnit unit) {
        Stream<JavaClass> signature = Stream.of(
                        unit.getAllInvolvedRawTypes().stream(),
                        unit.getExceptionTypes().stream().flatMap(type -> type.getAllInvolvedRawTypes().stream()),
                        unit.getAnnotations().stream().map(annotation -> annotation.getRawType()))
                .flatMap(types -> types);
        Stream<JavaClass> body = Stream.of(
                        unit.getAccessesFromSelf().stream().map(access -> access.getTargetOwner()),
                        unit.getReferencedClassObjects().stream().map(reference -> reference.getRawType()),
                        unit.getInstanceofChecks().stream().map(check -> check.getRawType()))
                .flatMap(types -> types);
        return Stream.concat(signature, body).anyMatch(this::inSupport);
    }

    private static boolean isMain(JavaCodeUnit unit) {
        return unit instanceof JavaMethod && unit.getName().equals("main");
    }

    private interface Allowed {
        boolean test(JavaClass origin, JavaClass target);
    }

    private ArchRule rule(String description, Allowed allowed) {
        return ArchRuleDefinition.classes()
                .that(described("are below " + root, this::inside))
                .should(new ArchCondition<>("keep to it: " + description) {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        for (Dependency dependency : type.getDirectDependenciesFromSelf()) {
                            JavaClass target = dependency.getTargetClass().getBaseComponentType();
                            if (inside(target) && !allowed.test(type, target)) {
                                events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
                            }
                        }
                    }
                })
                .allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaClass> described(String description, Predicate<JavaClass> predicate) {
        return DescribedPredicate.describe(description, predicate);
    }

    private boolean inside(JavaClass type) {
        return type.getPackageName().startsWith(root + '.');
    }

    private boolean inSupport(JavaClass type) {
        return inside(type.getBaseComponentType())
                && first(type.getBaseComponentType()).equals("support");
    }

    private boolean inCurriculum(JavaClass type) {
        return inside(type) && !Set.of("support", "launcher").contains(first(type));
    }

    /** Engine or subject, {@code support} or {@code launcher}. */
    private String first(JavaClass type) {
        return segment(type, 0);
    }

    private String segment(JavaClass type, int index) {
        String[] segments = type.getPackageName().substring(root.length() + 1).split("\\.");
        return index < segments.length ? segments[index] : "";
    }
}
