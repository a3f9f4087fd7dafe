package mastery.support.provision;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A version of numbers, such as 18.6 or 9.7.4. Missing numbers count as 0, so 18 and 18.0 are equal. */
public record Version(List<Integer> parts) implements Comparable<Version> {

    private static final Pattern NUMBERS = Pattern.compile("\\d{1,9}(?:\\.\\d{1,9})*");

    public Version {
        parts = List.copyOf(parts);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("A version has at least one number");
        }
    }

    /**
     * Reads the leading numbers: "18.6 (Debian 18.6-1)" is 18.6, "19beta1" is 19.
     *
     * @throws IllegalArgumentException when the text does not start with a number
     */
    public static Version of(String text) {
        Matcher numbers = NUMBERS.matcher(text);
        if (!numbers.lookingAt()) {
            throw new IllegalArgumentException("Not a version: \"" + text + "\"");
        }
        return new Version(Arrays.stream(numbers.group().split("\\."))
                .map(Integer::valueOf)
                .toList());
    }

    public boolean isAtLeast(Version other) {
        return compareTo(other) >= 0;
    }

    @Override
    public int compareTo(Version other) {
        int length = Math.max(parts.size(), other.parts.size());
        for (int i = 0; i < length; i++) {
            int order = Integer.compare(part(i), other.part(i));
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    private int part(int index) {
        return index < parts.size() ? parts.get(index) : 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Version version && compareTo(version) == 0;
    }

    @Override
    public int hashCode() {
        int hash = 0;
        for (int i = parts.size() - 1; i >= 0; i--) {
            // trailing zeros add nothing, as in equals
            hash = 31 * hash + parts.get(i);
        }
        return hash;
    }

    @Override
    public String toString() {
        return parts.stream().map(String::valueOf).collect(Collectors.joining("."));
    }
}
