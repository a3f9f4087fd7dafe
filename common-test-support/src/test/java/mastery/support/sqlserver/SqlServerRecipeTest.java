package mastery.support.sqlserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;
import mastery.support.server.Address;
import mastery.support.server.ContainerPlan;
import mastery.support.server.Identity;
import mastery.support.server.NodeSpec;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Isolated("system properties belong to the whole JVM")
class SqlServerRecipeTest {

    private static final String ACCEPT = "mastery.sqlserver.acceptEula";

    private final SqlServerRecipe recipe = new SqlServerRecipe();
    private final String accepted = System.getProperty(ACCEPT);

    @BeforeEach
    void acceptNothing() {
        System.clearProperty(ACCEPT);
    }

    @AfterEach
    void restore() {
        if (accepted == null) {
            System.clearProperty(ACCEPT);
        } else {
            System.setProperty(ACCEPT, accepted);
        }
    }

    @Test
    void withoutTheUsersWordTheLicenceIsNotAcceptedAndNothingIsStarted() {
        assertThat(recipe.imageRefusal().orElseThrow()).contains("licence", "-Dmastery.sqlserver.acceptEula=true");
        assertThatThrownBy(() -> recipe.container(Address.loopback(14330, "sa", "secret"), NodeSpec.single()))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining("-Dmastery.sqlserver.acceptEula=true")
                .message()
                .doesNotContain("secret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "false", "no", "n", "1", "accept"})
    void onlyTrueOrYAcceptsIt(String word) {
        System.setProperty(ACCEPT, word);
        assertThat(recipe.imageRefusal()).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "TRUE", "Y", "y"})
    void onTheUsersWordTheImageIsStartedWithItsVariables(String word) {
        System.setProperty(ACCEPT, word);
        assertThat(recipe.imageRefusal()).isEmpty();
        ContainerPlan plan = recipe.container(Address.loopback(14330, "sa", "Secret1"), NodeSpec.single());
        assertThat(plan.environment())
                .containsEntry("ACCEPT_EULA", "Y")
                .containsEntry("MSSQL_SA_PASSWORD", "Secret1")
                .containsEntry("MSSQL_PID", "Developer")
                .containsEntry("MSSQL_TCP_PORT", "14330");
        assertThat(plan.arguments()).isEmpty();
    }

    @Test
    void itIsNeverNative() {
        assertThat(recipe.sought()).isEmpty();
        assertThat(recipe.programs().ready()).isEmpty();
        assertThat(recipe.programs().obstacle().orElseThrow()).contains("never started natively", "container image");
        assertThatThrownBy(() -> recipe.programs().fetch(Progress.terminal()))
                .isInstanceOf(ProvisionException.class)
                .hasMessageContaining("never started natively");
        assertThat(recipe.cure()).contains("-Dmastery.sqlserver.url=URL", "-Dmastery.sqlserver.acceptEula=true");
    }

    @Test
    void aServerIsKnownByItsYear() {
        Identity identity = SqlServerRecipe.identity(
                "Microsoft SQL Server 2022 (RTM-CU27) (KB1) - 16.0.4270.1 (X64) \n\tAug 1 2026\n\tDeveloper",
                "16.0.4270.1");
        assertThat(identity)
                .isEqualTo(new Identity("2022", "Microsoft SQL Server 2022 (RTM-CU27) (KB1) - 16.0.4270.1 (X64)"));
        assertThat(recipe.isTooOld(identity)).isFalse();
        assertThat(recipe.isTooOld(SqlServerRecipe.identity("Microsoft SQL Server 2025 (RTM) - 17.0", "17.0")))
                .isFalse();
    }

    @Test
    void anOldServerIsTooOldAndAnotherKindIsNot() {
        assertThat(recipe.isTooOld(
                        SqlServerRecipe.identity("Microsoft SQL Server 2019 (RTM) - 15.0.2000.5 (X64)", "15.0")))
                .isTrue();
        Identity cloud = SqlServerRecipe.identity("Microsoft SQL Azure (RTM) - 12.0.2000.8 \n\tJan 1", "12.0.2000.8");
        assertThat(cloud.version()).isEqualTo("12.0.2000.8");
        assertThat(recipe.isTooOld(cloud)).isFalse();
        assertThat(recipe.isTooOld(
                        SqlServerRecipe.identity("Babelfish for PostgreSQL with SQL Server Compatibility", null)))
                .isFalse();
    }

    @Test
    void aServerThatIsNotThereIsToldAtOnce() {
        assertThatThrownBy(() -> recipe.identify(Address.loopback(1, "sa", "Secret1")))
                .isInstanceOf(java.sql.SQLException.class)
                .hasMessageContaining("127.0.0.1")
                .message()
                .doesNotContain("Secret1");
    }
}
