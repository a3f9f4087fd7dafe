package mastery.support.cassandra;

import static org.assertj.core.api.Assertions.assertThat;

import mastery.support.provision.MavenRepository;
import mastery.support.provision.PinnedArtifacts;
import mastery.support.provision.Progress;
import org.junit.jupiter.api.Test;

/** The list of jars is what the repositories say that Cassandra needs, no more and no less. */
class CassandraJarsIT {

    @Test
    void theListIsCassandraWithAllThatItNeedsAtRunTime() {
        PinnedArtifacts list = PinnedArtifacts.read(CassandraJars.class.getResource("cassandra-all.sha256"));
        try (MavenRepository repository = MavenRepository.open(Progress.SILENT)) {
            assertThat(repository.pin(list.files().get(0).coordinates())).isEqualTo(list);
        }
    }
}
