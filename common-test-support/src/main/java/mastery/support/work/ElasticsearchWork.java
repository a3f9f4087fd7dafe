package mastery.support.work;

import co.elastic.clients.elasticsearch.ElasticsearchClient;
import co.elastic.clients.elasticsearch.indices.stats.IndexStats;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the shards of an index did while an action ran, by the index stats. All clients are counted, and all copies.
 *
 * <p>Source: Elasticsearch Guide, "Index stats API".
 *
 * @param counts by name: {@code search.query} and {@code search.fetch} (one for each shard that was asked), {@code get},
 *     {@code index}, {@code delete}, {@code refresh}, {@code request_cache.hit}, {@code request_cache.miss}
 */
public record ElasticsearchWork(Map<String, Long> counts) {

    public ElasticsearchWork {
        counts = Collections.unmodifiableMap(new TreeMap<>(counts));
    }

    /** One of the counts, 0 if it did not move. */
    public long count(String name) {
        return counts.getOrDefault(name, 0L);
    }

    /** Runs the action and returns what the shards of {@code index} did meanwhile. */
    public static ElasticsearchWork measure(ElasticsearchClient client, String index, Action action) throws Exception {
        Map<String, Long> before = read(client, index);
        action.run();
        return new ElasticsearchWork(Counters.less(read(client, index), before));
    }

    private static Map<String, Long> read(ElasticsearchClient client, String index) throws IOException {
        IndexStats total = client.indices().stats(s -> s.index(index)).all().total();
        Map<String, Long> counts = new TreeMap<>();
        counts.put("search.query", total.search().queryTotal());
        counts.put("search.fetch", total.search().fetchTotal());
        counts.put("get", total.get().total());
        counts.put("index", total.indexing().indexTotal());
        counts.put("delete", total.indexing().deleteTotal());
        counts.put("refresh", total.refresh().total());
        counts.put("request_cache.hit", total.requestCache().hitCount());
        counts.put("request_cache.miss", total.requestCache().missCount());
        return counts;
    }
}
