/**
 * Where server programs come from: the cache directory, verified downloads, trees of Debian packages, files of the Maven
 * repositories that the build is configured with, and programs that
 * are already installed. Knows nothing of the rest of the project.
 */
package mastery.support.provision;
