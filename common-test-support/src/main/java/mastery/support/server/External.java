package mastery.support.server;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The server that the user named by URL. */
final class External {

    private static final long ANSWER_LIMIT_SECONDS = 7;

    private External() {}

    /**
     * Connects once.
     *
     * @throws ServerException within ten seconds if the server does not answer, refuses the user, or is too old
     */
    static Node attach(Recipe recipe, String url) {
        Address address = recipe.parseUrl(url);
        Identity identity = identify(recipe, address);
        if (recipe.isTooOld(identity)) {
            throw new ServerException("The server on " + address + " is " + recipe.engine() + " " + identity.version()
                    + "; the examples need " + recipe.engine().minimumVersion() + " or later. Name a newer one with"
                    + " -Dmastery." + recipe.engine().id() + ".url, or leave it out.");
        }
        return new AttachedNode(recipe.engine(), address, identity, identity.build(), SourceKind.EXTERNAL);
    }

    private static Identity identify(Recipe recipe, Address address) {
        FutureTask<Identity> attempt = new FutureTask<>(() -> recipe.identify(address));
        Thread thread = new Thread(attempt, "mastery-external");
        thread.setDaemon(true);
        thread.start();
        try {
            return attempt.get(ANSWER_LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw refusal(recipe, address, "no answer within " + ANSWER_LIMIT_SECONDS + " s", e);
        } catch (ExecutionException e) {
            throw refusal(recipe, address, String.valueOf(e.getCause().getMessage()), e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ServerException("Interrupted while connecting to " + address + ".", e);
        }
    }

    private static ServerException refusal(Recipe recipe, Address address, String why, Throwable cause) {
        return new ServerException(
                "The " + recipe.engine() + " server you named, " + address + ", cannot be used: " + why
                        + "\nCheck that it runs, that the address, user and password are right, or leave out"
                        + " mastery." + recipe.engine().id() + ".url to have one started here.",
                cause);
    }
}
