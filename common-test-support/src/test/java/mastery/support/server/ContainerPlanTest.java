package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContainerPlanTest {

    private static final String ACCEPT = "mastery.sqlserver.acceptEula";
    private static final Address ADDRESS = Address.loopback(23456, "admin", "Secret1");

    private String before;

    @BeforeEach
    void accept() {
        before = System.setProperty(ACCEPT, "true");
    }

    @AfterEach
    void restore() {
        if (before == null) {
            System.clearProperty(ACCEPT);
        } else {
            System.setProperty(ACCEPT, before);
        }
    }

    @ParameterizedTest
    @EnumSource(Engine.class)
    void theServerIsToldThePortOfItsAddressAndNoArgumentShowsThePassword(Engine engine) {
        ContainerPlan plan = Recipes.of(engine).container(ADDRESS, NodeSpec.single());
        assertThat(Stream.concat(plan.arguments().stream(), plan.environment().values().stream()))
                .anyMatch(text -> text.contains("23456"));
        assertThat(plan.arguments()).noneMatch(text -> text.contains(ADDRESS.password()));
    }

    @ParameterizedTest
    @EnumSource(
            value = Engine.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"SQLSERVER"})
    void theServerIsToldTheSettingsOfTheNode(Engine engine) {
        ContainerPlan plan =
                Recipes.of(engine).container(ADDRESS, NodeSpec.of("node-1", Map.of("own.setting", "own-value")));
        assertThat(Stream.concat(
                        plan.arguments().stream(),
                        plan.environment().entrySet().stream()
                                .map(variable -> variable.getKey() + "=" + variable.getValue())))
                .anyMatch(text -> text.contains("own.setting") && text.contains("own-value"));
    }

    @Test
    void aReplicaOfPostgreSqlIsCopiedBeforeItStartsAndFollows() {
        Node primary = new AttachedNode(
                Engine.POSTGRESQL, Address.loopback(25432, "postgres", "Secret1"), null, "", SourceKind.CONTAINER);
        ContainerPlan plan =
                Recipes.of(Engine.POSTGRESQL).container(ADDRESS, NodeSpec.replicaOf(primary, "replica-1", Map.of()));
        List<String> arguments = plan.arguments();
        assertThat(arguments).startsWith("sh", "-c").contains("postgres", "23456");
        assertThat(arguments.get(2))
                .contains("pg_basebackup", "--write-recovery-conf", "--create-slot")
                .doesNotContain("Secret1");
        assertThat(plan.environment())
                .containsEntry("MASTERY_SLOT", "replica_1")
                .containsEntry("PGPASSWORD", "Secret1")
                .hasEntrySatisfying(
                        "MASTERY_UPSTREAM",
                        upstream -> assertThat(upstream).contains("port=25432", "application_name=replica_1"));
    }

    @Test
    void aReplicaOfRedisFollowsFromItsFirstMoment() {
        Node primary = new AttachedNode(
                Engine.REDIS, Address.loopback(26379, "default", "Secret1"), null, "", SourceKind.CONTAINER);
        ContainerPlan plan =
                Recipes.of(Engine.REDIS).container(ADDRESS, NodeSpec.replicaOf(primary, "replica-1", Map.of()));
        assertThat(plan.environment().values())
                .singleElement()
                .satisfies(
                        text -> assertThat(text).contains("port 23456\n", "replicaof 127.0.0.1 26379\n", "bind *\n"));
    }
}
