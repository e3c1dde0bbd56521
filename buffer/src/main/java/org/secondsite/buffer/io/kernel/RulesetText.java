package org.secondsite.buffer.io.kernel;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.secondsite.config.IpPrefix;

/**
 * Compares one nftables table as it should be with the table as {@code nft list} prints it: chains rule by rule in
 * order, sets by their elements in any order. Versions of nft differ in line breaks, in how they write IPv6 addresses
 * and devices.
 */
final class RulesetText {
    private static final Pattern BLOCK = Pattern.compile("(chain|set) (\\S+) \\{");
    private static final Pattern ELEMENTS = Pattern.compile("elements = \\{([^}]*)}");
    private static final Pattern DEVICES = Pattern.compile("devices = \\{ (\"[^\"]+\") }");

    private RulesetText() {}

    /** What is wrong with a table of this namespace, in words; empty when it is in force as it should be. */
    static List<String> problems(String family, String table, List<String> expected) {
        return problems(family, table, expected, Set.of());
    }

    /**
     * The same, whatever some sets have in them.
     *
     * @param open names of blocks that may differ
     */
    static List<String> problems(String family, String table, List<String> expected, Set<String> open) {
        try {
            return differences(expected, Commands.run("nft list table " + family + " " + table), open);
        } catch (IOException e) {
            return List.of(String.valueOf(e.getMessage()));
        }
    }

    /** What differs, in words; empty when nothing does. */
    static List<String> differences(List<String> expected, String listed) {
        return differences(expected, listed, Set.of());
    }

    private static List<String> differences(List<String> expected, String listed, Set<String> open) {
        Map<String, List<String>> wanted = blocks(expected);
        Map<String, List<String>> found = blocks(listed.lines().toList());
        List<String> differences = new ArrayList<>();
        wanted.forEach((name, lines) -> {
            boolean isOpen = open.contains(name) && found.containsKey(name);
            if (!isOpen && !lines.equals(found.get(name))) {
                differences.add("nftables " + name + " should be " + lines + " but is " + found.get(name));
            }
        });
        found.keySet().stream()
                .filter(name -> !wanted.containsKey(name))
                .forEach(name -> differences.add("nftables " + name + " is not ours"));
        return differences;
    }

    private static Map<String, List<String>> blocks(List<String> lines) {
        Map<String, List<String>> blocks = new TreeMap<>();
        String name = null;
        List<String> content = new ArrayList<>();
        for (String raw : lines) {
            String line = raw.strip();
            Matcher block = BLOCK.matcher(line);
            if (block.matches()) {
                name = block.group(1) + " " + block.group(2);
                content = new ArrayList<>();
            } else if (line.equals("}") && name != null) {
                blocks.put(name, name.startsWith("set") ? set(content) : content);
                name = null;
            } else if (name != null && !line.isEmpty()) {
                content.add(DEVICES.matcher(line).replaceAll("device $1"));
            }
        }
        return blocks;
    }

    private static List<String> set(List<String> content) {
        String text = String.join(" ", content);
        Matcher elements = ELEMENTS.matcher(text);
        List<String> lines = new ArrayList<>();
        if (elements.find()) {
            for (String element : elements.group(1).split(",", -1)) {
                lines.add(canonical(element.strip()));
            }
        }
        lines.sort(null);
        lines.addFirst(elements.reset().replaceAll("").strip());
        return lines;
    }

    private static String canonical(String element) {
        int slash = element.indexOf('/');
        String address = slash < 0 ? element : element.substring(0, slash);
        try {
            return IpPrefix.parseAddress(address).getHostAddress() + (slash < 0 ? "" : element.substring(slash));
        } catch (IllegalArgumentException e) {
            return element;
        }
    }
}
