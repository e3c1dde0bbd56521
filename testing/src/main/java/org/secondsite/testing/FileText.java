package org.secondsite.testing;

import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The text of configuration files that tests make of random settings. */
public final class FileText {
    private FileText() {}

    /**
     * A line that is a section, or nothing.
     *
     * @param settings all there are, by their paths, such as {@code tunnel.heartbeatMs}
     * @param name of the section
     * @param fixed what it has besides
     */
    public static String section(Map<String, String> settings, String name, String fixed) {
        String more = settings.entrySet().stream()
                .filter(setting -> setting.getKey().startsWith(name + "."))
                .map(setting -> setting.getKey().substring(name.length() + 1) + ": " + setting.getValue())
                .collect(Collectors.joining(", "));
        String all = fixed.isEmpty() || more.isEmpty() ? fixed + more : fixed + ", " + more;
        return all.isEmpty() ? "" : name + ": {" + all + "}\n";
    }

    /**
     * An element of a list.
     *
     * @param fixed what it has besides
     * @param kind what its defaults begin with
     * @param of its own settings
     * @param defaults what is written where it has none, by kind and key
     */
    public static String item(String fixed, String kind, Map<String, String> of, Map<String, String> defaults) {
        Map<String, String> all = new TreeMap<>();
        defaults.forEach((key, value) -> {
            if (key.startsWith(kind + ".")) {
                all.put(key.substring(kind.length() + 1), value);
            }
        });
        all.putAll(of);
        return all.entrySet().stream()
                .map(one -> one.getKey() + ": " + one.getValue())
                .collect(Collectors.joining(", ", "{" + fixed + (all.isEmpty() ? "" : ", "), "}"));
    }
}
