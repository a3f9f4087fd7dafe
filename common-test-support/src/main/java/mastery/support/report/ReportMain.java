package mastery.support.report;

import java.nio.file.Path;

/** Prints the report of a module or of the repository at the end of its build, and writes the whole as one file. */
public final class ReportMain {

    private ReportMain() {}

    /** Takes the directory of the module, or of the repository. */
    public static void main(String[] arguments) {
        Path root = Path.of(arguments[0]);
        String table = Report.render(root);
        if (!table.isEmpty()) {
            ReportFiles.writeAll(root.resolve("target").resolve("mastery-report.json"), ReportFiles.readAll(root));
            System.out.println();
            System.out.println(table);
        }
    }
}
