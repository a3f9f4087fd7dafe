package mastery.support.server;

import java.util.List;
import java.util.Map;

/**
 * How the official image of an engine is started. The server listens for clients on the port of its address, inside the
 * container as outside of it, and on every interface, for the engine publishes the port on loopback alone.
 *
 * @param environment the variables that the image's entrypoint, or a script among the arguments, reads
 * @param arguments what is appended to the entrypoint
 */
public record ContainerPlan(Map<String, String> environment, List<String> arguments) {}
