package mastery.support.cassandra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import mastery.support.provision.JavaHomes;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated("sets a system property that a start of the server would read")
class CassandraJarsTest {

    @TempDir
    Path directory;

    @AfterEach
    void forget() {
        System.clearProperty(CassandraJars.JAVA_SETTING);
    }

    @Test
    void withoutAJavaThatRunsItTheCauseAndTheCureAreSaid() {
        System.setProperty(CassandraJars.JAVA_SETTING, directory.toString());
        CassandraJars jars = new CassandraJars(JavaHomes.ofThisMachine());
        assertThat(jars.ready()).isEmpty();
        assertThat(jars.obstacle().orElseThrow())
                .contains("Cassandra runs on JDK 17 or 11 only")
                .contains(directory + ", which has no bin/java")
                .contains("-Dmastery.cassandra.java=DIRECTORY or JAVA17_HOME");
        assertThatThrownBy(() -> jars.fetch(Progress.SILENT))
                .isInstanceOf(ProvisionException.class)
                .hasMessage(jars.obstacle().orElseThrow());
    }
}
