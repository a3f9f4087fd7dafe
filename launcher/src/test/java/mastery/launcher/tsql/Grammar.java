package mastery.launcher.tsql;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.antlr.v4.runtime.BaseErrorListener;
import org.antlr.v4.runtime.CharStreams;
import org.antlr.v4.runtime.CommonTokenStream;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.RecognitionException;
import org.antlr.v4.runtime.Recognizer;
import org.antlr.v4.runtime.tree.ParseTreeWalker;
import org.pgcodekeeper.core.parsers.antlr.ms.generated.TSQLLexer;
import org.pgcodekeeper.core.parsers.antlr.ms.generated.TSQLParser;

/** T-SQL as the grammar of pgCodeKeeper has it; it knows syntax, not tables. */
final class Grammar {

    /** What the grammar does not know and the server does. */
    private static final Pattern KNOWN_GAPS = Pattern.compile("(?i)kill \\w+");

    /** Where a question mark is none: strings, quoted names, comments. */
    private static final Pattern PIECE =
            Pattern.compile("'(?:[^']|'')*'|\"[^\"]*\"|\\[[^\\]]*\\]|--[^\\n]*|(?s:/\\*.*?\\*/)|(\\?)");

    private Grammar() {}

    /** What is wrong with a text of one batch, with JDBC's question marks; empty if nothing is. */
    static List<String> errorsIn(String sql) {
        if (KNOWN_GAPS.matcher(sql.strip()).matches()) {
            return List.of();
        }
        List<String> errors = new ArrayList<>();
        BaseErrorListener listener = new BaseErrorListener() {
            @Override
            public void syntaxError(
                    Recognizer<?, ?> recognizer,
                    Object symbol,
                    int line,
                    int column,
                    String message,
                    RecognitionException e) {
                errors.add("line " + line + ":" + column + " " + shortened(message));
            }
        };
        TSQLLexer lexer = new TSQLLexer(CharStreams.fromString(withParameters(sql)));
        lexer.removeErrorListeners();
        lexer.addErrorListener(listener);
        TSQLParser parser = new TSQLParser(new CommonTokenStream(lexer));
        parser.removeErrorListeners();
        parser.addErrorListener(listener);
        ParserRuleContext tree = parser.tsql_file();
        if (errors.isEmpty()) {
            ParseTreeWalker.DEFAULT.walk(new Suspicions(errors), tree);
        }
        return errors;
    }

    private static String withParameters(String sql) {
        Matcher piece = PIECE.matcher(sql);
        StringBuilder bound = new StringBuilder();
        while (piece.find()) {
            piece.appendReplacement(bound, Matcher.quoteReplacement(piece.group(1) == null ? piece.group() : "@p"));
        }
        return piece.appendTail(bound).toString();
    }

    private static String shortened(String message) {
        return message.length() <= 160 ? message : message.substring(0, 159) + "…";
    }
}
