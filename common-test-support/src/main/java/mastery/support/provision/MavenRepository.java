package mastery.support.provision;

import eu.maveniverse.maven.mima.context.Context;
import eu.maveniverse.maven.mima.context.Runtimes;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.eclipse.aether.ConfigurationProperties;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.Artifact;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.repository.AuthenticationContext;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.resolution.ArtifactResult;
import org.eclipse.aether.resolution.DependencyRequest;
import org.eclipse.aether.resolution.DependencyResolutionException;
import org.eclipse.aether.util.ConfigUtils;
import org.eclipse.aether.util.artifact.JavaScopes;

/**
 * Files from the Maven repositories that this user's builds are configured with: {@code settings.xml} with its mirrors,
 * proxies and logins, offline or not, through the local repository. No repository is named here.
 *
 * <p>Source: Maven, "Settings Reference" and "Using Mirrors for Repositories".
 */
public final class MavenRepository implements AutoCloseable {

    private final Context context;
    private final MavenProgress progress;

    private MavenRepository(Context context, MavenProgress progress) {
        this.context = context;
        this.progress = progress;
    }

    /** Throws {@link ProvisionException} when Maven's settings cannot be read. */
    public static MavenRepository open(Progress progress) {
        return open(new MavenSettings(System.getProperties(), System.getenv()), progress);
    }

    static MavenRepository open(MavenSettings settings, Progress progress) {
        MavenProgress listener = new MavenProgress(progress);
        try {
            return new MavenRepository(
                    Runtimes.INSTANCE
                            .getRuntime()
                            .create(settings.overrides().toBuilder()
                                    .transferListener(listener.transfers())
                                    .repositoryListener(listener.resolutions())
                                    .build()),
                    listener);
        } catch (IllegalStateException failure) {
            throw new ProvisionException(
                    "Maven's settings cannot be used: " + rootMessage(failure)
                            + ". Correct them; mvn help:effective-settings shows them.",
                    failure);
        }
    }

    /**
     * The files in the local repository, in the order of the list, each with its right checksum. Those that are not there
     * are downloaded, several at a time.
     *
     * @param label what the whole is called where progress is shown
     * @throws ProvisionException when one cannot be had or is not what it should be
     */
    public List<Path> fetch(PinnedArtifacts pinned, String label) {
        progress.begin(label, pinned.size());
        List<Path> files = resolve(
                pinned.files().stream().map(PinnedArtifacts.Pinned::coordinates).toList());
        for (int i = 0; i < files.size(); i++) {
            verify(pinned.files().get(i), files.get(i));
        }
        return files;
    }

    /**
     * The file and all that it needs at run time, as they are in the repositories now: what a list of pinned files is made
     * from, and checked against.
     */
    public PinnedArtifacts pin(String coordinates) {
        progress.begin(coordinates, -1);
        CollectRequest collect =
                new CollectRequest(new Dependency(artifact(coordinates), JavaScopes.RUNTIME), repositories());
        try {
            List<PinnedArtifacts.Pinned> pinned = new ArrayList<>();
            for (ArtifactResult result : context.repositorySystem()
                    .resolveDependencies(session(), new DependencyRequest(collect, MavenRepository::isNeeded))
                    .getArtifactResults()) {
                Path file = result.getArtifact().getFile().toPath();
                pinned.add(new PinnedArtifacts.Pinned(
                        name(result.getArtifact()),
                        Checksum.sha256("0".repeat(64)).of(file),
                        Files.size(file)));
            }
            return new PinnedArtifacts(pinned);
        } catch (DependencyResolutionException failure) {
            throw unavailable(coordinates, rootMessage(failure), failure);
        } catch (IOException failure) {
            throw new ProvisionException(
                    "Cannot read the local Maven repository: " + failure.getMessage() + ".", failure);
        }
    }

    /**
     * Where the file lies in each repository that is asked over HTTP, in the order in which Maven would ask them. Whether
     * it is there is not known before one is asked. Empty when Maven is offline.
     */
    public List<RemoteFile> locations(String coordinates) {
        if (session().isOffline()) {
            return List.of();
        }
        String path = MavenProgress.path(artifact(coordinates));
        return repositories().stream()
                .filter(repository -> !repository.isBlocked())
                .filter(repository ->
                        repository.getProtocol().toLowerCase(Locale.ROOT).matches("https?"))
                .map(repository -> remoteFile(repository, path))
                .toList();
    }

    private RemoteFile remoteFile(RemoteRepository repository, String path) {
        String base = repository.getUrl();
        Map<String, String> headers = new LinkedHashMap<>();
        ConfigUtils.getMap(
                        session(),
                        Map.of(),
                        ConfigurationProperties.HTTP_HEADERS + "." + repository.getId(),
                        ConfigurationProperties.HTTP_HEADERS)
                .forEach((name, value) -> headers.put(String.valueOf(name), String.valueOf(value)));
        login(AuthenticationContext.forRepository(session(), repository))
                .ifPresent(login -> headers.put("Authorization", login.basic()));
        return new RemoteFile(
                URI.create((base.endsWith("/") ? base : base + "/") + path),
                Optional.ofNullable(repository.getProxy())
                        .map(proxy -> new InetSocketAddress(proxy.getHost(), proxy.getPort())),
                login(AuthenticationContext.forProxy(session(), repository)),
                headers);
    }

    private static Optional<RemoteFile.Login> login(AuthenticationContext authentication) {
        if (authentication == null) {
            return Optional.empty();
        }
        try (authentication) {
            String user = authentication.get(AuthenticationContext.USERNAME);
            String password = authentication.get(AuthenticationContext.PASSWORD);
            return user == null
                    ? Optional.empty()
                    : Optional.of(new RemoteFile.Login(user, password == null ? "" : password));
        }
    }

    private List<Path> resolve(List<String> coordinates) {
        List<ArtifactRequest> requests = coordinates.stream()
                .map(each -> new ArtifactRequest(artifact(each), repositories(), null))
                .toList();
        try {
            return context.repositorySystem().resolveArtifacts(session(), requests).stream()
                    .map(result -> result.getArtifact().getFile().toPath())
                    .toList();
        } catch (ArtifactResolutionException failure) {
            List<ArtifactResult> missing = failure.getResults().stream()
                    .filter(result -> !result.isResolved())
                    .toList();
            String first = name(missing.get(0).getRequest().getArtifact());
            String what = missing.size() == 1 ? first : missing.size() + " files, such as " + first + ",";
            throw unavailable(what, rootMessage(failure), failure);
        }
    }

    private void verify(PinnedArtifacts.Pinned pinned, Path file) {
        try {
            Checksum actual = pinned.checksum().of(file);
            if (!actual.equals(pinned.checksum())) {
                throw new ProvisionException(
                        file + " is not what it should be: expected " + pinned.checksum() + ", got "
                                + actual + " (" + Files.size(file) + " bytes, " + pinned.size()
                                + " expected). Delete it and run"
                                + " again; if it stays so, a proxy or the mirror changes the file.");
            }
        } catch (IOException failure) {
            throw new ProvisionException(
                    "Cannot read " + file + ": " + failure.getMessage() + ". Delete it and run again.", failure);
        }
    }

    private ProvisionException unavailable(String what, String reason, Exception failure) {
        String cure = session().isOffline()
                ? "Maven is offline: let it go online once (settings.xml, mvn -o, mastery.maven.offline)"
                : "Check the network and Maven's settings (settings.xml: mirrors, proxies, servers)";
        return new ProvisionException(
                "Cannot get " + what + " from "
                        + repositories().stream().map(RemoteRepository::getUrl).toList() + ": " + reason + ". " + cure
                        + "; then run again, what is here is kept.",
                failure);
    }

    private static boolean isNeeded(
            org.eclipse.aether.graph.DependencyNode node, List<org.eclipse.aether.graph.DependencyNode> parents) {
        Dependency dependency = node.getDependency();
        return dependency == null
                || !dependency.isOptional()
                        && List.of(JavaScopes.COMPILE, JavaScopes.RUNTIME).contains(dependency.getScope());
    }

    private static Artifact artifact(String coordinates) {
        return new DefaultArtifact(coordinates);
    }

    private static String name(Artifact artifact) {
        boolean jar = artifact.getExtension().equals("jar")
                && artifact.getClassifier().isEmpty();
        return artifact.getGroupId() + ":" + artifact.getArtifactId()
                + (jar ? "" : ":" + artifact.getExtension())
                + (artifact.getClassifier().isEmpty() ? "" : ":" + artifact.getClassifier())
                + ":" + artifact.getVersion();
    }

    private RepositorySystemSession session() {
        return context.repositorySystemSession();
    }

    private List<RemoteRepository> repositories() {
        return context.remoteRepositories();
    }

    /** The innermost words: the outer ones repeat coordinates and repositories at length. */
    private static String rootMessage(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null && root.getCause().getMessage() != null) {
            root = root.getCause();
        }
        String message = String.valueOf(root.getMessage()).strip();
        return message.endsWith(".") ? message.substring(0, message.length() - 1) : message;
    }

    @Override
    public void close() {
        context.close();
    }
}
