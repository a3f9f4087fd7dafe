package mastery.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The arrows hold in this repository, and each rule fails on the fixture that breaks it. */
class ArrowsTest {

    private final Arrows broken = new Arrows("brokenarrows");

    @TestFactory
    Stream<DynamicTest> theArrowsHold() {
        JavaClasses classes = new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .importPackages("mastery");
        assertThat(classes.contain(Main.class)).isTrue();
        return new Arrows("mastery")
                .all().stream().map(rule -> DynamicTest.dynamicTest(rule.getDescription(), () -> rule.check(classes)));
    }

    @Test
    void anEngineThatUsesAnotherIsFound() {
        assertThat(violations(broken.enginesDoNotUseEachOther()))
                .isNotEmpty()
                .allMatch(line -> line.contains("mysql.fundamentals.UsesAnotherEngine"));
    }

    @Test
    void aUserOfTheLauncherIsFound() {
        assertThat(violations(broken.nothingUsesTheLauncher()))
                .isNotEmpty()
                .allMatch(line -> line.contains("redis.caching.UsesTheLauncher"));
    }

    @Test
    void supportThatUsesTheCurriculumIsFound() {
        assertThat(violations(broken.supportDoesNotUseTheCurriculum()))
                .isNotEmpty()
                .allMatch(line -> line.contains("support.junit.UsesTheCurriculum"));
    }

    @Test
    void anExampleThatUsesTheSupportOutsideMainIsFound() {
        List<String> violations = violations(broken.onlyMainUsesTheSupport());

        // one in each place a type can stand in; the example that does it right is not among them
        assertThat(violations)
                .anyMatch(line -> line.contains("callsIt()"))
                .anyMatch(line -> line.contains("callsItInALambda()"))
                .anyMatch(line -> line.contains("takesIt("))
                .anyMatch(line -> line.contains("takesSeveral("))
                .anyMatch(line -> line.contains("namesIt()"))
                .anyMatch(line -> line.contains("Field ") && line.contains("hasIt"))
                .allMatch(line -> line.contains("UsesTheSupport"));
    }

    @Test
    void supportThatPointsTheWrongWayIsFound() {
        assertThat(violations(broken.supportPackagesUseOnlyWhatTheyMay()))
                .isNotEmpty()
                .allMatch(line -> line.contains("support.server.UsesTheTrace"));
    }

    private static List<String> violations(ArchRule rule) {
        JavaClasses classes = new ClassFileImporter().importPackages("brokenarrows");
        return rule.evaluate(classes).getFailureReport().getDetails();
    }
}
