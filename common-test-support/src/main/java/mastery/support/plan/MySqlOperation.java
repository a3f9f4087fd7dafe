package mastery.support.plan;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words of one MySQL plan node, taken apart: "Index lookup on o using orders_customer (customer_id = 7)" is the operation "Index lookup", the
 * target "o", the index "orders_customer" and the rest. JSON and tree hold the same words.
 */
record MySqlOperation(String operation, Optional<String> target, Optional<String> index, String rest) {
    private static final String NAME = "<[^>]+>|`[^`]+`|[^\\s,:]+";
    private static final Pattern ON_TARGET = Pattern.compile(
            "(?<operation>[A-Za-z][A-Za-z -]*?) on (?<target>" + NAME + ")(?: using (?<index>" + NAME
                    + "))?(?<rest>.*)",
            Pattern.DOTALL);
    private static final Pattern NAMED = Pattern.compile(
            "(?<operation>Insert into|Replace into|Materialize CTE|Materialize recursive CTE) (?<target>" + NAME
                    + ")(?<rest>.*)",
            Pattern.DOTALL);
    private static final Pattern PLAIN = Pattern.compile("(?<operation>.+?)(?:: |(?= \\())(?<rest>.*)", Pattern.DOTALL);

    static MySqlOperation parse(String words) {
        Matcher onTarget = ON_TARGET.matcher(words);
        if (onTarget.matches()) {
            return new MySqlOperation(
                    onTarget.group("operation"),
                    Optional.of(bare(onTarget.group("target"))),
                    Optional.ofNullable(onTarget.group("index")).map(MySqlOperation::bare),
                    onTarget.group("rest").strip());
        }
        Matcher named = NAMED.matcher(words);
        if (named.matches()) {
            return new MySqlOperation(
                    named.group("operation").replace(" into", ""),
                    Optional.of(bare(named.group("target"))),
                    Optional.empty(),
                    named.group("rest").strip());
        }
        Matcher plain = PLAIN.matcher(words);
        return plain.matches()
                ? new MySqlOperation(
                        plain.group("operation"),
                        Optional.empty(),
                        Optional.empty(),
                        plain.group("rest").strip())
                : new MySqlOperation(words, Optional.empty(), Optional.empty(), "");
    }

    private static String bare(String name) {
        return name.startsWith("`") ? name.substring(1, name.length() - 1) : name;
    }
}
