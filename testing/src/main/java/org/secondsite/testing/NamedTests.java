package org.secondsite.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A chapter of a document that has a table of what broke for others, with the tests of each line. From a module's directory. */
public final class NamedTests {
    private static final Path ROOT = Path.of("..");
    private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w+Test)(?:\\.(\\w+))?`");

    private final List<String> lines;
    private final List<String> missing = new ArrayList<>();
    private final List<String> untested = new ArrayList<>();

    /**
     * Reads the chapter, and looks for the tests that its table names.
     *
     * @param document its path in the repository
     * @param heading the chapter's
     * @throws IOException if a source cannot be read
     */
    public NamedTests(String document, String heading) throws IOException {
        String text = Files.readString(ROOT.resolve(document));
        String chapter = text.substring(text.indexOf(heading));
        int end = chapter.indexOf("\n## ", 1);
        lines = chapter.substring(0, end < 0 ? chapter.length() : end)
                .lines()
                .filter(line -> line.startsWith("| ") && !line.startsWith("| ---") && !line.startsWith("| report"))
                .toList();
        Map<String, String> tests = tests();
        lines.forEach(line -> look(line, tests));
    }

    private void look(String line, Map<String, String> tests) {
        Matcher named = NAMED.matcher(line);
        boolean any = line.contains("| none: ") || line.contains("every test with a guest");
        while (named.find()) {
            any = true;
            String source = tests.getOrDefault(named.group(1), "");
            boolean there =
                    !source.isEmpty() && (named.group(2) == null || source.contains("void " + named.group(2) + "("));
            if (!there) {
                missing.add(named.group());
            }
        }
        if (!any) {
            untested.add(line);
        }
    }

    /** The source of every test class, by its name. */
    private static Map<String, String> tests() throws IOException {
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.map(path -> path.resolve("src/test/java"))
                    .filter(Files::isDirectory)
                    .toList()) {
                try (Stream<Path> files = Files.walk(module)) {
                    files.filter(file -> file.toString().endsWith("Test.java")).forEach(sources::add);
                }
            }
        }
        return sources.stream()
                .collect(Collectors.toMap(
                        file -> file.getFileName().toString().replace(".java", ""), NamedTests::read, String::concat));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The table's lines. */
    public List<String> lines() {
        return lines;
    }

    /** The tests that are named and are not there. */
    public List<String> missing() {
        return List.copyOf(missing);
    }

    /** The lines that name no test, and do not say why. */
    public List<String> untested() {
        return List.copyOf(untested);
    }
}
