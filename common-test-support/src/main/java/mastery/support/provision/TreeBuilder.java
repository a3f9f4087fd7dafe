package mastery.support.provision;

import java.io.IOException;
import java.net.ProxySelector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Makes one tree beside its place: downloads, unpacks and patches it, then renames it. The caller holds the lock. */
final class TreeBuilder {

    private static final Duration LIMIT = Duration.ofMinutes(5);

    /** Only the maintenance scripts of packages need these, and those never run here. */
    private static final Pattern NOT_NEEDED = Pattern.compile("(perl|libperl.*|perl-base|perl-modules.*|lib.*-perl|dpkg"
            + "|tar|debconf|ucf|adduser|passwd|base-passwd|login.defs|procps|systemd|libsystemd-shared|locales|libc-l10n"
            + "|sysvinit-utils|libpam-modules.*|libdb5.*|libgdbm.*|postgresql-common|ssl-cert|sensible-utils"
            + "|openssl|libc-gconv-modules-extra|lsb-base|netbase)_.*");

    private final Path work;
    private final Path place;
    private final Progress progress;

    TreeBuilder(Path work, Path place, Progress progress) {
        this.work = work;
        this.place = place;
        this.progress = progress;
    }

    /** A name of its own: the tar of a build that was killed may still be writing to another. */
    Path tree() {
        return work.resolve("tree." + ProcessHandle.current().pid());
    }

    /** Removes what broken builds left, but for their downloads. */
    void clear() throws IOException {
        CacheDirectory.makeDirectories(work);
        try (Stream<Path> files = Files.list(work)) {
            for (Path leftover : files.toList()) {
                if (!leftover.endsWith("downloads")) {
                    delete(leftover);
                }
            }
        }
        CacheDirectory.makeDirectories(tree());
    }

    List<Path> fetch(List<Artifact> closure, ProxySelector proxies, String label) throws IOException {
        List<Artifact> needed = closure.stream()
                .filter(artifact -> !NOT_NEEDED.matcher(artifact.fileName()).matches())
                .sorted(Comparator.comparingLong(Artifact::size).reversed())
                .toList();
        long total = needed.stream().mapToLong(Artifact::size).sum();
        Downloads downloads = Downloads.into(work.resolve("downloads"), summed(label, total), proxies);
        List<Callable<Path>> fetches = new ArrayList<>();
        needed.forEach(artifact -> fetches.add(() -> downloads.fetch(artifact)));
        List<Path> files = inParallel(4, fetches);
        progress.bytes(label, total, total);
        return files;
    }

    /** Many small files, one line. */
    private Progress summed(String label, long total) {
        Map<String, Long> each = new ConcurrentHashMap<>();
        return new Progress() {
            @Override
            public void bytes(String what, long done, long ofOne) {
                each.put(what, done);
                long sum = each.values().stream().mapToLong(Long::longValue).sum();
                if (sum < total) {
                    progress.bytes(label, sum, total);
                }
            }

            @Override
            public void step(String what) {
                progress.step(what);
            }
        };
    }

    void unpack(List<Path> packages) throws IOException {
        progress.step("Unpacking " + packages.size() + " packages");
        for (String merged : List.of("bin", "sbin", "lib", "lib64")) {
            // as on the system itself: packages may say /lib and mean /usr/lib
            CacheDirectory.makeDirectories(tree().resolve("usr").resolve(merged));
            Files.createSymbolicLink(tree().resolve(merged), Path.of("usr", merged));
        }
        List<Callable<Path>> unpackings = new ArrayList<>();
        packages.forEach(file -> unpackings.add(() -> unpack(file)));
        inParallel(2, unpackings);
    }

    private Path unpack(Path file) throws IOException {
        Command.Result result = Command.pipe(
                List.of("dpkg-deb", "--fsys-tarfile", file.toString()),
                List.of(
                        "tar",
                        "-x",
                        "-C",
                        tree().toString(),
                        "--keep-directory-symlink",
                        "--no-same-owner",
                        "--exclude=./usr/share/doc",
                        "--exclude=./usr/share/man",
                        "--exclude=./usr/share/locale"),
                LIMIT);
        if (result.exit() != 0) {
            throw new IOException(file.getFileName() + " cannot be unpacked: " + result.errors());
        }
        return file;
    }

    /** Points the programs to the loader and the libraries of the tree, by the path that it will have. */
    void patch() throws IOException {
        Path loader = loader();
        Path libraries = loader.getParent();
        List<Path> directories = new ArrayList<>(List.of(libraries));
        try (Stream<Path> inner = Files.list(tree().resolve("usr/lib"))) {
            inner.map(each -> each.resolve("private"))
                    .filter(Files::isDirectory)
                    .forEach(directories::add);
        }
        String path = directories.stream().map(this::inPlace).collect(Collectors.joining(":"));
        // out of the tree, because it would rewrite itself; it runs on the tree's loader and libraries, which stay as
        // they are
        Path patchelf = work.resolve("patchelf");
        Files.move(tree().resolve("usr/bin/patchelf"), patchelf, StandardCopyOption.REPLACE_EXISTING);
        List<String> command = new ArrayList<>(List.of(
                loader.toString(),
                "--library-path",
                libraries.toString(),
                patchelf.toString(),
                "--set-interpreter",
                inPlace(loader),
                // DT_RPATH, unlike DT_RUNPATH, also serves what a library needs
                "--force-rpath",
                "--set-rpath",
                path));
        ElfPrograms.in(tree().resolve("usr")).forEach(program -> command.add(program.toString()));
        run(command);
        // readable by the unprivileged user who runs them, and nothing runs as its owner
        run(List.of("chmod", "-R", "u+rwX,go+rX,go-w,a-s", tree().toString()));
    }

    private Path loader() throws IOException {
        try (Stream<Path> files = Files.find(
                tree().resolve("usr/lib"),
                2,
                (file, attributes) -> file.getFileName().toString().matches("ld-linux.*\\.so\\.\\d+"))) {
            return files.filter(file -> file.getParent().toString().contains("-linux-gnu"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("the packages hold no loader"));
        }
    }

    private String inPlace(Path file) {
        return place.resolve(tree().relativize(file)).toString();
    }

    void moveIntoPlace() throws IOException {
        Path old = work.resolve("old." + ProcessHandle.current().pid());
        delete(old);
        if (Files.exists(place)) {
            Files.move(place, old);
        }
        Files.move(tree(), place, StandardCopyOption.ATOMIC_MOVE);
        delete(work);
    }

    private static void run(List<String> command) throws IOException {
        Command.Result result = Command.run(command, Map.of(), LIMIT);
        if (result.exit() != 0) {
            throw new IOException(Path.of(command.get(0)).getFileName() + " failed: " + result.errors());
        }
    }

    /** As far as it goes: what stays is in nobody's way, and the next build tries again. */
    private static void delete(Path directory) throws IOException {
        if (Files.exists(directory)) {
            Command.run(List.of("rm", "-rf", directory.toString()), Map.of(), LIMIT);
        }
    }

    /** The results in order; the first failure as it is, after the others have ended. */
    private static <T> List<T> inParallel(int threads, List<Callable<T>> tasks) throws IOException {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> future : tasks.stream().map(pool::submit).toList()) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof IOException io) {
                throw io;
            }
            if (failure.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            }
            throw new IllegalStateException(failure.getCause());
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
            throw new IOException("stopped", stop);
        } finally {
            pool.shutdownNow();
            awaitEnd(pool);
        }
    }

    /** Whoever takes the lock next finds nobody at work. */
    private static void awaitEnd(ExecutorService pool) {
        try {
            pool.awaitTermination(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
    }
}
