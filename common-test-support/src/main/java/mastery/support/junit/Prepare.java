package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A static method that fills the database which every test of the class starts with. Its parameters are injected and
 * belong to one engine.
 *
 * <p>On PostgreSQL it runs once for the class and each test gets a copy of the result; on the other engines it runs
 * before each test.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Prepare {}
