package mastery.support.plan;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bson.Document;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MongoDbPlansTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {}                                                                            | $: no document "queryPlanner"
            {queryPlanner: 7}                                                             | $: no document "queryPlanner"
            {queryPlanner: {}}                                                            | $.queryPlanner: no document "winningPlan"
            {queryPlanner: {winningPlan: {}}}                                             | $.winningPlan: no text "stage"
            {queryPlanner: {winningPlan: {stage: 'SORT', inputStage: {}}}}                | $.winningPlan.inputStage: no text "stage"
            {queryPlanner: {winningPlan: {stage: 'OR', inputStages: [{stage: 'A'}, {}]}}} | $.winningPlan.inputStages[1]: no text "stage"
            {queryPlanner: {winningPlan: {stage: 'A'}}, executionStats: {}}               | $.executionStats: no document "executionStages"
            {stages: []}                                                                  | $.stages: no stage
            {stages: [{$cursor: {}}]}                                                     | $.stages[0].$cursor: no document "queryPlanner"
            {shards: {one: {}}}                                                           | $.shards.one: no document "queryPlanner"
            """)
    void whatIsNoPlanIsRefusedWithThePlace(String answer, String problem) {
        assertThatThrownBy(() -> MongoDbPlans.parse(Document.parse(answer)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Unknown MongoDB plan at " + problem);
    }
}
