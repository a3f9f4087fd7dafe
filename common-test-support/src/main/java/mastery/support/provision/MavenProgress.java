package mastery.support.provision;

import java.io.File;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.aether.AbstractRepositoryListener;
import org.eclipse.aether.RepositoryEvent;
import org.eclipse.aether.RepositoryListener;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.transfer.AbstractTransferListener;
import org.eclipse.aether.transfer.TransferEvent;
import org.eclipse.aether.transfer.TransferListener;

/** Many files as one line of progress: those of the local repository count as done, and alone they are not told of. */
final class MavenProgress {

    private final Progress progress;
    private final Map<String, Long> bytes = new ConcurrentHashMap<>();
    private final AtomicBoolean downloads = new AtomicBoolean();
    private volatile String label = "";
    private volatile long total = -1;

    MavenProgress(Progress progress) {
        this.progress = progress;
    }

    void begin(String what, long size) {
        bytes.clear();
        downloads.set(false);
        label = what;
        total = size;
    }

    /** Where the file lies below the root of a repository, and what a transfer of it is called. */
    static String path(Artifact artifact) {
        String classifier = artifact.getClassifier();
        return artifact.getGroupId().replace('.', '/') + "/" + artifact.getArtifactId() + "/" + artifact.getVersion()
                + "/" + artifact.getArtifactId() + "-" + artifact.getVersion()
                + (classifier.isEmpty() ? "" : "-" + classifier) + "." + artifact.getExtension();
    }

    TransferListener transfers() {
        return new AbstractTransferListener() {
            @Override
            public void transferProgressed(TransferEvent event) {
                downloads.set(true);
                count(event.getResource().getResourceName(), event.getTransferredBytes());
            }
        };
    }

    RepositoryListener resolutions() {
        return new AbstractRepositoryListener() {
            @Override
            public void artifactResolved(RepositoryEvent event) {
                File file = event.getFile();
                if (file != null) {
                    count(path(event.getArtifact()), file.length());
                }
            }
        };
    }

    private void count(String file, long done) {
        // of a transfer's parallel events the last to come need not be the last one
        bytes.merge(file, done, Math::max);
        if (downloads.get()) {
            progress.bytes(
                    label, bytes.values().stream().mapToLong(Long::longValue).sum(), total);
        }
    }
}
