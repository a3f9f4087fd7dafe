package mastery.support.junit;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Parameter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import mastery.support.report.ProofRecord;

/** The fixtures of one test class and what is recorded about it. */
final class ClassFixtures implements AutoCloseable {

    private final Class<?> testClass;
    private final Map<Class<? extends Annotation>, Fixture> fixtures = new LinkedHashMap<>();
    private final ProofRecord record;

    ClassFixtures(Class<?> testClass) {
        this.testClass = testClass;
        this.record = new ProofRecord(testClass);
    }

    /** Opens a fixture for each annotation of the class that asks for an engine. */
    void open() {
        for (Annotation requirement : ServerExtension.requirements(testClass)) {
            Fixture fixture = create(requirement);
            fixture.open(requirement);
            fixtures.put(requirement.annotationType(), fixture);
            record.ranOn(fixture.node());
        }
    }

    private static Fixture create(Annotation requirement) {
        try {
            Constructor<? extends Fixture> constructor = requirement
                    .annotationType()
                    .getAnnotation(UsesFixture.class)
                    .value()
                    .getDeclaredConstructor();
            return constructor.newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot create the fixture of " + requirement, e);
        }
    }

    ProofRecord record() {
        return record;
    }

    /** The fixture that injects a parameter: the one its annotation names, else the only one that can. */
    Optional<Fixture> fixtureFor(Parameter parameter) {
        for (Annotation annotation : parameter.getAnnotations()) {
            Fixture named = fixtures.get(annotation.annotationType());
            if (named != null) {
                return Optional.of(named).filter(fixture -> fixture.provides(parameter.getType()));
            }
        }
        List<Fixture> able = fixtures.values().stream()
                .filter(fixture -> fixture.provides(parameter.getType()))
                .toList();
        if (able.size() > 1) {
            throw new IllegalArgumentException("Parameter '" + parameter + "' of " + testClass.getSimpleName()
                    + " could come from " + able.size() + " engines: annotate it with the one that is meant.");
        }
        return able.stream().findFirst();
    }

    /** What the {@link Prepare} methods of the class do for one engine. */
    Fixture.Filling filling(Fixture fixture) {
        List<Method> methods = Arrays.stream(testClass.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Prepare.class))
                .filter(method -> belongsTo(method, fixture))
                .toList();
        return new Fixture.Filling() {
            @Override
            public boolean isEmpty() {
                return methods.isEmpty();
            }

            @Override
            public void fill(Fixture.Scope scope) {
                methods.forEach(method -> invoke(method, scope));
            }
        };
    }

    private boolean belongsTo(Method method, Fixture fixture) {
        if (!Modifier.isStatic(method.getModifiers()) || method.getParameterCount() == 0) {
            throw new IllegalArgumentException("@Prepare method " + method + " must be static and take what it fills.");
        }
        List<Optional<Fixture>> owners = Arrays.stream(method.getParameters())
                .map(this::fixtureFor)
                .distinct()
                .toList();
        if (owners.size() != 1 || owners.get(0).isEmpty()) {
            throw new IllegalArgumentException(
                    "The parameters of @Prepare method " + method + " must all come from one engine of its class.");
        }
        return owners.get(0).get() == fixture;
    }

    private static void invoke(Method method, Fixture.Scope scope) {
        Object[] arguments =
                Arrays.stream(method.getParameterTypes()).map(scope::get).toArray();
        try {
            method.setAccessible(true);
            method.invoke(null, arguments);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException(
                    "@Prepare method " + method.getName() + " failed: " + e.getCause(), e.getCause());
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        fixtures.values().forEach(Fixture::close);
        fixtures.clear();
    }
}
