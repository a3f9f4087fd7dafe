package mastery.support.trace;

import java.util.List;

/**
 * Values in rows and columns.
 *
 * @param title what this part is called within its result; empty when the caption says it all
 * @param columns as the program names them; a single unnamed column is a plain list
 * @param rows as many values as there are columns, untouched
 */
public record Table(String title, List<String> columns, List<List<Object>> rows) {}
