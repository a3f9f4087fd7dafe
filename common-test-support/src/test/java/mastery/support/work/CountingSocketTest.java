package mastery.support.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.microsoft.sqlserver.jdbc.SQLServerDataSource;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.sql.SQLException;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CountingSocketTest {
    private final RoundTrips counter = RoundTrips.create();
    private ServerSocket server;
    private Socket socket;

    @BeforeEach
    void connectToAnEcho() throws IOException {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Thread echo = new Thread(this::echo, "echo");
        echo.setDaemon(true);
        echo.start();
        socket = new PostgreSqlCountingSocketFactory(counter.id())
                .createSocket(server.getInetAddress(), server.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        socket.close();
        server.close();
    }

    @Test
    void severalWritesBeforeOneReadAreOneRoundTrip() throws IOException {
        send("a");
        send("bc");
        receive(3);
        assertThat(counter.traffic()).isEqualTo(new Traffic(1, 3, 3));
    }

    @Test
    void severalReadsAfterOneWriteAreOneRoundTrip() throws IOException {
        send("abc");
        receive(1);
        receive(2);
        assertThat(counter.count()).isOne();
    }

    @Test
    void eachAnswerAfterAWriteIsARoundTripOfThisThreadToo() throws IOException {
        Traffic before = RoundTrips.onThisThread();
        send("a");
        receive(1);
        send("b");
        receive(1);
        assertThat(RoundTrips.onThisThread().minus(before)).isEqualTo(new Traffic(2, 2, 2));
    }

    @Test
    void anotherCounterSeesNothing() throws IOException {
        RoundTrips other = RoundTrips.create();
        send("a");
        receive(1);
        assertThat(other.traffic()).isEqualTo(Traffic.NONE);
    }

    @Test
    void theDriverOfSqlServerOpensItsSocketsThroughTheCounter() throws IOException {
        Logger ofTheDriver = Logger.getLogger("com.microsoft.sqlserver.jdbc");
        ofTheDriver.setLevel(Level.OFF);
        SQLServerDataSource plain = new SQLServerDataSource();
        plain.setURL("jdbc:sqlserver://127.0.0.1:" + server.getLocalPort() + ";user=u;password=p;encrypt=false");
        plain.setLoginTimeout(5);
        socket.close();
        // the echo of its own greeting is no answer that the driver takes
        assertThatThrownBy(() -> counter.counted(plain).getConnection()).isInstanceOf(SQLException.class);
        assertThat(counter.traffic().bytesSent()).isPositive();
        assertThat(plain.getSocketFactoryClass()).isNull();
    }

    private void send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes());
    }

    private void receive(int bytes) throws IOException {
        assertThat(socket.getInputStream().readNBytes(bytes)).hasSize(bytes);
    }

    private void echo() {
        try {
            while (true) {
                try (Socket client = server.accept()) {
                    client.getInputStream().transferTo(client.getOutputStream());
                }
            }
        } catch (IOException closed) {
            // the test is over
        }
    }
}
