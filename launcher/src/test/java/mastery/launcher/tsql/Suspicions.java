package mastery.launcher.tsql;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.antlr.v4.runtime.ParserRuleContext;
import org.antlr.v4.runtime.tree.ErrorNode;
import org.antlr.v4.runtime.tree.ParseTree;
import org.antlr.v4.runtime.tree.ParseTreeListener;
import org.antlr.v4.runtime.tree.TerminalNode;
import org.pgcodekeeper.core.parsers.antlr.ms.generated.TSQLParser;

/**
 * What the grammar takes for a name and the server does not: a typo in an option, a function or {@code TRANSACTION}. A name
 * that is right and missing in a list here is added to it.
 *
 * <p>Source: SQL Server documentation, "SET statements", "CREATE INDEX", "Functions" and "Table hints" (Transact-SQL).
 */
final class Suspicions implements ParseTreeListener {

    private static final Set<String> SET_OPTIONS = words("""
            ansi_defaults ansi_null_dflt_off ansi_null_dflt_on ansi_nulls ansi_padding ansi_warnings arithabort arithignore
            concat_null_yields_null context_info cursor_close_on_commit datefirst dateformat deadlock_priority fips_flagger
            fmtonly forceplan implicit_transactions language lock_timeout nocount noexec numeric_roundabort parseonly
            query_governor_cost_limit quoted_identifier remote_proc_transactions rowcount showplan_all showplan_text
            showplan_xml textsize xact_abort
            """);
    private static final Set<String> SET_VALUES = words("on off low normal high mdy dmy ymd ydm myd dym");
    private static final Set<String> INDEX_OPTIONS = words("""
            pad_index fillfactor sort_in_tempdb ignore_dup_key statistics_norecompute statistics_incremental drop_existing
            online resumable max_duration allow_row_locks allow_page_locks optimize_for_sequential_key maxdop
            data_compression xml_compression
            """);
    private static final Set<String> INDEX_VALUES = words("on off none row page columnstore columnstore_archive");
    private static final Set<String> FUNCTIONS = words("""
            abs avg ceiling charindex checksum choose concat concat_ws count count_big current_request_id datalength dateadd
            datediff datefromparts datename datepart datetrunc day db_id db_name dense_rank error_line error_message
            error_number error_procedure error_severity error_state first_value floor format formatmessage getdate getutcdate
            greatest hashbytes iif index_col indexproperty isjson isnull isnumeric json_array json_modify json_object
            json_query json_value lag last_value lead least left len lower ltrim max min month newid newsequentialid ntile
            object_id object_name objectproperty openjson original_login parsename patindex percent_rank quotename rand rank
            replace replicate reverse right round row_number rtrim schema_id schema_name scope_identity serverproperty
            sessionproperty sign space sqrt stdev str string_agg string_escape string_split stuff substring sum suser_sname
            switchoffset sysdatetime sysdatetimeoffset sysutcdatetime translate trim type_id type_name unicode upper user_id
            user_name var xact_state year
            """);
    private static final Set<String> GLOBALS = words("""
            @@connections @@cursor_rows @@datefirst @@dbts @@error @@fetch_status @@identity @@lock_timeout @@max_connections
            @@microsoftversion @@nestlevel @@options @@procid @@rowcount @@servername @@spid @@textsize @@trancount @@version
            """);

    private final List<String> errors;

    Suspicions(List<String> errors) {
        this.errors = errors;
    }

    private static Set<String> words(String text) {
        return Set.of(text.strip().split("\\s+"));
    }

    @Override
    public void enterEveryRule(ParserRuleContext context) {
        switch (TSQLParser.ruleNames[context.getRuleIndex()]) {
            case "transaction_statement" -> transaction(context);
            case "set_special" -> set(context);
            case "index_option" -> indexOption(context);
            case "with_table_hints" -> require(terminals(context).contains("with"), context, "hints need WITH");
            case "function_call" -> function(context);
            case "alter_database" -> database(context);
            default -> {
                // The grammar is strict here.
            }
        }
    }

    @Override
    public void exitEveryRule(ParserRuleContext context) {
        // Said when it was entered.
    }

    @Override
    public void visitErrorNode(ErrorNode node) {
        // The parser has said it.
    }

    @Override
    public void visitTerminal(TerminalNode node) {
        String text = node.getText().toLowerCase(Locale.ROOT);
        if (text.startsWith("@@") && !GLOBALS.contains(text)) {
            errors.add("line " + node.getSymbol().getLine() + ": no such function: " + text);
        }
    }

    /** A name stands only behind TRANSACTION: else a typo in that word would be the name. */
    private void transaction(ParserRuleContext context) {
        Set<String> words = Set.copyOf(terminals(context));
        boolean named = !names(context).isEmpty();
        require(
                !named || words.contains("tran") || words.contains("transaction"),
                context,
                "a name without TRANSACTION");
    }

    private void set(ParserRuleContext context) {
        List<String> names = names(context);
        boolean listed =
                children(context).stream().anyMatch(child -> rule(child).equals("name_list"));
        int options = listed ? names.size() : Math.min(1, names.size());
        names.subList(0, options)
                .forEach(name -> require(SET_OPTIONS.contains(name), context, "no such option: " + name));
        names.subList(options, names.size())
                .forEach(value -> require(SET_VALUES.contains(value), context, "no such value: " + value));
    }

    private void indexOption(ParserRuleContext context) {
        List<String> names = names(context);
        require(INDEX_OPTIONS.contains(names.get(0)), context, "no such option: " + names.get(0));
        names.subList(1, names.size())
                .forEach(value -> require(INDEX_VALUES.contains(value), context, "no such value: " + value));
    }

    /** A function without a schema is the server's own. */
    private void function(ParserRuleContext context) {
        children(context).stream()
                .filter(child -> rule(child).equals("scalar_function_name"))
                .map(child -> child.getText().toLowerCase(Locale.ROOT))
                .filter(name -> name.matches("\\w+"))
                .forEach(name -> require(FUNCTIONS.contains(name), context, "no such function: " + name));
    }

    private void database(ParserRuleContext context) {
        names(context).stream()
                .limit(1)
                .forEach(name -> require(
                        name.equals("current") || name.equals(Texts.PLACEHOLDER),
                        context,
                        "another database: " + name));
    }

    private void require(boolean condition, ParserRuleContext context, String otherwise) {
        if (!condition) {
            errors.add("line " + context.getStart().getLine() + ": " + otherwise);
        }
    }

    private static List<ParseTree> children(ParseTree parent) {
        List<ParseTree> children = new ArrayList<>();
        for (int i = 0; i < parent.getChildCount(); i++) {
            children.add(parent.getChild(i));
        }
        return children;
    }

    private static String rule(ParseTree tree) {
        return tree instanceof ParserRuleContext context ? TSQLParser.ruleNames[context.getRuleIndex()] : "";
    }

    private static List<String> terminals(ParseTree parent) {
        return children(parent).stream()
                .filter(TerminalNode.class::isInstance)
                .map(child -> child.getText().toLowerCase(Locale.ROOT))
                .toList();
    }

    /** Simple names in the order of the text. */
    private static List<String> names(ParseTree parent) {
        List<String> names = new ArrayList<>();
        for (ParseTree child : children(parent)) {
            if (rule(child).equals("simple_id")) {
                names.add(child.getText().toLowerCase(Locale.ROOT));
            } else {
                names.addAll(names(child));
            }
        }
        return names;
    }
}
