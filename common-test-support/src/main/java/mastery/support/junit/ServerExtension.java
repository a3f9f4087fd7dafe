package mastery.support.junit;

import java.lang.annotation.Annotation;
import java.lang.reflect.Parameter;
import java.util.List;
import java.util.Optional;
import mastery.support.server.EngineUnavailableException;
import mastery.support.server.Settings;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.Store;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Gives a test class its servers and each of its tests clean state, injects the driver's own types, skips with the
 * reason where an engine cannot be had, and writes down what was proven.
 */
public final class ServerExtension
        implements ExecutionCondition, AfterAllCallback, AfterEachCallback, ParameterResolver, TestWatcher {

    private static final Namespace NAMESPACE = Namespace.create(ServerExtension.class);
    private static final String CLASS_KEY = "class";
    private static final String TEST_KEY = "test";

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        if (context.getTestMethod().isPresent()) {
            return ConditionEvaluationResult.enabled("decided for the class");
        }
        Class<?> testClass = context.getRequiredTestClass();
        ClassFixtures fixtures = new ClassFixtures(testClass);
        try {
            fixtures.open();
        } catch (EngineUnavailableException e) {
            fixtures.close();
            if (Settings.isRequired(e.engine())) {
                fixtures.record().failedToStart(e.getMessage());
                throw e;
            }
            fixtures.record().skipped(e.engine(), e.getMessage());
            return ConditionEvaluationResult.disabled(e.getMessage());
        } catch (RuntimeException e) {
            fixtures.close();
            fixtures.record().failedToStart(String.valueOf(e.getMessage()));
            throw e;
        }
        context.getStore(NAMESPACE).put(CLASS_KEY, fixtures);
        return ConditionEvaluationResult.enabled("the servers are ready");
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return fixtures(context).fixtureFor(parameter.getParameter()).isPresent();
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Parameter declared = parameter.getParameter();
        Fixture fixture = fixtures(context).fixtureFor(declared).orElseThrow();
        return scopes(context).get(fixture, declared.getType());
    }

    private static TestScopes scopes(ExtensionContext context) {
        ClassFixtures fixtures = fixtures(context);
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(TEST_KEY, key -> new TestScopes(fixtures), TestScopes.class);
    }

    /** State is removed while the test's servers are certainly still there. */
    @Override
    public void afterEach(ExtensionContext context) {
        TestScopes scopes = context.getStore(NAMESPACE).remove(TEST_KEY, TestScopes.class);
        if (scopes != null) {
            scopes.close();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        ClassFixtures fixtures = context.getStore(NAMESPACE).remove(CLASS_KEY, ClassFixtures.class);
        if (fixtures != null) {
            fixtures.record().write();
            fixtures.close();
        }
    }

    @Override
    public void testSuccessful(ExtensionContext context) {
        fixtures(context).record().proven();
    }

    @Override
    public void testFailed(ExtensionContext context, Throwable cause) {
        fixtures(context).record().failed(nameOf(context), cause);
    }

    /** Of a parameterized test with what tells its invocations apart. */
    private static String nameOf(ExtensionContext test) {
        String method = test.getRequiredTestMethod().getName();
        String displayed = test.getDisplayName();
        return displayed.startsWith(method) ? method : method + " " + displayed;
    }

    @Override
    public void testAborted(ExtensionContext context, Throwable cause) {
        fixtures(context).record().aborted(String.valueOf(cause.getMessage()));
    }

    @Override
    public void testDisabled(ExtensionContext context, Optional<String> reason) {
        fixtures(context).record().aborted(reason.orElse("disabled"));
    }

    private static ClassFixtures fixtures(ExtensionContext context) {
        for (Optional<ExtensionContext> at = Optional.of(context);
                at.isPresent();
                at = at.get().getParent()) {
            Store store = at.get().getStore(NAMESPACE);
            ClassFixtures found = store.get(CLASS_KEY, ClassFixtures.class);
            if (found != null) {
                return found;
            }
        }
        throw new IllegalStateException("no fixtures are open for " + context.getDisplayName());
    }

    /** The annotations of a class that ask for an engine. */
    static List<Annotation> requirements(Class<?> testClass) {
        return List.of(testClass.getAnnotations()).stream()
                .filter(annotation -> annotation.annotationType().isAnnotationPresent(UsesFixture.class))
                .toList();
    }
}
