package mastery.support.report;

import java.nio.file.Path;
import java.util.List;

/** Prints the report of a module or of the repository at the end of its build, and writes the whole as one file. */
public final class ReportMain {

    private ReportMain() {}

    /** Takes the directory of the module, or of the repository, and the name of the run. */
    public static void main(String[] arguments) {
        Path root = Path.of(arguments[0]);
        String name = arguments[1];
        List<Proof> proofs = ReportFiles.read(root, name);
        String table = Report.render(proofs);
        if (!table.isEmpty()) {
            ReportFiles.writeAll(root.resolve("target").resolve(name + ".json"), proofs);
            System.out.println();
            System.out.println(table);
        }
    }
}
