package mastery.support.provision;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * One holder at a time among the threads of this JVM and all processes of this machine. The operating system frees the
 * lock of a process that dies. The file stays: deleting it would let a third process lock a new one beside the second.
 */
final class SharedLock {

    private static final Map<Path, ReentrantLock> IN_THIS_JVM = new ConcurrentHashMap<>();

    private final ReentrantLock threads;
    private FileChannel channel;

    private SharedLock(ReentrantLock threads) {
        this.threads = threads;
    }

    /**
     * Runs the work while nobody else holds the lock.
     *
     * @param waits told when another holder is in the way
     */
    static <T> T holding(Path file, Runnable waits, Supplier<T> work) {
        SharedLock lock = take(file, waits);
        try {
            return work.get();
        } finally {
            lock.release();
        }
    }

    private static SharedLock take(Path file, Runnable waits) {
        ReentrantLock threads =
                IN_THIS_JVM.computeIfAbsent(file.toAbsolutePath().normalize(), path -> new ReentrantLock());
        // a FileLock belongs to the whole JVM, so threads need a lock of their own
        if (!threads.tryLock()) {
            waits.run();
            threads.lock();
        }
        SharedLock lock = new SharedLock(threads);
        try {
            lock.channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock free = lock.channel.tryLock();
            if (free == null) {
                waits.run();
                lock.channel.lock();
            }
            return lock;
        } catch (IOException failure) {
            lock.release();
            throw ProvisionException.writing(file, failure);
        } catch (RuntimeException | Error failure) {
            lock.release();
            throw failure;
        }
    }

    private void release() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException alreadyGone) {
            // closing frees the lock even when it fails
        } finally {
            threads.unlock();
        }
    }
}
