package mastery.postgresql.performance;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import mastery.support.trace.Story;

/**
 * The planner multiplies the chances of two conditions as if they were independent; where one column decides the other,
 * CREATE STATISTICS corrects the estimate, and with it the plan.
 *
 * <p><b>Use it</b> where columns depend on each other and are asked for together: make and model, postcode and town, status
 * and time of completion. EXPLAIN ANALYZE shows the need: expected rows far below the actual ones at the first scan.
 *
 * <p><b>Not</b> for every pair: ANALYZE computes each. It does not help across tables.
 *
 * <p><b>It costs</b> a little time of ANALYZE and of planning. {@code ndistinct} helps GROUP BY; {@code mcv} lists pairs and
 * helps conditions; {@code dependencies} helps where there are more pairs than the list holds, but believes that the two
 * values belong together.
 *
 * <p><b>It needs</b> ANALYZE: until then the object is empty. And a choice: the list has as many pairs as the statistics
 * target, 100 by default, and where there is a list, dependencies are not asked, not even for pairs that it lacks.
 *
 * <p>Source: PostgreSQL manual, "Extended Statistics", "Multivariate Statistics Examples", CREATE STATISTICS.
 */
public final class ExtendedStatistics {

    static final String CARS = """
            select id
              from car
             where make = ?
               and model = ?
            """;

    static final String FAILED_INSPECTIONS = """
            select count(*)
              from car
              join inspection on inspection.car_id = car.id
             where make = ?
               and model = ?
               and not passed
            """;

    static final String BY_MODEL = """
            select make, model, count(*)
              from car
             group by make, model
            """;

    /** 80 pairs: all are in the list, and what is not in it does not exist. */
    static final String FOR_FEW_PAIRS = """
            create statistics car_make_model (mcv, ndistinct) on make, model from car
            """;

    /** Any number of pairs, but it believes the query: that the model is one of this make. */
    static final String FOR_MANY_PAIRS = """
            create statistics car_make_model (dependencies, ndistinct) on make, model from car
            """;

    /** The wrong way for many pairs: the list, too short, silences the dependencies. */
    static final String BOTH = """
            create statistics car_make_model (mcv, dependencies, ndistinct) on make, model from car
            """;

    private ExtendedStatistics() {}

    /** How many inspections the cars of one model did not pass. */
    public static long failedInspections(Connection connection, String make, String model) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(FAILED_INSPECTIONS)) {
            select.setString(1, Objects.requireNonNull(make, "make"));
            select.setString(2, Objects.requireNonNull(model, "model"));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** Names what to count, and counts it. */
    public static void createStatistics(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(FOR_FEW_PAIRS);
            statement.execute("analyze car");
        }
    }

    public static void createSchema(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("""
                    create table car (
                      id    int generated always as identity primary key,
                      make  text not null,
                      model text not null
                    )
                    """);
            statement.execute("""
                    create table inspection (
                      id     int generated always as identity primary key,
                      car_id int     not null references car,
                      passed boolean not null
                    )
                    """);
            statement.execute("create index inspection_car on inspection (car_id)");
        }
    }

    /** 16 makes with 5 models each, and two inspections for each car, of which one in seven is failed. */
    public static void fill(Connection connection, int cars) throws SQLException {
        try (PreparedStatement insertCars = connection.prepareStatement("""
                        insert into car (make, model)
                        select 'make ' || n % 80 / 5, 'model ' || n % 80
                          from generate_series(1, ?) as n
                        """);
                PreparedStatement insertInspections = connection.prepareStatement("""
                        insert into inspection (car_id, passed)
                        select 1 + n % ?, n % 7 <> 0
                          from generate_series(1, 2 * ?) as n
                        """);
                Statement analyze = connection.createStatement()) {
            insertCars.setInt(1, cars);
            insertCars.executeUpdate();
            insertInspections.setInt(1, cars);
            insertInspections.setInt(2, cars);
            insertInspections.executeUpdate();
            analyze.execute("analyze car, inspection");
        }
    }

    public static void main(String[] args) {
        Story.tell(ExtendedStatistics.class, story -> {
            try (Connection connection = story.postgresql().getConnection()) {
                story.quietly("20,000 cars of 80 models of 16 makes, 40,000 inspections", () -> {
                    createSchema(connection);
                    fill(connection, 20_000);
                });

                story.step("Expected 16 cars, found 250: so it looks up inspections car by car");
                story.plan(connection, FAILED_INSPECTIONS, "make 6", "model 34");

                story.step("With statistics on the pair it expects 250, and joins them at once in fewer blocks");
                createStatistics(connection);
                story.plan(connection, FAILED_INSPECTIONS, "make 6", "model 34");

                story.step("It has counted all pairs, so it knows which do not exist");
                story.plan(connection, CARS, "make 7", "model 34");

                story.step("And how many groups there are: 80, not 16 times 80");
                story.plan(connection, BY_MODEL);

                story.learned("When a scan finds far more than expected, ask which columns depend on each other.");
            }
        });
    }
}
