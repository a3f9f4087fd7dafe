package mastery.support.junit;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The tests of this class run on SQL Server, each in a clean database of its own.
 *
 * <p>Injected: {@code Connection}, {@code DataSource}, {@code SQLServerDataSource}, {@code SqlServerDatabase} and
 * {@code Node}. In a class with several engines the same annotation on a parameter says which one is meant.
 */
@Target({ElementType.TYPE, ElementType.PARAMETER})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ServerExtension.class)
@UsesFixture(SqlServerFixture.class)
public @interface OnSqlServer {}
