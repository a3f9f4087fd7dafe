package mastery.support.junit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TopologyLocksTest {

    private final TopologyLocks locks = new TopologyLocks();

    @OnPostgreSql
    private static final class OnASharedServer {}

    @OnPostgreSql(servers = 2)
    private static final class OnTwoServers {}

    @OnPostgreSql(servers = 2)
    private static final class OnTwoServersToo {}

    @OnPostgreSql(settings = "max_wal_size=48MB")
    private static final class OnAServerWithSettings {}

    @Test
    void classesOnTheSharedServerNeedNoLock() {
        assertThat(locks.provideForClass(OnASharedServer.class)).isEmpty();
    }

    @Test
    void classesThatAskForTheSameServersShareALockAndOthersDoNot() {
        assertThat(locks.provideForClass(OnTwoServers.class))
                .hasSize(1)
                .isEqualTo(locks.provideForClass(OnTwoServersToo.class))
                .doesNotContainAnyElementsOf(locks.provideForClass(OnAServerWithSettings.class));
        assertThat(locks.provideForClass(OnAServerWithSettings.class)).hasSize(1);
    }

    @Test
    void aNestedClassAsksAsAnyOther() {
        assertThat(locks.provideForNestedClass(List.of(TopologyLocksTest.class), OnTwoServers.class))
                .isEqualTo(locks.provideForClass(OnTwoServersToo.class));
    }
}
