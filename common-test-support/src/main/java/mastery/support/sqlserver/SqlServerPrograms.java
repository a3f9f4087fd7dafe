package mastery.support.sqlserver;

import java.util.Optional;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;
import mastery.support.server.ProgramSource;
import mastery.support.server.Programs;

/** There are none: no registry that a build uses has the programs of SQL Server. */
final class SqlServerPrograms implements ProgramSource {

    private static final String WHY =
            "SQL Server is never started natively; its programs come as a container image only";

    @Override
    public String name() {
        return "no programs";
    }

    @Override
    public Optional<Programs> ready() {
        return Optional.empty();
    }

    @Override
    public Optional<String> obstacle() {
        return Optional.of("native: " + WHY);
    }

    @Override
    public Programs fetch(Progress progress) {
        throw new ProvisionException(WHY);
    }
}
