package mastery.launcher.tsql;

import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import mastery.launcher.tsql.Texts.Text;

/**
 * The T-SQL of sources that speak to several engines. It stands where the name says so: in a class whose name begins with {@code SqlServer}, in a constant
 * or variable whose name has SQL_SERVER or sqlServer in it, or in a class whose texts every engine takes.
 */
final class NamedTexts {

    private static final Pattern SQL = Pattern.compile(
            "(?s)(select|insert|update|delete|merge|set|alter|create|drop|begin|declare|exec|with|if|kill|save|truncate)\\s.*");
    private static final Pattern NAMED = Pattern.compile("(?i).*sql_?server.*");

    private final Set<String> forAllEngines;
    private final Map<String, Text> found = new LinkedHashMap<>();

    private NamedTexts(Set<String> forAllEngines) {
        this.forAllEngines = forAllEngines;
    }

    /** Every text once, in the order of the sources. */
    static List<Text> of(List<Path> files, Set<String> forAllEngines) {
        NamedTexts texts = new NamedTexts(forAllEngines);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, manager, null, List.of("-proc:none"), null, manager.getJavaFileObjectsFromPaths(files));
            for (CompilationUnitTree unit : task.parse()) {
                texts.new Scanner(unit, task).scan(unit, null);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return List.copyOf(texts.found.values());
    }

    private final class Scanner extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final Trees trees;
        private int named;

        Scanner(CompilationUnitTree unit, JavacTask task) {
            this.unit = unit;
            this.trees = Trees.instance(task);
        }

        @Override
        public Void visitClass(ClassTree type, Void nothing) {
            String name = type.getSimpleName().toString();
            return within(
                    name.startsWith("SqlServer") || forAllEngines.contains(name),
                    () -> super.visitClass(type, nothing));
        }

        @Override
        public Void visitVariable(VariableTree variable, Void nothing) {
            return within(NAMED.matcher(variable.getName()).matches(), () -> super.visitVariable(variable, nothing));
        }

        private Void within(boolean here, Runnable scan) {
            named += here ? 1 : 0;
            scan.run();
            named -= here ? 1 : 0;
            return null;
        }

        @Override
        public Void visitBinary(BinaryTree sum, Void nothing) {
            if (sum.getKind() != Tree.Kind.PLUS || named == 0) {
                return super.visitBinary(sum, nothing);
            }
            add(sum);
            return null;
        }

        @Override
        public Void visitLiteral(LiteralTree literal, Void nothing) {
            if (named > 0) {
                add(literal);
            }
            return null;
        }

        private void add(ExpressionTree expression) {
            String sql = text(expression).replaceAll("%[ds]", Texts.PLACEHOLDER);
            if (SQL.matcher(sql.toLowerCase(Locale.ROOT)).matches()) {
                long position = trees.getSourcePositions().getStartPosition(unit, expression);
                String file =
                        Path.of(unit.getSourceFile().toUri()).getFileName().toString();
                found.putIfAbsent(sql, new Text(file, unit.getLineMap().getLineNumber(position), sql));
            }
        }

        private String text(ExpressionTree expression) {
            if (expression instanceof LiteralTree literal) {
                return String.valueOf(literal.getValue());
            }
            if (expression instanceof ParenthesizedTree inner) {
                return text(inner.getExpression());
            }
            if (expression instanceof BinaryTree sum && sum.getKind() == Tree.Kind.PLUS) {
                return text(sum.getLeftOperand()) + text(sum.getRightOperand());
            }
            return Texts.PLACEHOLDER;
        }
    }
}
