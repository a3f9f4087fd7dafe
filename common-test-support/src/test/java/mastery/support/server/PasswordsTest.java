package mastery.support.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.RepeatedTest;

class PasswordsTest {

    @RepeatedTest(500)
    void aPasswordHasLettersOfBothCasesAndDigitsAndNothingElse() {
        assertThat(Passwords.generate())
                .matches("[A-Za-z0-9]{24}")
                .containsPattern("[a-z]")
                .containsPattern("[A-Z]")
                .containsPattern("[0-9]");
    }
}
