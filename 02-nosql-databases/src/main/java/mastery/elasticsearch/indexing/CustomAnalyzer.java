package mastery.elasticsearch.indexing;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch._types.FieldValue;
import co.elastic.clients.elasticsearch._types.Refresh;
import co.elastic.clients.elasticsearch._types.query_dsl.Operator;
import java.io.IOException;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import mastery.support.trace.Story;

/**
 * Beginnings of words are cut when a text is written, never when someone types: the field needs two analyzers.
 *
 * <p><b>When:</b> a search box that finds while the user is typing, over names, titles, places.
 * <b>Not:</b> for long texts, whose index would grow many times; {@code search_as_you_type} is ready made where no synonyms
 * and no rules of your own are needed.
 * <b>Costs:</b> a token for each beginning of each word, and a new index for each change of the analyzer; a typed word longer
 * than the longest beginning finds nothing.
 * <b>Needs:</b> nothing that Elasticsearch lacks.
 *
 * <p>An analyzer is character filters, one tokenizer, token filters, in this order. Synonyms stand before the cutting, so
 * that a synonym is cut too; after it, Elasticsearch refuses the index. Source: Elasticsearch Guide, "Text analysis", "Edge
 * n-gram token filter", and "search_analyzer".
 */
public final class CustomAnalyzer {

    /** A token and its place: tokens of one place stand for the same word. */
    public record Token(int position, String text) {}

    private static final int LONGEST_TYPED = 100;

    private static final String INDEX = """
            {
              "settings": {
                "number_of_replicas": 0,
                "analysis": {
                  "char_filter": {"signs": {"type": "mapping", "mappings": ["& => and"]}},
                  "filter": {
                    "same": {"type": "synonym", "synonyms": ["tv, television"]},
                    "beginnings": {"type": "edge_ngram", "min_gram": 2, "max_gram": 10}
                  },
                  "analyzer": {
                    "written": {
                      "char_filter": ["signs"],
                      "tokenizer": "standard",
                      "filter": ["lowercase", "same", "beginnings"]
                    },
                    "typed": {"char_filter": ["signs"], "tokenizer": "standard", "filter": ["lowercase"]}
                  }
                }
              },
              "mappings": {
                "dynamic": "strict",
                "properties": {
                  "name": {"type": "text", "analyzer": "written", "search_analyzer": "typed"}
                }
              }
            }""";

    private CustomAnalyzer() {}

    /** An index of products whose names are found by the beginnings of their words. */
    public static void createIndex(ElasticsearchClient client, String index) throws IOException {
        client.indices().create(c -> c.index(index).withJson(new StringReader(INDEX)));
    }

    /** The wrong way: without a search analyzer the typed word is cut too, and each of its beginnings is searched for. */
    public static void createIndexCuttingWhatIsTyped(ElasticsearchClient client, String index) throws IOException {
        String mistaken = INDEX.replace(", \"search_analyzer\": \"typed\"", "");
        client.indices().create(c -> c.index(index).withJson(new StringReader(mistaken)));
    }

    /** Adds products by id and returns when a search finds them. */
    public static void add(ElasticsearchClient client, String index, Map<String, String> names) throws IOException {
        client.bulk(bulk -> {
            names.forEach((id, name) ->
                    bulk.operations(o -> o.index(i -> i.index(index).id(id).document(Map.of("name", name)))));
            return bulk.refresh(Refresh.True);
        });
    }

    /** The tokens that an analyzer of the index ({@code written} or {@code typed}) makes of a text. */
    public static List<Token> analyze(ElasticsearchClient client, String index, String analyzer, String text)
            throws IOException {
        return client.indices().analyze(a -> a.index(index).analyzer(analyzer).text(text)).tokens().stream()
                .map(token -> new Token((int) token.position(), token.token()))
                .toList();
    }

    /**
     * The ids of the products that have a word for each typed word, in order.
     *
     * @throws IllegalArgumentException when nothing was typed, or more than 100 characters
     */
    public static List<String> find(ElasticsearchClient client, String index, String typed) throws IOException {
        if (typed == null || typed.isBlank() || typed.length() > LONGEST_TYPED) {
            throw new IllegalArgumentException("Type 1 to " + LONGEST_TYPED + " characters");
        }
        return client
                .search(
                        s -> s.index(index)
                                .query(q -> q.match(m -> m.field("name")
                                        .query(FieldValue.of(typed))
                                        .operator(Operator.And)))
                                .size(100),
                        Void.class)
                .hits()
                .hits()
                .stream()
                .map(hit -> hit.id())
                .sorted()
                .toList();
    }

    public static void main(String[] args) {
        Story.tell(CustomAnalyzer.class, story -> {
            ElasticsearchClient client = story.elasticsearch();
            String index = story.elasticsearchName("products");
            String mistaken = story.elasticsearchName("mistaken");
            Map<String, String> names = Map.of("1", "Tent & stove", "2", "TV cable", "3", "Television");

            story.step("Two analyzers: one for what is written, one for what is typed.");
            createIndex(client, index);
            story.quietly("three products, in a second index with one analyzer too", () -> {
                createIndexCuttingWhatIsTyped(client, mistaken);
                add(client, index, names);
                add(client, mistaken, names);
            });

            story.step("What is written is cut into beginnings, its synonym too; the sign becomes a word.");
            story.show("tokens", analyze(client, index, "written", "TV & x"));

            story.step("What is typed stays whole.");
            story.show("tokens", analyze(client, index, "typed", "TV & x"));

            story.step("So a typed beginning finds the words that begin so.");
            story.show("tel finds", find(client, index, "tel"));
            story.show("tent finds", find(client, index, "tent"));

            story.step("With one analyzer, tent is searched for as te, ten and tent, and te is enough.");
            story.show("tent finds", find(client, mistaken, "tent"));
            story.learned(
                    "Cut words into beginnings where they are written, and name a search analyzer that does not.");
        });
    }
}
