package mastery.launcher.curriculum;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

    @TempDir
    private Path home;

    private Curriculum curriculum;

    @BeforeEach
    void read() throws IOException {
        curriculum = Tree.inOrder(home).read();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GapLocks",
                "gaplocks",
                "GapLocks.java",
                "advanced/GapLocks",
                "mysql/advanced/GapLocks",
                "mastery.mysql.advanced.GapLocks",
                "./01-relational-databases/src/main/java/mastery/mysql/advanced/GapLocks.java",
                "01-relational-databases\\src\\main\\java\\mastery\\mysql\\advanced\\GapLocks.java"
            })
    void everyFormOfANameFindsTheExample(String name) {
        assertThat(Names.examples(curriculum.examples(), name))
                .extracting(Example::path)
                .containsExactly("mysql/advanced/GapLocks");
    }

    @Test
    void aSimpleNameInTwoTopicsIsAmbiguousAndItsPathIsNot() {
        assertThat(Names.examples(curriculum.examples(), "KeysetPagination")).hasSize(2);
        assertThat(Names.examples(curriculum.examples(), "mysql/advanced/KeysetPagination"))
                .hasSize(1);
    }

    @Test
    void theEndOfANameIsNotAName() {
        assertThat(Names.examples(curriculum.examples(), "Locks")).isEmpty();
    }

    @Test
    void aTopicIsFoundByPathByEngineAndByItsLastNameInAllEngines() {
        List<Topic> topics = curriculum.topics();

        assertThat(Names.topics(topics, "mysql/advanced"))
                .extracting(Topic::path)
                .containsExactly("mysql/advanced");
        assertThat(Names.topics(topics, "MySQL/advanced/")).hasSize(1);
        assertThat(Names.topics(topics, "mastery.mysql.advanced")).hasSize(1);
        assertThat(Names.topics(topics, "mysql")).extracting(Topic::path).containsExactly("mysql/advanced");
        assertThat(Names.topics(topics, "advanced")).hasSize(2);
        assertThat(Names.topics(topics, "adv")).isEmpty();
    }

    @Test
    void theNearestNamesAreSuggested() {
        List<Example> all = curriculum.examples();

        assertThat(Names.nearest(all, "KeysetPaginatoin")).containsExactly("KeysetPagination");
        assertThat(Names.nearest(all, "gaplock")).containsExactly("GapLocks");
        assertThat(Names.nearest(all, "queue")).containsExactly("SkipLockedQueue");
        assertThat(Names.nearest(all, "mysql/advanced/GapLoks")).containsExactly("GapLocks");
        assertThat(Names.nearest(all, "Elephant")).isEmpty();
    }
}
