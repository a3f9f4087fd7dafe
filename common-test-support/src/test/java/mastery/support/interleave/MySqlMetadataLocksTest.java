package mastery.support.interleave;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MySqlMetadataLocksTest {

    @Test
    void readersWaitForAWaitingAlterButNotForAReader() {
        assertThat(MySqlMetadataLocks.waits("SHARED_READ", "EXCLUSIVE", false)).isTrue();
        assertThat(MySqlMetadataLocks.waits("SHARED_READ", "SHARED_READ", true)).isFalse();
        assertThat(MySqlMetadataLocks.waits("SHARED_READ", "SHARED_UPGRADABLE", true))
                .isFalse();
    }

    @Test
    void anExclusiveRequestWaitsForEveryHolderAndNoWaiter() {
        assertThat(MySqlMetadataLocks.waits("EXCLUSIVE", "SHARED_READ", true)).isTrue();
        assertThat(MySqlMetadataLocks.waits("EXCLUSIVE", "SHARED_WRITE", true)).isTrue();
        assertThat(MySqlMetadataLocks.waits("EXCLUSIVE", "EXCLUSIVE", false)).isFalse();
    }

    @Test
    void aWriterWaitsForAGlobalReadLockByItsIntention() {
        assertThat(MySqlMetadataLocks.waits("INTENTION_EXCLUSIVE", "SHARED", true))
                .isTrue();
        assertThat(MySqlMetadataLocks.waits("INTENTION_EXCLUSIVE", "INTENTION_EXCLUSIVE", true))
                .isFalse();
    }

    @Test
    void anUnknownTypeWaitsForNothingKnown() {
        assertThat(MySqlMetadataLocks.waits("NEW_TYPE", "EXCLUSIVE", true)).isFalse();
    }
}
