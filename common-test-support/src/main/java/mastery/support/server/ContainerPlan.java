package mastery.support.server;

import java.util.List;
import java.util.Map;

/**
 * How the official image of an engine is started.
 *
 * @param port the port the server listens on inside the container
 * @param environment the variables that the image's entrypoint reads
 * @param arguments what is appended to the entrypoint
 */
public record ContainerPlan(int port, Map<String, String> environment, List<String> arguments) {}
