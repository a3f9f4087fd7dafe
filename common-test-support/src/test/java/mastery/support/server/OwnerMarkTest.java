package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class OwnerMarkTest {

    @Test
    void theMarkOfARunningProcessIsAlive() {
        assertThat(OwnerMark.isDead(OwnerMark.ofThisJvm())).isFalse();
        assertThat(OwnerMark.isDead(OwnerMark.ofThisJvm() + "-1234")).isFalse();
    }

    @Test
    void theMarkOfAnEndedProcessIsDead() throws IOException, InterruptedException {
        Process process = new ProcessBuilder("sleep", "60").start();
        String mark = OwnerMark.of(process.toHandle());
        assertThat(OwnerMark.isDead(mark)).isFalse();
        process.destroyForcibly().waitFor();
        assertThat(OwnerMark.isDead(mark)).isTrue();
    }

    @Test
    void aLaterProcessWithTheSameIdIsNotMistakenForTheOwner() {
        assertThat(OwnerMark.isDead(ProcessHandle.current().pid() + ".1")).isTrue();
    }

    @Test
    void whatIsNoMarkIsNeverCalledDead() {
        assertThat(OwnerMark.isDead("")).isFalse();
        assertThat(OwnerMark.isDead("backup")).isFalse();
        assertThat(OwnerMark.isDead("a.b")).isFalse();
    }

    @Test
    void aDatabaseOfThisJvmIsNotAbandonedAndOneOfAnEndedJvmIs() {
        assertThat(Residue.isAbandoned(Residue.newName(1))).isFalse();
        assertThat(Residue.isAbandoned("mastery_" + ProcessHandle.current().pid() + "_1_1"))
                .isTrue();
        assertThat(Residue.isAbandoned("mastery_of_others")).isFalse();
        assertThat(Residue.isAbandoned("customers")).isFalse();
    }
}
