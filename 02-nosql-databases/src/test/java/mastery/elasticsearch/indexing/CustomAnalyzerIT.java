package mastery.elasticsearch.indexing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.ElasticsearchException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import mastery.elasticsearch.indexing.CustomAnalyzer.Token;
import mastery.support.elasticsearch.ElasticsearchIndices;
import mastery.support.junit.OnElasticsearch;
import mastery.support.junit.Prepare;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OnElasticsearch
class CustomAnalyzerIT {

    private static final Map<String, String> NAMES =
            Map.of("1", "Tent & stove", "2", "TV cable", "3", "Television", "4", "Table");

    private String index;
    private String mistaken;

    @Prepare
    static void fill(ElasticsearchClient client, ElasticsearchIndices indices) throws IOException {
        CustomAnalyzer.createIndex(client, indices.name("products"));
        CustomAnalyzer.createIndexCuttingWhatIsTyped(client, indices.name("mistaken"));
        CustomAnalyzer.add(client, indices.name("products"), NAMES);
        CustomAnalyzer.add(client, indices.name("mistaken"), NAMES);
    }

    @BeforeEach
    void name(ElasticsearchIndices indices) {
        index = indices.name("products");
        mistaken = indices.name("mistaken");
    }

    @Test
    void whatIsWrittenIsCutIntoBeginningsWithItsSynonymInTheSamePlace(ElasticsearchClient client) throws IOException {
        assertThat(CustomAnalyzer.analyze(client, index, "written", "TV & Oak"))
                .containsExactlyInAnyOrder(
                        new Token(0, "tv"),
                        new Token(0, "te"),
                        new Token(0, "tel"),
                        new Token(0, "tele"),
                        new Token(0, "telev"),
                        new Token(0, "televi"),
                        new Token(0, "televis"),
                        new Token(0, "televisi"),
                        new Token(0, "televisio"),
                        new Token(0, "television"),
                        new Token(1, "an"),
                        new Token(1, "and"),
                        new Token(2, "oa"),
                        new Token(2, "oak"));
    }

    @Test
    void whatIsTypedStaysWhole(ElasticsearchClient client) throws IOException {
        assertThat(CustomAnalyzer.analyze(client, index, "typed", "TV & Oak"))
                .containsExactly(new Token(0, "tv"), new Token(1, "and"), new Token(2, "oak"));
    }

    @Test
    void aTypedBeginningFindsTheWordsThatBeginSo(ElasticsearchClient client) throws IOException {
        assertThat(CustomAnalyzer.find(client, index, "ta")).containsExactly("4");
        assertThat(CustomAnalyzer.find(client, index, "CAB t")).isEmpty();
        assertThat(CustomAnalyzer.find(client, index, "CAB tv")).containsExactly("2");
        assertThat(CustomAnalyzer.find(client, index, "ent")).isEmpty();
    }

    @Test
    void aSynonymIsFoundByItsBeginningToo(ElasticsearchClient client) throws IOException {
        assertThat(CustomAnalyzer.find(client, index, "tel")).containsExactly("2", "3");
        assertThat(CustomAnalyzer.find(client, index, "tv")).containsExactly("2", "3");
    }

    @Test
    void aSignIsFoundAsTheWordItStandsFor(ElasticsearchClient client) throws IOException {
        assertThat(CustomAnalyzer.find(client, index, "and")).containsExactly("1");
        assertThat(CustomAnalyzer.find(client, index, "tent & st")).containsExactly("1");
    }

    @Test
    void withOneAnalyzerEveryWordWithTheSameFirstTwoLettersIsFound(ElasticsearchClient client) throws IOException {
        assertThat(CustomAnalyzer.find(client, index, "tent")).containsExactly("1");
        assertThat(CustomAnalyzer.find(client, mistaken, "tent")).containsExactly("1", "2", "3");
    }

    @Test
    void aTypedWordLongerThanTheLongestBeginningFindsNothing(ElasticsearchClient client) throws IOException {
        CustomAnalyzer.add(client, index, Map.of("5", "Extraordinary"));
        assertThat(CustomAnalyzer.find(client, index, "extraordin")).containsExactly("5");
        assertThat(CustomAnalyzer.find(client, index, "extraordinary")).isEmpty();
    }

    @Test
    void anAnalyzerThatTheIndexDoesNotHaveIsRefused(ElasticsearchClient client) {
        assertThatThrownBy(() -> CustomAnalyzer.analyze(client, index, "unknown", "x"))
                .isInstanceOfSatisfying(ElasticsearchException.class, refusal -> {
                    assertThat(refusal.status()).isEqualTo(400);
                    assertThat(refusal.error().type()).isEqualTo("illegal_argument_exception");
                });
    }

    @Test
    void whatIsTypedIsNeverReadAsAQuery(ElasticsearchClient client) throws IOException {
        for (String hostile : List.of("*", "\"}}]", "name:*", "t*nt", "table OR tent")) {
            assertThat(CustomAnalyzer.find(client, index, hostile)).isEmpty();
        }
    }

    @Test
    void nothingTypedOrTooMuchIsRefused(ElasticsearchClient client) {
        for (String typed : new String[] {null, "", "  ", "x".repeat(101)}) {
            assertThatThrownBy(() -> CustomAnalyzer.find(client, index, typed))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Type 1 to 100 characters");
        }
    }
}
