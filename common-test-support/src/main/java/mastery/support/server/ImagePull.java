package mastery.support.server;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.PullResponseItem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Has the engine fetch an image, and gives up when nothing moves: an engine without a network may wait for minutes
 * before it says so.
 */
final class ImagePull extends ResultCallback.Adapter<PullResponseItem> {

    private static final long FIRST_WORD_SECONDS = 15;
    private static final long SILENCE_SECONDS = 60;
    private static final long POLL_MILLIS = 200;

    private final CompletableFuture<Void> end = new CompletableFuture<>();
    private long limitSeconds = FIRST_WORD_SECONDS;
    private long lastWord = System.nanoTime();

    private ImagePull() {}

    /** Why an image is not here, in one line; empty if it is, after a pull if need be. */
    static Optional<String> obstacle(DockerClient client, String image, boolean allowed) {
        if (isPresent(client, image)) {
            return Optional.empty();
        }
        if (Images.isBuiltHere(image)) {
            return Optional.of("the stand-in image " + image + " is not here; build it with containers/build");
        }
        if (!allowed) {
            return Optional.of("the image " + image + " is not here yet; it would be pulled");
        }
        System.err.println("mastery: pulling the image " + image + " ...");
        try (ImagePull pull = client.pullImageCmd(image).exec(new ImagePull())) {
            pull.awaitEnd();
            return isPresent(client, image) ? Optional.empty() : cannotPull(image, "it is not here afterwards");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return cannotPull(image, "interrupted");
        } catch (TimeoutException e) {
            return cannotPull(image, "its registry is silent");
        } catch (ExecutionException | RuntimeException e) {
            return cannotPull(image, ContainerEngine.reason(e));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<String> cannotPull(String image, String reason) {
        return Optional.of("the container engine answers but cannot pull " + image + " (" + reason + ")");
    }

    private static boolean isPresent(DockerClient client, String image) {
        try {
            client.inspectImageCmd(image).exec();
            return true;
        } catch (NotFoundException e) {
            return false;
        }
    }

    /** The client's own wait with a limit ends the transfer when the limit has passed. */
    private void awaitEnd() throws InterruptedException, ExecutionException, TimeoutException {
        while (true) {
            try {
                end.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException e) {
                if (isSilent()) {
                    throw e;
                }
            }
        }
    }

    private synchronized boolean isSilent() {
        return System.nanoTime() - lastWord > TimeUnit.SECONDS.toNanos(limitSeconds);
    }

    @Override
    public void onNext(PullResponseItem item) {
        synchronized (this) {
            limitSeconds = SILENCE_SECONDS;
            lastWord = System.nanoTime();
        }
        if (item.getErrorDetail() != null) {
            end.completeExceptionally(
                    new IllegalStateException(item.getErrorDetail().getMessage()));
        }
    }

    @Override
    public void onError(Throwable failure) {
        end.completeExceptionally(failure);
        super.onError(failure);
    }

    @Override
    public void onComplete() {
        end.complete(null);
        super.onComplete();
    }
}
