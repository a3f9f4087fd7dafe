package mastery.support.server;

import java.util.Optional;
import mastery.support.provision.Progress;
import mastery.support.provision.ProvisionException;

/** Where the programs of an engine come from on a machine that has no suitable ones installed. */
public interface ProgramSource {

    /** What would be fetched, for people, such as {@code Debian sid packages}. */
    String name();

    /**
     * The programs if they are here already. Asks no network and writes nothing.
     *
     * @throws ProvisionException if the cache cannot be used
     */
    Optional<Programs> ready();

    /** Why this machine cannot fetch or run them; empty when nothing is known to be in the way. */
    Optional<String> obstacle();

    /**
     * The programs, fetched if they are not here. Of several builds that ask at once, one fetches and the others wait.
     *
     * @throws ProvisionException when they cannot be had, are not what they should be, or cannot be written
     */
    Programs fetch(Progress progress);
}
