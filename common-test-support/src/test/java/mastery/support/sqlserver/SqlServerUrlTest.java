package mastery.support.sqlserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import mastery.support.server.Address;
import mastery.support.server.ServerException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlServerUrlTest {

    @Test
    void hostPortUserAndPasswordAreReadAndTheRestIsKeptForTheDriver() {
        Address address = parse("jdbc:sqlserver://db.example:1444;user=me;password=secret;"
                + "trustServerCertificate=true;databaseName=shop");
        assertThat(address)
                .isEqualTo(new Address(
                        "db.example",
                        1444,
                        "me",
                        "secret",
                        Map.of("encrypt", "true", "trustServerCertificate", "true")));
    }

    @Test
    void whatIsNotSaidIsAsTheDriverHasIt() {
        Address address = parse("jdbc:sqlserver://db.example");
        assertThat(address.port()).isEqualTo(1433);
        assertThat(address.user()).isEqualTo("sa");
        assertThat(address.password()).isEmpty();
    }

    @Test
    void namesOfPropertiesMayBeSynonymsInAnyCase() {
        Address address = parse("jdbc:sqlserver://;ServerName=h;PORT=9;userName=u;pwd=p;Encrypt=false;");
        assertThat(address).isEqualTo(new Address("h", 9, "u", "p", Map.of("Encrypt", "false")));
    }

    @Test
    void aValueInBracesMayHoldAnything() {
        assertThat(parse("jdbc:sqlserver://h;password={a;b=c}}d};user=u").password())
                .isEqualTo("a;b=c}d");
    }

    @Test
    void aUrlThatIsWrittenIsReadAlike() {
        Address address =
                new Address("h", 9, "u", "a;b}c{ d", Map.of("encrypt", "true", "trustServerCertificate", "true"));
        String url = SqlServerUrl.of(address, "shop");
        assertThat(url).startsWith("jdbc:sqlserver://h:9;").contains(";databaseName=shop", ";password={a;b}}c{ d}");
        assertThat(parse(url).password()).isEqualTo(address.password());
        assertThat(parse(url).parameters()).containsEntry("encrypt", "true");
    }

    @Test
    void aServerStartedHereIsReachedWithoutACertificate() {
        assertThat(SqlServerUrl.of(Address.loopback(9, "sa", "p"), ""))
                .contains(";encrypt=false;")
                .doesNotContain("databaseName");
    }

    @Test
    void whatTheUserSaysIsNotSaidTwice() {
        assertThat(SqlServerUrl.of(new Address("h", 9, "u", "p", Map.of("Encrypt", "strict")), ""))
                .contains(";Encrypt=strict")
                .doesNotContain(";encrypt=");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            nonsense                              | 'nonsense'
            jdbc:sqlserver:/h                     | 'jdbc:sqlserver:/h'
            jdbc:sqlserver://                     | without a host
            jdbc:sqlserver://h:x                  | port 'x'
            jdbc:sqlserver://h:0                  | port '0'
            jdbc:sqlserver://h:70000              | port '70000'
            jdbc:sqlserver://h;user               | 'h'
            jdbc:sqlserver://h;password={x        | brace of 'password'
            """)
    void aMalformedUrlIsRefusedWithAnExample(String url, String named) {
        assertThatThrownBy(() -> parse(url))
                .isInstanceOf(ServerException.class)
                .hasMessageContaining(named)
                .hasMessageContaining("jdbc:sqlserver://127.0.0.1:1433;user=sa");
    }

    @Test
    void aPasswordIsNotShownWhenItBreaksTheUrl() {
        assertThatThrownBy(() -> parse("jdbc:sqlserver://h;password=sec;ret;user=u"))
                .isInstanceOf(ServerException.class)
                .message()
                .doesNotContain("sec", "ret");
    }

    @Test
    void anInstanceIsNamedByItsPort() {
        assertThatThrownBy(() -> parse("jdbc:sqlserver://h\\dev;user=u")).hasMessageContaining("names an instance");
        assertThat(parse("jdbc:sqlserver://h\\dev:1500;user=u").host()).isEqualTo("h");
        assertThat(parse("jdbc:sqlserver://h\\dev:1500;user=u").port()).isEqualTo(1500);
    }

    private static Address parse(String url) {
        return SqlServerUrl.parse(url, "sa");
    }
}
