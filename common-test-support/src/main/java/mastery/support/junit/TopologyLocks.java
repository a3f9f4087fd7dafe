package mastery.support.junit;

import java.lang.annotation.Annotation;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.parallel.ResourceLocksProvider;

/** Classes that ask for the same topology run one after another; classes on single servers run in parallel. */
final class TopologyLocks implements ResourceLocksProvider {

    @Override
    public Set<Lock> provideForClass(Class<?> testClass) {
        return Arrays.stream(testClass.getAnnotations())
                .filter(annotation -> annotation.annotationType().isAnnotationPresent(UsesFixture.class))
                .filter(annotation -> !isSingle(annotation))
                .map(annotation -> new Lock(annotation.toString()))
                .collect(Collectors.toSet());
    }

    @Override
    public Set<Lock> provideForNestedClass(List<Class<?>> enclosingInstanceTypes, Class<?> testClass) {
        return provideForClass(testClass);
    }

    /** An annotation whose attributes all have their defaults asks for a single server. */
    private static boolean isSingle(Annotation annotation) {
        return Arrays.stream(annotation.annotationType().getDeclaredMethods()).allMatch(attribute -> {
            try {
                return Objects.deepEquals(attribute.getDefaultValue(), attribute.invoke(annotation));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
