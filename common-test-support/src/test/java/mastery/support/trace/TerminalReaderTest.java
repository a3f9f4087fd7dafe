package mastery.support.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TerminalReaderTest {
    record Order(long id, String customer) {}

    private static final String LONG = "word ".repeat(60);

    @Test
    void everyLineFitsInto80Columns() {
        String text = read(
                false,
                new TraceEvent.Title("Example", LONG),
                new TraceEvent.Step(1, LONG),
                statement("SELECT " + LONG + "x".repeat(200), List.of(), null),
                statement("SELECT 1", List.of(), new TraceEvent.Failure("40001", 0, LONG)),
                new TraceEvent.Result("orders", Tables.of(List.of(new Order(1, LONG)))),
                new TraceEvent.Note(LONG),
                new TraceEvent.Learned(LONG));
        assertThat(text.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
        assertThat(text).contains("x".repeat(50));
    }

    @Test
    void boundValuesStandInTheirPlaceAndQuestionMarksInStringsStay() {
        String text = read(false, statement("SELECT '?' FROM t WHERE a = ? AND b ?? 'k'", List.of("it's"), null));
        assertThat(text).contains("SELECT '?' FROM t WHERE a = 'it''s' AND b ? 'k'");
    }

    @Test
    void anOutcomeSaysRowsTimeAndRoundTrips() {
        assertThat(read(false, statement("SELECT 1", List.of(), null))).contains("-> 1 row, 0.4 ms, 1 round trip");
    }

    @Test
    void withoutATerminalThereIsNoEscapeCode() {
        assertThat(read(false, new TraceEvent.Step(1, "step"))).doesNotContain("\u001b");
        assertThat(read(true, new TraceEvent.Step(1, "step"))).contains("\u001b[1m");
    }

    @Test
    void aValueCannotSendEscapeCodes() {
        assertThat(read(false, new TraceEvent.Result("value", Tables.of("\u001b[31mred"))))
                .doesNotContain("\u001b");
    }

    @Test
    void aTintedValueIsColouredOnATerminalOnlyAndStaysInItsColumn() {
        TraceEvent.Result result = new TraceEvent.Result(
                "cells",
                Tables.of(List.of(
                        new Cell(new Tinted("allowed", Tinted.Tint.BAD), "a"),
                        new Cell(new Tinted("no", Tinted.Tint.GOOD), "b"))));
        assertThat(read(true, result))
                .contains("\u001b[31mallowed\u001b[0m  a", "\u001b[32mno\u001b[0m       b")
                .contains("outcome  name");
        assertThat(read(false, result)).contains("allowed  a", "no       b").doesNotContain("\u001b");
    }

    @Test
    void eachTintHasAColourOfItsOwn() {
        Map<Tinted.Tint, String> codes = Map.of(
                Tinted.Tint.GOOD, "32", Tinted.Tint.CAUTION, "33", Tinted.Tint.NOTABLE, "36", Tinted.Tint.BAD, "31");
        assertThat(codes).containsOnlyKeys(Tinted.Tint.values());
        codes.forEach((tint, code) ->
                assertThat(read(true, cells(new Tinted("word", tint)))).contains("\u001b[" + code + "mword\u001b[0m"));
    }

    @Test
    void aTintedValueIsOneValueAloneInAListAndInAMap() {
        Tinted allowed = new Tinted("allowed", Tinted.Tint.BAD);
        assertThat(read(false, new TraceEvent.Result("P4", Tables.of(allowed)))).contains("P4: allowed");
        assertThat(read(false, new TraceEvent.Result("all", Tables.of(List.of(allowed)))))
                .contains("allowed")
                .doesNotContain("BAD");
        assertThat(read(false, new TraceEvent.Result("all", Tables.of(Map.of("P4", allowed)))))
                .contains("key  value", "P4   allowed");
    }

    @Test
    void aTintedValueCannotSendEscapeCodesEither() {
        Tinted blinking = new Tinted("\u001b[5mred", Tinted.Tint.BAD);
        for (TraceEvent event : List.of(cells(blinking), new TraceEvent.Result("value", Tables.of(blinking)))) {
            assertThat(read(true, event)).contains("·[5mred").doesNotContain("\u001b[5m");
        }
    }

    private static TraceEvent cells(Tinted value) {
        return new TraceEvent.Result("cells", Tables.of(List.of(new Cell(value, "a"), new Cell(value, "b"))));
    }

    record Cell(Tinted outcome, String name) {}

    @Test
    void numbersStandToTheRight() {
        assertThat(TableText.lines(
                        Tables.of(List.of(new Order(1, "Ada"), new Order(1000, "Grace")))
                                .get(0),
                        77))
                .containsExactly("  id  customer", "----  --------", "   1  Ada", "1000  Grace");
    }

    @Test
    void aLongTableSaysHowManyRowsItHides() {
        List<Order> orders = Collections.nCopies(25, new Order(1, "Ada"));
        assertThat(TableText.lines(Tables.of(orders).get(0), 77))
                .hasSize(23)
                .last()
                .isEqualTo("… 5 more rows");
    }

    static TraceEvent.Statement statement(String sql, List<Object> binds, TraceEvent.Failure error) {
        List<List<Object>> entries = binds.isEmpty() ? List.of() : List.of(binds);
        return new TraceEvent.Statement("sql", null, null, sql, entries, 0, 1L, null, null, 400_000, 1L, error);
    }

    private static String read(boolean colour, TraceEvent... events) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        TerminalReader reader = new TerminalReader(new PrintStream(bytes), colour);
        for (TraceEvent event : events) {
            reader.read(event);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
