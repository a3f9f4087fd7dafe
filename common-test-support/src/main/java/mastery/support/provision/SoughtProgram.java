package mastery.support.provision;

import java.util.List;
import java.util.regex.Pattern;

/**
 * A server program to look for, and how to know it.
 *
 * @param engine as in {@code -Dmastery.<engine>.home}: postgresql, mysql, redis, mongodb
 * @param product for people: PostgreSQL
 * @param program file name: postgres
 * @param answer what {@code PROGRAM --version} prints; its first group is the version
 * @param minimum the oldest version that serves
 * @param usualDirectories where packages put it when not on PATH
 */
public record SoughtProgram(
        String engine, String product, String program, Pattern answer, Version minimum, List<String> usualDirectories) {

    public SoughtProgram {
        usualDirectories = List.copyOf(usualDirectories);
    }

    public static SoughtProgram postgresql(Version minimum) {
        return new SoughtProgram(
                "postgresql",
                "PostgreSQL",
                "postgres",
                Pattern.compile("^postgres \\(PostgreSQL\\) (\\d[\\d.]*)"),
                minimum,
                List.of("/usr/lib/postgresql/" + minimum.parts().get(0) + "/bin"));
    }

    /** MariaDB's program has the same name and another product behind it: it is refused. */
    public static SoughtProgram mysql(Version minimum) {
        return new SoughtProgram(
                "mysql",
                "MySQL",
                "mysqld",
                Pattern.compile("^\\S*mysqld\\s+Ver (\\d[\\d.]*)(?!.*mariadb)", Pattern.CASE_INSENSITIVE),
                minimum,
                List.of("/usr/sbin"));
    }

    public static SoughtProgram redis(Version minimum) {
        return new SoughtProgram(
                "redis",
                "Redis",
                "redis-server",
                Pattern.compile("^Redis server v=(\\d[\\d.]*)"),
                minimum,
                List.of("/usr/sbin"));
    }

    public static SoughtProgram mongodb(Version minimum) {
        return new SoughtProgram(
                "mongodb",
                "MongoDB",
                "mongod",
                Pattern.compile("^db version v(\\d[\\d.]*)"),
                minimum,
                List.of("/usr/bin"));
    }
}
