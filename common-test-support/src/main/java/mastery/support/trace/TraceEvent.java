package mastery.support.trace;

import java.util.List;
import mastery.support.plan.Plan;

/** One thing that happened while an example ran. Readers turn events into a transcript, JSON, or anything else. */
public sealed interface TraceEvent {

    /**
     * The story begins.
     *
     * @param example simple name of the example's class
     * @param claim first sentence of its Javadoc; empty when the source is not at hand
     */
    record Title(String example, String claim) implements TraceEvent {}

    /**
     * A server is used for the first time.
     *
     * @param engine name as its makers write it
     * @param version such as {@code 18.6}
     * @param source {@code external}, {@code container} or {@code native}
     * @param build where the programs come from
     * @param nodes how many nodes; 1 unless it is a cluster
     */
    record Server(String engine, String version, String source, String build, int nodes) implements TraceEvent {}

    /** A heading before the statements that follow; {@code number} counts from 1. */
    record Step(int number, String sentence) implements TraceEvent {}

    /**
     * A statement or command that the server answered. {@code null} stands for "does not apply" or "not known".
     *
     * @param language {@code sql}, {@code redis}, {@code mongodb}, {@code elasticsearch} or {@code cql}
     * @param label the data source or node it went to; {@code null} for the story's only one
     * @param session the thread that ran it; {@code null} for the story's own
     * @param text as sent, placeholders and all
     * @param binds bound values, one list for each entry of a batch; at most {@link Trace#BINDS_KEPT} entries
     * @param batchSize entries of the batch; 0 when it is none
     * @param rowsReturned rows the program read from the result
     * @param rowsAffected update count, summed over a batch
     * @param reply what Redis or Elasticsearch answered, as a person would read it; on a Cassandra ring the consistency and the
     *     coordinator
     * @param nanos time spent in the driver, reading the rows included
     * @param roundTrips waits for the network, reading the rows included
     * @param error why it failed; {@code null} when it did not
     */
    record Statement(
            String language,
            String label,
            String session,
            String text,
            List<List<Object>> binds,
            int batchSize,
            Long rowsReturned,
            Long rowsAffected,
            String reply,
            long nanos,
            Long roundTrips,
            Failure error)
            implements TraceEvent {}

    /**
     * Why a statement failed.
     *
     * @param sqlState SQLSTATE of JDBC, the error word of Redis such as {@code WRONGTYPE}, the code name of MongoDB, the type of
     *     Elasticsearch's error, the name of a Cassandra error such as {@code Unavailable}
     * @param vendorCode the engine's own number, for Elasticsearch the HTTP status; 0 when it has none
     */
    record Failure(String sqlState, int vendorCode, String message) {}

    /** A value the story shows; a record with lists inside gives several tables. */
    record Result(String caption, List<Table> tables) implements TraceEvent {}

    /** A plan with actual rows. */
    record PlanShown(String sql, List<Object> binds, Plan plan) implements TraceEvent {}

    /**
     * Work counted over several statements.
     *
     * @param caption what they did; empty for the whole story
     * @param roundTrips of those statements whose sockets are counted; {@code null} when none is
     */
    record Counters(String caption, long statements, Long roundTrips, long nanos) implements TraceEvent {}

    /** A remark. */
    record Note(String text) implements TraceEvent {}

    /** What the story taught, in one line. */
    record Learned(String oneLine) implements TraceEvent {}
}
