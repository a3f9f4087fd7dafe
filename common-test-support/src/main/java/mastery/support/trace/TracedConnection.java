package mastery.support.trace;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Connection;
import redis.clients.jedis.JedisClientConfig;

/**
 * Traces single commands, and what pipelines and transactions do: those send commands without waiting and read the
 * replies later, past Jedis' command executor. Everything sent before one reading is one event.
 */
final class TracedConnection extends Connection {
    private final String label;
    private final Trace trace;
    private List<String> sent;
    /** Above zero while commands are none of the program's, or are traced as a single one. */
    private int unseen;

    private TracedRedis.Work work;

    TracedConnection(Builder builder, String label, Trace trace) {
        super(builder);
        this.label = label;
        this.trace = trace;
    }

    @Override
    protected void initializeFromClientConfig(JedisClientConfig config) {
        unseen(() -> {
            super.initializeFromClientConfig(config);
            return null;
        });
    }

    @Override
    public <T> T executeCommand(CommandObject<T> command) {
        if (unseen > 0) {
            return super.executeCommand(command);
        }
        return TracedRedis.traced(label, trace, true, command, () -> unseen(() -> super.executeCommand(command)));
    }

    @Override
    public Object executeCommand(CommandArguments arguments) {
        return unseen(() -> super.executeCommand(arguments));
    }

    @Override
    public boolean ping() {
        return unseen(super::ping);
    }

    @Override
    public void sendCommand(CommandArguments arguments) {
        if (unseen == 0) {
            if (sent == null || sent.isEmpty()) {
                sent = new ArrayList<>();
                work = new TracedRedis.Work();
            }
            sent.add(RedisText.command(arguments));
        }
        super.sendCommand(arguments);
    }

    @Override
    public List<Object> getMany(int count) {
        return answered(() -> super.getMany(count));
    }

    @Override
    public String getStatusCodeReply() {
        return answered(super::getStatusCodeReply);
    }

    @Override
    public String getBulkReply() {
        return answered(super::getBulkReply);
    }

    @Override
    public Long getIntegerReply() {
        return answered(super::getIntegerReply);
    }

    @Override
    public List<String> getMultiBulkReply() {
        return answered(super::getMultiBulkReply);
    }

    @Override
    public List<Object> getObjectMultiBulkReply() {
        return answered(super::getObjectMultiBulkReply);
    }

    private <T> T answered(Supplier<T> reading) {
        T reply = unseen(reading);
        if (unseen == 0 && sent != null && !sent.isEmpty()) {
            String text = String.join("\n", sent);
            sent = null;
            trace.add(work.done(label, trace, text, RedisText.reply(reply), true, null));
        }
        return reply;
    }

    private <T> T unseen(Supplier<T> action) {
        unseen++;
        try {
            return action.get();
        } finally {
            unseen--;
        }
    }
}
