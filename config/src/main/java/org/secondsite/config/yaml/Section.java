package org.secondsite.config.yaml;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.NodeType;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * One mapping of a document, read key by key.
 *
 * <p>A getter whose value is missing or wrong reports that and answers {@code null} (numbers: the nearest harmless value),
 * so that reading goes on and all problems are found at once; the document as a whole is then refused. The keys asked
 * for are the keys allowed: {@link #refuseUnknownKeys} reports the others.
 *
 * <p>A section that is itself missing was reported where it should stand; its getters then stay silent.
 */
final class Section {
    private final Document document;
    private final String path;
    private final boolean present;
    private final Node node;
    private final Map<String, Node> values = new LinkedHashMap<>();
    private final Map<String, Node> keys = new LinkedHashMap<>();
    private final Set<String> allowed = new LinkedHashSet<>();
    private final Set<String> faulty = new LinkedHashSet<>();
    private final List<Section> children = new ArrayList<>();

    Section(Document document, String path, MappingNode mapping) {
        this.document = document;
        this.path = path;
        this.node = mapping;
        this.present = true;
        for (NodeTuple tuple : mapping.getValue()) {
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                document.problem(tuple.getKeyNode(), path, "a key must be a plain word");
            } else if (keys.putIfAbsent(key.getValue(), key) == null) {
                values.put(key.getValue(), tuple.getValueNode());
            } else {
                int first =
                        keys.get(key.getValue()).getStartMark().orElseThrow().getLine() + 1;
                document.problem(key, pathOf(key.getValue()), "stands twice, first in line " + first);
            }
        }
    }

    private Section(Document document, String path, Node parent) {
        this.document = document;
        this.path = path;
        this.node = parent;
        this.present = false;
    }

    /** Whether the key stands in the file. */
    boolean has(String key) {
        allowed.add(key);
        return values.containsKey(key);
    }

    /** Whether all the keys stand here, or have defaults, and no problem was reported about them. */
    boolean sound(String... these) {
        return present && Arrays.stream(these).noneMatch(faulty::contains);
    }

    /** Reports a problem about the value of a key; of the section itself if the key does not stand here. */
    void problem(String key, String message) {
        faulty.add(key);
        if (present) {
            document.problem(values.getOrDefault(key, node), pathOf(key), message);
        }
    }

    /** Where this section stands, such as {@code groups[0].vms[1]}. */
    String path() {
        return path;
    }

    /** Reports a problem about the section as a whole. */
    void problem(String message) {
        document.problem(node, path, message);
    }

    /** A required value that {@code parser} makes from its text; the parser refuses by IllegalArgumentException. */
    <T> T value(String key, Function<String, T> parser) {
        return requires(key) ? parsed(key, parser) : null;
    }

    /** The same, but the key may be absent. */
    <T> Optional<T> optional(String key, Function<String, T> parser) {
        return has(key) ? Optional.ofNullable(parsed(key, parser)) : Optional.empty();
    }

    /** A required text that is not empty. */
    String text(String key) {
        return value(key, Function.identity());
    }

    /** A required address with a port, as {@code 192.0.2.1:7400} or {@code [2001:db8::1]:7400}. */
    InetSocketAddress endpoint(String key) {
        return value(key, Values::endpoint);
    }

    /** A required file name; a relative one is resolved against the directory of the document. */
    Path file(String key) {
        return value(key, document::resolved);
    }

    /** The same, but the key may be absent. */
    Optional<Path> optionalFile(String key) {
        return optional(key, document::resolved);
    }

    /** The same for a Unix socket, whose path must not be too long. */
    Path socket(String key) {
        return value(key, text -> Values.socket(document.resolved(text)));
    }

    /** A directory that may be absent, for Unix sockets of names no longer than {@code exabgp.sock.new}. */
    Optional<Path> socketDirectory(String key) {
        return optional(key, text -> Values.socket(document.resolved(text).resolve("exabgp.sock.new"))
                .getParent());
    }

    /** A required program with its arguments; unlike other lists, the same word may stand in it again. */
    List<String> argv(String key) {
        return requires(key) ? items(key, Function.<String>identity(), true) : List.of();
    }

    /** A whole number that may be absent. */
    int integer(String key, int minimum, int maximum, int absent) {
        return has(key) ? (int) ranged(key, minimum, maximum, absent) : absent;
    }

    /** A required whole number. */
    long integer(String key, long minimum, long maximum) {
        return requires(key) ? ranged(key, minimum, maximum, minimum) : minimum;
    }

    private long ranged(String key, long minimum, long maximum, long faulted) {
        Long number = parsed(key, text -> Values.integer(text, minimum, maximum));
        return number == null ? faulted : number;
    }

    /** {@code true} or {@code false}, or absent. */
    boolean flag(String key, boolean absent) {
        return optional(key, Values::flag).orElse(absent);
    }

    /** A required list of at least one value. */
    <T> List<T> list(String key, Function<String, T> parser) {
        return requires(key) ? items(key, parser, false) : List.of();
    }

    /** The same, but the key may be absent. */
    <T> List<T> optionalList(String key, Function<String, T> parser) {
        return has(key) ? items(key, parser, false) : List.of();
    }

    /** A required value, or a list of at least one. */
    <T> List<T> oneOrMore(String key, Function<String, T> parser) {
        if (values.get(key) instanceof ScalarNode) {
            T only = value(key, parser);
            return only == null ? List.of() : List.of(only);
        }
        return list(key, parser);
    }

    /** A required section. */
    Section section(String key) {
        if (requires(key)) {
            Optional<Section> found = child(pathOf(key), values.get(key));
            if (found.isPresent()) {
                return found.get();
            }
            faulty.add(key);
        }
        return new Section(document, pathOf(key), node);
    }

    /** A section that may be absent. */
    Optional<Section> optionalSection(String key) {
        return has(key) ? child(pathOf(key), values.get(key)) : Optional.empty();
    }

    /** A required list of at least one section. */
    List<Section> sections(String key) {
        return requires(key) ? children(key) : List.of();
    }

    /** The same, but the key may be absent. */
    List<Section> optionalSections(String key) {
        return has(key) ? children(key) : List.of();
    }

    private List<Section> children(String key) {
        List<Section> found = new ArrayList<>();
        List<Node> nodes = sequence(key);
        for (int i = 0; i < nodes.size(); i++) {
            child(pathOf(key) + "[" + i + "]", nodes.get(i)).ifPresent(found::add);
        }
        return found;
    }

    /** Reports a key that has no place here, with the reason. */
    void forbid(String key, String why) {
        if (has(key)) {
            problem(key, why);
        }
    }

    /** Reports every key of this section, and of those below, that nobody asked for. */
    void refuseUnknownKeys() {
        keys.forEach((key, at) -> {
            if (!allowed.contains(key)) {
                document.problem(at, pathOf(key), "is not a key here" + Suggestion.among(allowed, key));
            }
        });
        children.forEach(Section::refuseUnknownKeys);
    }

    /** Collects the path of every key of this section, and of those below, that somebody asked for; of a list's items together. */
    void collectKeys(Set<String> into) {
        allowed.forEach(key -> into.add(pathOf(key).replaceAll("\\[\\d+\\]", "")));
        children.forEach(child -> child.collectKeys(into));
    }

    private Optional<Section> child(String childPath, Node value) {
        if (value instanceof MappingNode mapping) {
            Section child = new Section(document, childPath, mapping);
            children.add(child);
            return Optional.of(child);
        }
        document.problem(value, childPath, "must be a mapping of keys to values");
        return Optional.empty();
    }

    private boolean requires(String key) {
        boolean there = has(key);
        if (!there) {
            problem(key, "is missing");
        }
        return there;
    }

    private <T> T parsed(String key, Function<String, T> parser) {
        T value = parsed(values.get(key), pathOf(key), parser);
        if (value == null) {
            faulty.add(key);
        }
        return value;
    }

    private <T> List<T> items(String key, Function<String, T> parser, boolean repeatable) {
        List<T> items = new ArrayList<>();
        List<Node> nodes = sequence(key);
        for (int i = 0; i < nodes.size(); i++) {
            T item = parsed(nodes.get(i), pathOf(key) + "[" + i + "]", parser);
            if (item == null) {
                faulty.add(key);
            } else if (!repeatable && items.contains(item)) {
                document.problem(nodes.get(i), pathOf(key) + "[" + i + "]", Values.shown(item) + " stands twice");
                faulty.add(key);
            } else {
                items.add(item);
            }
        }
        return items;
    }

    private List<Node> sequence(String key) {
        if (!(values.get(key) instanceof SequenceNode sequence)) {
            problem(key, "must be a list");
            return List.of();
        }
        if (sequence.getValue().isEmpty()) {
            problem(key, "must have at least one entry");
        }
        return sequence.getValue();
    }

    private <T> T parsed(Node value, String valuePath, Function<String, T> parser) {
        if (!(value instanceof ScalarNode scalar)) {
            String kind = value.getNodeType() == NodeType.SEQUENCE ? "list" : "mapping";
            document.problem(value, valuePath, "must be a single value, not a " + kind);
            return null;
        }
        if (scalar.getValue().isEmpty()) {
            document.problem(value, valuePath, "has no value");
            return null;
        }
        try {
            return parser.apply(scalar.getValue());
        } catch (IllegalArgumentException e) {
            document.problem(value, valuePath, e.getMessage());
            return null;
        }
    }

    private String pathOf(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
