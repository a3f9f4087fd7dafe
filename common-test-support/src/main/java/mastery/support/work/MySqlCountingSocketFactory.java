package mastery.support.work;

import com.mysql.cj.conf.PropertySet;
import com.mysql.cj.conf.RuntimeProperty;
import com.mysql.cj.protocol.StandardSocketFactory;
import java.net.Socket;

/**
 * Named in Connector/J's connection property {@code socketFactory}; the property {@code masteryRoundTrips} is the id of
 * a {@link RoundTrips}. Connector/J makes it by reflection, so it is public and takes nothing.
 */
public final class MySqlCountingSocketFactory extends StandardSocketFactory {
    @Override
    protected Socket createSocket(PropertySet properties) {
        RuntimeProperty<String> id = properties.getStringProperty(RoundTrips.MYSQL_PROPERTY);
        return new CountingSocket(RoundTrips.byId(id == null ? null : id.getValue()));
    }
}
