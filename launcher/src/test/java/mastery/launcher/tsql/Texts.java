package mastery.launcher.tsql;

import com.sun.source.tree.BinaryTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ConditionalExpressionTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreeScanner;
import com.sun.source.util.Trees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * The SQL texts of Java sources: whatever is handed to JDBC, directly or through methods of the same sources that hand a
 * parameter on to it. Constants are followed, joined texts are joined, and what is known at run time only stands as a name.
 *
 * <p>Nothing escapes silently: a text that cannot be read, and a text block that nobody hands to JDBC, are problems.
 */
final class Texts {

    /** Stands for what is known at run time only, such as the name of a test's database. */
    static final String PLACEHOLDER = "name_at_run_time";

    /** A text and where it stands. */
    record Text(String file, long line, String sql) {}

    /** Methods of JDBC and of the support, and which of their arguments is SQL. */
    private static final Map<String, Set<Integer>> GIVEN = Map.ofEntries(
            Map.entry("execute", Set.of(0)),
            Map.entry("executeQuery", Set.of(0)),
            Map.entry("executeUpdate", Set.of(0)),
            Map.entry("executeLargeUpdate", Set.of(0)),
            Map.entry("addBatch", Set.of(0)),
            Map.entry("prepareStatement", Set.of(0)),
            Map.entry("prepareCall", Set.of(0)),
            Map.entry("rows", Set.of(0, 1)),
            Map.entry("dropResidue", Set.of(0)),
            Map.entry("explain", Set.of(1)),
            Map.entry("analyze", Set.of(1)),
            Map.entry("plan", Set.of(1)));

    private final Map<String, Set<Integer>> sinks = new HashMap<>();
    private final Map<String, ExpressionTree> constants = new HashMap<>();
    private final List<CompilationUnitTree> units = new ArrayList<>();
    private final Set<Tree> read = new HashSet<>();
    private final Map<String, Text> found = new LinkedHashMap<>();
    private final Set<String> problems = new TreeSet<>();
    private SourcePositions positions;

    private Texts() {}

    static Texts of(List<Path> files) {
        Texts texts = new Texts();
        texts.parse(files);
        GIVEN.forEach((name, arguments) -> texts.sinks.put(name, new HashSet<>(arguments)));
        texts.units.forEach(texts::collectConstants);
        int before;
        do {
            before = texts.sinks.values().stream().mapToInt(Set::size).sum();
            texts.units.forEach(unit -> texts.new Calls(unit, false).scan(unit, null));
        } while (texts.sinks.values().stream().mapToInt(Set::size).sum() > before);
        texts.units.forEach(unit -> texts.new Calls(unit, true).scan(unit, null));
        texts.units.forEach(texts::findUnread);
        return texts;
    }

    /** Every text once, in the order of the sources. */
    List<Text> found() {
        return List.copyOf(found.values());
    }

    List<String> problems() {
        return List.copyOf(problems);
    }

    private void parse(List<Path> files) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            JavacTask task = (JavacTask) compiler.getTask(
                    null, manager, null, List.of("-proc:none"), null, manager.getJavaFileObjectsFromPaths(files));
            task.parse().forEach(units::add);
            positions = Trees.instance(task).getSourcePositions();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void collectConstants(CompilationUnitTree unit) {
        unit.accept(
                new TreeScanner<Void, Void>() {
                    @Override
                    public Void visitClass(ClassTree type, Void nothing) {
                        for (Tree member : type.getMembers()) {
                            if (member instanceof VariableTree field
                                    && isString(field)
                                    && field.getInitializer() != null) {
                                constants.put(type.getSimpleName() + "." + field.getName(), field.getInitializer());
                                constants.putIfAbsent(field.getName().toString(), field.getInitializer());
                            }
                        }
                        return super.visitClass(type, nothing);
                    }
                },
                null);
    }

    private static boolean isString(VariableTree variable) {
        return variable.getType() != null && variable.getType().toString().equals("String");
    }

    /** Calls in one source: which methods hand their parameters on, or the texts that are handed over. */
    private final class Calls extends TreeScanner<Void, Void> {
        private final CompilationUnitTree unit;
        private final boolean collecting;
        private final Set<String> constantsHere = new HashSet<>();
        private MethodTree method;
        private final Map<String, VariableTree> variables = new HashMap<>();

        Calls(CompilationUnitTree unit, boolean collecting) {
            this.unit = unit;
            this.collecting = collecting;
        }

        @Override
        public Void visitClass(ClassTree type, Void nothing) {
            type.getMembers().forEach(member -> {
                if (member instanceof VariableTree field) {
                    constantsHere.add(field.getName().toString());
                }
            });
            return super.visitClass(type, nothing);
        }

        @Override
        public Void visitMethod(MethodTree tree, Void nothing) {
            MethodTree outer = method;
            method = tree;
            variables.clear();
            super.visitMethod(tree, nothing);
            variables.clear();
            method = outer;
            return null;
        }

        @Override
        public Void visitVariable(VariableTree variable, Void nothing) {
            if (method != null) {
                variables.put(variable.getName().toString(), variable);
            }
            return super.visitVariable(variable, nothing);
        }

        @Override
        public Void visitMethodInvocation(MethodInvocationTree call, Void nothing) {
            for (int index : sinks.getOrDefault(name(call), Set.of())) {
                if (index < call.getArguments().size()) {
                    argument(call.getArguments().get(index));
                }
            }
            return super.visitMethodInvocation(call, nothing);
        }

        private void argument(ExpressionTree argument) {
            if (argument instanceof LambdaExpressionTree || !mayBeText(argument)) {
                return;
            }
            if (isParameter(argument)) {
                int index = parameters().indexOf(argument.toString());
                sinks.computeIfAbsent(method.getName().toString(), name -> new HashSet<>())
                        .add(index);
                return;
            }
            if (!collecting) {
                return;
            }
            List<String> texts = evaluate(argument);
            long line = unit.getLineMap().getLineNumber(positions.getStartPosition(unit, argument));
            if (texts.isEmpty()) {
                problems.add(file(unit) + ":" + line + ": cannot be read: " + argument);
            }
            texts.forEach(sql -> found.putIfAbsent(sql, new Text(file(unit), line, sql)));
        }

        private List<String> parameters() {
            return method.getParameters().stream()
                    .map(parameter -> parameter.getName().toString())
                    .toList();
        }

        private boolean isParameter(ExpressionTree argument) {
            return method != null
                    && argument instanceof IdentifierTree
                    && parameters().contains(argument.toString());
        }

        /** Numbers, connections and the like are none; overloads have other things at the same place. */
        private boolean mayBeText(ExpressionTree argument) {
            if (argument instanceof LiteralTree literal) {
                return literal.getValue() instanceof String;
            }
            if (argument instanceof IdentifierTree) {
                VariableTree variable = variables.get(argument.toString());
                return variable == null ? constants.containsKey(argument.toString()) : isString(variable);
            }
            if (argument instanceof MemberSelectTree) {
                return constants.containsKey(argument.toString());
            }
            return true;
        }

        /** All that an expression can be; nothing if it cannot be told. */
        private List<String> evaluate(ExpressionTree tree) {
            if (tree instanceof ParenthesizedTree inner) {
                return evaluate(inner.getExpression());
            }
            if (tree instanceof LiteralTree literal) {
                read.add(literal);
                return List.of(String.valueOf(literal.getValue()));
            }
            if (tree instanceof ConditionalExpressionTree choice) {
                List<String> one = evaluate(choice.getTrueExpression());
                List<String> other = evaluate(choice.getFalseExpression());
                return one.isEmpty() || other.isEmpty()
                        ? List.of()
                        : Stream.concat(one.stream(), other.stream()).toList();
            }
            if (tree instanceof BinaryTree sum && sum.getKind() == Tree.Kind.PLUS) {
                List<String> rights = part(sum.getRightOperand());
                return part(sum.getLeftOperand()).stream()
                        .flatMap(left -> rights.stream().map(right -> left + right))
                        .toList();
            }
            VariableTree variable = variables.get(tree.toString());
            if (variable != null && !parameters().contains(tree.toString())) {
                return variable.getInitializer() == null ? List.of() : evaluate(variable.getInitializer());
            }
            ExpressionTree constant = variable == null ? constants.get(tree.toString()) : null;
            return constant == null ? List.of() : evaluate(constant);
        }

        /** Within a joined text, what cannot be told stands as a name. */
        private List<String> part(ExpressionTree tree) {
            boolean name = tree instanceof IdentifierTree || tree instanceof MethodInvocationTree;
            List<String> texts = evaluate(tree);
            return texts.isEmpty() && name ? List.of(PLACEHOLDER) : texts;
        }
    }

    private void findUnread(CompilationUnitTree unit) {
        unit.accept(
                new TreeScanner<Void, Void>() {
                    @Override
                    public Void visitLiteral(LiteralTree literal, Void nothing) {
                        long start = positions.getStartPosition(unit, literal);
                        if (literal.getValue() instanceof String && !read.contains(literal) && isBlock(unit, start)) {
                            problems.add(file(unit) + ":" + unit.getLineMap().getLineNumber(start)
                                    + ": a text block that is not handed to the server");
                        }
                        return null;
                    }
                },
                null);
    }

    private static boolean isBlock(CompilationUnitTree unit, long start) {
        try {
            return unit.getSourceFile().getCharContent(true).toString().startsWith("\"\"\"", (int) start);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String name(MethodInvocationTree call) {
        String select = call.getMethodSelect() instanceof MemberSelectTree member
                ? member.getIdentifier().toString()
                : call.getMethodSelect().toString();
        return select.substring(select.lastIndexOf('.') + 1);
    }

    private static String file(CompilationUnitTree unit) {
        return Path.of(unit.getSourceFile().toUri()).getFileName().toString();
    }
}
