package mastery.support.plan;

import co.elastic.clients.elasticsearch.core.SearchResponse;
import co.elastic.clients.elasticsearch.core.search.QueryBreakdown;
import co.elastic.clients.elasticsearch.core.search.QueryProfile;
import co.elastic.clients.elasticsearch.core.search.SearchProfile;
import co.elastic.clients.elasticsearch.core.search.ShardProfile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Reads the profile of a search as a plan: below the search its shards, below each shard the queries that Lucene ran there.
 *
 * <p>A node's operation is the class of the query after it was rewritten, such as {@code TermQuery}; its condition is the
 * query in Lucene's words. Its rows are how often it was moved to a next document ({@code next_doc_count} and
 * {@code advance_count}), the step past the last one of each segment included. All counts are in the details by the
 * server's own names.
 *
 * <p>Source: Elasticsearch Guide, "Profile search requests".
 */
public final class ElasticsearchPlans {

    private static final String ENGINE = "Elasticsearch";

    private ElasticsearchPlans() {}

    /**
     * The plan of a search that was made with {@code profile(true)}.
     *
     * @throws IllegalArgumentException if it was made without
     */
    public static Plan of(SearchResponse<?> response) {
        if (response.profile() == null) {
            throw new IllegalArgumentException("This search has no profile: ask for it with profile(true)");
        }
        List<PlanNode> shards = response.profile().shards().stream()
                .sorted(Comparator.comparing(ShardProfile::index).thenComparing(ShardProfile::shardId))
                .map(ElasticsearchPlans::shard)
                .toList();
        return new Plan(ENGINE, node("Search", Optional.empty(), OptionalDouble.empty(), Map.of(), shards));
    }

    private static PlanNode shard(ShardProfile shard) {
        List<PlanNode> queries = new ArrayList<>();
        for (SearchProfile search : shard.searches()) {
            search.query().forEach(query -> queries.add(query(query)));
        }
        Map<String, String> details = new LinkedHashMap<>();
        details.put("index", shard.index());
        details.put("node", shard.nodeId());
        return node("Shard", Optional.of(Integer.toString(shard.shardId())), OptionalDouble.empty(), details, queries);
    }

    private static PlanNode query(QueryProfile query) {
        QueryBreakdown counts = query.breakdown();
        Map<String, String> details = new LinkedHashMap<>();
        details.put("condition", query.description());
        details.put("next_doc_count", Long.toString(counts.nextDocCount()));
        details.put("advance_count", Long.toString(counts.advanceCount()));
        details.put("match_count", Long.toString(counts.matchCount()));
        details.put("score_count", Long.toString(counts.scoreCount()));
        details.put("build_scorer_count", Long.toString(counts.buildScorerCount()));
        return node(
                query.type(),
                Optional.empty(),
                OptionalDouble.of(counts.nextDocCount() + counts.advanceCount()),
                details,
                query.children().stream().map(ElasticsearchPlans::query).toList());
    }

    private static PlanNode node(
            String operation,
            Optional<String> target,
            OptionalDouble rows,
            Map<String, String> details,
            List<PlanNode> children) {
        return new PlanNode(
                operation,
                target,
                Optional.empty(),
                OptionalDouble.empty(),
                rows,
                rows.isPresent() ? OptionalLong.of(1) : OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalDouble.empty(),
                details,
                children);
    }
}
