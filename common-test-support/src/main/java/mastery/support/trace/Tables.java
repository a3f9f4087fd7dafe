package mastery.support.trace;

import java.lang.reflect.Array;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Turns what an example returns into tables: records by their components, maps by their keys, anything else as it is. */
public final class Tables {
    private Tables() {}

    /**
     * The tables of a value.
     *
     * <ul>
     *   <li>a record: one row; each component that is a list of records or maps becomes a table of its own
     *   <li>a collection or array of records: a row each; of maps: a row each, columns from all keys
     *   <li>a map: key and value, or key and the components of the value
     *   <li>anything else: a single value without a column name
     * </ul>
     */
    public static List<Table> of(Object value) {
        Object plain = value instanceof Optional<?> optional ? optional.orElse(null) : value;
        if (plain instanceof Record record) {
            return ofRecord(record);
        }
        if (plain instanceof Map<?, ?> map) {
            return List.of(ofMap("", map));
        }
        List<?> elements = elements(plain);
        return List.of(elements == null ? single(plain) : ofElements("", elements));
    }

    private static Table single(Object value) {
        return new Table("", List.of(""), List.of(row(value)));
    }

    private static List<Table> ofRecord(Record record) {
        List<String> columns = new ArrayList<>();
        List<Object> row = new ArrayList<>();
        List<Table> nested = new ArrayList<>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            Object value = value(record, component);
            List<?> elements = elements(value);
            if (elements != null && !elements.isEmpty() && isRow(elements.get(0))) {
                nested.add(ofElements(component.getName(), elements));
            } else if (value instanceof Map<?, ?> map && !map.isEmpty()) {
                nested.add(ofMap(component.getName(), map));
            } else {
                columns.add(component.getName());
                row.add(value);
            }
        }
        if (!columns.isEmpty()) {
            nested.add(0, new Table("", columns, List.of(row)));
        }
        return nested;
    }

    private static Table ofMap(String title, Map<?, ?> map) {
        boolean records = !map.isEmpty() && map.values().stream().allMatch(Record.class::isInstance);
        List<String> columns = new ArrayList<>(List.of("key"));
        List<List<Object>> rows = new ArrayList<>();
        map.forEach((key, value) -> {
            List<Object> row = row(key);
            row.addAll(records ? values((Record) value) : row(value));
            rows.add(row);
        });
        columns.addAll(records ? names(map.values().iterator().next()) : List.of("value"));
        return new Table(title, columns, rows);
    }

    private static Table ofElements(String title, List<?> elements) {
        Set<Class<?>> kinds = new LinkedHashSet<>();
        elements.forEach(element -> kinds.add(element == null ? Object.class : element.getClass()));
        if (kinds.size() == 1 && elements.get(0) instanceof Record first) {
            List<List<Object>> rows = new ArrayList<>();
            elements.forEach(element -> rows.add(values((Record) element)));
            return new Table(title, names(first), rows);
        }
        if (!elements.isEmpty() && elements.stream().allMatch(Map.class::isInstance)) {
            return ofMaps(title, elements);
        }
        List<List<Object>> rows = new ArrayList<>();
        elements.forEach(element -> rows.add(row(element)));
        return new Table(title, List.of(""), rows);
    }

    private static Table ofMaps(String title, List<?> maps) {
        Set<Object> keys = new LinkedHashSet<>();
        maps.forEach(map -> keys.addAll(((Map<?, ?>) map).keySet()));
        List<List<Object>> rows = new ArrayList<>();
        for (Object map : maps) {
            List<Object> row = new ArrayList<>();
            keys.forEach(key -> row.add(((Map<?, ?>) map).get(key)));
            rows.add(row);
        }
        return new Table(title, keys.stream().map(String::valueOf).toList(), rows);
    }

    private static boolean isRow(Object element) {
        return element instanceof Record || element instanceof Map;
    }

    /** The elements of a collection or array, or {@code null}; bytes stay together. */
    static List<?> elements(Object value) {
        if (value instanceof Collection<?> collection) {
            return new ArrayList<>(collection);
        }
        if (value == null || !value.getClass().isArray() || value instanceof byte[]) {
            return null;
        }
        List<Object> elements = new ArrayList<>();
        for (int i = 0; i < Array.getLength(value); i++) {
            elements.add(Array.get(value, i));
        }
        return elements;
    }

    static List<Object> values(Record record) {
        List<Object> values = new ArrayList<>();
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            values.add(value(record, component));
        }
        return values;
    }

    private static List<String> names(Object record) {
        return Arrays.stream(record.getClass().getRecordComponents())
                .map(RecordComponent::getName)
                .toList();
    }

    private static Object value(Record record, RecordComponent component) {
        try {
            component.getAccessor().setAccessible(true);
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException failure) {
            throw new IllegalArgumentException("Cannot read " + component + " of " + record.getClass(), failure);
        }
    }

    private static List<Object> row(Object value) {
        List<Object> row = new ArrayList<>();
        row.add(value);
        return row;
    }
}
