package mastery.support.interleave;

import static java.util.Map.entry;

import java.util.Map;
import java.util.Set;

/**
 * Which metadata locks of MySQL exclude each other. metadata_locks shows holders and waiters of an object, not who waits for whom: a SELECT behind a
 * waiting ALTER TABLE waits for the ALTER, not for the reader that the ALTER waits for.
 *
 * <p>Source: MySQL Server source, sql/mdl.cc, the two tables of MDL_lock::m_object_lock_strategy and m_scoped_lock_strategy.
 */
final class MySqlMetadataLocks {
    private static final String S = "SHARED";
    private static final String SH = "SHARED_HIGH_PRIO";
    private static final String SR = "SHARED_READ";
    private static final String SW = "SHARED_WRITE";
    private static final String SWLP = "SHARED_WRITE_LOW_PRIO";
    private static final String SU = "SHARED_UPGRADABLE";
    private static final String SRO = "SHARED_READ_ONLY";
    private static final String SNW = "SHARED_NO_WRITE";
    private static final String SNRW = "SHARED_NO_READ_WRITE";
    private static final String IX = "INTENTION_EXCLUSIVE";
    private static final String X = "EXCLUSIVE";

    /** Requested type: the granted types it has to wait for. */
    private static final Map<String, Set<String>> BEHIND_GRANTED = Map.ofEntries(
            entry(IX, Set.of(S, X)),
            entry(S, Set.of(X, IX)),
            entry(SH, Set.of(X)),
            entry(SR, Set.of(SNRW, X)),
            entry(SW, Set.of(SRO, SNW, SNRW, X)),
            entry(SWLP, Set.of(SRO, SNW, SNRW, X)),
            entry(SU, Set.of(SU, SNW, SNRW, X)),
            entry(SRO, Set.of(SW, SWLP, SNRW, X)),
            entry(SNW, Set.of(SW, SWLP, SU, SNW, SNRW, X)),
            entry(SNRW, Set.of(SR, SW, SWLP, SU, SRO, SNW, SNRW, X)),
            entry(X, Set.of(IX, S, SH, SR, SW, SWLP, SU, SRO, SNW, SNRW, X)));

    /** Requested type: the types waiting already that go first. */
    private static final Map<String, Set<String>> BEHIND_PENDING = Map.ofEntries(
            entry(IX, Set.of(S, X)),
            entry(S, Set.of(X)),
            entry(SR, Set.of(SNRW, X)),
            entry(SW, Set.of(SNW, SNRW, X)),
            entry(SWLP, Set.of(SRO, SNW, SNRW, X)),
            entry(SU, Set.of(X)),
            entry(SRO, Set.of(SW, SNRW, X)),
            entry(SNW, Set.of(X)),
            entry(SNRW, Set.of(X)));

    private MySqlMetadataLocks() {}

    /** True if a request for {@code requested} waits because of another session's lock that is {@code granted} or itself waiting. */
    static boolean waits(String requested, String other, boolean granted) {
        return (granted ? BEHIND_GRANTED : BEHIND_PENDING)
                .getOrDefault(requested, Set.of())
                .contains(other);
    }
}
